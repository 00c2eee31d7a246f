package bff

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

func newPEM(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// openStrict is a house whose provider demands FAPI 2.0 and whose API demands DPoP with a nonce of its own.
func openStrict(t *testing.T, change ...func(*Config)) *house {
	t.Helper()
	var keys []*clientKey
	for range 2 {
		key, err := parseClientKey(newPEM(t))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	h := open(t, append(change, func(c *Config) {
		c.Routes[0].BodyLimit = 1 << 20
		p := &c.Providers[0]
		p.ClientAuth, p.secret, p.keys, p.FAPI2, p.IDTokenAlgs = "", Secret{}, keys, true, nil
		p.setFAPI2()
	})...)
	h.provider.strict = newStrictness(func() jwk.Set {
		set, err := jwk.Parse([]byte(h.browser().fetch(http.MethodGet, "/bff/jwks.json", "").body))
		if err != nil {
			t.Error(err)
		}
		return set
	})
	h.provider.alg = jwa.PS256
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		token, found := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
		claims, _, err := parseProof(r, h.upstream.server.URL+r.URL.Path, token)
		switch {
		case !found || err != nil:
			w.Header().Set("WWW-Authenticate", `DPoP error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(w, err)
		case claims["nonce"] != "api-nonce":
			w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce", error_description="x"`)
			w.Header().Set("DPoP-Nonce", "api-nonce")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
		}
	})
	return h
}

func TestFAPI2SignInPushesItsRequestAndProvesItsKeys(t *testing.T) {
	h := openStrict(t)
	b := h.browser()
	login := b.navigate("/bff/login")
	location, _ := url.Parse(login.Header.Get("Location"))
	if query := location.Query(); len(query) != 2 || query.Get("client_id") != "cloak room" || !strings.HasPrefix(query.Get("request_uri"), "urn:") {
		t.Errorf("the browser carries %v", query)
	}
	var pushed url.Values
	for _, values := range h.provider.strict.pushed {
		pushed = values
	}
	for _, name := range []string{"state", "nonce", "code_challenge", "redirect_uri", "dpop_jkt", "client_assertion"} {
		if pushed.Get(name) == "" {
			t.Errorf("the pushed request has no %s", name)
		}
	}
	done := b.navigate(b.do(http.MethodGet, login.Header.Get("Location"), "", nil).Header.Get("Location"))
	if done.StatusCode != 303 || done.Header.Get("Location") != "/" || !sessionOf(t, b).Authenticated {
		t.Fatalf("callback: status %d, %s: %s", done.StatusCode, done.Header.Get("Location"), h.logs)
	}
	strict := h.provider.strict
	if strict.refused != 1 || len(strict.proofs) != 1 || strict.thumbs[0] != pushed.Get("dpop_jkt") {
		t.Errorf("%d requests sent back for a nonce, proofs %v by %v", strict.refused, strict.proofs, strict.thumbs)
	}
	if !strict.distinct(strict.assertions, "jti") || len(strict.assertions) != 3 {
		t.Errorf("assertions %v", strict.assertions)
	}
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
		t.Errorf("API: status %d: %s", got.StatusCode, got.body)
	}
	h.clock.advance(6 * time.Minute)
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 || len(strict.proofs) != 2 || strict.thumbs[1] != strict.thumbs[0] {
		t.Errorf("after a refresh: status %d: %s, proofs by %v", got.StatusCode, got.body, strict.thumbs)
	}
	if strict.refused != 1 {
		t.Errorf("the nonce was not remembered: %d requests sent back", strict.refused)
	}
	// N01, X: what a page, a log line or a cookie can show holds neither proof nor key.
	if record := h.record(b); h.logs.holds(record.ProofKey) || h.logs.holds("client_assertion") {
		t.Error("a secret is in the log")
	}
}

