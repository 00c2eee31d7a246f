package authserver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func assertionHeader() members { return members{"alg": "ES256", "kid": "signer-1"} }

// assertionClaims are those of a valid assertion of the client signer.
func (h *house) assertionClaims() members {
	now := h.clock.Now().Unix()
	return members{"iss": "signer", "sub": "signer", "aud": h.issuer, "jti": rand.Text(), "iat": now, "exp": now + 60}
}

func (h *house) assertion() string { return signerKey().sign(assertionHeader(), h.assertionClaims()) }

func asserted(form url.Values, assertion string) url.Values {
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", assertion)
	return form
}

func clientCredentials() url.Values { return url.Values{"grant_type": {"client_credentials"}} }

// unauthenticated removes what exchange adds by default.
func unauthenticated(r *http.Request) { r.Header.Del("Authorization") }

func TestClientAssertionAuthenticatesOnce(t *testing.T) {
	h := start(t)
	b := h.browser()
	assertion := h.assertion()
	if got := b.exchange(asserted(clientCredentials(), assertion), unauthenticated); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.Error)
	}
	// K01: at no endpoint a second time.
	if got := b.exchange(asserted(clientCredentials(), assertion), unauthenticated); got.Error != "invalid_client" {
		t.Errorf("replayed at the token endpoint: %d %s", got.status, got.Error)
	}
	if got := b.push(asserted(request(), assertion), unauthenticated); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("replayed at the PAR endpoint: %d", got.StatusCode)
	}
	if got := b.post(h.issuer+"/oauth2/revoke", asserted(url.Values{"token": {"x"}}, assertion)); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("replayed at the revocation endpoint: %d", got.StatusCode)
	}
	if got := b.post(h.issuer+"/oauth2/revoke", asserted(url.Values{"token": {"x"}}, h.assertion())); got.StatusCode != http.StatusOK {
		t.Errorf("control: %d %s", got.StatusCode, got.body)
	}
	var passed atomic.Int32
	var running sync.WaitGroup
	assertion = h.assertion()
	for range 20 {
		running.Go(func() {
			if h.browser().exchange(asserted(clientCredentials(), assertion), unauthenticated).status == http.StatusOK {
				passed.Add(1)
			}
		})
	}
	running.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d of 20 at once passed", passed.Load())
	}
}

func TestClientAssertionThatDoesNotFitIsInvalidClient(t *testing.T) {
	h := start(t)
	b := h.browser()
	now := h.clock.Now().Unix()
	claims := func(changes members) string {
		return signerKey().sign(assertionHeader(), h.assertionClaims().with(changes))
	}
	header := func(changes members) string {
		return signerKey().sign(assertionHeader().with(changes), h.assertionClaims())
	}
	valid := h.assertion()
	for name, assertion := range map[string]string{
		// N01
		"aud token endpoint":       claims(members{"aud": h.issuer + "/oauth2/token"}),
		"aud PAR endpoint":         claims(members{"aud": h.issuer + "/oauth2/par"}),
		"aud array":                claims(members{"aud": []string{h.issuer}}),
		"aud array of two":         claims(members{"aud": []string{h.issuer, "https://evil.example"}}),
		"aud with a slash":         claims(members{"aud": h.issuer + "/"}),
		"aud of another workspace": claims(members{"aud": h.server.URL + "/demo/second"}),
		"aud missing":              claims(members{"aud": nil}),
		// K02
		"iss another":          claims(members{"iss": "web"}),
		"iss missing":          claims(members{"iss": nil}),
		"sub another":          claims(members{"sub": "web"}),
		"sub missing":          claims(members{"sub": nil}),
		"both another":         claims(members{"iss": "web", "sub": "web"}),
		"jti missing":          claims(members{"jti": nil}),
		"exp missing":          claims(members{"exp": nil}),
		"iat missing":          claims(members{"iat": nil}),
		"expired":              claims(members{"exp": now - 11, "iat": now - 60}),
		"exp far":              claims(members{"exp": now + 300}),
		"exp 1e300":            claims(members{"exp": 1e300}),
		"exp negative":         claims(members{"exp": -1}),
		"exp fraction":         claims(members{"exp": float64(now) + 30.5}),
		"exp text":             claims(members{"exp": "soon"}),
		"iat a minute ahead":   claims(members{"iat": now + 61}),
		"nbf a minute ahead":   claims(members{"nbf": now + 61}),
		"another key":          newKeyPair().sign(assertionHeader(), h.assertionClaims()),
		"kid unknown":          header(members{"kid": "../../dev/null"}),
		"jwk in the header":    header(members{"jwk": signerKey().jwk()}),
		"jku":                  header(members{"jku": "https://evil.example/keys"}),
		"x5u":                  header(members{"x5u": "https://evil.example/keys"}),
		"crit":                 header(members{"crit": []string{"exp"}}),
		"crit empty":           header(members{"crit": []string{}}),
		"a DPoP proof's typ":   header(members{"typ": "dpop+jwt"}),
		"an access token's":    header(members{"typ": "at+jwt"}),
		"alg none":             encode(members{"alg": "none"}) + "." + encode(h.assertionClaims()) + ".",
		"alg HS256":            header(members{"alg": "HS256"}),
		"alg of another key":   header(members{"alg": "PS256"}),
		"alg missing":          header(members{"alg": nil}),
		"no signature":         valid[:len(valid)-86],
		"signature cut":        valid[:len(valid)-4],
		"padded":               valid + "=",
		"a member twice":       signerKey().signText(encode(assertionHeader()), "eyJzdWIiOiJzaWduZXIiLCJzdWIiOiJzaWduZXIifQ"),
		"not a JWT":            "x",
		"dots":                 "...................",
		"somebody else's id":   claims(members{"iss": "nobody", "sub": "nobody"}),
		"a client with secret": claims(members{"iss": "machine", "sub": "machine"}),
	} {
		got := b.exchange(asserted(clientCredentials(), assertion), unauthenticated)
		if got.status != http.StatusUnauthorized || got.Error != "invalid_client" || got.AccessToken != "" {
			t.Errorf("%s: %d %s", name, got.status, got.Error)
		}
	}
	for name, assertion := range map[string]string{
		"plain": h.assertion(), "clock 8 seconds ahead": claims(members{"iat": now + 8, "nbf": now + 8, "exp": now + 68}),
		"typ JWT": header(members{"typ": "JWT"}), "its own typ": header(members{"typ": "client-authentication+jwt"}), "no kid": header(members{"kid": nil}),
	} {
		if got := b.exchange(asserted(clientCredentials(), assertion), unauthenticated); got.status != http.StatusOK {
			t.Errorf("control, %s: %d %s", name, got.status, got.Error)
		}
	}
}

