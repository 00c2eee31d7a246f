//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/store/memory"
	"cloakroom/bff"
	"cloakroom/web/client"
)

// site is a front end of somebody else's, with the JavaScript module, behind a real BFF.
type site struct {
	origin, issuer string

	mu     sync.Mutex
	logins []string // the queries of /bff/login
}

func (s *site) signIns() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.logins...)
}

const sitePage = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,"></head><body>
<p id="state">loading</p><button id="popup">Sign in</button><script type="module" src="/site.js"></script></body></html>`

const siteScript = `import {cloakroom, BffError} from "/cloakroom.js";
window.bff = cloakroom();
window.quiet = cloakroom({signIn: "never"});
window.popup = cloakroom({signIn: "popup"});
window.BffError = BffError;
document.getElementById("popup").onclick = () => {
  window.popup.signIn().then(() => { window.done = "signed in"; }, error => { window.done = "error " + error.code; });
};
document.getElementById("state").textContent = "ready";`

func openSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	front, as, upstream := listen(t), listen(t), listen(t)
	s.origin = "http://localhost:" + portOf(front)
	base := "http://localhost:" + portOf(as)
	s.issuer = base + "/site/main"
	secrets := map[string]string{
		"SECRET": strings.Repeat("s", 43), "BFF_SESSION_KEYS": base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"AUTHSERVER_KEY_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))),
	}
	getenv := func(name string) string { return secrets[name] }
	quiet := slog.New(slog.DiscardHandler)
	issuing, err := authserver.ParseConfig("site", fmt.Appendf(nil, siteIssuer, base, t.TempDir(), s.origin), getenv)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := authserver.New(t.Context(), issuing, memory.New(time.Now), quiet)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := bff.ParseConfig("site", fmt.Appendf(nil, siteBFF, s.origin, s.issuer, "http://localhost:"+portOf(upstream)), getenv, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	store, err := cfg.OpenStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made, err := bff.New(t.Context(), cfg, store, http.HandlerFunc(servePage), quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	serve(t, as, issuer.Handler())
	serve(t, upstream, http.HandlerFunc(serveNotes))
	serve(t, front, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bff/login" {
			s.mu.Lock()
			s.logins = append(s.logins, r.URL.RawQuery)
			s.mu.Unlock()
		}
		made.Handler().ServeHTTP(w, r)
	}))
	return s
}

const siteIssuer = `
base_url: %s
store: %s
tenants:
  - name: site
    workspaces:
      - name: main
        scopes:
          - {name: openid, description: Know who you are}
          - {name: notes.read, description: Read your notes, resource: "https://api.example"}
        clients:
          - {id: site, name: Site, token_endpoint_auth_method: client_secret_basic, secret_env: SECRET, trusted: true,
             redirect_uris: ["%s/bff/callback/main"], grant_types: [authorization_code], scopes: [openid, notes.read]}
        users: [{username: alice, password: wonderland}]
`

const siteBFF = `
origin: %s
session: {store: memory}
providers: [{id: main, issuer: %s, client_id: site, client_secret_env: SECRET, scopes: [openid, notes.read]}]
routes: [{prefix: /api/notes, upstream: "%s", methods: [GET, POST], resource: "https://api.example", scopes: [notes.read]}]
`

func servePage(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/cloakroom.js":
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(client.Module)
	case "/site.js":
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, siteScript)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, sitePage)
	}
}

// serveNotes echoes what it gets, and wants a stronger sign-in for one path.
func serveNotes(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/strong" {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_user_authentication", max_age="1"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"method":%q,"type":%q,"body":%q}`, r.Method, r.Header.Get("Content-Type"), body)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func portOf(listener net.Listener) string {
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}

