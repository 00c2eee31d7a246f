package bff

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

func sessionOf(t *testing.T, b *browser) api.Session {
	t.Helper()
	got := b.fetch(http.MethodGet, "/bff/session", "")
	if got.StatusCode != http.StatusOK {
		t.Fatalf("session: status %d: %s", got.StatusCode, got.body)
	}
	var document api.Session
	if err := json.Unmarshal([]byte(got.body), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func TestSignInGivesTheBrowserOneCookieAndThePageNoToken(t *testing.T) {
	h := open(t)
	b := h.browser()
	if document := sessionOf(t, b); document.Authenticated || len(document.Providers) != 1 || document.CSRF.Header != "X-BFF-CSRF" {
		t.Errorf("anonymous session: %+v", document)
	}

	login := b.navigate("/bff/login?returnUrl=" + url.QueryEscape("/notes?x=1#top"))
	authorize, _ := url.Parse(login.Header.Get("Location"))
	query := authorize.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "cloak room", "redirect_uri": h.origin + "/bff/callback/baseline",
		"scope": "openid profile notes.read", "code_challenge_method": "S256", "resource": "https://api.example",
	} {
		if query.Get(name) != want {
			t.Errorf("authorization request: %s is %q, want %q", name, query.Get(name), want)
		}
	}
	transaction := login.Cookies()[0]
	if !strings.HasPrefix(transaction.Name, "__Host-Http-cloakroom-tx-") || !transaction.HttpOnly || !transaction.Secure ||
		transaction.SameSite != http.SameSiteLaxMode || transaction.Path != "/" || transaction.MaxAge != 600 || transaction.Domain != "" {
		t.Errorf("transaction cookie: %v", transaction)
	}

	callback := b.do(http.MethodGet, login.Header.Get("Location"), "", nil).Header.Get("Location")
	done := b.navigate(callback)
	if done.StatusCode != http.StatusSeeOther || done.Header.Get("Location") != "/notes?x=1#top" {
		t.Fatalf("callback: status %d, location %q", done.StatusCode, done.Header.Get("Location"))
	}
	if len(b.cookies) != 1 || b.cookies[session.CookieName] == "" {
		t.Errorf("cookies after sign-in: %v", b.cookies)
	}
	for _, cookie := range done.Cookies() {
		if !cookie.HttpOnly || !cookie.Secure || cookie.Path != "/" || cookie.Domain != "" ||
			(cookie.Name == session.CookieName && cookie.SameSite != http.SameSiteStrictMode) {
			t.Errorf("cookie: %v", cookie)
		}
	}
	form := h.provider.forms[0]
	if form.Get("grant_type") != "authorization_code" || form.Get("redirect_uri") != query.Get("redirect_uri") || form.Get("resource") != "https://api.example" {
		t.Errorf("token request: %v", form)
	}
	// RFC 6749 §2.3.1: what the server decodes once more is what was configured.
	user, _, _ := strings.Cut(h.provider.users[0], ":")
	if user != "cloak+room" || h.provider.users[0] != url.QueryEscape("cloak room")+":"+url.QueryEscape(clientSecret) {
		t.Errorf("client authentication: %q", h.provider.users[0])
	}

	document := sessionOf(t, b)
	if !document.Authenticated || document.Claims["name"] != "Alice" || document.Auth.Subject != "alice" || document.Auth.ACR != "pwd" {
		t.Errorf("session: %+v", document)
	}
	if _, leaked := document.Claims["secret_claim"]; leaked {
		t.Error("a claim that is not on the list reached the page")
	}
	text := b.fetch(http.MethodGet, "/bff/session", "").body + b.fetch(http.MethodGet, "/bff/user", "").body + b.fetch(http.MethodGet, "/bff/sessions", "").body
	for _, secret := range []string{"at-", "rt-", "eyJ", b.cookies[session.CookieName]} {
		if strings.Contains(text, secret) {
			t.Errorf("the page can read %q", secret)
		}
	}
	if !strings.Contains(text, "Alice") {
		t.Error("control: the page can read nothing")
	}
}

func TestAPICallCarriesTheAccessTokenAndNotTheCookie(t *testing.T) {
	h := open(t)
	b := h.browser()
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 401 || !strings.Contains(got.body, "session_missing") {
		t.Errorf("anonymous: status %d: %s", got.StatusCode, got.body)
	}
	b.signIn()
	got := b.fetch(http.MethodGet, "/api/notes/7%20a?q=1%2B1", "")
	if got.StatusCode != 200 || got.body != `{"ok":true}` || got.Header.Get("BFF-Source") != "upstream" {
		t.Fatalf("status %d, source %q: %s", got.StatusCode, got.Header.Get("BFF-Source"), got.body)
	}
	seen := h.upstream.requests()
	if len(seen) != 1 {
		t.Fatalf("%d requests reached the API", len(seen))
	}
	if seen[0].RequestURI != "/notes/7%20a?q=1%2B1" || !strings.HasPrefix(seen[0].Header.Get("Authorization"), "Bearer at-") {
		t.Errorf("the API got %s with %q", seen[0].RequestURI, seen[0].Header.Get("Authorization"))
	}
	if seen[0].Header.Get("Cookie") != "" || seen[0].Header.Get("X-BFF-CSRF") != "" || seen[0].Header.Get("X-Forwarded-For") != "" {
		t.Errorf("the API got %v", seen[0].Header)
	}
	if h.store.writes.Load() != 0 {
		t.Errorf("%d store writes for a proxied request", h.store.writes.Load())
	}
}

func TestLogoutEndsTheSessionAndRevokesBeforeItAnswers(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	old := b.cookies[session.CookieName]
	got := b.fetch(http.MethodPost, "/bff/logout", "")
	var answer api.LoggedOut
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.StatusCode != 200 {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	target, _ := url.Parse(answer.LogoutURL)
	query := target.Query()
	if target.Path != "/logout" || query.Get("post_logout_redirect_uri") != h.origin+"/" || query.Get("client_id") != "cloak room" || query.Get("id_token_hint") == "" || query.Get("state") == "" {
		t.Errorf("logout_url: %s", answer.LogoutURL)
	}
	if revoked := h.provider.revocations(); len(revoked) != 1 || !strings.HasPrefix(revoked[0], "rt-") {
		t.Errorf("revoked: %v", revoked)
	}
	if len(b.cookies) != 0 {
		t.Errorf("cookies: %v", b.cookies)
	}
	b.cookies[session.CookieName] = old
	if again := b.fetch(http.MethodGet, "/api/notes", ""); again.StatusCode != 401 || !strings.Contains(again.body, "session_revoked") {
		t.Errorf("the old cookie: status %d: %s", again.StatusCode, again.body)
	}
	if twice := b.fetch(http.MethodPost, "/bff/logout", ""); twice.StatusCode != 200 || twice.body != "{}" {
		t.Errorf("a second logout: status %d: %s", twice.StatusCode, twice.body)
	}
}

// A page that is left at the moment of the click is signed out all the same.
func TestSessionsAreEndedForWhoDoesNotWaitForTheAnswer(t *testing.T) {
	for name, target := range map[string]func(handle string) (method, path string){
		"sign-out":         func(string) (string, string) { return http.MethodPost, "/bff/logout" },
		"everywhere":       func(string) (string, string) { return http.MethodDelete, "/bff/sessions?scope=all" },
		"this one of many": func(handle string) (string, string) { return http.MethodDelete, "/bff/sessions/" + handle },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			b := h.browser()
			b.signIn()
			cookie := b.cookies[session.CookieName]
			method, path := target(sessionOf(t, b).Handle)
			asked := func(ctx context.Context, method, path string) int {
				r := httptest.NewRequestWithContext(ctx, method, path, http.NoBody)
				r.Host = strings.TrimPrefix(h.origin, "http://")
				for name, value := range fetchHeaders() {
					r.Header.Set(name, value)
				}
				r.AddCookie(&http.Cookie{Name: session.CookieName, Value: cookie})
				recorder := httptest.NewRecorder()
				h.bff.Handler().ServeHTTP(recorder, r)
				return recorder.Code
			}
			gone, leave := context.WithCancel(t.Context())
			leave()
			h.clock.advance(10 * time.Second) // past what is remembered of the cookie
			if left := asked(gone, http.MethodGet, "/bff/user"); left != statusClientGone {
				t.Fatalf("the control: who left was answered with %d", left)
			}
			if stayed := asked(t.Context(), http.MethodGet, "/bff/user"); stayed != http.StatusOK {
				t.Fatalf("the control: who stayed was answered with %d", stayed)
			}
			h.clock.advance(10 * time.Second)
			asked(gone, method, path)
			if sessionOf(t, b).Authenticated {
				t.Error("the session lives on")
			}
			if got := h.provider.revocations(); len(got) != 1 {
				t.Errorf("revoked: %q", got)
			}
		})
	}
}

