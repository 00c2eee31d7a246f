package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
)

const initialToken = "an-initial-access-token-that-is-random"

// registering is a server whose workspaces have every policy of registration there is.
var registering = strings.NewReplacer("$INITIAL", hashOf(initialToken)).Replace(`
store: unused
tenants:
  - name: demo
    workspaces:
      - name: baseline
        registration: {mode: open, redirect_hosts: [app.example, "*.partner.example"], quota: 25}
        clients:
          - {id: web, secret_hash: "sha256:$WEB", redirect_uris: ["https://app.example/callback"], scopes: [openid]}
        users:
          - {username: alice, password: wonderland}
      - name: invited
        policy: {id_token_signing_alg: ES256}
        registration: {mode: token, initial_access_token_hashes: ["$INITIAL"], loopback_redirects: true}
      - name: fapi2
        preset: fapi2
        policy: {access_token_signing_alg: ES256, id_token_signing_alg: ES256}
        registration: {mode: open}
      - name: closed
        policy: {id_token_signing_alg: ES256}
`)

func hashOf(text string) string {
	digest, _ := client.DigestOf(oauth.Secret(text)).MarshalText()
	return string(digest)
}

func startRegistering(t *testing.T) *house {
	t.Helper()
	return startAs(t, setup{text: registering})
}

// call sends JSON to a path below the workspace.
func (h *house) call(method, workspace, path, token, body string) answer {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, strings.TrimSuffix(h.issuer, "baseline")+workspace+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return h.browser().do(r)
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%d %q: %v", a.StatusCode, a.body, err)
	}
	return body
}

const metadata = `{"client_name":"The stranger","redirect_uris":["https://app.example/callback"],"scope":"openid profile","logo_uri":"https://app.example/logo.png","client_uri":"https://app.example/","grant_types":["authorization_code","refresh_token"],"software_id":"ignored"}`