// RFC 9449 §10.1: what is pushed may carry the proof itself, and a server may want its nonce in it.
func TestAPushedRequestProvesItsKeyWhereTheServerWantsIt(t *testing.T) {
	h := openStrict(t)
	h.provider.strict.pushNonce = true
	b := h.browser()
	b.signIn()
	if strict := h.provider.strict; strict.refused != 1 || len(strict.thumbs) != 2 || strict.thumbs[0] != strict.thumbs[1] {
		t.Errorf("%d requests sent back for a nonce, proofs by %v", strict.refused, strict.thumbs)
	}
}

// X08: the sessions refresh at once while the server demands a new nonce of each; everybody gets their own.
func TestForcedNonceRetriesNeverMixSessions(t *testing.T) {
	h := openStrict(t)
	const many = 40
	var browsers []*browser
	thumbs := map[string]bool{}
	for range many {
		b := h.browser()
		b.signIn()
		browsers = append(browsers, b)
	}
	h.clock.advance(6 * time.Minute)
	h.provider.strict.mu.Lock()
	h.provider.strict.nonce = "nonce-2"
	h.provider.strict.mu.Unlock()
	var owners sync.Map
	h.provider.change(func() {
		h.provider.respond = func(response map[string]any) { owners.Store(response["refresh_token"], response["access_token"]) }
	})
	var calls sync.WaitGroup
	for _, b := range browsers {
		calls.Go(func() {
			if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
		})
	}
	calls.Wait()
	for _, b := range browsers {
		record := h.record(b)
		if token, _ := owners.Load(record.RefreshToken); token != record.Tokens[""].AccessToken {
			t.Error("a session holds another session's token")
		}
		thumbs[record.ProofKey] = true
	}
	if len(thumbs) != many || h.provider.strict.refused < 2 {
		t.Errorf("%d keys for %d sessions, %d requests sent back", len(thumbs), many, h.provider.strict.refused)
	}
}

func TestFAPI2RefusesAProviderThatCannot(t *testing.T) {
	for name, bend := range map[string]func(map[string]any){
		"control":            func(map[string]any) {},
		"no PAR":             func(m map[string]any) { delete(m, "pushed_authorization_request_endpoint") },
		"no private_key_jwt": func(m map[string]any) { m["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic"} },
		"no DPoP":            func(m map[string]any) { delete(m, "dpop_signing_alg_values_supported") },
		"no S256":            func(m map[string]any) { delete(m, "code_challenge_methods_supported") },
		"no iss":             func(m map[string]any) { delete(m, "authorization_response_iss_parameter_supported") },
	} {
		h := openStrict(t)
		h.provider.change(func() { h.provider.metadata = bend })
		got, start := h.browser().navigate("/bff/login"), h.bff.CheckProviders(t.Context())
		if name == "control" {
			if got.StatusCode != 303 || start != nil {
				t.Errorf("%s: status %d, %v", name, got.StatusCode, start)
			}
			continue
		}
		if got.StatusCode != 503 || !strings.Contains(got.body, "idp_unavailable") || start == nil {
			t.Errorf("%s: status %d, start: %v", name, got.StatusCode, start)
		}
	}
	h := openStrict(t)
	h.provider.server.Close()
	if err := h.bff.CheckProviders(t.Context()); err != nil {
		t.Errorf("a provider that is down keeps the BFF from starting: %v", err)
	}
}

func TestBearerTokenInPlaceOfABoundOneIsRefused(t *testing.T) {
	h := openStrict(t)
	h.provider.change(func() { h.provider.respond = func(m map[string]any) { m["token_type"] = "Bearer" } })
	b := h.browser()
	if done := b.navigate(b.startSignIn("")); done.Header.Get("Location") != "/?bff_error=token_exchange_failed" || sessionOf(t, b).Authenticated {
		t.Errorf("location %q", done.Header.Get("Location"))
	}
}

func TestJWKSPublishesEveryClientKeyAndNoPrivatePart(t *testing.T) {
	h := openStrict(t)
	body := h.browser().fetch(http.MethodGet, "/bff/jwks.json", "").body
	if strings.Count(body, `"kid"`) != 2 || strings.Contains(body, `"d"`) || !strings.Contains(body, `"alg":"ES256"`) || !strings.Contains(body, `"use":"sig"`) {
		t.Error(body)
	}
}
