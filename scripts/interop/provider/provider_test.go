//go:build interop

package provider

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/bff"
	"cloakroom/bff/api"
)

// house is a BFF with both providers, and an API that says how it was called.
type house struct {
	t       *testing.T
	origin  string
	issuers map[string]string
	api     *httptest.Server
	mu      sync.Mutex
	called  http.Header
	logs    logs
}

func open(t *testing.T) *house {
	t.Helper()
	listener, origin := listen(t)
	h, secret := &house{t: t, origin: origin}, rand.Text()
	h.issuers = startProviders(t, &h.logs, "provider.mjs", "BFF="+origin, "CLIENT_SECRET="+secret)
	h.api = httptest.NewServer(http.HandlerFunc(h.serveAPI))
	t.Cleanup(h.api.Close)
	cfg := h.config(secret)
	store, err := cfg.OpenStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&h.logs, nil))
	front, err := bff.New(t.Context(), cfg, store, http.NotFoundHandler(), log)
	if err != nil {
		t.Fatal(err)
	}
	server := bff.NewServer(front.Handler(), log)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), front.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := front.CheckProviders(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) config(secret string) bff.Config {
	h.t.Helper()
	text := fmt.Sprintf(`
origin: %s
session: {store: memory}
providers:
  - {id: plain, issuer: "%s", client_id: cloakroom, client_secret_env: SECRET, scopes: [openid, profile, offline_access], userinfo: true}
  - {id: fapi2, issuer: "%s", client_id: cloakroom-fapi2, client_key_files: [client.pem], fapi2: true, scopes: [openid, profile, offline_access], userinfo: true}
routes:
  - {prefix: /api/notes, upstream: "%s", methods: [GET]}
`, h.origin, h.issuers["plain"], h.issuers["fapi2"], h.api.URL)
	environment := map[string]string{"SECRET": secret, "BFF_SESSION_KEYS": base64.StdEncoding.EncodeToString([]byte(rand.Text() + rand.Text())[:32])}
	file := newKey(h.t)
	cfg, err := bff.ParseConfig("interop.yaml", []byte(text), func(name string) string { return environment[name] }, func(string) ([]byte, error) { return file, nil })
	if err != nil {
		h.t.Fatal(err)
	}
	return cfg
}

// serveAPI wants a nonce of its own in the proof of a bound token.
func (h *house) serveAPI(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Authorization"), "DPoP ") && !strings.Contains(decoded(r.Header.Get("DPoP"), 1), `"nonce":"of-the-api"`) {
		w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		w.Header().Set("DPoP-Nonce", "of-the-api")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.called = r.Header.Clone()
	w.WriteHeader(http.StatusNoContent)
}

func decoded(compact string, part int) string {
	parts := strings.Split(compact, ".")
	if len(parts) <= part {
		return ""
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[part])
	return string(text)
}

// signIn goes through the provider's forms.
func (h *house) signIn(b *browser, provider, user string) {
	h.t.Helper()
	p := b.follow(b.do(http.MethodGet, h.origin+"/bff/login?provider="+provider, "", nil), nil)
	p = b.follow(b.submit(p, url.Values{"prompt": {"login"}, "login": {user}, "password": {"any"}}), nil)
	callback := func(next string) bool { return strings.HasPrefix(next, h.origin+"/bff/callback/") }
	p = b.follow(b.submit(p, url.Values{"prompt": {"consent"}}), callback)
	done := b.do(http.MethodGet, p.location, "", map[string]string{"Accept": "text/html"})
	if done.status != http.StatusSeeOther || done.location != h.origin+"/" {
		h.t.Fatalf("callback %s: status %d, location %q: %s", p.location, done.status, done.location, h.logs.said())
	}
}

func (h *house) fetch(b *browser, method, path string) page {
	return b.do(method, h.origin+path, "", map[string]string{"X-BFF-CSRF": "1", "Sec-Fetch-Site": "same-origin"})
}

