package bff

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

// OpenID Connect Core §5.3.2: who registers userinfo_signed_response_alg gets a JWT, and holds it to what it says.
func TestUserinfoMayBeSigned(t *testing.T) {
	other := "/?bff_error=id_token_invalid"
	for name, row := range map[string]struct {
		claims map[string]any
		key    any
		header map[string]any
		want   string
	}{
		"control":          {nil, nil, nil, "/"},
		"another subject":  {map[string]any{"sub": "mallory"}, nil, nil, other},
		"another issuer":   {map[string]any{"iss": "https://evil.example"}, nil, nil, other},
		"another client":   {map[string]any{"aud": "another"}, nil, nil, other},
		"another key":      {nil, []byte(strings.Repeat("k", 32)), nil, other},
		"an access token":  {nil, nil, map[string]any{"typ": "at+jwt"}, other},
		"without audience": {map[string]any{"aud": []string{}}, nil, nil, other},
	} {
		h := open(t, func(c *Config) { c.Providers[0].Userinfo = true })
		h.provider.describe = func(w http.ResponseWriter, _ *http.Request) {
			claims := map[string]any{"iss": h.provider.issuer(), "aud": "cloak room", "sub": "alice", "email": "alice@example.com"}
			maps.Copy(claims, row.claims)
			payload, _ := json.Marshal(claims)
			alg, key := jwa.RS256, any(h.provider.rsa)
			if row.key != nil {
				alg, key = jwa.HS256, row.key
			}
			w.Header().Set("Content-Type", "application/jwt")
			_, _ = io.WriteString(w, signWith(t, payload, alg, key, "k1", row.header))
		}
		b := h.browser()
		if done := b.navigate(b.startSignIn("")); done.Header.Get("Location") != row.want {
			t.Errorf("%s: location %q\n%s", name, done.Header.Get("Location"), h.logs)
		}
		if row.want == "/" && sessionOf(t, b).Claims["email"] != "alice@example.com" {
			t.Errorf("%s: claims %v", name, sessionOf(t, b).Claims)
		}
	}
}

// An outage is no broken answer, and the refresh token of a sign-in that failed is nobody's.
func TestAnOutageDuringASignInIsCalledOne(t *testing.T) {
	failing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	for name, bend := range map[string]func(*stub){
		"keys":     func(s *stub) { s.keys = failing },
		"userinfo": func(s *stub) { s.describe = failing },
	} {
		h := open(t, func(c *Config) { c.Providers[0].Userinfo = true })
		h.provider.change(func() { bend(h.provider) })
		b := h.browser()
		if done := b.navigate(b.startSignIn("")); done.Header.Get("Location") != "/?bff_error=token_exchange_failed" {
			t.Errorf("%s: location %q", name, done.Header.Get("Location"))
		}
		for range 500 {
			if h.provider.count("/revoke") == 1 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if revoked := h.provider.count("/revoke"); revoked != 1 {
			t.Errorf("%s: the refresh token was revoked %d times", name, revoked)
		}
	}
}
