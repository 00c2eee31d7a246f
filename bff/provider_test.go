package bff

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestMetadataOfAnotherIssuerIsRefused(t *testing.T) {
	for name, bend := range map[string]func(map[string]any){
		"control":       func(map[string]any) {},
		"issuer":        func(m map[string]any) { m["issuer"] = m["issuer"].(string) + "/" },
		"http endpoint": func(m map[string]any) { m["token_endpoint"] = "http://evil.example/token" },
		"no keys":       func(m map[string]any) { delete(m, "jwks_uri") },
		"plain PKCE":    func(m map[string]any) { m["code_challenge_methods_supported"] = []string{"plain"} },
	} {
		h := open(t)
		h.provider.change(func() { h.provider.metadata = bend })
		got := h.browser().navigate("/bff/login")
		if name == "control" && got.StatusCode != 303 || name != "control" && (got.StatusCode != 503 || !strings.Contains(got.body, "idp_unavailable")) {
			t.Errorf("%s: status %d", name, got.StatusCode)
		}
	}
}

func TestKeyRotationIsFollowedAndUnknownKeysCostOneFetch(t *testing.T) {
	h := open(t)
	h.browser().signIn()
	fresh, _ := rsa.GenerateKey(rand.Reader, 2048)
	h.provider.change(func() { h.provider.rsa, h.provider.kid = fresh, "k2" })
	h.browser().signIn()
	if fetched := h.provider.count("/keys"); fetched != 2 {
		t.Errorf("%d fetches for a rotation, want 2", fetched)
	}
	h.provider.change(func() { h.provider.header = map[string]any{"kid": "unknown"} })
	for range 20 {
		b := h.browser()
		b.navigate(b.startSignIn(""))
	}
	if fetched := h.provider.count("/keys"); fetched != 2 {
		t.Errorf("%d fetches after 20 unknown kids within a minute, want 2", fetched)
	}
}

func TestKeySetIgnoresWhatIsNoPublicSigningKey(t *testing.T) {
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	good, _ := rsa.GenerateKey(rand.Reader, 2048)
	member := func(key *rsa.PublicKey, more string) string {
		return `{"kty":"RSA","kid":"a","n":"` + base64.RawURLEncoding.EncodeToString(key.N.Bytes()) + `","e":"AQAB"` + more + `}`
	}
	for name, row := range map[string]struct {
		document string
		want     bool
	}{
		"good":      {member(&good.PublicKey, ""), true},
		"small":     {member(&small.PublicKey, ""), false},
		"for enc":   {member(&good.PublicKey, `,"use":"enc"`), false},
		"private":   {member(&good.PublicKey, `,"d":"AQAB","p":"AQAB","q":"AQAB"`), false},
		"symmetric": {`{"kty":"oct","kid":"a","k":"c2VjcmV0"}`, false},
		"off curve": {`{"kty":"EC","crv":"P-256","kid":"a","x":"AQ","y":"AQ"}`, false},
		"nonsense":  {`{"kty":"XX"}`, false},
	} {
		if _, ok := parseVerificationKey(json.RawMessage(row.document)); ok != row.want {
			t.Errorf("%s: %v", name, ok)
		}
	}
}

func TestProviderMayStartAfterTheBFF(t *testing.T) {
	h := open(t)
	h.clock.frozen.Store(new(time.Now())) // the pauses between the attempts are counted below
	h.provider.change(func() { h.provider.metadata = func(m map[string]any) { m["issuer"] = "not yet" } })
	for range 10 {
		if got := h.browser().navigate("/bff/login"); got.StatusCode != 503 || !strings.Contains(got.Header.Get("Content-Type"), "text/html") {
			t.Fatalf("status %d", got.StatusCode)
		}
	}
	if asked := h.provider.count("/.well-known/openid-configuration"); asked > 3 {
		t.Errorf("asked %d times for ten requests", asked)
	}
	h.provider.change(func() { h.provider.metadata = nil })
	h.clock.advance(2 * retryPause)
	h.browser().signIn()
	// The last good metadata stays in use while the provider is away.
	h.clock.advance(2 * metadataLifetime)
	h.provider.change(func() { h.provider.metadata = func(m map[string]any) { m["issuer"] = "another" } })
	if m, err := h.bff.providers["baseline"].metadata(context.Background()); err != nil || m.Issuer != h.provider.issuer() {
		t.Errorf("metadata: %v, %v", m, err)
	}
}
