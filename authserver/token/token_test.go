package token

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/authserver/keys"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store/memory"
)

const name = "https://as.example/demo/baseline"

func newIssuer(t *testing.T, now func() time.Time) (*Issuer, *keys.Set) {
	t.Helper()
	sealer, err := keys.NewSealer(keys.NewSealingKey())
	if err != nil {
		t.Fatal(err)
	}
	set, err := keys.Open(t.Context(), memory.New(now), sealer, "demo/baseline", []jwa.SignatureAlgorithm{jwa.RS256, jwa.ES256}, now)
	if err != nil {
		t.Fatal(err)
	}
	return NewIssuer(name, set, jwa.ES256, jwa.RS256, now), set
}

func access(now time.Time) Access {
	return Access{
		ID: "jti", Subject: "user", ClientID: "web", Audience: "https://api.example", Scopes: oauth.Scopes{"a", "b"},
		AuthTime: now, ACR: "acr", AMR: []string{"pwd"}, Issued: now, Expires: now.Add(time.Minute),
	}
}

func id(now time.Time) ID {
	return ID{Subject: "user", ClientID: "web", Nonce: "n", SID: "s", AuthTime: now, Issued: now, Expires: now.Add(time.Minute), AccessToken: "access"}
}

func TestAccessTokenRoundTrip(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	clock := func() time.Time { return now }
	issuer, _ := newIssuer(t, clock)
	text, err := issuer.SignAccess(access(now))
	if err != nil {
		t.Fatal(err)
	}
	got, err := issuer.VerifyAccess(text)
	if err != nil || got.Subject != "user" || got.Audience != "https://api.example" || got.Scopes.String() != "a b" || !got.Expires.Equal(now.Add(time.Minute)) {
		t.Errorf("VerifyAccess = %+v, %v", got, err)
	}
	header := segment(t, text, 0)
	if header["typ"] != "at+jwt" || header["alg"] != "ES256" || header["kid"] == "" {
		t.Errorf("header %v", header)
	}
	if audience := segment(t, text, 1)["aud"]; audience != "https://api.example" {
		t.Errorf("aud %v is not one string", audience)
	}
	now = now.Add(time.Minute)
	if _, err := issuer.VerifyAccess(text); err == nil {
		t.Error("an expired access token passes")
	}
}

