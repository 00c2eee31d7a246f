package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloakroom/authserver"
)

// in is the same house, seen from another of its workspaces.
func (h *house) in(workspace string) *house {
	other := *h
	other.issuer = h.server.URL + "/demo/" + workspace
	return &other
}

// headerOf is a JWT's header.
func headerOf(t *testing.T, text string) map[string]any {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var header map[string]any
	if err := json.Unmarshal(decoded, &header); err != nil {
		t.Fatal(err)
	}
	return header
}

// bank is the client of the fapi2 workspace, at a browser.
type bank struct {
	*browser
	*prover
}

func (h *house) bank() bank {
	fapi := h.in("fapi2")
	return bank{browser: fapi.browser(), prover: fapi.prover()}
}

func (k bank) request(changes ...func(url.Values)) url.Values {
	query := request(append([]func(url.Values){with("client_id", "signer"), with("scope", "openid profile notes.read")}, changes...)...)
	return asserted(query, k.prover.assertion())
}

func (k bank) push(form url.Values, edits ...func(*http.Request)) answer {
	return k.browser.push(form, append([]func(*http.Request){unauthenticated}, edits...)...)
}

// reference pushes a request and refers to it.
func (k bank) reference(changes ...func(url.Values)) url.Values {
	k.browser.t.Helper()
	got := k.push(k.request(changes...))
	if got.StatusCode != http.StatusCreated {
		k.browser.t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	return reference(got.body[strings.Index(got.body, "urn:"):strings.Index(got.body, `","`)], with("client_id", "signer"))
}

func (k bank) redeem(code string, edits ...func(*http.Request)) tokens {
	form := asserted(redemption(code, with("client_id", "signer")), k.prover.assertion())
	return k.exchange(form, append([]func(*http.Request){unauthenticated}, edits...)...)
}

func TestFAPIFlowFromPushToRefresh(t *testing.T) {
	h := start(t)
	k := h.bank()
	code := k.code(k.reference())
	first := k.redeem(code, k.at("/oauth2/token"))
	if first.Error != "use_dpop_nonce" {
		t.Fatalf("%d %s", first.status, first.Error)
	}
	k.nonce = first.header.Get("DPoP-Nonce")
	issued := k.redeem(code, k.at("/oauth2/token")) // the first try cost no code
	if issued.status != http.StatusOK || issued.TokenType != "DPoP" || issued.IDToken == "" {
		t.Fatalf("%d %s", issued.status, issued.Error)
	}
	for name, text := range map[string]string{"access token": issued.AccessToken, "ID token": issued.IDToken} {
		if alg := headerOf(t, text)["alg"]; alg != "ES256" {
			t.Errorf("%s: alg %v", name, alg)
		}
	}
	info := k.ask(http.MethodGet, "/oauth2/userinfo", withScheme("DPoP", issued.AccessToken), k.at("/oauth2/userinfo", hashed(issued.AccessToken)))
	if info.StatusCode != http.StatusOK || !strings.Contains(info.body, "Alice") {
		t.Errorf("userinfo: %d %s", info.StatusCode, info.body)
	}
	for range 2 { // no rotation: the same token again
		form := asserted(refresh(issued.RefreshToken, with("client_id", "signer")), k.prover.assertion())
		next := k.exchange(form, unauthenticated, k.at("/oauth2/token"))
		if next.status != http.StatusOK || (next.RefreshToken != "" && next.RefreshToken != issued.RefreshToken) {
			t.Errorf("refresh: %d %s", next.status, next.Error)
		}
	}
	if got := k.redeem(code, k.at("/oauth2/token")); got.Error != "invalid_grant" {
		t.Errorf("code used twice: %d %s", got.status, got.Error)
	}
}

func TestFAPIRefusesWhatTheProfileDoesNotHave(t *testing.T) {
	h := start(t)
	k := h.bank()
	k.nonce = k.exchange(asserted(clientCredentials(), k.prover.assertion()), unauthenticated, k.at("/oauth2/token")).header.Get("DPoP-Nonce")
	// FAPI 2.0 §5.3.2.2 (3)
	unpushed := request(with("client_id", "signer"), with("scope", "openid"))
	if got := k.get(k.prover.authorizeURL(unpushed)).location(t, callback); got.Get("error") != "invalid_request" || got.Get("iss") != k.prover.issuer {
		t.Errorf("not pushed: %v", got)
	}
	for name, form := range map[string]url.Values{
		"no redirect_uri":  k.request(with("redirect_uri")),
		"no challenge":     k.request(with("code_challenge"), with("code_challenge_method")),
		"plain":            k.request(with("code_challenge_method", "plain")),
		"token":            k.request(with("response_type", "token")),
		"code id_token":    k.request(with("response_type", "code id_token")),
		"unauthenticated":  request(with("client_id", "signer"), with("scope", "openid")),
		"request_uri":      k.request(with("request_uri", "urn:ietf:params:oauth:request_uri:x")),
		"another redirect": k.request(with("redirect_uri", callback+"/")),
	} {
		if got := k.push(form); got.StatusCode < 400 || strings.Contains(got.body, "request_uri:") {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	// FAPI 2.0 §5.3.2.1 (4)
	if got := k.exchange(asserted(clientCredentials(), k.prover.assertion()), unauthenticated); got.Error != "invalid_dpop_proof" || got.AccessToken != "" {
		t.Errorf("no proof: %d %s", got.status, got.Error)
	}
	rs256 := signerKey().sign(assertionHeader().with(members{"alg": "RS256"}), k.prover.assertionClaims())
	if got := k.exchange(asserted(clientCredentials(), rs256), unauthenticated, k.at("/oauth2/token")); got.Error != "invalid_client" {
		t.Errorf("RS256: %d %s", got.status, got.Error)
	}
	form := asserted(url.Values{"grant_type": {"client_credentials"}, "scope": {"notes.read"}}, k.prover.assertion())
	if got := k.exchange(form, unauthenticated, k.at("/oauth2/token")); got.status != http.StatusOK || got.TokenType != "DPoP" {
		t.Errorf("control: %d %s", got.status, got.Error)
	}
	long := strings.Repeat("n", 64) // FAPI 2.0 §5.3.2.2 (14)
	issued := k.redeem(k.code(k.reference(with("nonce", long))), k.at("/oauth2/token"))
	if issued.status != http.StatusOK || claimsOf(t, issued.IDToken)["nonce"] != long {
		t.Errorf("a long nonce: %d %s", issued.status, issued.Error)
	}
}

const fapiConfiguration = `
store: data.db
tenants:
  - name: demo
    workspaces:
      - name: bank
        preset: fapi2
        policy: {dpop_nonce: required}
        clients:
          - id: app
            token_endpoint_auth_method: private_key_jwt
            jwks_uri: https://app.example/jwks
            redirect_uris: ["https://app.example/callback"]
            scopes: [openid]
            dpop_bound_access_tokens: true
`

func TestFAPIPresetRefusesOptionsThatContradictIt(t *testing.T) {
	parse := func(text string) error {
		_, err := authserver.ParseConfig("a.yaml", []byte(text), func(string) string { return "" })
		return err
	}
	if err := parse(fapiConfiguration); err != nil {
		t.Fatalf("control: %v", err)
	}
	policy := func(text string) [2]string { return [2]string{"policy: {", "policy: {" + text + ", "} }
	auth := func(text string) [2]string { return [2]string{"token_endpoint_auth_method: private_key_jwt", text} }
	for want, change := range map[string][2]string{
		"require_par: has to be true":                        policy("require_par: false"),
		"refresh_confidential: rotation: has to be never":    policy("refresh_confidential: {rotation: always}"),
		`access_token_signing_alg: "RS256" is none of PS256`: policy("access_token_signing_alg: RS256"),
		`id_token_signing_alg: "RS256" is none of PS256`:     policy("id_token_signing_alg: RS256"),
		"code_lifetime":                                       policy("code_lifetime: 2m"),
		`"none" is none of private_key_jwt`:                   auth("token_endpoint_auth_method: none"),
		`"client_secret_basic" is none of private_key_jwt`:    auth("token_endpoint_auth_method: client_secret_basic"),
		"pkce: has to be required":                            auth("token_endpoint_auth_method: private_key_jwt\n            pkce: optional"),
		`token_endpoint_auth_signing_alg: "RS256" is none of`: auth("token_endpoint_auth_method: private_key_jwt\n            token_endpoint_auth_signing_alg: RS256"),
		"has to be true (FAPI 2.0 §5.3.2.1)":                  {"dpop_bound_access_tokens: true", "dpop_bound_access_tokens: false"},
		"has to be https":                                     {"https://app.example/callback", "http://app.example/callback"},
	} {
		text := strings.Replace(fapiConfiguration, change[0], change[1], 1)
		if text == fapiConfiguration {
			t.Fatalf("%s: nothing changed", want)
		}
		if err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %q: %v", want, err)
		}
	}
	bound := strings.Replace(fapiConfiguration, "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens", 1)
	if err := parse(bound); err != nil {
		t.Errorf("control, bound to certificates: %v", err)
	}
}

func TestFAPIMetadataSaysWhatTheProfileHas(t *testing.T) {
	h := start(t).in("fapi2")
	var metadata map[string]any
	if err := json.Unmarshal([]byte(h.browser().get(h.issuer+"/.well-known/openid-configuration").body), &metadata); err != nil {
		t.Fatal(err)
	}
	if metadata["require_pushed_authorization_requests"] != true || metadata["pushed_authorization_request_endpoint"] != h.issuer+"/oauth2/par" {
		t.Errorf("%v", metadata)
	}
	for _, name := range []string{"token_endpoint_auth_signing_alg_values_supported", "id_token_signing_alg_values_supported", "dpop_signing_alg_values_supported"} {
		text, _ := json.Marshal(metadata[name])
		if strings.Contains(string(text), "RS256") || !strings.Contains(string(text), "ES256") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if methods, _ := json.Marshal(metadata["token_endpoint_auth_methods_supported"]); strings.Contains(string(methods), "secret") || strings.Contains(string(methods), `"none"`) {
		t.Errorf("%s", methods)
	}
}