func TestRegistrationIsOffUntilTheWorkspaceSaysSo(t *testing.T) {
	h := startRegistering(t)
	for workspace, on := range map[string]bool{"baseline": true, "invited": true, "fapi2": true, "closed": false} {
		endpoint, offered := h.call(http.MethodGet, workspace, "/.well-known/openid-configuration", "", "").json(t)["registration_endpoint"]
		if offered != on || on && endpoint != strings.TrimSuffix(h.issuer, "baseline")+workspace+"/oauth2/register" {
			t.Errorf("%s: %v", workspace, endpoint)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut, http.MethodDelete} {
		for _, path := range []string{"/oauth2/register", "/oauth2/register/web"} {
			if got := h.call(method, "closed", path, initialToken, metadata); got.StatusCode < 400 || strings.Contains(got.body, "client_id") {
				t.Errorf("%s %s: %d %s", method, path, got.StatusCode, got.body)
			}
		}
	}
	if got := h.call(http.MethodPost, "baseline", "/oauth2/register", "", metadata); got.StatusCode != http.StatusCreated {
		t.Errorf("the control: %d %s", got.StatusCode, got.body)
	}
}

func TestRegisteredClientSignsUsersInWhoAreAskedEachTime(t *testing.T) {
	h := startRegistering(t)
	made := h.call(http.MethodPost, "baseline", "/oauth2/register", "", metadata).json(t)
	id, secret := fmt.Sprint(made["client_id"]), fmt.Sprint(made["client_secret"])
	if made["client_secret_expires_at"] != 0.0 || made["client_id_issued_at"] == nil || made["token_endpoint_auth_method"] != "client_secret_basic" ||
		made["scope"] != "openid profile" || made["logo_uri"] != nil || made["client_name"] != "The stranger" || made["registration_client_uri"] != h.issuer+"/oauth2/register/"+id {
		t.Errorf("%v", made)
	}
	b := h.browser()
	asked := request(with("client_id", id), with("scope", "openid profile"))
	page := b.signIn(b.get(b.authorizeURL(asked)), "alice", "wonderland")
	for turn := range 2 {
		if !strings.Contains(page.body, `id="consent_allow"`) || !strings.Contains(page.body, `id="consent_unverified"`) || !strings.Contains(page.body, "The stranger") || strings.Contains(page.body, "logo") {
			t.Fatalf("turn %d: %s", turn, page.body)
		}
		if code := b.submit(page, "allow", nil).location(t, callback).Get("code"); code == "" {
			t.Fatal("no code")
		}
		page = b.get(b.authorizeURL(asked))
	}
	if got := b.get(b.authorizeURL(request(with("client_id", id), with("scope", "openid"), with("prompt", "none")))).location(t, callback); got.Get("error") != "consent_required" {
		t.Errorf("without a form: %v", got)
	}
	// The control: a client of the operator's is not asked about twice, and is not called a stranger.
	page = b.get(b.authorizeURL(request(with("scope", "openid"))))
	if strings.Contains(page.body, "consent_unverified") {
		t.Error("the operator's client is called a stranger")
	}
	b.submit(page, "allow", nil)
	if code := b.get(b.authorizeURL(request(with("scope", "openid")))).location(t, callback).Get("code"); code == "" {
		t.Error("asked again")
	}
	for _, text := range []string{secret, fmt.Sprint(made["registration_access_token"])} {
		if strings.Contains(h.log.String(), text) {
			t.Error("a secret is in the log")
		}
	}
}

func TestRegistrationHoldsClientsToThePolicy(t *testing.T) {
	h := startRegistering(t)
	for _, test := range []struct{ name, workspace, body, code, says string }{
		{"the control", "baseline", metadata, "", ""},
		{"a host below", "baseline", strings.Replace(metadata, "app.example/callback", "a.partner.example/cb", 1), "", ""},
		{"a public client", "baseline", with1(`"token_endpoint_auth_method":"none"`), "", ""},
		{"keys of its own", "baseline", with1(`"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[` + signerKey().publicJWK() + `]}`), "", ""},
		{"another host", "baseline", strings.Replace(metadata, "app.example/callback", "evil.example/cb", 1), "invalid_redirect_uri", "evil.example"},
		{"a host that ends so", "baseline", strings.Replace(metadata, "app.example/callback", "evilapp.example/cb", 1), "invalid_redirect_uri", "host"},
		{"the host above", "baseline", strings.Replace(metadata, "app.example/callback", "partner.example/cb", 1), "invalid_redirect_uri", "host"},
		{"a user name", "baseline", strings.Replace(metadata, "app.example/callback", "app.example@evil.example/", 1), "invalid_redirect_uri", "user name"},
		{"a fragment", "baseline", strings.Replace(metadata, "/callback", "/callback#x", 1), "invalid_redirect_uri", "fragment"},
		{"http", "baseline", strings.Replace(metadata, "https://app.example/callback", "http://app.example/callback", 1), "invalid_redirect_uri", "https"},
		{"loopback", "baseline", strings.Replace(metadata, "https://app.example/callback", "http://127.0.0.1/callback", 1), "invalid_redirect_uri", "host"},
		{"loopback as a number", "baseline", strings.Replace(metadata, "https://app.example/callback", "https://2130706433/callback", 1), "invalid_redirect_uri", "host"},
		{"another scheme", "baseline", strings.Replace(metadata, "https://app.example/callback", "javascript:alert(1)", 1), "invalid_redirect_uri", "absolute"},
		{"logout elsewhere", "baseline", with1(`"post_logout_redirect_uris":["https://evil.example/"]`), "invalid_redirect_uri", "host"},
		{"no address", "baseline", `{"client_name":"x"}`, "invalid_redirect_uri", "at least one"},
		{"a scope of others", "baseline", strings.Replace(metadata, "openid profile", "openid offline_access", 1), "invalid_client_metadata", "scope"},
		{"a grant of others", "baseline", strings.Replace(metadata, `"refresh_token"`, `"client_credentials"`, 1), "invalid_client_metadata", "client_credentials"},
		{"a method of others", "baseline", with1(`"token_endpoint_auth_method":"tls_client_auth"`), "invalid_client_metadata", "tls_client_auth"},
		{"another response type", "baseline", with1(`"response_types":["code","token"]`), "invalid_client_metadata", "response_types"},
		{"a software statement", "baseline", with1(`"software_statement":"a.b.c"`), "invalid_software_statement", "not accepted"},
		{"a pairwise subject", "baseline", with1(`"subject_type":"pairwise"`), "invalid_client_metadata", "subject_type"},
		{"another algorithm", "baseline", with1(`"id_token_signed_response_alg":"none"`), "invalid_client_metadata", "id_token_signed_response_alg"},
		{"encryption", "baseline", with1(`"id_token_encrypted_response_alg":"RSA-OAEP"`), "invalid_client_metadata", "encryption"},
		{"keys inside our network", "baseline", with1(`"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://169.254.169.254/keys"`), "invalid_client_metadata", "not public"},
		{"keys by http", "baseline", with1(`"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"http://app.example/keys"`), "invalid_client_metadata", "https"},
		{"logout inside our network", "baseline", with1(`"backchannel_logout_uri":"https://10.0.0.1/logout"`), "invalid_client_metadata", "not public"},
		{"a private key", "baseline", with1(`"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"oct","k":"AAAA"}]}`), "invalid_client_metadata", "jwks"},
		{"a name that hides", "baseline", strings.Replace(metadata, "The stranger", `Your bank\u202e`, 1), "invalid_client_metadata", "client_name"},
		{"a name that goes on", "baseline", strings.Replace(metadata, "The stranger", strings.Repeat("x", 101), 1), "invalid_client_metadata", "client_name"},
		{"not an object", "baseline", `[]`, "invalid_client_metadata", "object"},
		{"twice", "baseline", `{"client_name":"a","client_name":"b"}`, "invalid_client_metadata", "twice"},
		{"another type", "baseline", `{"redirect_uris":"https://app.example/callback"}`, "invalid_client_metadata", "type"},
		{"a file of ours", "baseline", with1(`"secret_file":"/etc/passwd","trusted":true`), "", ""}, // ignored, as all that is unknown
		{"fapi2: the control", "fapi2", `{"redirect_uris":["https://bank.example/"],"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[` + signerKey().publicJWK() + `]},"dpop_bound_access_tokens":true}`, "", ""},
		{"fapi2: a secret", "fapi2", metadata, "invalid_client_metadata", "private_key_jwt"},
		{"fapi2: public", "fapi2", with1(`"token_endpoint_auth_method":"none"`), "invalid_client_metadata", "private_key_jwt"},
		{"fapi2: not bound", "fapi2", `{"redirect_uris":["https://bank.example/"],"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[` + signerKey().publicJWK() + `]}}`, "invalid_client_metadata", "dpop_bound_access_tokens"},
	} {
		h.clock.advance(time.Minute) // or the address would have to wait
		got := h.call(http.MethodPost, test.workspace, "/oauth2/register", "", test.body)
		body := got.json(t)
		switch {
		case test.code == "" && (got.StatusCode != http.StatusCreated || body["client_id"] == nil):
			t.Errorf("%s: %d %s", test.name, got.StatusCode, got.body)
		case test.code != "" && (got.StatusCode != http.StatusBadRequest || body["error"] != test.code || !strings.Contains(fmt.Sprint(body["error_description"]), test.says)):
			t.Errorf("%s: %d %s, want %s %q", test.name, got.StatusCode, got.body, test.code, test.says)
		}
	}
	if got := h.call(http.MethodPost, "baseline", "/oauth2/register", "", `{"client_name":"`+strings.Repeat("x", 70<<10)+`"}`); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", got.StatusCode)
	}
}

