package authserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignInIsThrottledByAccountWhateverItsSpelling(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.get(h.authorizeURL(request()))
	spellings := []string{"alice", "ALICE", "Alice", "ＡＬＩＣＥ"}
	for n := range 10 {
		b.signIn(page, spellings[n%len(spellings)], "wrong")
	}
	throttled := b.signIn(page, "alice", "wonderland")
	if throttled.StatusCode != http.StatusTooManyRequests || throttled.Header.Get("Retry-After") == "" || !strings.Contains(throttled.body, "too many attempts") {
		t.Errorf("the right password passes a throttled account: %d", throttled.StatusCode)
	}
	if other := b.signIn(page, "bob", "builder"); !strings.Contains(other.body, `id="consent_allow"`) {
		t.Errorf("another account is throttled too: %d", other.StatusCode)
	}
	h.clock.advance(time.Minute)
	fresh := h.browser()
	if later := fresh.signIn(fresh.get(h.authorizeURL(request())), "alice", "wonderland"); !strings.Contains(later.body, `id="consent_allow"`) {
		t.Errorf("locked out for good: %d", later.StatusCode)
	}
}

func TestEachSignInHasANewSessionAndEndsTheOldOne(t *testing.T) {
	h := start(t)
	b := h.browser()
	session := func() string {
		for _, cookie := range b.client.Jar.Cookies(mustURL(t, h.issuer)) {
			if strings.HasSuffix(cookie.Name, ".session") {
				return cookie.Value
			}
		}
		return ""
	}
	b.code(request())
	first := session()
	page := b.get(h.authorizeURL(request(with("prompt", "login"))))
	b.signIn(page, "alice", "wonderland").location(t, callback)
	if second := session(); first == "" || second == first {
		t.Errorf("sessions %q and %q", first, second)
	}
	thief := h.browser()
	thief.client.Jar.SetCookies(mustURL(t, h.issuer), []*http.Cookie{{Name: "__Host-Http-authserver.demo.baseline.session", Value: first, Path: "/", Secure: true}})
	if got := thief.get(h.authorizeURL(request(with("prompt", "none")))).location(t, callback); got.Get("error") != "login_required" {
		t.Errorf("the old session lives on: %v", got)
	}
}

func TestSessionEndsByIdlenessAndByAge(t *testing.T) {
	h := start(t)
	silent := request(with("prompt", "none"))
	idle := h.browser()
	idle.code(request())
	h.clock.advance(119 * time.Minute)
	if got := idle.get(h.authorizeURL(silent)).location(t, callback); got.Get("code") == "" {
		t.Fatalf("control: %v", got)
	}
	h.clock.advance(121 * time.Minute)
	if got := idle.get(h.authorizeURL(silent)).location(t, callback); got.Get("error") != "login_required" {
		t.Errorf("idle: %v", got)
	}
	busy := h.browser()
	busy.code(request())
	for range 11 {
		h.clock.advance(65 * time.Minute)
		busy.get(h.authorizeURL(silent))
	}
	h.clock.advance(10 * time.Minute)
	if got := busy.get(h.authorizeURL(silent)).location(t, callback); got.Get("error") != "login_required" {
		t.Errorf("absolute: %v", got)
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestCookiesAndHeadersOfEveryPage(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	started := b.get(h.authorizeURL(request()))
	login := b.get(h.server.URL + started.Header.Get("Location"))
	signedIn := b.signIn(login, "alice", "wonderland")
	consent := b.get(h.server.URL + signedIn.Header.Get("Location"))
	problem := b.get(h.authorizeURL(request(with("client_id", "nobody"))))
	done := b.submit(consent, "allow", nil)
	for name, answer := range map[string]answer{"start": started, "login": login, "signed in": signedIn, "consent": consent, "error": problem, "done": done} {
		for _, cookie := range answer.Cookies() {
			if !strings.HasPrefix(cookie.Name, "__Host-Http-authserver.demo.baseline.") || !cookie.Secure || !cookie.HttpOnly ||
				cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
				t.Errorf("%s: cookie %v", name, cookie)
			}
		}
		want := map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
		if answer.StatusCode != http.StatusSeeOther {
			want["X-Frame-Options"] = "DENY"
			policy := answer.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: policy %q", name, policy)
			}
			if leads := strings.HasSuffix(policy, "form-action 'self' https://app.example"); leads != (name != "error") {
				t.Errorf("%s: form-action of %q", name, policy)
			}
		}
		for header, value := range want {
			if got := answer.Header.Get(header); got != value {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if cors := answer.Header.Get("Access-Control-Allow-Origin"); cors != "" {
			t.Errorf("%s: CORS header %q", name, cors)
		}
		for _, forbidden := range []string{"<script", " style=", " onclick", "http-equiv"} {
			if strings.Contains(answer.body, forbidden) {
				t.Errorf("%s: has %q", name, forbidden)
			}
		}
	}
	if !slices.Equal([]int{started.StatusCode, signedIn.StatusCode, done.StatusCode}, []int{303, 303, 303}) {
		t.Errorf("redirects: %d %d %d", started.StatusCode, signedIn.StatusCode, done.StatusCode)
	}
	style := regexp.MustCompile(`href="(/assets/[^"]+\.css)"`).FindStringSubmatch(login.body)
	if style == nil {
		t.Fatal("no style")
	}
	if sheet := b.get(h.server.URL + style[1]); sheet.StatusCode != http.StatusOK || !strings.Contains(sheet.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("style: %d", sheet.StatusCode)
	}
}

func TestBrowserKeepsFiveInteractionsAtMost(t *testing.T) {
	h := start(t)
	b := h.browser()
	var last answer
	for range 9 {
		h.clock.advance(time.Second)
		last = b.get(h.authorizeURL(request()))
	}
	if count := len(b.client.Jar.Cookies(mustURL(t, h.issuer))); count != 5 {
		t.Errorf("%d cookies", count)
	}
	if page := b.signIn(last, "alice", "wonderland"); !strings.Contains(page.body, `id="consent_allow"`) {
		t.Errorf("the newest does not work: %d", page.StatusCode)
	}
}
