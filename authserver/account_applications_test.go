package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestApplicationsAreListedWithWhatTheyMayDoInWords(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.atAccount("/applications")
	if !strings.Contains(page.body, "not allowed any application") {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	b.code(request(with("scope", "openid profile notes.read offline_access")))
	b.get(h.authorizeURL(request(with("client_id", "trusted"), with("redirect_uri", "https://trusted.example/callback"), with("scope", "openid"))))
	page = b.get(h.account("/applications"))
	for _, words := range []string{
		"The web app", "About you", "See your name and profile", "At api.example", "Read your notes", "While you are away",
		"Keep this access when you are not signed in", "Allowed on " + h.clock.Now().UTC().Format("2 January 2006"), "In use by one sign-in",
		`href="https://app.example/"`, "The house&#39;s own", "of this house",
	} {
		if !strings.Contains(page.body, words) {
			t.Errorf("it does not say %q\n%s", words, page.body)
		}
	}
	other := h.browser()
	other.signIn(other.get(h.account("/applications")), "bob", "builder")
	if theirs := other.get(h.account("/applications")); !strings.Contains(theirs.body, "not allowed any application") {
		t.Errorf("another user sees them: %s", theirs.body)
	}
}

// An application that asks again in the background, as pages do, is used by one sign-in still.
func TestApplicationIsInUseByAsManySignInsAsTheUserHas(t *testing.T) {
	h := start(t)
	b, other := h.browser(), h.browser()
	for range 3 {
		b.code(request())
	}
	if page := b.get(h.account("/applications")); !strings.Contains(page.body, "In use by one sign-in") {
		t.Errorf("one browser: %s", page.body)
	}
	other.code(request())
	if page := b.get(h.account("/applications")); !strings.Contains(page.body, "In use by 2 sign-ins") { // the control
		t.Errorf("two: %s", page.body)
	}
}

func TestWithdrawnConsentEndsTheAccessAndIsAskedForAgain(t *testing.T) {
	web := newParty(t)
	h := startTold(t, web)
	b, other := h.browser(), h.browser()
	issued := b.exchange(redemption(b.code(request(with("scope", "openid notes.read offline_access")))))
	bobs := other.get(h.authorizeURL(request()))
	theirs := other.exchange(redemption(other.submit(other.signIn(bobs, "bob", "builder"), "allow", nil).location(t, callback).Get("code")))
	done := b.pressButton(b.get(h.account("/applications")), "withdraw-web")
	if !strings.Contains(done.body, "The application has lost its access") || strings.Contains(done.body, "withdraw-web") {
		t.Errorf("%d %s", done.StatusCode, done.body)
	}
	if again := b.exchange(refresh(issued.RefreshToken)); again.Error != "invalid_grant" {
		t.Errorf("the refresh token works: %+v", again)
	}
	if b.userinfo(issued.AccessToken) != http.StatusUnauthorized {
		t.Error("the access token works")
	}
	if _, claims := logoutClaims(t, web.token(t)); claims["sid"] == nil {
		t.Errorf("the application is told %v", claims)
	}
	web.quiet(t)
	if b.out(t) {
		t.Error("the user was signed out")
	}
	if asked := b.get(h.authorizeURL(request(with("scope", "openid notes.read")))); !strings.Contains(asked.body, `id="consent_allow"`) {
		t.Errorf("it is not asked for again: %d", asked.StatusCode)
	}
	if other.userinfo(theirs.AccessToken) != http.StatusOK { // the control
		t.Error("another user's access ended too")
	}
	if log := h.log.String(); strings.Count(log, `"event":"consent_withdrawn"`) != 1 {
		t.Error("no audit event")
	}
	if again := b.post(h.account("/applications/withdraw"), url.Values{"csrf": {h.accountToken(b, "applications")}, "client": {"web"}}); again.StatusCode != http.StatusOK {
		t.Errorf("withdrawn twice: %d", again.StatusCode)
	}
}