// with1 is the metadata with one member more.
func with1(member string) string { return strings.Replace(metadata, "{", "{"+member+",", 1) }

func TestInitialAccessTokenIsNeededWhereThePolicySaysSo(t *testing.T) {
	h := startRegistering(t)
	loopback := strings.Replace(metadata, "https://app.example/callback", "http://localhost:7777/callback", 1)
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"the control": {initialToken, http.StatusCreated},
		"none":        {"", http.StatusUnauthorized},
		"another":     {initialToken + "x", http.StatusUnauthorized},
		"part of it":  {initialToken[:10], http.StatusUnauthorized},
		"its hash":    {hashOf(initialToken), http.StatusUnauthorized},
	} {
		got := h.call(http.MethodPost, "invited", "/oauth2/register", test.token, loopback)
		if got.StatusCode != test.status || (test.status == http.StatusUnauthorized) == (got.Header.Get("WWW-Authenticate") == "") {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
}

func TestRegistrationIsReadReplacedAndDeletedByItsTokenAlone(t *testing.T) {
	h := startRegistering(t)
	made := h.call(http.MethodPost, "baseline", "/oauth2/register", "", metadata).json(t)
	other := h.call(http.MethodPost, "baseline", "/oauth2/register", "", metadata).json(t)
	id, token, secret := fmt.Sprint(made["client_id"]), fmt.Sprint(made["registration_access_token"]), fmt.Sprint(made["client_secret"])
	path := "/oauth2/register/" + id
	for name, test := range map[string]struct{ path, token string }{
		"another client's token": {path, fmt.Sprint(other["registration_access_token"])},
		"no token":               {path, ""},
		"the secret":             {path, secret},
		"its own, elsewhere":     {"/oauth2/register/" + fmt.Sprint(other["client_id"]), token},
		"the operator's client":  {"/oauth2/register/web", token},
		"no client":              {"/oauth2/register/nobody", token},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			if got := h.call(method, "baseline", test.path, test.token, metadata); got.StatusCode != http.StatusUnauthorized || got.json(t)["error"] != "invalid_token" {
				t.Errorf("%s, %s: %d %s", name, method, got.StatusCode, got.body)
			}
		}
	}
	read := h.call(http.MethodGet, "baseline", path, token, "")
	if got := read.json(t); read.StatusCode != http.StatusOK || got["client_name"] != "The stranger" || got["client_secret"] != nil || got["registration_access_token"] != token {
		t.Errorf("%d %s", read.StatusCode, read.body)
	}
	replacement := func(members string) string {
		return strings.Replace(metadata, "{", `{"client_id":"`+id+`"`+members+",", 1)
	}
	for name, body := range map[string]string{
		"without its id":          metadata,
		"with another id":         strings.Replace(metadata, "{", `{"client_id":"web",`, 1),
		"with a secret it chose":  replacement(`,"client_secret":"a-secret-that-it-chose-itself"`),
		"with the server's token": replacement(`,"registration_access_token":"x"`),
		"with its expiry":         replacement(`,"client_secret_expires_at":0`),
		"with another host":       strings.Replace(replacement(""), "app.example/callback", "evil.example/", 1),
	} {
		if got := h.call(http.MethodPut, "baseline", path, token, body); got.StatusCode != http.StatusBadRequest {
			t.Errorf("replaced %s: %d %s", name, got.StatusCode, got.body)
		}
	}
	replaced := h.call(http.MethodPut, "baseline", path, token, strings.Replace(replacement(`,"client_secret":"`+secret+`"`), "The stranger", "Renamed", 1))
	after := replaced.json(t)
	if replaced.StatusCode != http.StatusOK || after["client_name"] != "Renamed" || after["registration_access_token"] == token || after["client_secret"] != nil {
		t.Fatalf("%d %s", replaced.StatusCode, replaced.body)
	}
	if got := h.call(http.MethodGet, "baseline", path, token, ""); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("the token before: %d", got.StatusCode)
	}
	if status := h.secretWorks(id, secret); status != http.StatusBadRequest {
		t.Errorf("the secret is still its own, and the grant is what is wrong: %d", status)
	}
	if got := h.call(http.MethodDelete, "baseline", path, fmt.Sprint(after["registration_access_token"]), ""); got.StatusCode != http.StatusNoContent {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if status := h.secretWorks(id, secret); status != http.StatusUnauthorized {
		t.Errorf("a deleted client: %d", status)
	}
}

