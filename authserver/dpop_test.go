package authserver_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// prover makes DPoP proofs as a client does: with the newest nonce that it was given.
type prover struct {
	*house
	*keyPair
	nonce string
}

func (h *house) prover() *prover { return &prover{house: h, keyPair: newKeyPair()} }

func (p *prover) claims(method, address string) members {
	claims := members{"jti": rand.Text(), "htm": method, "htu": address, "iat": p.clock.Now().Unix()}
	if p.nonce != "" {
		claims["nonce"] = p.nonce
	}
	return claims
}

func (p *prover) proof(method, path string, changes ...members) string {
	claims := p.claims(method, p.issuer+path)
	for _, change := range changes {
		claims = claims.with(change)
	}
	return p.sign(members{"typ": "dpop+jwt", "alg": "ES256", "jwk": p.jwk()}, claims)
}

// at adds a proof for a path to a request.
func (p *prover) at(path string, changes ...members) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("DPoP", p.proof(r.Method, path, changes...)) }
}

func hashed(access string) members {
	sum := sha256.Sum256([]byte(access))
	return members{"ath": base64.RawURLEncoding.EncodeToString(sum[:])}
}

// learn gets the server's nonce, as a first request without one does.
func (p *prover) learn(b *browser) *prover {
	p.t.Helper()
	got := b.exchange(redemption("x"), p.at("/oauth2/token"))
	if got.status != http.StatusBadRequest || got.Error != "use_dpop_nonce" {
		p.t.Fatalf("%d %s", got.status, got.Error)
	}
	if p.nonce = got.header.Get("DPoP-Nonce"); p.nonce == "" {
		p.t.Fatal("no nonce")
	}
	return p
}

func withScheme(scheme, access string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", scheme+" "+access) }
}

// ask sends a request without a body.
func (b *browser) ask(method, path string, edits ...func(*http.Request)) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.issuer+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, edit := range edits {
		edit(r)
	}
	return b.do(r)
}

func TestDPoPBindsTokensToTheKeyOfTheProof(t *testing.T) {
	h := start(t)
	b := h.browser()
	p := h.prover().learn(b)
	issued := b.exchange(redemption(b.code(request())), p.at("/oauth2/token"))
	if issued.status != http.StatusOK || issued.TokenType != "DPoP" {
		t.Fatalf("%d %s %s", issued.status, issued.Error, issued.TokenType)
	}
	cnf, _ := claimsOf(t, issued.AccessToken)["cnf"].(map[string]any)
	if cnf["jkt"] != p.thumbprint() {
		t.Errorf("cnf %v", cnf)
	}
	info := func(edits ...func(*http.Request)) answer { return b.ask(http.MethodGet, "/oauth2/userinfo", edits...) }
	if got := info(withScheme("DPoP", issued.AccessToken), p.at("/oauth2/userinfo", hashed(issued.AccessToken))); got.StatusCode != http.StatusOK {
		t.Fatalf("userinfo: %d %s", got.StatusCode, got.body)
	}
	thief := &prover{house: h, keyPair: newKeyPair(), nonce: p.nonce}
	bearer := b.exchange(redemption(b.code(request()))).AccessToken
	// R17, X02, X04.
	for name, edits := range map[string][]func(*http.Request){
		"as bearer token":            {withScheme("Bearer", issued.AccessToken)},
		"as bearer token, and proof": {withScheme("Bearer", issued.AccessToken), p.at("/oauth2/userinfo", hashed(issued.AccessToken))},
		"no proof":                   {withScheme("DPoP", issued.AccessToken)},
		"no ath":                     {withScheme("DPoP", issued.AccessToken), p.at("/oauth2/userinfo")},
		"ath of another":             {withScheme("DPoP", issued.AccessToken), p.at("/oauth2/userinfo", hashed("x"))},
		"another key":                {withScheme("DPoP", issued.AccessToken), thief.at("/oauth2/userinfo", hashed(issued.AccessToken))},
		"another method":             {withScheme("DPoP", issued.AccessToken), p.at("/oauth2/userinfo", hashed(issued.AccessToken), members{"htm": "POST"})},
		"another address":            {withScheme("DPoP", issued.AccessToken), p.at("/oauth2/token", hashed(issued.AccessToken))},
		"no nonce":                   {withScheme("DPoP", issued.AccessToken), p.at("/oauth2/userinfo", hashed(issued.AccessToken), members{"nonce": nil})},
		"two proofs": {
			withScheme("DPoP", issued.AccessToken), p.at("/oauth2/userinfo", hashed(issued.AccessToken)),
			func(r *http.Request) {
				r.Header.Add("DPoP", p.proof("GET", "/oauth2/userinfo", hashed(issued.AccessToken)))
			},
		},
		"an unbound token as DPoP": {withScheme("DPoP", bearer), p.at("/oauth2/userinfo", hashed(bearer))},
	} {
		got := info(edits...)
		challenges := got.Header.Values("WWW-Authenticate")
		want := "DPoP algs="
		if strings.HasPrefix(name, "an unbound") {
			want = "Bearer"
		}
		if got.StatusCode != http.StatusUnauthorized || len(challenges) != 1 || !strings.HasPrefix(challenges[0], want) {
			t.Errorf("%s: %d %q %s", name, got.StatusCode, challenges, got.body)
		}
	}
	fields := url.Values{"access_token": {issued.AccessToken}}
	if got := b.post(h.issuer+"/oauth2/userinfo", fields); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("in the body: %d", got.StatusCode)
	}
	if got := info(withScheme("Bearer", bearer)); got.StatusCode != http.StatusOK {
		t.Errorf("control: %d", got.StatusCode)
	}
}

