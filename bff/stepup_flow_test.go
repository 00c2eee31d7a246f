package bff

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// A09, RFC 9470: the API's challenge leads to a sign-in whose outcome is held to what was asked.
func TestStepUpHoldsTheProviderToWhatWasAsked(t *testing.T) {
	for name, row := range map[string]struct {
		query  string
		claims func(map[string]any)
		want   bool
	}{
		"the acr":             {"acr_values=mfa", func(c map[string]any) { c["acr"] = "mfa" }, true},
		"one of two":          {"acr_values=hw+mfa", func(c map[string]any) { c["acr"] = "mfa" }, true},
		"another acr":         {"acr_values=mfa", nil, false},
		"a part of it":        {"acr_values=mfa", func(c map[string]any) { c["acr"] = "mf" }, false},
		"no acr":              {"acr_values=mfa", func(c map[string]any) { delete(c, "acr") }, false},
		"recent":              {"max_age=60", nil, true},
		"long ago":            {"max_age=60", func(c map[string]any) { c["auth_time"] = time.Now().Add(-2 * time.Minute).Unix() }, false},
		"no auth_time":        {"max_age=60", func(c map[string]any) { delete(c, "auth_time") }, false},
		"asked for right now": {"max_age=0", nil, true},
	} {
		h := open(t)
		b := h.browser()
		b.signIn()
		before := b.cookies[session.CookieName]
		h.provider.change(func() { h.provider.claims = row.claims })
		login := b.navigate("/bff/login?returnUrl=/notes&" + row.query)
		asked, _ := url.Parse(login.Header.Get("Location"))
		if parameter, _, _ := strings.Cut(row.query, "="); asked.Query().Get(parameter) == "" {
			t.Errorf("%s: the provider was not asked", name)
		}
		done := b.navigate(b.do(http.MethodGet, login.Header.Get("Location"), "", nil).Header.Get("Location"))
		renewed := b.cookies[session.CookieName] != before
		if row.want && (done.Header.Get("Location") != "/notes" || !renewed) {
			t.Errorf("%s: location %q", name, done.Header.Get("Location"))
		}
		code := api.IDTokenInvalid
		if strings.HasPrefix(row.query, "acr") {
			code = api.StepUpUnmet
		}
		if !row.want && (done.Header.Get("Location") != "/notes?bff_error="+string(code) || renewed || !sessionOf(t, b).Authenticated) {
			t.Errorf("%s: location %q, session kept %v", name, done.Header.Get("Location"), sessionOf(t, b).Authenticated)
		}
	}
}

func TestStepUpThatNeverSatisfiesTheAPIDoesNotLoop(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.upstream.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_user_authentication", acr_values="pwd"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	for round := range 20 {
		got := b.fetch(http.MethodGet, "/api/notes", "")
		if got.StatusCode != 401 || !strings.Contains(got.body, `"login_url":"/bff/login?acr_values=pwd"`) {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
		login := b.navigate("/bff/login?acr_values=pwd")
		if login.StatusCode == 429 {
			if round == 0 || !strings.Contains(login.body, "login_loop") || !strings.Contains(login.Header.Get("Content-Type"), "text/html") {
				t.Errorf("round %d: %s", round, login.body)
			}
			break
		}
		if round == 19 {
			t.Fatal("twenty rounds, and no end")
		}
		b.navigate(b.do(http.MethodGet, login.Header.Get("Location"), "", nil).Header.Get("Location"))
	}
	if !sessionOf(t, b).Authenticated {
		t.Error("the loop ended the session")
	}
	h.clock.advance(loopPause)
	if login := b.navigate("/bff/login?acr_values=pwd"); login.StatusCode != 303 {
		t.Errorf("after a pause: status %d", login.StatusCode)
	}
}