// secretWorks is 400 when the client is known, for a code that is none, and 401 when it is not.
func (h *house) secretWorks(id, secret string) int {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.issuer+"/oauth2/token", strings.NewReader(url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {callback}, "code_verifier": {verifier}}.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	return h.browser().do(r).StatusCode
}

// A flood of registrations is slowed by address and bounded by the workspace, and those who never came back make room again.
func TestFloodOfRegistrationsIsBoundedAndSwept(t *testing.T) {
	h := startRegistering(t)
	created, slowed, full := 0, 0, 0
	var first map[string]any
	for range 120 {
		got := h.call(http.MethodPost, "baseline", "/oauth2/register", "", metadata)
		switch got.StatusCode {
		case http.StatusCreated:
			created++
			if first == nil {
				first = got.json(t)
			}
		case http.StatusTooManyRequests:
			slowed++
			h.clock.advance(time.Minute)
		case http.StatusServiceUnavailable:
			full++
		default:
			t.Fatalf("%d %s", got.StatusCode, got.body)
		}
		if got.StatusCode != http.StatusCreated && got.Header.Get("Retry-After") == "" {
			t.Errorf("%d without Retry-After", got.StatusCode)
		}
	}
	if created != 25 || slowed == 0 || full == 0 {
		t.Errorf("%d created, %d slowed down, %d without room", created, slowed, full)
	}
	// One of them is used; the others are not, and go.
	b := h.browser()
	page := b.signIn(b.get(b.authorizeURL(request(with("client_id", fmt.Sprint(first["client_id"])), with("scope", "openid")))), "alice", "wonderland")
	code := b.submit(page, "allow", nil).location(t, callback).Get("code")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(fmt.Sprint(first["client_id"]), fmt.Sprint(first["client_secret"]))
	if got := b.do(r); got.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	authserver.SweepOnce(t.Context(), h.as)
	if got := h.call(http.MethodPost, "baseline", "/oauth2/register", "", metadata); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("swept too early: %d", got.StatusCode)
	}
	h.clock.advance(25 * time.Hour)
	authserver.SweepOnce(t.Context(), h.as)
	again := 0
	for range 30 {
		h.clock.advance(time.Minute)
		if h.call(http.MethodPost, "baseline", "/oauth2/register", "", metadata).StatusCode == http.StatusCreated {
			again++
		}
	}
	if again != 24 {
		t.Errorf("room for %d after the sweep, want 24", again)
	}
	if status := h.secretWorks(fmt.Sprint(first["client_id"]), fmt.Sprint(first["client_secret"])); status == http.StatusUnauthorized {
		t.Error("the one that was used is gone")
	}
}
