package authserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// consentForm is the consent page of a fresh browser that has signed alice in, and the address and token of its form.
func (h *house) consentForm(t *testing.T, query url.Values) (b *browser, page answer, action, token string) {
	t.Helper()
	b = h.browser()
	page = b.signIn(b.get(h.authorizeURL(query)), "alice", "wonderland")
	found, csrf := formAction.FindStringSubmatch(page.body), csrfField.FindStringSubmatch(page.body)
	if found == nil || csrf == nil || !strings.Contains(page.body, `id="consent_allow"`) {
		t.Fatalf("no consent form: %d %s", page.StatusCode, page.body)
	}
	return b, page, h.server.URL + found[1], csrf[1]
}

// ASVS 10.7.2: who asks, for what, at which resource, for how long, and where the browser goes.
func TestConsentPageSaysWhoAsksForWhatWhereAndForHowLong(t *testing.T) {
	h := start(t)
	_, page, _, _ := h.consentForm(t, request(with("scope", "openid email offline_access notes.read notes.write other.read")))
	headings := regexp.MustCompile(`<h2 class="scope-title">([^<]+)</h2>`).FindAllStringSubmatch(page.body, -1)
	var order []string
	for _, heading := range headings {
		order = append(order, heading[1])
	}
	if got := strings.Join(order, ", "); got != "About you, At api.example, At other.example, While you are away" {
		t.Errorf("groups: %s", got)
	}
	for _, words := range []string{
		"<b>The web app</b>", "<b>Alice Liddell</b>", "<b>app.example</b>", "See your e-mail address", "Read your notes", "Read the other",
		"Keep this access when you are not signed in", "until you withdraw it in your account",
	} {
		if !strings.Contains(page.body, words) {
			t.Errorf("it does not say %q", words)
		}
	}
	if strings.Contains(page.body, `class="badge"`) {
		t.Error("something is marked as new to who was never asked")
	}
}

// Security T03: an authorization cannot be forged on the consent form.
func TestConsentIsGivenInItsOwnTransactionOnly(t *testing.T) {
	h := start(t)
	b, _, action, token := h.consentForm(t, request())
	_, _, _, stolen := h.consentForm(t, request()) // the attacker's own
	for name, forged := range map[string]string{"no token": "", "a token of another transaction": stolen} {
		if answer := b.post(action, url.Values{"action": {"allow"}, "csrf": {forged}}); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	if got := b.post(action, url.Values{"action": {"allow"}, "csrf": {token}}).location(t, callback); got.Get("code") == "" { // the control
		t.Errorf("the real form: %v", got)
	}
}

// Security A07: no deep link leads past the forms.
func TestConsentCannotBeReachedPastTheSignIn(t *testing.T) {
	h := start(t)
	b := h.browser()
	login := b.get(h.authorizeURL(request()))
	consent := strings.TrimSuffix(h.server.URL+formAction.FindStringSubmatch(login.body)[1], "/login") + "/consent"
	answer := b.post(consent, url.Values{"action": {"allow"}, "csrf": {csrfField.FindStringSubmatch(login.body)[1]}})
	if answer.Header.Get("Location") != "" || !strings.Contains(answer.body, `id="login"`) {
		t.Errorf("%d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
}

// A page that another user's session is at is not answered with this user's consent.
func TestConsentIsOfTheUserWhoReadIt(t *testing.T) {
	h := start(t)
	b, _, action, token := h.consentForm(t, request())
	b.signIn(b.get(h.authorizeURL(request(with("prompt", "login")))), "bob", "builder")
	if answer := b.post(action, url.Values{"action": {"allow"}, "csrf": {token}}); answer.StatusCode != http.StatusForbidden {
		t.Errorf("%d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
}

// Security R28: no page of ours can be put into a frame, where another page could have it clicked.
func TestNoPageCanBeFramed(t *testing.T) {
	h := start(t)
	b, consent, _, _ := h.consentForm(t, request())
	pages := map[string]answer{
		"consent": consent, "sign-in": h.browser().get(h.authorizeURL(request())), "own sign-in": h.browser().get(h.account("")),
		"sign-out": b.get(h.issuer + "/oauth2/logout"), "error": b.get(h.issuer + "/nowhere"),
	}
	for _, section := range []string{"", "/devices", "/applications", "/password"} {
		pages["account"+section] = b.get(h.account(section))
	}
	for name, page := range pages {
		policy := page.Header.Get("Content-Security-Policy")
		for directive, there := range map[string]bool{
			"frame-ancestors 'none'": true, "default-src 'none'": true, "base-uri 'none'": true, "form-action 'self'": true,
			"unsafe": false, "script-src": false, "*": false,
		} {
			if strings.Contains(policy, directive) != there {
				t.Errorf("%s: %s in %q", name, directive, policy)
			}
		}
		if page.Header.Get("X-Frame-Options") != "DENY" || page.Header.Get("Cross-Origin-Opener-Policy") != "same-origin" || !strings.Contains(page.body, "<main") {
			t.Errorf("%s: %d %v", name, page.StatusCode, page.Header)
		}
	}
}

func TestConsentIsNotInheritedByAnotherClientWithTheId(t *testing.T) {
	a := administer(t)
	const clients = "/tenants/demo/workspaces/baseline/clients"
	register := func(name string) {
		a.clock.advance(time.Second)
		a.admin(http.StatusNoContent, http.MethodDelete, clients+"/web", "")
		a.admin(http.StatusCreated, http.MethodPost, clients, `{"id":"web","name":"`+name+`","redirect_uris":["`+callback+`"],"scopes":["openid"]}`)
		a.clock.advance(time.Second)
	}
	register("The first")
	b, asked := a.browser(), a.authorizeURL(request(with("scope", "openid")))
	b.submit(b.signIn(b.get(asked), "alice", password), "allow", nil)
	if again := b.get(asked); again.StatusCode != http.StatusSeeOther { // the control
		t.Fatalf("it is not remembered: %s", again.asks())
	}
	if page := b.get(a.account("/applications")); !strings.Contains(page.body, "The first") { // the control
		t.Errorf("%d", page.StatusCode)
	}
	register("The second")
	if page := b.get(a.account("/applications")); strings.Contains(page.body, "The second") {
		t.Error("the second is among what alice allowed")
	}
	if page := b.get(asked); page.asks() != "consent" || !strings.Contains(page.body, "The second") {
		t.Errorf("the second asks for %s", page.asks())
	}
}
