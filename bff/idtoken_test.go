package bff

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/bff/session"
)

// Every row is a valid sign-in with one thing wrong; the rows without a name for the error are valid.
func TestCallbackRefusesBrokenIDTokens(t *testing.T) {
	other, _ := rsa.GenerateKey(rand.Reader, 2048)
	encode := base64.RawURLEncoding.EncodeToString
	claim := func(name string, value any) func(*stub) {
		return func(s *stub) { s.claims = func(c map[string]any) { c[name] = value } }
	}
	drop := func(name string) func(*stub) {
		return func(s *stub) { s.claims = func(c map[string]any) { delete(c, name) } }
	}
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	rows := []struct {
		name  string
		valid bool
		bend  func(*stub)
	}{
		{"valid RS256", true, func(*stub) {}},
		{"valid ES256", true, func(s *stub) { s.alg, s.key, s.header = jwa.ES256, s.ec, map[string]any{"kid": "k1-ec"} }},
		{"valid, aud an array of one", true, func(s *stub) {
			s.claims = func(c map[string]any) { c["aud"] = []any{c["aud"]} }
		}},
		{"valid, two audiences with azp", true, func(s *stub) {
			s.claims = func(c map[string]any) { c["azp"] = c["aud"]; c["aud"] = []any{c["aud"], "other"} }
		}},
		{"valid, no at_hash", true, drop("at_hash")},
		{"valid, no kid", true, func(s *stub) {
			s.sign = func(p []byte) string {
				signed, _ := jws.Sign(p, jws.WithKey(jwa.RS256, s.rsa))
				return string(signed)
			}
		}},
		{"valid, beside claims of its own in capitals", true, func(s *stub) {
			s.claims = func(c map[string]any) { c["Aud"], c["NONCE"], c["SUB"], c["Exp"] = "other", "n", "mallory", 1 }
		}},
		{"NONCE in place of nonce", false, func(s *stub) {
			s.claims = func(c map[string]any) { c["NONCE"] = c["nonce"]; delete(c, "nonce") }
		}},
		{"Sub in place of sub", false, func(s *stub) {
			s.claims = func(c map[string]any) { c["Sub"] = c["sub"]; delete(c, "sub") }
		}},
		{"iss of another", false, claim("iss", "https://evil.example")},
		{"iss with a slash more", false, func(s *stub) { s.claims = func(c map[string]any) { c["iss"] = s.issuer() + "/" } }},
		{"iss missing", false, drop("iss")},
		{"aud of another client", false, claim("aud", "other")},
		{"aud missing", false, drop("aud")},
		{"aud a prefix", false, claim("aud", "cloak")},
		{"two audiences without azp", false, func(s *stub) {
			s.claims = func(c map[string]any) { c["aud"] = []any{c["aud"], "other"} }
		}},
		{"azp of another client", false, claim("azp", "other")},
		{"nonce of another sign-in", false, claim("nonce", "replayed")},
		{"nonce missing", false, drop("nonce")},
		{"expired", false, claim("exp", in(-time.Minute))},
		{"exp missing", false, drop("exp")},
		{"exp is text", false, claim("exp", "tomorrow")},
		{"exp beyond all clocks", false, claim("exp", 1e300)},
		{"exp negative", false, claim("exp", -1)},
		{"iat missing", false, drop("iat")},
		{"iat in the future", false, claim("iat", in(time.Minute))},
		{"iat long past", false, claim("iat", in(-time.Hour))},
		{"nbf in the future", false, claim("nbf", in(time.Minute))},
		{"sub missing", false, drop("sub")},
		{"sub is a number", false, claim("sub", 7)},
		{"sub is too long", false, claim("sub", strings.Repeat("a", 256))},
		{"at_hash of another token", false, claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
		{"signed by another key", false, func(s *stub) { s.key = other }},
		{"kid unknown", false, func(s *stub) { s.header = map[string]any{"kid": "unknown"} }},
		{"kid of the other kind of key", false, func(s *stub) { s.header = map[string]any{"kid": "k1-ec"} }},
		{"alg none", false, func(s *stub) {
			s.sign = func(p []byte) string { return encode([]byte(`{"alg":"none"}`)) + "." + encode(p) + "." }
		}},
		{"alg NoNe", false, func(s *stub) {
			s.sign = func(p []byte) string { return encode([]byte(`{"alg":"NoNe","kid":"k1"}`)) + "." + encode(p) + "." }
		}},
		{"alg missing", false, func(s *stub) {
			s.sign = func(p []byte) string { return encode([]byte(`{"kid":"k1"}`)) + "." + encode(p) + ".AA" }
		}},
		{"HS256 with the public key", false, func(s *stub) {
			s.sign = func(p []byte) string {
				return signWith(t, p, jwa.HS256, x509.MarshalPKCS1PublicKey(&s.rsa.PublicKey), "k1", nil)
			}
		}},
		{"RS384 is not allowed", false, func(s *stub) { s.alg = jwa.RS384 }},
		{"PS256 is not in the metadata", false, func(s *stub) { s.alg = jwa.PS256 }},
		{"typ of an access token", false, func(s *stub) { s.header = map[string]any{"typ": "at+jwt"} }},
		{"typ of a logout token", false, func(s *stub) { s.header = map[string]any{"typ": "logout+jwt"} }},
		{"crit", false, func(s *stub) { s.header = map[string]any{"crit": []string{"exp"}} }},
		{"a claim twice", false, func(s *stub) {
			s.sign = func(p []byte) string {
				return signWith(t, append([]byte(`{"sub":"mallory",`), p[1:]...), jwa.RS256, s.rsa, "k1", nil)
			}
		}},
		{"not an object", false, func(s *stub) {
			s.sign = func([]byte) string { return signWith(t, []byte(`[]`), jwa.RS256, s.rsa, "k1", nil) }
		}},
		{"altered after signing", false, func(s *stub) {
			s.sign = func(p []byte) string {
				parts := strings.Split(signWith(t, p, jwa.RS256, s.rsa, "k1", nil), ".")
				return parts[0] + "." + encode([]byte(strings.Replace(string(p), "alice", "admin", 1))) + "." + parts[2]
			}
		}},
		{"four segments", false, func(s *stub) {
			s.sign = func(p []byte) string { return signWith(t, p, jwa.RS256, s.rsa, "k1", nil) + ".AA" }
		}},
		{"JSON serialisation", false, func(s *stub) { s.sign = func([]byte) string { return `{"payload":"e30","signatures":[]}` } }},
		{"a megabyte of dots", false, func(s *stub) { s.sign = func([]byte) string { return strings.Repeat(".", 1<<19) } }},
		{"missing", false, func(s *stub) { s.respond = func(r map[string]any) { delete(r, "id_token") } }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h := open(t)
			h.provider.change(func() { row.bend(h.provider) })
			b := h.browser()
			done := b.navigate(b.startSignIn("?returnUrl=/there"))
			want := "/there?bff_error=id_token_invalid"
			if row.valid {
				want = "/there"
			}
			if done.StatusCode != 303 || done.Header.Get("Location") != want {
				t.Errorf("status %d, location %q, want %q\n%s", done.StatusCode, done.Header.Get("Location"), want, h.logs)
			}
			if signedIn := b.cookies[session.CookieName] != ""; signedIn != row.valid {
				t.Errorf("signed in: %v", signedIn)
			}
			for name := range b.cookies {
				if strings.HasPrefix(name, transactionPrefix) {
					t.Error("the transaction is still there")
				}
			}
		})
	}
}

