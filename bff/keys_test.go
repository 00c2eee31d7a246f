package bff

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"cloakroom/bff/session"
)

func TestARotationServesEverybodyWhoSignsInMeanwhile(t *testing.T) {
	h := open(t)
	slow := make(chan struct{})
	var hold sync.Once
	h.browser().signIn()
	fresh, _ := rsa.GenerateKey(rand.Reader, 2048)
	h.provider.change(func() {
		h.provider.rsa, h.provider.kid = fresh, "k2"
		h.provider.keys = func(w http.ResponseWriter, _ *http.Request) {
			hold.Do(func() { <-slow })
			h.provider.writeKeys(w)
		}
	})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			b := h.browser()
			b.navigate(b.startSignIn(""))
			if b.cookies[session.CookieName] == "" {
				t.Error("a sign-in during the rotation failed")
			}
		})
	}
	time.Sleep(100 * time.Millisecond) // most of them wait by now
	close(slow)
	all.Wait()
	if fetched := h.provider.count("/keys"); fetched != 2 {
		t.Errorf("%d fetches, want 2", fetched)
	}
}

// Row J12: anybody can send made-up logout tokens, and keeps no sign-in from following a rotation.
func TestMadeUpLogoutTokensCostOneFetchAndStandInNobodysWay(t *testing.T) {
	h := open(t)
	h.browser().signIn()
	for range 50 {
		if got := h.sendLogout(url.Values{"logout_token": {h.makeLogoutToken(nil, map[string]any{"kid": rand.Text()})}}.Encode()); got.StatusCode != 400 {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
	}
	if fetched := h.provider.count("/keys"); fetched != 2 {
		t.Errorf("%d fetches, want 2", fetched)
	}
	fresh, _ := rsa.GenerateKey(rand.Reader, 2048)
	h.provider.change(func() { h.provider.rsa, h.provider.kid = fresh, "k2" })
	h.browser().signIn()
}

func TestKeysThatCannotBeReadAreNotAskedForAtEveryRequest(t *testing.T) {
	h := open(t)
	h.clock.frozen.Store(new(time.Now()))
	h.provider.keys = func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, "application/json", http.StatusOK, map[string]string{"error": "come again"}) // is no key set
	}
	for range 20 {
		if got := h.sendLogout(url.Values{"logout_token": {h.makeLogoutToken(nil, nil)}}.Encode()); got.StatusCode != 503 {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
	}
	if fetched := h.provider.count("/keys"); fetched != 1 {
		t.Errorf("%d fetches of keys that cannot be read, want 1", fetched)
	}
	if health := h.bff.providers["baseline"].health(); health == "ok" {
		t.Error("readyz says nothing of it")
	}
	h.provider.change(func() { h.provider.keys = nil })
	h.clock.advance(2 * retryPause)
	h.browser().signIn()
	if health := h.bff.providers["baseline"].health(); health != "ok" {
		t.Error(health)
	}
}

func TestAKeyThatIsThereTwiceIsOneKey(t *testing.T) {
	for name, other := range map[string]any{"the same": nil, "another of the same kid": &stubKey().PublicKey} {
		h := open(t)
		own, _ := rsa.GenerateKey(rand.Reader, 2048)
		h.provider.rsa = own
		second := own.Public()
		if other != nil {
			second = other
		}
		set := map[string]any{"keys": []any{"nonsense", 7, nil, map[string]any{"kty": "AKP"}, jwkOf(t, own.Public()), jwkOf(t, second)}}
		h.provider.keys = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, "application/json", http.StatusOK, set) }
		b := h.browser()
		b.navigate(b.startSignIn(""))
		if signedIn := b.cookies[session.CookieName] != ""; signedIn != (other == nil) {
			t.Errorf("%s: signed in %v", name, signedIn)
		}
	}
}

func jwkOf(t *testing.T, public any) jwk.Key {
	t.Helper()
	key, err := jwk.FromRaw(public)
	if err != nil {
		t.Fatal(err)
	}
	_ = key.Set(jwk.KeyIDKey, "k1")
	return key
}