func serve(t *testing.T, listener net.Listener, handler http.Handler) {
	t.Helper()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// script runs statements in the page and returns what they return, as text.
func (b *browser) script(statements string) string {
	b.t.Helper()
	started := evaluate[string](b, `window.result = undefined; (async () => {`+statements+`})().then(
		value => { window.result = String(value); }, error => { window.result = "error: " + (error.code || error); }), "started"`)
	if started != "started" {
		b.t.Fatalf("the script began with %q", started)
	}
	b.wait("the script ended", "window.result !== undefined")
	return evaluate[string](b, "window.result")
}

func TestModuleSignsInOnceForABurstOfCallsAndSpeaksToTheAPI(t *testing.T) {
	s, b := openSite(t), open(t)
	b.visit(s.origin + "/?view=list")
	b.see("state", "ready")
	if got := b.script(`return (await bff.session()).authenticated`); got != "false" {
		t.Errorf("before: authenticated %s", got)
	}
	if got := b.script(`return quiet.json("/api/notes/x")`); got != "error: session_missing" || len(s.signIns()) != 0 {
		t.Errorf("signIn never: %s, %q", got, s.signIns())
	}
	evaluate[bool](b, `for (let i = 0; i < 20; i++) bff.json("/api/notes/" + i); true`)
	b.arrive(s.issuer)
	if logins := s.signIns(); len(logins) != 1 || logins[0] != "returnUrl=%2F%3Fview%3Dlist" {
		t.Fatalf("twenty calls began %d sign-ins: %q", len(logins), logins)
	}
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.arrive(s.origin + "/?view=list")
	b.see("state", "ready")
	for statements, want := range map[string]string{
		`return (await bff.session()).claims.sub !== ""`:                                             "true",
		`return (await bff.json("/api/notes/x")).method`:                                             "GET",
		`return JSON.stringify(await bff.json("/api/notes/x", {method: "POST", body: {text: "a"}}))`: `{"method":"POST","type":"application/json","body":"{\"text\":\"a\"}"}`,
		`return (await bff.sessions()).length`:                                                       "1",
		`return (await bff.extend()).authenticated`:                                                  "true",
		`return bff.json("/api/nothing")`:                                                            "error: not_found",
		`return bff.json("//evil.example/x")`:                                                        "error: TypeError: a path of this origin is needed",
		`return bff.json("https://evil.example/x")`:                                                  "error: TypeError: a path of this origin is needed",
		`return quiet.json("/api/notes/strong")`:                                                     "error: step_up_required",
		`return document.cookie + localStorage.length + sessionStorage.length`:                       "00",
	} {
		if got := b.script(statements); got != want {
			t.Errorf("%s: %s, want %s", statements, got, want)
		}
	}
	evaluate[bool](b, `window.heard = ""; bff.events({hello: () => heard += "hello ", ended: e => heard += "ended " + e.reason}); true`)
	b.wait("the first event", `heard === "hello "`)
	evaluate[bool](b, `fetch("/bff/logout", {method: "POST", headers: {"X-BFF-CSRF": "1"}}); true`)
	b.wait("the session's end", `heard.startsWith("hello ended")`)
	b.forgive("the server responded with a status of 40")
}

func TestModuleStepsUpWhereTheAPISays(t *testing.T) {
	s, b := openSite(t), open(t)
	b.visit(s.origin + "/")
	b.see("state", "ready")
	evaluate[bool](b, `bff.signIn(); true`)
	b.arrive(s.issuer)
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.arrive(s.origin + "/")
	b.see("state", "ready")
	evaluate[bool](b, `bff.json("/api/notes/strong"); true`)
	for deadline := time.Now().Add(patience); len(s.signIns()) < 2 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
	}
	if logins := s.signIns(); len(logins) != 2 || !strings.Contains(logins[1], "max_age=1") || !strings.Contains(logins[1], "returnUrl=%2F") {
		t.Errorf("sign-ins: %q", logins)
	}
	b.forgive("the server responded with a status of 40")
}

func TestModuleIsSmall(t *testing.T) {
	if size := len(client.Module); size > 5000 {
		t.Errorf("%d bytes", size)
	}
}