// A page that signs in again whenever nobody is signed in, and a provider that will not: neither of them is a person.
func TestSignInsThatNeverMakeASessionDoNotLoop(t *testing.T) {
	for name, row := range map[string]func(h *house, b *browser, authorize string){
		"each comes back with an error": func(h *house, b *browser, authorize string) {
			to, _ := url.Parse(authorize)
			query := url.Values{"error": {"login_required"}, "state": {to.Query().Get("state")}, "iss": {h.provider.issuer()}}
			done := b.navigate("/bff/callback/baseline?" + query.Encode())
			if done.Header.Get("Location") != "/?bff_error=login_required" {
				t.Fatalf("callback: status %d, %s", done.StatusCode, done.Header.Get("Location"))
			}
			// What is left of it answers nothing.
			if again := b.navigate("/bff/callback/baseline?" + query.Encode()); again.StatusCode != 400 {
				t.Fatalf("the same answer again: status %d", again.StatusCode)
			}
		},
		"none comes back": func(*house, *browser, string) {},
	} {
		h := open(t)
		b := h.browser()
		for round := range attemptLimit {
			login := b.navigate("/bff/login?prompt=none")
			if login.StatusCode != 303 {
				t.Fatalf("%s: round %d: status %d", name, round, login.StatusCode)
			}
			row(h, b, login.Header.Get("Location"))
		}
		if login := b.navigate("/bff/login?prompt=none"); login.StatusCode != 429 || !strings.Contains(login.body, "login_loop") {
			t.Errorf("%s: status %d: %s", name, login.StatusCode, login.body)
		}
		if other := h.browser().navigate("/bff/login"); other.StatusCode != 303 {
			t.Errorf("%s: another browser: status %d", name, other.StatusCode)
		}
		h.clock.advance(loopPause)
		b.signIn()
	}
}

func TestStepUpStaysWithTheProviderOfTheSession(t *testing.T) {
	h, other := openTwo(t)
	b := h.browser()
	b.navigate(b.startSignIn("?provider=other"))
	if login := b.navigate("/bff/login?acr_values=mfa"); !strings.HasPrefix(login.Header.Get("Location"), other.issuer()) {
		t.Errorf("location %q", login.Header.Get("Location"))
	}
	if login := b.navigate("/bff/login?provider=baseline"); !strings.HasPrefix(login.Header.Get("Location"), h.provider.issuer()) {
		t.Errorf("control: location %q", login.Header.Get("Location"))
	}
}

func TestPopupEndsOnAPageThatOnlySpeaksToItsOwnOrigin(t *testing.T) {
	h := open(t)
	b := h.browser()
	done := b.navigate(b.startSignIn("?mode=popup&returnUrl=/notes"))
	if done.StatusCode != 303 || done.Header.Get("Location") != "/bff/popup" || !sessionOf(t, b).Authenticated {
		t.Fatalf("callback: status %d, %q", done.StatusCode, done.Header.Get("Location"))
	}
	crossSite := map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}
	page := b.do(http.MethodGet, "/bff/popup?bff_error=x%22%3E%3Cscript", "", crossSite)
	policy := page.Header.Get("Content-Security-Policy")
	if page.StatusCode != 200 || page.body != popupPage || !strings.Contains(policy, "default-src 'none'") ||
		!strings.Contains(policy, "script-src "+h.origin+"/bff/popup.js;") || strings.Contains(policy, "unsafe") {
		t.Errorf("status %d, %s: %s", page.StatusCode, policy, page.body)
	}
	script := b.do(http.MethodGet, "/bff/popup.js", "", nil)
	if script.StatusCode != 200 || !strings.HasPrefix(script.Header.Get("Content-Type"), "text/javascript") ||
		strings.Contains(script.body, "opener") || strings.Contains(script.body, "'*'") || !strings.Contains(script.body, "BroadcastChannel('cloakroom')") {
		t.Errorf("status %d: %s", script.StatusCode, script.body)
	}
	if got := b.fetch(http.MethodGet, "/bff/popup", ""); got.StatusCode != 403 {
		t.Errorf("by fetch: status %d", got.StatusCode)
	}
	if got := b.navigate("/bff/login?mode=frame"); got.StatusCode != 400 || !strings.Contains(got.body, "invalid_request") {
		t.Errorf("an unknown mode: status %d", got.StatusCode)
	}
	h.provider.change(func() { h.provider.refuse = func(url.Values) (int, string) { return 400, `{"error":"invalid_grant"}` } })
	if failed := b.navigate(b.startSignIn("?mode=popup")); failed.Header.Get("Location") != "/bff/popup?bff_error=token_exchange_failed" {
		t.Errorf("a failure: %q", failed.Header.Get("Location"))
	}
}
