package authserver_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestSignInAnswersTheSameForUnknownUserAndWrongPassword(t *testing.T) {
	h := start(t)
	varying := regexp.MustCompile(`value="[^"]*"|/interaction/[0-9A-Z]+|alice|nobody`)
	var bodies []string
	for _, username := range []string{"alice", "nobody"} {
		b := h.browser()
		page := b.signIn(b.get(h.authorizeURL(request())), username, "wrong")
		if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "The user name or the password is not right") {
			t.Errorf("%s: %d\n%s", username, page.StatusCode, page.body)
		}
		if !strings.Contains(page.body, `value="`+username+`"`) || strings.Contains(page.body, "wrong") {
			t.Errorf("%s: the name is not kept, or the password is", username)
		}
		bodies = append(bodies, varying.ReplaceAllString(page.body, ""))
		if page = b.signIn(page, "alice", "wonderland"); !strings.Contains(page.body, `id="consent_allow"`) {
			t.Errorf("%s: the right password after it: %d", username, page.StatusCode)
		}
	}
	if bodies[0] != bodies[1] {
		t.Errorf("the pages differ:\n%s\n%s", bodies[0], bodies[1])
	}
}

func TestCancelAndDenyTellTheClient(t *testing.T) {
	h := start(t)
	b := h.browser()
	cancelled := b.submit(b.get(h.authorizeURL(request())), "cancel", nil).location(t, callback)
	page := b.signIn(b.get(h.authorizeURL(request())), "alice", "wonderland")
	denied := b.submit(page, "deny", nil).location(t, callback)
	for name, got := range map[string]url.Values{"cancel": cancelled, "deny": denied} {
		if got.Get("error") != "access_denied" || got.Get("state") != "the state" || got.Get("iss") != h.issuer {
			t.Errorf("%s: %v", name, got)
		}
	}
	if again := b.get(h.authorizeURL(request())); !strings.Contains(again.body, `id="consent_allow"`) {
		t.Error("a denied consent was remembered as given")
	}
}

func TestConsentIsRememberedAndAskedAgainWhenScopesGrow(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.code(request(with("scope", "openid notes.read")))
	if got := b.get(h.authorizeURL(request(with("scope", "openid notes.read")))).location(t, callback); got.Get("code") == "" {
		t.Errorf("asked again for the same: %v", got)
	}
	if got := b.get(h.authorizeURL(request(with("scope", "openid")))).location(t, callback); got.Get("code") == "" {
		t.Errorf("asked again for less: %v", got)
	}
	grown := b.get(h.authorizeURL(request(with("scope", "openid notes.write"))))
	if !strings.Contains(grown.body, "Change your notes") || !strings.Contains(grown.body, "Now it asks for more") {
		t.Fatalf("not asked for more: %d", grown.StatusCode)
	}
	if marked := strings.Count(grown.body, `<span class="badge">new`); marked != 1 || !regexp.MustCompile(`Change your notes</span> <span class="badge">new`).MatchString(grown.body) {
		t.Errorf("%d are marked as new, and those that were allowed before are not to be:\n%s", marked, grown.body)
	}
	silent := b.get(h.authorizeURL(request(func(q url.Values) { with("scope", "openid notes.write")(q); with("prompt", "none")(q) })))
	if got := silent.location(t, callback); got.Get("error") != "consent_required" {
		t.Errorf("silently: %v", got)
	}
	b.submit(grown, "allow", nil)
	if got := b.get(h.authorizeURL(request(with("scope", "openid notes.read notes.write")))).location(t, callback); got.Get("code") == "" {
		t.Errorf("the union is not remembered: %v", got)
	}
}

func TestTrustedClientAsksForNoConsent(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.get(h.authorizeURL(request(with("client_id", "trusted"), with("redirect_uri", "https://trusted.example/callback"), with("scope", "openid"))))
	if got := b.signIn(page, "alice", "wonderland").location(t, "https://trusted.example/callback"); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
}