func (h *house) session(b *browser) api.Session {
	h.t.Helper()
	var document api.Session
	if got := h.fetch(b, http.MethodGet, "/bff/session"); got.status != 200 || json.Unmarshal([]byte(got.body), &document) != nil {
		h.t.Fatalf("session: status %d: %s", got.status, got.body)
	}
	return document
}

func (h *house) authorization() (scheme, token string) {
	if got := h.called.Get("Authorization"); got != "" {
		scheme, token, _ = strings.Cut(got, " ")
	}
	return scheme, token
}

func TestSomeoneElsesProviderSignsUsersIn(t *testing.T) {
	h := open(t)
	for provider, scheme := range map[string]string{"plain": "Bearer", "fapi2": "DPoP"} {
		t.Run(provider, func(t *testing.T) {
			b, user := newBrowser(t), "alice-"+provider
			h.signIn(b, provider, user)
			document := h.session(b)
			if !document.Authenticated || document.Auth.Subject != user || document.Auth.Issuer != h.issuers[provider] || document.Claims["name"] != "Name of "+user {
				t.Fatalf("session %+v, claims %v", document, document.Claims)
			}
			h.callAndRefresh(t, b, scheme)
			h.signOut(t, b, provider)

			h.signIn(b, provider, user)
			h.endAtProvider(t, b, provider)
		})
	}
}

// callAndRefresh calls the API, renews the token and calls it again with the new one.
func (h *house) callAndRefresh(t *testing.T, b *browser, scheme string) {
	t.Helper()
	if got := h.fetch(b, http.MethodGet, "/api/notes"); got.status != http.StatusNoContent {
		t.Fatalf("API: status %d: %s", got.status, got.body)
	}
	gotScheme, before := h.authorization()
	if gotScheme != scheme || before == "" || (scheme == "DPoP") != (h.called.Get("DPoP") != "") {
		t.Errorf("the API was called with %q and proof %q", gotScheme, h.called.Get("DPoP"))
	}
	for range 2 { // with a rotated refresh token too, where the provider rotates
		if got := h.fetch(b, http.MethodPost, "/bff/session/refresh"); got.status != 200 {
			t.Fatalf("refresh: status %d: %s\n%s", got.status, got.body, h.logs.said())
		}
	}
	h.fetch(b, http.MethodGet, "/api/notes")
	if _, after := h.authorization(); after == before {
		t.Error("the API was called with the old token after a refresh")
	}
}

// signOut is RP-Initiated Logout, with the provider's own question.
func (h *house) signOut(t *testing.T, b *browser, provider string) {
	t.Helper()
	var answer api.LoggedOut
	got := h.fetch(b, http.MethodPost, "/bff/logout")
	if got.status != 200 || json.Unmarshal([]byte(got.body), &answer) != nil || !strings.HasPrefix(answer.LogoutURL, h.issuers[provider]) {
		t.Fatalf("logout: status %d: %s", got.status, got.body)
	}
	if h.session(b).Authenticated {
		t.Error("still signed in")
	}
	question := b.follow(b.do(http.MethodGet, answer.LogoutURL, "", nil), nil)
	back := b.submit(question, url.Values{"logout": {"yes"}})
	if address, _ := url.Parse(back.location); address == nil || address.Scheme+"://"+address.Host+address.Path != h.origin+"/" {
		t.Errorf("after sign-out: status %d, location %q: %s", back.status, back.location, back.body)
	}
}

// endAtProvider signs out at the provider alone, which tells the BFF by back-channel logout.
func (h *house) endAtProvider(t *testing.T, b *browser, provider string) {
	t.Helper()
	if !h.session(b).Authenticated {
		t.Fatal("control: not signed in")
	}
	question := b.follow(b.do(http.MethodGet, h.issuers[provider]+"/session/end", "", nil), nil)
	b.submit(question, url.Values{"logout": {"yes"}})
	for range 50 {
		if !h.session(b).Authenticated {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("the provider's back-channel logout ended nothing: %s", h.logs.said())
}
