package upstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver/jose"
	"cloakroom/authserver/oauth"
)

func TestIDTokenIsVerifiedInFull(t *testing.T) { // OpenID Connect Core §3.1.3.7, one mutation a row
	later, earlier := time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*house) { return func(h *house) { h.claims[name] = value } }
	without := func(name string) func(*house) { return func(h *house) { delete(h.claims, name) } }
	header := func(name string, value any) func(*house) { return func(h *house) { h.header[name] = value } }
	for name, row := range map[string]struct {
		change func(*house)
		good   bool
	}{
		"valid":                             {func(*house) {}, true},
		"no typ":                            {header("typ", nil), true},
		"an audience of several, for us":    {func(h *house) { h.claims["aud"] = []string{"front", "other"}; h.claims["azp"] = "front" }, true},
		"no at_hash":                        {without("at_hash"), true},
		"no auth_time":                      {without("auth_time"), true},
		"exp within the clocks' difference": {claim("exp", time.Now().Add(-20*time.Second).Unix()), true},

		"another issuer":                    {claim("iss", "https://evil.example"), false},
		"the issuer with a slash":           {func(h *house) { h.claims["iss"] = h.URL + "/" }, false},
		"no issuer":                         {without("iss"), false},
		"another audience":                  {claim("aud", "other"), false},
		"no audience":                       {without("aud"), false},
		"an audience of several, no azp":    {claim("aud", []string{"front", "other"}), false},
		"azp is another":                    {claim("azp", "other"), false},
		"expired":                           {claim("exp", earlier), false},
		"no exp":                            {without("exp"), false},
		"exp is a text":                     {claim("exp", "soon"), false},
		"issued ahead":                      {claim("iat", later), false},
		"issued long ago":                   {claim("iat", earlier), false},
		"no iat":                            {without("iat"), false},
		"not before later":                  {claim("nbf", later), false},
		"auth_time ahead":                   {claim("auth_time", later), false},
		"another nonce":                     {claim("nonce", "other"), false},
		"no nonce":                          {without("nonce"), false},
		"at_hash of another token":          {claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), false},
		"no subject":                        {without("sub"), false},
		"an empty subject":                  {claim("sub", ""), false},
		"a subject that is too long":        {claim("sub", strings.Repeat("x", 256)), false},
		"a subject with a line in it":       {claim("sub", "a\nb"), false},
		"a subject that is a number":        {claim("sub", 7), false},
		"another key's signature":           {func(h *house) { h.signWith = other }, false},
		"signed with the client secret":     {func(h *house) { h.signWith = []byte("a secret: of 100%") }, false},
		"signed with a key of its own":      {header("jku", "https://evil.example/jwks"), false},
		"an unknown kid":                    {header("kid", "unknown"), false},
		"an access token":                   {header("typ", "at+jwt"), false},
		"a logout token":                    {header("typ", "logout+jwt"), false},
		"not signed":                        {func(h *house) { h.tokens["id_token"] = unsigned(h) }, false},
		"no ID token":                       {func(h *house) { h.tokens["id_token"] = "" }, false},
		"not a JWT":                         {func(h *house) { h.tokens["id_token"] = "x.y" }, false},
		"no access token":                   {func(h *house) { delete(h.tokens, "access_token") }, false},
		"a token that is no bearer token":   {func(h *house) { h.tokens["token_type"] = "DPoP" }, false},
		"the metadata is of another issuer": {func(h *house) { h.metadata["issuer"] = "https://evil.example" }, false},
		"the token endpoint is plain http":  {func(h *house) { h.metadata["token_endpoint"] = "http://evil.example/token" }, false},
		"no keys":                           {func(h *house) { delete(h.metadata, "jwks_uri") }, false},
		"the code is refused":               {func(h *house) { h.status["/token"] = http.StatusBadRequest }, false},
		"the token endpoint redirects":      {func(h *house) { h.status["/token"] = http.StatusTemporaryRedirect }, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			row.change(h)
			identity, err := redeem(t.Context(), h.provider())
			if row.good != (err == nil) || (!row.good && !errors.Is(err, ErrInvalid)) {
				t.Fatalf("%+v, %v", identity, err)
			}
			if row.good && (identity.Subject != "them-1" || identity.Claims["name"] != "Dinah" || identity.ACR != "gold" || len(identity.AMR) != 2) {
				t.Errorf("%+v", identity)
			}
			if !row.good && identity.Subject != "" {
				t.Errorf("an error, and %+v", identity)
			}
		})
	}
}

func TestFreshnessThatWasAskedForIsHeldTo(t *testing.T) {
	h, now := newHouse(t), time.Now()
	p := h.provider()
	ask := func(notBefore time.Time) error {
		_, err := p.Redeem(t.Context(), Answer{Code: "x"}, Expected{Nonce: nonce, Verifier: verifier, NotBefore: notBefore})
		return err
	}
	h.claims["auth_time"] = now.Add(-10 * time.Minute).Unix()
	if err := ask(now.Add(-5 * time.Minute)); !errors.Is(err, ErrStale) {
		t.Errorf("too old: %v", err)
	}
	if err := ask(now.Add(-15 * time.Minute)); err != nil {
		t.Errorf("the control: %v", err)
	}
	delete(h.claims, "auth_time")
	if err := ask(now.Add(-15 * time.Minute)); !errors.Is(err, ErrInvalid) {
		t.Errorf("no auth_time: %v", err)
	}
}