func TestLogoutTakesAFormOfItsOwnPage(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Mode": "navigate", "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
	if got := b.do(http.MethodPost, "/bff/logout", "", form); got.StatusCode != 403 {
		t.Errorf("a form of another page: status %d", got.StatusCode)
	}
	if !sessionOf(t, b).Authenticated {
		t.Fatal("another page signed the user out")
	}
	form["Origin"], form["Sec-Fetch-Site"] = h.origin, "same-origin"
	if got := b.do(http.MethodPost, "/bff/logout", "", form); got.StatusCode != 303 || !strings.HasPrefix(got.Header.Get("Location"), h.provider.issuer()+"/logout?") {
		t.Errorf("a form of our page: status %d, location %q", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	h := open(t)
	b := h.browser()
	callback := b.startSignIn("")
	b.navigate(callback)
	b.fetch(http.MethodGet, "/api/notes", "")
	b.fetch(http.MethodPost, "/bff/session/refresh", "")
	cookie := b.cookies[session.CookieName]
	b.navigate(callback)
	b.fetch(http.MethodPost, "/bff/logout", "")
	code, _ := url.Parse(callback)
	secrets := []string{"at-", "rt-", "eyJ", cookie, clientSecret, code.Query().Get("code"), code.Query().Get("state"), h.provider.forms[0].Get("code_verifier")}
	for _, secret := range secrets {
		if secret == "" || h.logs.holds(secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !h.logs.holds("msg=request") || !h.logs.holds("/bff/callback/baseline") {
		t.Error("control: the log holds no requests")
	}
}
