package authserver_test

import (
	"encoding/pem"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"cloakroom/authserver/store"
)

// sourcesConfiguration is a server of which one workspace signs users in at another one.
const sourcesConfiguration = `
store: unused
outbound: {allow: [127.0.0.0/8, "::1/128"], ca_file: ca.pem}
tenants:
  - name: demo
    workspaces:
      - name: baseline
        title: The front house
        identity_sources:
          - {id: local, type: local}
          - id: house
            name: The other house
            type: oidc
            issuer: $BASE/demo/upstream
            client_id: front
            client_secret_file: front.secret
            scopes: [openid, profile, email]
            claims: {name: name, email: email, email_verified: email_verified}
            userinfo: true
            sign_up: open
          - {id: closed, name: The closed house, type: oidc, issuer: $BASE/demo/closed, client_id: front, token_endpoint_auth_method: client_secret_post, client_secret_file: front.secret}
          - {id: gone, name: The house that is gone, type: oidc, issuer: "https://127.0.0.1:1/gone", client_id: front, client_secret_file: front.secret}
        clients:
          - id: web
            name: The web app
            uri: https://app.example/
            secret_hash: sha256:$WEB
            redirect_uris: ["https://app.example/callback"]
            scopes: [openid, profile, email]
            id_token_claims: [name, email]
        users:
          - {username: alice, password: wonderland, claims: {name: Alice Liddell, email: alice@example.test, email_verified: true}}
          - {username: bob, password: builder, claims: {name: Bob}}
      - name: upstream
        policy: {id_token_signing_alg: ES256}
        clients:
          - {id: front, name: The front house, secret_hash: "sha256:$WEB", redirect_uris: ["$BASE/demo/baseline/upstream/house/callback"], scopes: [openid, profile, email], trusted: true}
        users:
          # Her e-mail address is that of another alice, and proven, as this provider says.
          - {username: alice, password: looking-glass, claims: {name: Alice of Upstream, email: alice@example.test, email_verified: true}}
          - {username: dinah, password: the-cat-of-alice, claims: {name: Dinah}}
      - name: closed
        policy: {id_token_signing_alg: ES256}
        clients:
          - {id: front, name: The front house, token_endpoint_auth_method: client_secret_post, secret_hash: "sha256:$WEB", redirect_uris: ["$BASE/demo/baseline/upstream/closed/callback"], scopes: [openid, profile], trusted: true}
        users:
          - {username: alice, password: looking-glass, claims: {name: Alice of Closed}}
`

// testAuthority is the certificate of every server that a test starts.
func testAuthority(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func startSources(t *testing.T, changes ...string) *house {
	t.Helper()
	return startAs(t, setup{
		text:  strings.NewReplacer(changes...).Replace(sourcesConfiguration),
		files: map[string]string{"front.secret": webSecret, "ca.pem": testAuthority(t)},
		wrap:  func(st store.Store) store.Store { return st },
	})
}

// click follows the link of an id.
func (b *browser) click(page answer, id string) answer {
	b.t.Helper()
	link := regexp.MustCompile(`<a [^>]*id="` + id + `" href="([^"]+)"`).FindStringSubmatch(page.body)
	if link == nil {
		b.t.Fatalf("%d has no link %q:\n%s", page.StatusCode, id, page.body)
	}
	address, err := page.Request.URL.Parse(html.UnescapeString(link[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.get(address.String())
}

// signInUpstream goes from the sign-in page to the other house, and comes back.
func (b *browser) signInUpstream(username, password string, changes ...func(url.Values)) answer {
	b.t.Helper()
	changes = append([]func(url.Values){with("scope", "openid profile email")}, changes...)
	return b.signIn(b.click(b.get(b.authorizeURL(request(changes...))), "source_house"), username, password)
}

// identityOf finds the account here of a user of the other house, by what that house calls them.
func (h *house) identityOf(workspace, username string) (store.Account, bool) {
	h.t.Helper()
	there, err := h.store.AccountByName(h.t.Context(), "demo/"+workspace, username)
	if err != nil {
		h.t.Fatal(err)
	}
	issuer := strings.TrimSuffix(h.issuer, "baseline") + workspace
	identity, err := h.store.Identity(h.t.Context(), "demo/baseline", issuer, there.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return store.Account{}, false
	}
	if err != nil {
		h.t.Fatal(err)
	}
	account, err := h.store.Account(h.t.Context(), "demo/baseline", identity.Account)
	if err != nil {
		h.t.Fatal(err)
	}
	return account, true
}

// said is the alert of a page.
func (a answer) said() string {
	found := regexp.MustCompile(`(?s)role="alert"[^>]*>(.*?)</p>`).FindStringSubmatch(a.body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

func (h *house) upstreamIssuer() string { return strings.TrimSuffix(h.issuer, "baseline") + "upstream" }

func (h *house) upstreamSubject(username string) string {
	h.t.Helper()
	there, err := h.store.AccountByName(h.t.Context(), "demo/upstream", username)
	if err != nil {
		h.t.Fatal(err)
	}
	return there.Subject
}

// link links an account to a user of the other house, as the account page does.
func (h *house) link(account, username string) {
	h.t.Helper()
	err := h.store.LinkIdentity(h.t.Context(), store.Identity{
		Workspace: "demo/baseline", Issuer: h.upstreamIssuer(), Subject: h.upstreamSubject(username), Account: account, Created: h.clock.Now(),
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// callbackOf goes to the provider and stops before the answer is taken: it returns the callback's address.
func (b *browser) callbackOf(username, password string) string {
	b.t.Helper()
	held := b.client.CheckRedirect
	defer func() { b.client.CheckRedirect = held }()
	b.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/upstream/house/callback") {
			return http.ErrUseLastResponse
		}
		return held(r, via)
	}
	page := b.signInUpstream(username, password)
	address := page.Header.Get("Location")
	if !strings.Contains(address, "/upstream/house/callback?") {
		b.t.Fatalf("%d %q\n%s", page.StatusCode, address, page.body)
	}
	return address
}
