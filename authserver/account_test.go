package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func (h *house) account(section string) string { return h.issuer + "/account" + section }

// atAccount signs alice in at the account pages, and returns the section.
func (b *browser) atAccount(section string) answer {
	b.t.Helper()
	return b.signIn(b.get(b.account(section)), "alice", "wonderland")
}

func TestAccountPagesSignInWithoutAClient(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.get(h.account(""))
	if !strings.Contains(page.body, `id="login"`) || !strings.Contains(page.body, "to see and change your account") {
		t.Fatalf("%d %s", page.StatusCode, page.body)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self'") {
		t.Errorf("the form may lead to others: %s", policy)
	}
	wrong := b.signIn(page, "alice", "not the password")
	if !strings.Contains(wrong.body, "not right") {
		t.Errorf("a wrong password: %d", wrong.StatusCode)
	}
	account := b.signIn(wrong, "alice", "wonderland")
	if account.StatusCode != http.StatusOK || account.Request.URL.Path != "/demo/baseline/account" {
		t.Fatalf("%d at %s", account.StatusCode, account.Request.URL)
	}
	for _, fact := range []string{"alice", "Alice Liddell", "alice@example.test", "Oxford", "just now"} {
		if !strings.Contains(account.body, fact) {
			t.Errorf("the account page does not say %q", fact)
		}
	}
	if back := b.get(page.Request.URL.String()); back.StatusCode != http.StatusGone || !strings.Contains(back.body, `href="/demo/baseline/account"`) {
		t.Errorf("back: %d %s", back.StatusCode, back.body)
	}
	if code := b.get(h.authorizeURL(request(with("prompt", "none")))).location(t, callback); code.Get("error") != "consent_required" {
		t.Errorf("to sign in here allows an application something: %v", code)
	}
}

func TestSignInForTheAccountCanBeCancelled(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.submit(b.get(h.account("")), "cancel", nil)
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "You did not sign in") || !strings.Contains(page.body, `href="/demo/baseline/account"`) {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	if again := b.get(h.account("")); !strings.Contains(again.body, `id="login"`) {
		t.Error("who cancelled is signed in")
	}
}

func TestAccountPagesHaveOneAddressEach(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.atAccount("")
	for _, path := range []string{"/profile", "/no-such-section", "/profile/no-such-change"} {
		if page := b.get(h.account(path)); page.StatusCode != http.StatusNotFound && page.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", path, page.StatusCode)
		}
	}
}

func TestDangerousChangeNeedsAFreshSignIn(t *testing.T) {
	h := start(t)
	changes := 0
	h.addFreshSection(&changes)
	b := h.browser()
	page := b.atAccount("/password")
	if page.Request.URL.Path != "/demo/baseline/account/password" {
		t.Fatalf("the control, just signed in: %s", page.Request.URL)
	}
	change := func(page answer) answer {
		return b.post(h.account("/password/change"), url.Values{"csrf": {h.accountToken(b, "password")}})
	}
	if change(page); changes != 1 {
		t.Fatalf("the control: %d changes", changes)
	}
	h.clock.advance(5 * time.Minute)
	if asked := change(page); changes != 1 || !strings.Contains(asked.body, "sign in once more") || !strings.Contains(asked.body, `value="alice"`) {
		t.Errorf("%d changes with a sign-in that is five minutes old: %d", changes, asked.StatusCode)
	}
	asked := b.get(h.account("/password"))
	if !strings.Contains(asked.body, `id="login"`) {
		t.Fatalf("shown with an old sign-in: %d", asked.StatusCode)
	}
	if ordinary := b.get(h.account("")); strings.Contains(ordinary.body, `id="login"`) {
		t.Error("the other sections ask too")
	}
	if again := b.signIn(asked, "alice", "wonderland"); again.Request.URL.Path != "/demo/baseline/account/password" {
		t.Errorf("after it: %s", again.Request.URL)
	}
	done := change(page)
	if changes != 2 {
		t.Errorf("%d changes after a fresh sign-in", changes)
	}
	if done.StatusCode != http.StatusOK || !strings.Contains(done.body, `id="done">Your password was changed,`) {
		t.Errorf("it is not said: %d %s", done.StatusCode, done.body)
	}
}

// Security S01, N05: what the browser had before it signed in is worth nothing after it.
func TestSignInForTheAccountGivesANewSession(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.atAccount("")
	first := b.session()
	changes := 0
	h.addFreshSection(&changes)
	h.clock.advance(5 * time.Minute)
	b.signIn(b.get(h.account("/password")), "alice", "wonderland")
	if second := b.session(); first == "" || second == "" || first == second {
		t.Fatalf("sessions %q and %q", first, second)
	}
	thief := h.browser()
	thief.plantSession(first)
	if page := thief.get(h.account("")); !strings.Contains(page.body, `id="login"`) {
		t.Errorf("the session of before still opens the account: %d", page.StatusCode)
	}
	thief.plantSession(b.session())
	if page := thief.get(h.account("")); strings.Contains(page.body, `id="login"`) { // the control
		t.Error("the session of now does not open the account either")
	}
}

func TestAccountFormsAreOfOurPageAndOfThisSession(t *testing.T) {
	h := start(t)
	changes := 0
	h.addFreshSection(&changes)
	b, other := h.browser(), h.browser()
	b.atAccount("/password")
	other.signIn(other.get(h.account("/password")), "bob", "builder")
	for name, token := range map[string]string{
		"none": "", "wrong": "x", "of another session": h.accountToken(other, "password"), "of another section": h.accountToken(b, "profile"),
	} {
		if answer := b.post(h.account("/password/change"), url.Values{"csrf": {token}}); answer.StatusCode != http.StatusForbidden || changes != 0 {
			t.Errorf("%s: %d, %d changes", name, answer.StatusCode, changes)
		}
	}
	right := url.Values{"csrf": {h.accountToken(b, "password")}}
	for _, site := range []string{"cross-site", "same-site"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.account("/password/change"), strings.NewReader(right.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", site)
		if answer := b.do(request); answer.StatusCode != http.StatusForbidden || changes != 0 {
			t.Errorf("%s: %d, %d changes", site, answer.StatusCode, changes)
		}
	}
	if b.post(h.account("/password/change"), right); changes != 1 {
		t.Errorf("the control: %d changes", changes)
	}
	if !strings.Contains(h.log.String(), "form_rejected") {
		t.Error("no audit event")
	}
}

func TestLinkCannotMakeThePageSayWhatDidNotHappen(t *testing.T) {
	h := start(t)
	changes := 0
	h.addFreshSection(&changes)
	b := h.browser()
	b.atAccount("/password")
	for _, value := range []string{"changed", "changed.", "changed.x", ".", strings.Repeat("x", 5000)} {
		page := b.get(h.account("/password") + "?done=" + url.QueryEscape(value))
		if page.StatusCode != http.StatusOK || strings.Contains(page.body, `id="done"`) {
			t.Errorf("%q: %d %s", value, page.StatusCode, page.body)
		}
	}
}