func TestClientAssertionStandsAlone(t *testing.T) {
	h := start(t)
	b := h.browser()
	for name, test := range map[string]struct {
		change func(url.Values)
		edit   func(*http.Request)
		want   string
	}{
		"with a secret":     {with("client_secret", webSecret), unauthenticated, "invalid_request"},
		"with Basic":        {with("x"), func(r *http.Request) { r.SetBasicAuth("web", webSecret) }, "invalid_request"},
		"another client_id": {with("client_id", "web"), unauthenticated, "invalid_client"},
		"no type":           {with("client_assertion_type"), unauthenticated, "invalid_client"},
		"another type":      {with("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), unauthenticated, "invalid_client"},
		"type alone":        {with("client_assertion"), unauthenticated, "invalid_client"},
		"secret instead": {func(f url.Values) {
			f.Del("client_assertion")
			f.Del("client_assertion_type")
			f.Set("client_id", "signer")
			f.Set("client_secret", "x")
		}, unauthenticated, "invalid_client"},
		"client_id and no key": {func(f url.Values) {
			f.Del("client_assertion")
			f.Del("client_assertion_type")
			f.Set("client_id", "signer")
		}, unauthenticated, "invalid_client"},
	} {
		form := asserted(clientCredentials(), h.assertion())
		test.change(form)
		if got := b.exchange(form, test.edit); got.Error != test.want {
			t.Errorf("%s: %d %s", name, got.status, got.Error)
		}
	}
	form := asserted(clientCredentials(), h.assertion())
	form.Set("client_id", "signer")
	if got := b.exchange(form, unauthenticated); got.status != http.StatusOK {
		t.Errorf("control: %d %s", got.status, got.Error)
	}
}

// forgetful fails to mark what is used once.
type forgetful struct{ store.Store }

func (f forgetful) UseOnce(ctx context.Context, workspace, use, value string, expires time.Time) error {
	if use == "client assertion" {
		return errDown
	}
	return f.Store.UseOnce(ctx, workspace, use, value, expires)
}

func TestClientAssertionIsRefusedWhileNobodyKnowsWhetherItWasUsed(t *testing.T) {
	h := startWith(t, func(st store.Store) store.Store { return forgetful{st} })
	got := h.browser().exchange(asserted(clientCredentials(), h.assertion()), unauthenticated)
	if got.status != http.StatusServiceUnavailable || got.AccessToken != "" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.status, got.Error)
	}
}

func TestSignerKeyIsAnECKey(t *testing.T) {
	if _, ok := signerKey().private.(*ecdsa.PrivateKey); !ok {
		t.Fatal("the tests' offsets into the signature are for ES256")
	}
}
