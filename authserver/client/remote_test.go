package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// publisher is a client that publishes its keys.
type publisher struct {
	*httptest.Server
	document atomic.Value // of string
	status   atomic.Int64
	fetches  atomic.Int64
	mu       sync.Mutex
	now      time.Time
}

func newPublisher(t *testing.T) (*publisher, *RemoteKeys) {
	t.Helper()
	p := &publisher{now: time.Unix(1_800_000_000, 0)}
	p.status.Store(http.StatusOK)
	p.document.Store(`{"keys":[` + publicKey(t, "one") + `]}`)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.fetches.Add(1)
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/jwks", http.StatusFound)
			return
		}
		w.WriteHeader(int(p.status.Load()))
		_, _ = w.Write([]byte(p.document.Load().(string))) //nolint:forcetypeassert // only strings are stored
	}))
	t.Cleanup(p.Close)
	return p, NewRemoteKeys(p.Client(), p.clock)
}

func (p *publisher) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *publisher) advance(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(by)
}

func publicKey(t *testing.T, kid string) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwk.FromRaw(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Set(jwk.KeyIDKey, kid); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRemoteKeysFollowARotationAndAreNotFetchedForEveryMadeUpKid(t *testing.T) {
	p, keys := newPublisher(t)
	uri := p.URL + "/jwks"
	for range 100 { // J12
		if _, err := keys.Keys(t.Context(), uri, rand.Text()); err != nil {
			t.Fatal(err)
		}
	}
	if count := p.fetches.Load(); count != 1 {
		t.Errorf("%d fetches", count)
	}
	p.document.Store(`{"keys":[` + publicKey(t, "one") + `,` + publicKey(t, "two") + `]}`)
	p.advance(refetch)
	got, err := keys.Keys(t.Context(), uri, "two")
	if err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	// J13: a key that was withdrawn is gone when the set is old.
	p.document.Store(`{"keys":[` + publicKey(t, "two") + `]}`)
	p.advance(keysLife)
	if got, err = keys.Keys(t.Context(), uri, "one"); err != nil || len(got) != 1 || got[0].ID != "two" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestRemoteKeysSurviveAnOutageForAWhile(t *testing.T) {
	p, keys := newPublisher(t)
	uri := p.URL + "/jwks"
	if _, err := keys.Keys(t.Context(), uri, "one"); err != nil {
		t.Fatal(err)
	}
	p.status.Store(http.StatusInternalServerError)
	p.advance(keysLife + time.Second)
	if got, err := keys.Keys(t.Context(), uri, "one"); err != nil || len(got) != 1 {
		t.Errorf("at once: %v, %v", got, err)
	}
	p.advance(keysLife)
	if got, err := keys.Keys(t.Context(), uri, "one"); !errors.Is(err, ErrKeys) || got != nil {
		t.Errorf("for ever: %v, %v", got, err)
	}
	p.status.Store(http.StatusOK)
	p.advance(time.Second)
	if _, err := keys.Keys(t.Context(), uri, "one"); err != nil {
		t.Errorf("back again: %v", err)
	}
}

func TestRemoteKeysTakeOnlyWhatIsAKeySet(t *testing.T) {
	good := publicKey(t, "good")
	private := strings.Replace(good, `"kty"`, `"d":"AAAA","kty"`, 1)
	for name, test := range map[string]struct {
		document string
		keys     int
	}{
		"one of many":  {`{"keys":[{"kty":"oct","k":"AAAA"},` + private + `,` + strings.Replace(good, `"kty"`, `"use":"enc","kty"`, 1) + `,` + good + `]}`, 1},
		"symmetric":    {`{"keys":[{"kty":"oct","k":"AAAA"}]}`, 0},
		"private":      {`{"keys":[` + private + `]}`, 0},
		"empty":        {`{"keys":[]}`, 0},
		"no set":       {`{}`, 0},
		"no JSON":      {`<html>`, 0},
		"a key alone":  {good, 0},
		"keys twice":   {`{"keys":[` + good + `],"keys":[]}`, 0},
		"much too big": {`{"keys":[` + good + `],"x":"` + strings.Repeat("x", maxDocument) + `"}`, 0},
	} {
		p, keys := newPublisher(t)
		p.document.Store(test.document)
		got, err := keys.Keys(t.Context(), p.URL+"/jwks", "good")
		if len(got) != test.keys || (err == nil) != (test.keys > 0) {
			t.Errorf("%s: %d keys, %v", name, len(got), err)
		}
	}
}

func TestRemoteKeysDoNotFollowRedirects(t *testing.T) {
	p, keys := newPublisher(t)
	if _, err := keys.Keys(t.Context(), p.URL+"/moved", "one"); !errors.Is(err, ErrKeys) || p.fetches.Load() != 1 {
		t.Errorf("%d fetches, %v", p.fetches.Load(), err)
	}
	if _, err := keys.Keys(t.Context(), p.URL+"/jwks", "one"); err != nil {
		t.Errorf("control: %v", err)
	}
}