func TestDPoPProofIsForOneRequest(t *testing.T) {
	h := start(t)
	b := h.browser()
	p := h.prover().learn(b)
	form := url.Values{"grant_type": {"client_credentials"}}
	machine := func(r *http.Request) { r.SetBasicAuth("machine", webSecret) }
	proof := p.proof(http.MethodPost, "/oauth2/token")
	send := func(proof string) tokens {
		return b.exchange(form, machine, func(r *http.Request) { r.Header.Set("DPoP", proof) })
	}
	if got := send(proof); got.status != http.StatusOK || got.TokenType != "DPoP" {
		t.Fatalf("%d %s", got.status, got.Error)
	}
	// X01
	if got := send(proof); got.status != http.StatusBadRequest || got.Error != "invalid_dpop_proof" {
		t.Errorf("replayed: %d %s", got.status, got.Error)
	}
	var passed atomic.Int32
	var running sync.WaitGroup
	proof = p.proof(http.MethodPost, "/oauth2/token")
	for range 20 {
		running.Go(func() {
			if send(proof).status == http.StatusOK {
				passed.Add(1)
			}
		})
	}
	running.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d of 20 at once passed", passed.Load())
	}
	for name, test := range map[string]struct{ proof, want string }{
		"for PAR":            {p.proof(http.MethodPost, "/oauth2/par"), "invalid_dpop_proof"},
		"for GET":            {p.proof(http.MethodGet, "/oauth2/token"), "invalid_dpop_proof"},
		"for the alias":      {p.proof(http.MethodPost, "/../oauth/token"), "invalid_dpop_proof"},
		"of another house":   {p.proof(http.MethodPost, "", members{"htu": "https://evil.example/demo/baseline/oauth2/token"}), "invalid_dpop_proof"},
		"of another issuer":  {p.proof(http.MethodPost, "", members{"htu": h.server.URL + "/demo/second/oauth2/token"}), "invalid_dpop_proof"},
		"old":                {p.proof(http.MethodPost, "/oauth2/token", members{"iat": h.clock.Now().Unix() - 90}), "invalid_dpop_proof"},
		"a nonce made up":    {p.proof(http.MethodPost, "/oauth2/token", members{"nonce": "x"}), "use_dpop_nonce"},
		"empty":              {"", "invalid_dpop_proof"},
		"a client assertion": {h.assertion(), "invalid_dpop_proof"},
	} {
		got := send(test.proof)
		if got.status != http.StatusBadRequest || got.Error != test.want || got.AccessToken != "" || got.header.Get("DPoP-Nonce") == "" {
			t.Errorf("%s: %d %s", name, got.status, got.Error)
		}
	}
	// X06: nonces age.
	old := p.nonce
	h.clock.advance(5 * time.Minute)
	if got := send(p.proof(http.MethodPost, "/oauth2/token")); got.Error != "use_dpop_nonce" || got.header.Get("DPoP-Nonce") == old {
		t.Errorf("old nonce: %d %s", got.status, got.Error)
	}
}