func TestUserinfoOfAnotherSubjectEndsTheSignIn(t *testing.T) {
	for subject, want := range map[string]string{"alice": "/", "mallory": "/?bff_error=id_token_invalid"} {
		h := open(t, func(c *Config) { c.Providers[0].Userinfo = true })
		h.provider.userinfo = map[string]any{"sub": subject, "email": "alice@example.com", "name": "Overwritten"}
		b := h.browser()
		if done := b.navigate(b.startSignIn("")); done.Header.Get("Location") != want {
			t.Errorf("%s: location %q", subject, done.Header.Get("Location"))
		}
		if subject != "alice" {
			continue
		}
		claims := sessionOf(t, b).Claims
		if claims["email"] != "alice@example.com" || claims["name"] != "Alice" {
			t.Errorf("claims: %v", claims)
		}
	}
}

func TestMaxAgeIsHeldAgainstAuthTime(t *testing.T) {
	for age, want := range map[time.Duration]string{0: "/", time.Hour: "/?bff_error=id_token_invalid"} {
		h := open(t)
		h.provider.claims = func(c map[string]any) { c["auth_time"] = time.Now().Add(-age).Unix() }
		b := h.browser()
		if done := b.navigate(b.startSignIn("?max_age=60")); done.Header.Get("Location") != want {
			t.Errorf("%s ago: location %q", age, done.Header.Get("Location"))
		}
	}
}
