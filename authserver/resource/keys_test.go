package resource

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestUnknownKeysCauseAtMostOneFetch(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	for number := range 1000 {
		text := issuer.sign(issuer.header().with("kid", fmt.Sprintf("unknown-%d", number)), issuer.claims())
		if _, err := verifier.Verify(t.Context(), text); !errors.Is(err, ErrInvalid) {
			t.Fatalf("got %v", err)
		}
	}
	if fetches := issuer.fetches.Load(); fetches != 1 {
		t.Errorf("%d fetches, want 1", fetches)
	}
}

func TestFirstTokensShareOneFetch(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	text := issuer.token()
	failures := make(chan error, 50)
	var done sync.WaitGroup
	for range 50 {
		done.Go(func() {
			_, err := verifier.Verify(t.Context(), text)
			failures <- err
		})
	}
	done.Wait()
	for range 50 {
		if err := <-failures; err != nil {
			t.Fatal(err)
		}
	}
	if fetches := issuer.fetches.Load(); fetches != 1 {
		t.Errorf("%d fetches, want 1", fetches)
	}
}

func TestNewContactsNobody(t *testing.T) {
	issuer := newIssuer(t)
	issuer.down.Store(true)
	verifier := issuer.verifier()
	if _, err := verifier.Verify(t.Context(), issuer.token()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("while the issuer is down: %v", err)
	}
	issuer.down.Store(false)
	if _, err := verifier.Verify(t.Context(), issuer.token()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("before the pause is over: %v", err)
	}
	issuer.advance(retryPause)
	if _, err := verifier.Verify(t.Context(), issuer.token()); err != nil {
		t.Errorf("when the issuer is up: %v", err)
	}
}

func TestRotatedKeysAreFollowed(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	old := issuer.token()
	if _, err := verifier.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	oldKey, oldPublished := issuer.key, issuer.public("kid-1", &issuer.key.PublicKey)
	issuer.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	published := issuer.public("kid-2", &issuer.key.PublicKey)
	issuer.publish(oldPublished, published)
	issuer.advance(time.Minute)
	if _, err := verifier.Verify(t.Context(), issuer.sign(issuer.header().with("kid", "kid-2"), issuer.claims())); err != nil {
		t.Errorf("a token by the new key: %v", err)
	}
	if _, err := verifier.Verify(t.Context(), old); err != nil {
		t.Errorf("a token by the old key while it is published: %v", err)
	}
	issuer.publish(published)
	issuer.advance(2 * keysLife)
	text := issuer.sign(issuer.header().with("kid", "kid-2"), issuer.claims())
	if _, err := verifier.Verify(t.Context(), text); err != nil {
		t.Errorf("a token by the new key alone: %v", err)
	}
	issuer.key = oldKey
	if _, err := verifier.Verify(t.Context(), issuer.token()); !errors.Is(err, ErrInvalid) {
		t.Errorf("a token by the key that was withdrawn: %v", err)
	}
}