func segment(t *testing.T, text string, index int) map[string]any {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[index])
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(decoded, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

func TestIDTokenCarriesItsClaims(t *testing.T) {
	now := time.Now()
	issuer, _ := newIssuer(t, time.Now)
	token := id(now)
	token.Extra = map[string]any{"name": "Alice", "iss": "https://evil.example", "exp": 1}
	text, err := issuer.SignID(token)
	if err != nil {
		t.Fatal(err)
	}
	claims := segment(t, text, 1)
	if claims["iss"] != name || claims["name"] != "Alice" || claims["nonce"] != "n" || claims["sid"] != "s" || claims["exp"] == float64(1) {
		t.Errorf("claims %v", claims)
	}
	// printf access | openssl dgst -sha256 -binary | head -c16 | basenc --base64url
	if claims["at_hash"] != "oFYf1knNtrqnhAVfBRuteQ" {
		t.Errorf("at_hash %v", claims["at_hash"])
	}
	if header := segment(t, text, 0); header["alg"] != "RS256" {
		t.Errorf("header %v", header)
	}
}

func TestOneKindOfTokenIsNotTakenForAnother(t *testing.T) {
	now := time.Now()
	issuer, _ := newIssuer(t, time.Now)
	accessText, err := issuer.SignAccess(access(now))
	if err != nil {
		t.Fatal(err)
	}
	idText, err := issuer.SignID(id(now))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := issuer.VerifyAccess(accessText); err != nil { // the control
		t.Fatal(err)
	}
	if _, err := issuer.VerifyIDHint(idText); err != nil {
		t.Fatal(err)
	}
	if _, err := issuer.VerifyAccess(idText); err == nil {
		t.Error("an ID token passes as an access token")
	}
	if _, err := issuer.VerifyIDHint(accessText); err == nil {
		t.Error("an access token passes as an ID token")
	}
}

func TestVerifyRefusesForgeries(t *testing.T) {
	now := time.Now()
	issuer, set := newIssuer(t, time.Now)
	valid, err := issuer.SignAccess(access(now))
	if err != nil {
		t.Fatal(err)
	}
	key, err := set.Signer(jwa.ES256)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(valid, ".")
	header := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	other, _ := newIssuer(t, time.Now)
	foreign, err := other.SignAccess(access(now))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":             "",
		"two parts":         parts[0] + "." + parts[1],
		"four parts":        valid + ".x",
		"no signature":      parts[0] + "." + parts[1] + ".",
		"alg none":          header(`{"alg":"none","typ":"at+jwt","kid":"`+key.ID+`"}`) + "." + parts[1] + ".",
		"HMAC with the key": hmacForgery(t, key, parts[1]),
		"unknown kid":       header(`{"alg":"ES256","typ":"at+jwt","kid":"../../dev/null"}`) + "." + parts[1] + "." + parts[2],
		"no kid":            header(`{"alg":"ES256","typ":"at+jwt"}`) + "." + parts[1] + "." + parts[2],
		"other payload":     parts[0] + "." + header(`{"iss":"`+name+`","sub":"x","jti":"y","exp":9999999999}`) + "." + parts[2],
		"foreign issuer":    foreign,
		"JSON":              `{"payload":"` + parts[1] + `.` + `","x":"."}`,
		"oversized":         strings.Repeat("a", 1<<20) + "." + parts[1] + "." + parts[2],
	} {
		if _, err := issuer.VerifyAccess(text); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
}

func hmacForgery(t *testing.T, key *keys.Key, payload string) string {
	t.Helper()
	secret, err := json.Marshal(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	headers := jws.NewHeaders()
	_ = headers.Set("typ", "at+jwt")
	_ = headers.Set("kid", key.ID)
	body, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.Sign(body, jws.WithKey(jwa.HS256, secret, jws.WithProtectedHeaders(headers)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func FuzzVerifyAccess(f *testing.F) {
	f.Add("a.b.c")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + ".e30.")
	sealer, err := keys.NewSealer(keys.NewSealingKey())
	if err != nil {
		f.Fatal(err)
	}
	set, err := keys.Open(f.Context(), memory.New(time.Now), sealer, "w", []jwa.SignatureAlgorithm{jwa.ES256}, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	issuer := NewIssuer(name, set, jwa.ES256, jwa.ES256, time.Now)
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := issuer.VerifyAccess(text); err == nil {
			t.Errorf("%q passes as %+v", text, got)
		}
	})
}

// OpenID Connect Core §3.1.3.6: at_hash is made with the hash of the ID token's algorithm.
func TestEveryAlgorithmSignsAndHashesItsOwnWay(t *testing.T) {
	sealer, err := keys.NewSealer(keys.NewSealingKey())
	if err != nil {
		t.Fatal(err)
	}
	all := []jwa.SignatureAlgorithm{jwa.RS256, jwa.PS256, jwa.ES256, jwa.EdDSA}
	set, err := keys.Open(t.Context(), memory.New(time.Now), sealer, "demo/baseline", all, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range all {
		issuer := NewIssuer("https://as.example/demo/baseline", set, algorithm, algorithm, time.Now)
		text, err := issuer.SignID(ID{Subject: "s", ClientID: "c", Issued: time.Now(), Expires: time.Now().Add(time.Minute), AccessToken: "access"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := issuer.VerifyIDHint(text); err != nil || segment(t, text, 0)["alg"] != algorithm.String() {
			t.Errorf("%s: %v", algorithm, err)
		}
		length := 22 // half of 32 bytes
		if algorithm == jwa.EdDSA {
			length = 43 // half of 64
		}
		if hash, _ := segment(t, text, 1)["at_hash"].(string); len(hash) != length {
			t.Errorf("%s: at_hash %q", algorithm, hash)
		}
	}
}
