//go:build interop

package provider

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/store/memory"
)

// front is an authorization server whose users sign in at oidc-provider.
type front struct {
	t         *testing.T
	issuer    string
	providers map[string]string
	logs      logs
}

const frontConfiguration = `
base_url: %[1]s
store: unused
outbound: {allow: [127.0.0.0/8, "::1/128"]}
tenants:
  - name: demo
    workspaces:
      - name: front
        policy: {id_token_signing_alg: ES256}
        identity_sources:
          - {id: local, type: local}
          - {id: secret, name: Secret House, type: oidc, issuer: "%[2]s", client_id: front, client_secret_file: secret, scopes: [openid, profile, email], userinfo: true, claims: {name: name, email: email}, sign_up: open, trust_authentication: true}
          - {id: signed, name: Signed House, type: oidc, issuer: "%[3]s", client_id: front, token_endpoint_auth_method: private_key_jwt, client_key_file: key, scopes: [openid, profile], userinfo: true, sign_up: open}
        clients:
          - {id: app, token_endpoint_auth_method: none, redirect_uris: ["https://app.example/callback"], scopes: [openid, profile]}
        users:
          - {username: alice, password: wonderland, claims: {name: Alice of the house, email: alice@example.test, email_verified: true}}
`

func openFront(t *testing.T) *front {
	t.Helper()
	listener, base := listen(t)
	f, secret := &front{t: t, issuer: base + "/demo/front"}, rand.Text()
	f.providers = startProviders(t, &f.logs, "upstream.mjs", "FRONT="+f.issuer, "CLIENT_SECRET="+secret)
	files := map[string][]byte{"secret": []byte(secret), "key": newKey(t)}
	environment := map[string]string{authserver.EnvKeyEncryptionKey: keys.NewSealingKey().Reveal()}
	text := fmt.Sprintf(frontConfiguration, base, f.providers["secret"], f.providers["signed"])
	cfg, err := authserver.ParseConfig("front.yaml", []byte(text), func(name string) string { return environment[name] })
	if err == nil {
		err = cfg.ReadSecrets(func(path string) ([]byte, error) { return files[path], nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&f.logs, nil))
	st := memory.New(time.Now)
	server, err := authserver.New(t.Context(), cfg, st, log)
	if err != nil {
		t.Fatal(err)
	}
	public := authserver.HTTPServer(server.Handler(), log)
	go func() { _ = public.Serve(listener) }()
	t.Cleanup(func() {
		_ = public.Close()
		_ = server.Close()
		if t.Failed() {
			t.Log(f.logs.said())
		}
	})
	return f
}

// toApp reports whether an address is the application's.
func toApp(next string) bool { return strings.HasPrefix(next, "https://app.example/") }

// picker is the sign-in page of an application's request.
func (f *front) picker(b *browser, more string) page {
	f.t.Helper()
	address := f.issuer + "/oauth2/authorize?response_type=code&client_id=app&scope=openid+profile&state=s&code_challenge_method=S256" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" + more
	return b.follow(b.do(http.MethodGet, address, "", nil), toApp)
}

// through signs a user in at a provider, from the picker on.
func (f *front) through(b *browser, shown page, provider, user string) page {
	f.t.Helper()
	p := b.follow(b.do(http.MethodGet, shown.address+"/upstream/"+provider, "", nil), toApp)
	if !strings.HasPrefix(p.address, f.providers[provider]) {
		f.t.Fatalf("not at the provider but at %s: %d\n%s", p.address, p.status, p.body)
	}
	p = b.follow(b.submit(p, url.Values{"prompt": {"login"}, "login": {user}, "password": {"any"}}), toApp)
	if strings.HasPrefix(p.address, f.providers[provider]) { // its consent
		p = b.follow(b.submit(p, url.Values{"prompt": {"consent"}}), toApp)
	}
	return p
}

func TestUsersOfSomeoneElsesProviderSignInHere(t *testing.T) {
	f := openFront(t)
	for _, provider := range []string{"secret", "signed"} {
		t.Run(provider, func(t *testing.T) {
			b, user := newBrowser(t), "dinah-"+provider
			p := f.through(b, f.picker(b, ""), provider, user)
			if !strings.Contains(p.body, `id="consent_allow"`) || !strings.Contains(p.body, "Name of "+user) {
				t.Fatalf("%d at %s\n%s", p.status, p.address, p.body)
			}
			p = b.submit(p, url.Values{"action": {"allow"}})
			if !toApp(p.location) || !strings.Contains(p.location, "code=") {
				t.Errorf("%d %s", p.status, p.location)
			}
			// A fresh sign-in is asked for there too, and what comes back is held to it.
			p = f.through(b, f.picker(b, "&prompt=login"), provider, user)
			if !toApp(p.location) || !strings.Contains(p.location, "code=") {
				t.Errorf("once more: %d %s\n%s", p.status, p.location, p.body)
			}
		})
	}
}

func TestSomeoneElsesProviderGivesNobodyAnAccountByEmail(t *testing.T) {
	f := openFront(t)
	b := newBrowser(t)
	p := f.through(b, f.picker(b, ""), "secret", "mallory") // whose proven address, as the provider says, is alice's
	if !strings.Contains(p.body, "Name of mallory") || strings.Contains(p.body, "Alice of the house") {
		t.Errorf("%d at %s\n%s", p.status, p.address, p.body)
	}
	local := newBrowser(t)
	p = local.follow(local.submit(f.picker(local, ""), url.Values{"action": {"login"}, "username": {"alice"}, "password": {"wonderland"}}), toApp)
	if !strings.Contains(p.body, "Alice of the house") { // the control
		t.Errorf("%d at %s\n%s", p.status, p.address, p.body)
	}
}

func TestCancellingAtSomeoneElsesProviderLeadsBackToThePicker(t *testing.T) {
	f := openFront(t)
	b := newBrowser(t)
	shown := f.picker(b, "")
	p := b.follow(b.do(http.MethodGet, shown.address+"/upstream/secret", "", nil), nil)
	p = b.follow(b.do(http.MethodGet, p.address+"/abort", "", nil), nil)
	if p.address != shown.address || !strings.Contains(p.body, "Secret House says that you did not want to sign in") {
		t.Errorf("%d at %s\n%s", p.status, p.address, p.body)
	}
	p = f.through(b, p, "secret", "dinah")
	if !strings.Contains(p.body, `id="consent_allow"`) { // the control
		t.Errorf("%d at %s\n%s", p.status, p.address, p.body)
	}
}