func TestWithdrawnKeyEndsTokensThatWereSeenBefore(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	text := issuer.sign(issuer.header(), issuer.claims().with("exp", issuer.clock().Add(3*keysLife).Unix()))
	if _, err := verifier.Verify(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	another, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	issuer.publish(issuer.public("kid-2", &another.PublicKey))
	issuer.advance(2 * keysLife)
	if _, err := verifier.Verify(t.Context(), text); !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestOutageKeepsTheKeysAndIsNoRejection(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	if _, err := verifier.Verify(t.Context(), issuer.token()); err != nil {
		t.Fatal(err)
	}
	issuer.down.Store(true)
	for _, passed := range []time.Duration{keysLife, keysLife, 24 * time.Hour} {
		issuer.advance(passed)
		if _, err := verifier.Verify(t.Context(), issuer.token()); err != nil {
			t.Errorf("a known key: %v", err)
		}
	}
	text := issuer.sign(issuer.header().with("kid", "kid-2"), issuer.claims())
	if _, err := verifier.Verify(t.Context(), text); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a key that nobody can ask for: %v", err)
	}
}

func TestMetadataIsOfTheIssuerAndOfNobodyElse(t *testing.T) {
	for name, metadata := range map[string]func(i *issuer) any{
		"another issuer": func(i *issuer) any {
			return members{"issuer": "https://evil.example", "jwks_uri": i.server.URL + "/keys"}
		},
		"issuer with a slash":  func(i *issuer) any { return members{"issuer": i.url + "/", "jwks_uri": i.server.URL + "/keys"} },
		"no issuer":            func(i *issuer) any { return members{"jwks_uri": i.server.URL + "/keys"} },
		"no keys":              func(i *issuer) any { return members{"issuer": i.url} },
		"keys without TLS":     func(i *issuer) any { return members{"issuer": i.url, "jwks_uri": "http://keys.example/keys"} },
		"keys in a file":       func(i *issuer) any { return members{"issuer": i.url, "jwks_uri": "file:///etc/keys"} },
		"keys elsewhere (404)": func(i *issuer) any { return members{"issuer": i.url, "jwks_uri": i.server.URL + "/nowhere"} },
		"too large": func(i *issuer) any {
			return members{"issuer": i.url, "jwks_uri": i.server.URL + "/keys", "x": strings.Repeat("x", maxDocument)}
		},
		"no object": func(*issuer) any { return "metadata" },
	} {
		issuer := newIssuer(t)
		issuer.metadata.Store(metadata)
		if _, err := issuer.verifier().Verify(t.Context(), issuer.token()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	issuer := newIssuer(t)
	serve := issuer.server.Config.Handler
	issuer.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			http.Redirect(w, r, "/moved", http.StatusFound)
			return
		}
		r.URL.Path = strings.Replace(r.URL.Path, "/moved", "/keys", 1)
		serve.ServeHTTP(w, r)
	})
	if _, err := issuer.verifier().Verify(t.Context(), issuer.token()); !errors.Is(err, ErrUnavailable) || issuer.fetches.Load() != 0 {
		t.Errorf("%v, %d fetches", err, issuer.fetches.Load())
	}
}

func TestPoisonedKeySetsAreNotUsed(t *testing.T) {
	issuer := newIssuer(t)
	weak := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	good := issuer.public("kid-1", &issuer.key.PublicKey)
	for name, poisoned := range map[string]map[string]any{
		"private key":      issuer.public("kid-1", issuer.key),
		"symmetric key":    {"kty": "oct", "kid": "kid-1", "k": "c2VjcmV0", "alg": "HS256"},
		"for encryption":   members(good).with("use", "enc"),
		"another alg":      members(good).with("alg", "ES384"),
		"no kid":           members(good).without("kid"),
		"strange kid":      members(good).with("kid", "kid 1"),
		"off the curve":    members(good).with("y", good["x"]),
		"weak RSA":         issuer.public("kid-1", weak),
		"no key at all":    {"kid": "kid-1"},
		"of unknown type":  {"kty": "new", "kid": "kid-1"},
		"truncated number": members(good).with("x", "AA"),
	} {
		issuer.publish(poisoned)
		if _, err := issuer.verifier().Verify(t.Context(), issuer.token()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s alone: %v", name, err)
		}
		issuer.publish(poisoned, good)
		if _, err := issuer.verifier().Verify(t.Context(), issuer.token()); err != nil {
			t.Errorf("%s beside a good key: %v", name, err)
		}
	}
}

func TestKeysOfEveryTypeVerify(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		t.Fatal(err)
	}
	if got := verifies(ed.Public()); len(got) != 1 || got[0] != "EdDSA" {
		t.Errorf("Ed25519: %v", got)
	}
	if got := verifies(&large.PublicKey); len(got) != 6 {
		t.Errorf("RSA: %v", got)
	}
	if got := verifies(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), minRSABits-2), E: 65537}); got != nil {
		t.Errorf("RSA of %d bits: %v", minRSABits-1, got)
	}
}

func TestConfigValidateNamesEveryProblem(t *testing.T) {
	err := Config{Issuer: "http://issuer.example", Algorithms: []string{"HS256", "none"}, Skew: time.Minute}.Validate()
	for _, want := range []string{"issuer: ", "audience: ", `"HS256"`, `"none"`, "skew: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
	for _, issuer := range []string{"", "issuer", "https://issuer.example?x", "https://issuer.example#x", "https://u@issuer.example", "ftp://issuer.example"} {
		if (Config{Issuer: issuer, Audience: api, Algorithms: []string{"ES256"}}).Validate() == nil {
			t.Errorf("%q was accepted", issuer)
		}
	}
	for _, issuer := range []string{"https://issuer.example", "http://localhost:9000/demo/baseline", "http://127.0.0.1:9000", "http://[::1]:9000", "http://as.localhost"} {
		if err := (Config{Issuer: issuer, Audience: api, Algorithms: []string{"ES256"}}).Validate(); err != nil {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}