func TestReloadAndBackNeverBreakIt(t *testing.T) {
	h := start(t)
	b := h.browser()
	login := b.get(h.authorizeURL(request()))
	address := login.Request.URL.String()
	if again := b.get(address); !strings.Contains(again.body, `id="login"`) {
		t.Errorf("sign-in page reloaded: %d", again.StatusCode)
	}
	b.signIn(login, "alice", "wonderland")
	if again := b.get(address); !strings.Contains(again.body, `id="consent_allow"`) {
		t.Errorf("consent page reloaded, or back from it: %d", again.StatusCode)
	}
	if again := b.signIn(login, "alice", "wonderland"); !strings.Contains(again.body, `id="consent_allow"`) {
		t.Errorf("the old sign-in form sent again: %d", again.StatusCode)
	}
	consent := b.get(address)
	b.submit(consent, "allow", nil).location(t, callback)
	for name, page := range map[string]answer{"back": b.get(address), "form sent again": b.submit(consent, "allow", nil)} {
		if page.StatusCode != http.StatusGone || !strings.Contains(page.body, "answered this already") || !strings.Contains(page.body, `href="https://app.example/"`) {
			t.Errorf("%s after the end: %d\n%s", name, page.StatusCode, page.body)
		}
	}
}

func TestInteractionBelongsToTheBrowserThatBeganIt(t *testing.T) {
	h := start(t)
	b, other := h.browser(), h.browser()
	page := b.get(h.authorizeURL(request()))
	for name, stolen := range map[string]answer{
		"address":       other.get(page.Request.URL.String()),
		"sign-in form":  other.signIn(page, "alice", "wonderland"),
		"other purpose": b.post(page.Request.URL.String()+"/consent", url.Values{"action": {"allow"}, "csrf": {csrfField.FindStringSubmatch(page.body)[1]}}),
	} {
		if strings.Contains(stolen.Header.Get("Location"), "code=") || strings.Contains(stolen.body, `id="consent_allow"`) {
			t.Errorf("%s: %d %s", name, stolen.StatusCode, stolen.Header.Get("Location"))
		}
	}
	if control := b.signIn(page, "alice", "wonderland"); !strings.Contains(control.body, `id="consent_allow"`) {
		t.Errorf("control: %d", control.StatusCode)
	}
}

func TestFormWithoutItsTokenIsRefused(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.get(h.authorizeURL(request()))
	elsewhere := b.get(h.authorizeURL(request()))
	action := b.server.URL + html.UnescapeString(formAction.FindStringSubmatch(page.body)[1])
	form := url.Values{"username": {"alice"}, "password": {"wonderland"}, "action": {"login"}}
	for name, token := range map[string]string{"none": "", "wrong": "x", "of another interaction": csrfField.FindStringSubmatch(elsewhere.body)[1]} {
		form.Set("csrf", token)
		if answer := b.post(action, form); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, answer.StatusCode)
		}
	}
	form.Set("csrf", csrfField.FindStringSubmatch(page.body)[1])
	crossSite, err := http.NewRequestWithContext(t.Context(), http.MethodPost, action, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	crossSite.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	crossSite.Header.Set("Sec-Fetch-Site", "same-site")
	if answer := b.do(crossSite); answer.StatusCode != http.StatusForbidden {
		t.Errorf("from another origin: %d", answer.StatusCode)
	}
	if answer := b.post(action, form); answer.StatusCode != http.StatusOK {
		t.Errorf("control: %d", answer.StatusCode)
	}
}

func TestExpiredInteractionSaysWhatToDo(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.get(h.authorizeURL(request()))
	h.clock.advance(16 * time.Minute)
	if late := b.signIn(page, "alice", "wonderland"); late.StatusCode != http.StatusBadRequest || !strings.Contains(late.body, "go back to the application") {
		t.Errorf("%d\n%s", late.StatusCode, late.body)
	}
}