func TestCodeIsBoundToTheDPoPKeyThatTheRequestNames(t *testing.T) {
	h := start(t)
	b := h.browser()
	p := h.prover().learn(b)
	thief := &prover{house: h, keyPair: newKeyPair(), nonce: p.nonce}
	pushedWithProof := func() url.Values {
		got := b.push(request(), p.at("/oauth2/par"))
		if got.StatusCode != http.StatusCreated {
			t.Fatalf("%d %s", got.StatusCode, got.body)
		}
		return reference(got.body[strings.Index(got.body, "urn:"):strings.Index(got.body, `","`)])
	}
	// X07
	for name, query := range map[string]func() url.Values{
		"dpop_jkt":        func() url.Values { return request(with("dpop_jkt", p.thumbprint())) },
		"pushed dpop_jkt": func() url.Values { return reference(b.pushed(request(with("dpop_jkt", p.thumbprint())))) },
		"pushed proof":    pushedWithProof,
	} {
		if got := b.exchange(redemption(b.code(query())), thief.at("/oauth2/token")); got.Error != "invalid_grant" {
			t.Errorf("%s, another key: %d %s", name, got.status, got.Error)
		}
		if got := b.exchange(redemption(b.code(query()))); got.Error != "invalid_grant" {
			t.Errorf("%s, no proof: %d %s", name, got.status, got.Error)
		}
		if got := b.exchange(redemption(b.code(query())), p.at("/oauth2/token")); got.status != http.StatusOK {
			t.Errorf("%s, control: %d %s", name, got.status, got.Error)
		}
	}
	if got := b.push(request(with("dpop_jkt", thief.thumbprint())), p.at("/oauth2/par")); errorOf(t, got) != "invalid_dpop_proof" {
		t.Errorf("proof and dpop_jkt differ: %d %s", got.StatusCode, got.body)
	}
	for _, malformed := range []string{"x", p.thumbprint() + "=", p.thumbprint()[:42]} {
		if got := b.push(request(with("dpop_jkt", malformed))); errorOf(t, got) != "invalid_request" {
			t.Errorf("dpop_jkt %q: %d %s", malformed, got.StatusCode, got.body)
		}
	}
	if got := b.push(request(), p.at("/oauth2/token")); errorOf(t, got) != "invalid_dpop_proof" {
		t.Errorf("a proof for another endpoint: %d %s", got.StatusCode, got.body)
	}
}

func TestPublicClientsRefreshTokenIsBoundToItsKey(t *testing.T) {
	h := start(t)
	b := h.browser()
	p := h.prover().learn(b)
	native := with("client_id", "native")
	query := request(native, with("redirect_uri", "https://native.example/callback"), with("scope", "openid"))
	redeem := func() url.Values {
		return redemption(b.code(query), native, with("redirect_uri", "https://native.example/callback"))
	}
	if got := b.exchange(redeem()); got.Error != "invalid_dpop_proof" || got.AccessToken != "" {
		t.Errorf("registered for bound tokens, and no proof: %d %s", got.status, got.Error)
	}
	issued := b.exchange(redeem(), p.at("/oauth2/token"))
	if issued.status != http.StatusOK || issued.TokenType != "DPoP" {
		t.Fatalf("%d %s", issued.status, issued.Error)
	}
	thief := &prover{house: h, keyPair: newKeyPair(), nonce: p.nonce}
	if got := b.exchange(refresh(issued.RefreshToken, native), thief.at("/oauth2/token")); got.Error != "invalid_grant" {
		t.Errorf("another key: %d %s", got.status, got.Error)
	}
	next := b.exchange(refresh(issued.RefreshToken, native), p.at("/oauth2/token"))
	if next.status != http.StatusOK || next.RefreshToken == issued.RefreshToken {
		t.Fatalf("the thief's try cost the client its token: %d %s", next.status, next.Error)
	}
	if got := b.exchange(refresh(next.RefreshToken, native), thief.at("/oauth2/token")); got.Error != "invalid_grant" {
		t.Errorf("another key, after rotation: %d %s", got.status, got.Error)
	}
	// RFC 9449 §5: a confidential client authenticates, and may change its key.
	own := b.exchange(redemption(b.code(request())), p.at("/oauth2/token"))
	changed := b.exchange(refresh(own.RefreshToken), thief.at("/oauth2/token"))
	cnf, _ := claimsOf(t, changed.AccessToken)["cnf"].(map[string]any)
	if changed.status != http.StatusOK || cnf["jkt"] != thief.thumbprint() {
		t.Errorf("confidential client with a new key: %d %v", changed.status, cnf)
	}
}

func TestChallengeWithoutATokenNamesBothSchemes(t *testing.T) {
	h := start(t)
	got := h.browser().ask(http.MethodGet, "/oauth2/userinfo").Header.Values("WWW-Authenticate")
	if !slices.Equal(got, []string{"Bearer", `DPoP algs="ES256 EdDSA PS256"`}) {
		t.Errorf("%q", got)
	}
}