func TestUserinfoIsOfTheSameUserOrOfNobody(t *testing.T) { // OpenID Connect Core §5.3.2
	h := newHouse(t)
	p := h.provider(func(c *Config) { c.Userinfo = true })
	identity, err := redeem(t.Context(), p)
	if err != nil || identity.Claims["email"] != "dinah@example.test" || h.requests["/userinfo"].Header.Get("Authorization") != "Bearer the-access-token" {
		t.Fatalf("%+v, %v", identity, err)
	}
	for name, sub := range map[string]any{"another": "them-2", "none": nil, "a number": 1} {
		h.userinfo["sub"] = sub
		if _, err := redeem(t.Context(), p); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOutageIsNotARefusal(t *testing.T) {
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"} {
		h := newHouse(t)
		h.status[path] = http.StatusBadGateway
		p := h.provider(func(c *Config) { c.Userinfo = true })
		if _, err := redeem(t.Context(), p); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", path, err)
		}
	}
	h := newHouse(t)
	p := h.provider()
	h.Close()
	if _, err := p.Begin(t.Context(), Request{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestMetadataIsAskedForOnceAndKeptThroughAnOutage(t *testing.T) {
	const path = "/.well-known/openid-configuration"
	h := newHouse(t)
	var mu sync.Mutex
	now := time.Now()
	advance := func(by time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(by) }
	p := h.provider()
	p.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := p.Begin(t.Context(), Request{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if h.count[path] != 1 {
		t.Errorf("asked %d times", h.count[path])
	}
	h.status[path] = http.StatusServiceUnavailable
	advance(metadataLife + time.Minute)
	for range 5 {
		if _, err := p.Begin(t.Context(), Request{}); err != nil {
			t.Errorf("old metadata are not used: %v", err)
		}
	}
	if h.count[path] != 2 {
		t.Errorf("a provider that is down was asked %d times", h.count[path]-1)
	}
	advance(staleLife)
	if _, err := p.Begin(t.Context(), Request{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("metadata of yesterday: %v", err)
	}
}

func TestIssuerOfTheResponseIsChecked(t *testing.T) { // RFC 9207 §2.4
	h := newHouse(t)
	for _, row := range []struct {
		promised bool
		iss      string
		good     bool
	}{{false, "", true}, {false, h.URL, true}, {true, h.URL, true}, {true, "", false}, {false, "https://evil.example", false}, {true, h.URL + "/", false}} {
		h.metadata["authorization_response_iss_parameter_supported"] = row.promised
		if err := h.provider().CheckIssuer(t.Context(), row.iss); (err == nil) != row.good {
			t.Errorf("%+v: %v", row, err)
		}
	}
}

func TestRequestHasPKCEAndWhatIsPassedOn(t *testing.T) {
	h, age := newHouse(t), 90*time.Second
	request := Request{
		State: "s", Nonce: "n", Verifier: verifier, Prompt: []string{"login"}, MaxAge: &age, LoginHint: "dinah", ACRValues: "gold",
	}
	address, err := h.provider().Begin(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(verifier))
	want := url.Values{
		"fixed": {"1"}, "response_type": {"code"}, "client_id": {"front"}, "redirect_uri": {redirect}, "scope": {"openid profile"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "prompt": {"login"}, "max_age": {"90"},
		"login_hint": {"dinah"}, "acr_values": {"gold"},
	}
	if parsed, err := url.Parse(address); err != nil || parsed.Query().Encode() != want.Encode() {
		t.Errorf("%s\n%s", address, want.Encode())
	}
	h.metadata["pushed_authorization_request_endpoint"] = h.URL + "/par"
	address, err = h.provider().Begin(t.Context(), request)
	if err != nil || !strings.HasSuffix(address, "client_id=front&request_uri=urn%3Apushed") || strings.Contains(address, "dinah") {
		t.Errorf("%s, %v", address, err)
	}
	if pushed := h.forms["/par"]; pushed.Get("code_challenge") == "" || pushed.Get("login_hint") != "dinah" {
		t.Errorf("pushed %v", pushed)
	}
}

func TestClientAuthenticatesAsConfigured(t *testing.T) {
	h := newHouse(t)
	if _, err := redeem(t.Context(), h.provider()); err != nil {
		t.Fatal(err)
	}
	// RFC 6749 §2.3.1: form-encoded first.
	if id, secret, ok := h.requests["/token"].BasicAuth(); !ok || id != "front" || secret != "a+secret%3A+of+100%25" {
		t.Errorf("basic: %q %q", id, secret)
	}
	if form := h.forms["/token"]; form.Get("client_secret") != "" || form.Get("code_verifier") != verifier || form.Get("redirect_uri") != redirect {
		t.Errorf("basic: %v", form)
	}
	if _, err := redeem(t.Context(), h.provider(func(c *Config) { c.AuthMethod = oauth.AuthSecretPost })); err != nil {
		t.Fatal(err)
	}
	if form := h.forms["/token"]; form.Get("client_secret") != "a secret: of 100%" || h.requests["/token"].Header.Get("Authorization") != "" {
		t.Errorf("post: %v", form)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer := h.provider(func(c *Config) { c.AuthMethod, c.Secret, c.Key = oauth.AuthPrivateKeyJWT, "", key })
	if _, err := redeem(t.Context(), signer); err != nil {
		t.Fatal(err)
	}
	form := h.forms["/token"]
	parsed, err := jose.Parse(form.Get("client_assertion"))
	if err != nil || form.Get("client_assertion_type") != oauth.AssertionTypeJWT {
		t.Fatalf("%v, %v", form, err)
	}
	public, err := PublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, _ := json.Marshal(public)
	verifying, err := jose.ParseKey(encoded)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Iss, Sub, Aud, Jti string }
	if err := errors.Join(parsed.Verify(verifying, algorithms()), parsed.Claims(&claims)); err != nil || claims.Iss != "front" || claims.Sub != "front" || claims.Aud != h.URL || claims.Jti == "" {
		t.Errorf("%+v, %v", claims, err)
	}
}
