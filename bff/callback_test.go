package bff

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// What a response must have right before the token endpoint hears of it.
func TestCallbackAsksForNoTokenUnlessTheResponseIsOurs(t *testing.T) {
	h := open(t)
	victim, attacker := h.browser(), h.browser()
	foreign := attacker.startSignIn("")
	edit := func(callback string, change func(url.Values)) string {
		u, _ := url.Parse(callback)
		query := u.Query()
		change(query)
		u.RawQuery = query.Encode()
		return u.String()
	}
	for _, row := range []struct {
		name   string
		target func(own string) string
		want   string // the code
	}{
		{"R13 another browser's response", func(string) string { return foreign }, "state_mismatch"},
		{"no state", func(own string) string { return edit(own, func(q url.Values) { q.Del("state") }) }, "state_mismatch"},
		{"another state", func(own string) string { return edit(own, func(q url.Values) { q.Set("state", randomText()) }) }, "state_mismatch"},
		{"two states", func(own string) string { return own + "&state=x" }, "invalid_request"},
		{"two codes", func(own string) string { return own + "&code=x" }, "invalid_request"},
		{"two iss", func(own string) string { return own + "&iss=x" }, "invalid_request"},
		{"R09 iss of another", func(own string) string { return edit(own, func(q url.Values) { q.Set("iss", "https://evil.example") }) }, "issuer_mismatch"},
		{"R09 iss with a slash more", func(own string) string { return edit(own, func(q url.Values) { q.Set("iss", q.Get("iss")+"/") }) }, "issuer_mismatch"},
		{"R09 iss missing although announced", func(own string) string { return edit(own, func(q url.Values) { q.Del("iss") }) }, "issuer_mismatch"},
		{"R09 iss of another in an error", func(own string) string {
			return edit(own, func(q url.Values) { q.Set("iss", "https://evil.example"); q.Set("error", "access_denied") })
		}, "issuer_mismatch"},
		{"an error", func(own string) string {
			return edit(own, func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") })
		}, "access_denied"},
		{"an error with a code", func(own string) string { return edit(own, func(q url.Values) { q.Set("error", "server_error") }) }, "token_exchange_failed"},
		{"prompt=none and nobody there", func(own string) string { return edit(own, func(q url.Values) { q.Set("error", "login_required") }) }, "login_required"},
		{"R12 a token in front", func(own string) string { return edit(own, func(q url.Values) { q.Set("access_token", "x") }) }, "token_exchange_failed"},
		{"no code", func(own string) string { return edit(own, func(q url.Values) { q.Del("code") }) }, "token_exchange_failed"},
		{"N02 another provider's redirect URI", func(own string) string { return strings.Replace(own, "/callback/baseline", "/callback/other", 1) }, "unknown_provider"},
	} {
		own := victim.startSignIn("")
		done := victim.navigate(row.target(own))
		onPage := done.StatusCode == 400 && strings.Contains(done.body, row.want) && strings.Contains(done.body, `href="/"`)
		onReturn := done.StatusCode == 303 && done.Header.Get("Location") == "/?bff_error="+row.want
		if !onPage && !onReturn {
			t.Errorf("%s: status %d, location %q: %s", row.name, done.StatusCode, done.Header.Get("Location"), done.body)
		}
		if victim.cookies[session.CookieName] != "" {
			t.Errorf("%s: signed in", row.name)
		}
	}
	if asked := h.provider.count("/token"); asked != 0 {
		t.Errorf("%d token requests", asked)
	}
	victim.signIn()
	if asked := h.provider.count("/token"); asked != 1 {
		t.Errorf("control: %d token requests", asked)
	}
}

func TestCallbackWorksOnceAndGoesHomeWhenReplayed(t *testing.T) {
	h := open(t)
	b := h.browser()
	callback := b.startSignIn("?returnUrl=/there")
	kept := map[string]string{}
	for name, value := range b.cookies {
		kept[name] = value
	}
	if done := b.navigate(callback); done.Header.Get("Location") != "/there" {
		t.Fatalf("status %d", done.StatusCode)
	}
	if again := b.navigate(callback); again.StatusCode != 303 || again.Header.Get("Location") != "/" || len(again.Cookies()) > 0 {
		t.Errorf("back button: status %d, location %q", again.StatusCode, again.Header.Get("Location"))
	}
	// A client that keeps its transaction cookie does not get a second attempt either.
	thief := &browser{h, kept}
	if again := thief.navigate(callback); again.StatusCode != 400 || thief.cookies[session.CookieName] != "" {
		t.Errorf("kept transaction: status %d", again.StatusCode)
	}
	if stranger := h.browser().navigate(callback); stranger.StatusCode != 400 {
		t.Errorf("another browser: status %d", stranger.StatusCode)
	}
	if asked := h.provider.count("/token"); asked != 1 {
		t.Errorf("%d token requests", asked)
	}
}

func TestTransactionExpires(t *testing.T) {
	h := open(t)
	b := h.browser()
	callback := b.startSignIn("")
	h.clock.advance(transactionLifetime + time.Second)
	if done := b.navigate(callback); done.StatusCode != 400 || !strings.Contains(done.body, "transaction_expired") {
		t.Errorf("status %d: %s", done.StatusCode, done.body)
	}
	if h.provider.count("/token") != 0 {
		t.Error("a token was asked for")
	}
}

func TestTransactionCookieIsBoundToItsName(t *testing.T) {
	h := open(t)
	b := h.browser()
	first, second := b.startSignIn(""), b.startSignIn("")
	state := func(callback string) string {
		u, _ := url.Parse(callback)
		return transactionName(u.Query().Get("state"))
	}
	b.cookies[state(first)], b.cookies[state(second)] = b.cookies[state(second)], b.cookies[state(first)]
	if done := b.navigate(first); done.StatusCode != 400 || b.cookies[session.CookieName] != "" {
		t.Errorf("swapped: status %d", done.StatusCode)
	}
}

func TestParallelSignInsStayFewAndTheLastFinishes(t *testing.T) {
	h := open(t)
	b := h.browser()
	var last string
	for range 50 {
		last = b.startSignIn("?returnUrl=/" + strings.Repeat("x", 1000))
		h.clock.advance(time.Second)
	}
	size := 0
	for name, value := range b.cookies {
		size += len(name) + len(value)
	}
	if len(b.cookies) > maxTransactions || len(b.cookies) == 0 || size > 8<<10 {
		t.Errorf("%d cookies, %d bytes", len(b.cookies), size)
	}
	if done := b.navigate(last); done.StatusCode != 303 || b.cookies[session.CookieName] == "" {
		t.Errorf("the last one: status %d", done.StatusCode)
	}
}

func TestSignInReplacesTheSessionBefore(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.cookies[session.CookieName] = strings.Repeat("A", 43) // planted, and never adopted
	b.signIn()
	first := b.cookies[session.CookieName]
	if first == strings.Repeat("A", 43) {
		t.Fatal("a planted cookie was adopted")
	}
	callback := b.startSignIn("")
	delete(b.cookies, session.CookieName) // Strict: it does not come along from the provider's site
	b.navigate(callback)
	second := b.cookies[session.CookieName]
	if second == "" || second == first {
		t.Fatalf("second sign-in: cookie %q", second)
	}
	b.cookies[session.CookieName] = first
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 401 {
		t.Errorf("the session before still works: status %d", got.StatusCode)
	}
	b.cookies[session.CookieName] = second
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
		t.Errorf("control: the new session: status %d", got.StatusCode)
	}
}

func TestCallbackTakesAFormPost(t *testing.T) {
	h := open(t)
	b := h.browser()
	callback, _ := url.Parse(b.startSignIn(""))
	headers := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site", "Cookie": "none=none"}
	posted := b.do(http.MethodPost, callback.Path, callback.RawQuery, headers)
	if posted.StatusCode != 303 {
		t.Fatalf("status %d: %s", posted.StatusCode, posted.body)
	}
	if done := b.navigate(posted.Header.Get("Location")); done.Header.Get("Location") != "/" || b.cookies[session.CookieName] == "" {
		t.Errorf("status %d: %s", done.StatusCode, done.body)
	}
}
