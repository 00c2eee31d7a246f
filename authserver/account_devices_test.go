package authserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// pressButton submits the form of the button with the id on an account page.
func (b *browser) pressButton(page answer, id string) answer {
	b.t.Helper()
	for _, form := range regexp.MustCompile(`(?s)<form[^>]* action="([^"]+)">(.*?)</form>`).FindAllStringSubmatch(page.body, -1) {
		if !strings.Contains(form[2], `id="`+id+`"`) {
			continue
		}
		fields := url.Values{}
		for _, input := range regexp.MustCompile(`<input[^>]* name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(form[2], -1) {
			fields.Set(input[1], input[2])
		}
		return b.post(b.server.URL+form[1], fields)
	}
	b.t.Fatalf("%d has no button %q\n%s", page.StatusCode, id, page.body)
	return answer{}
}

var endButton = regexp.MustCompile(`id="(end-[0-9A-Z]+)"( class="end-here")?`)

// elsewhere is the button that signs out the first device that is not this one.
func elsewhere(t *testing.T, page answer) string {
	t.Helper()
	for _, button := range endButton.FindAllStringSubmatch(page.body, -1) {
		if button[2] == "" {
			return button[1]
		}
	}
	t.Fatalf("no other device: %s", page.body)
	return ""
}

func (b *browser) out(t *testing.T) bool {
	t.Helper()
	return b.get(b.authorizeURL(request(with("prompt", "none")))).location(t, callback).Get("error") == "login_required"
}

func TestDevicesAreListedInWordsAndThisOneIsMarked(t *testing.T) {
	h := start(t)
	b, phone := h.browser(), h.browser()
	phone.agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
	b.agent = `Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 <script>alert(1)</script>`
	phone.code(request())
	page := b.atAccount("/devices")
	for _, words := range []string{"Firefox on Linux", "this browser", "Safari on iPhone", "Signed in just now", "<b>The web app</b>"} {
		if !strings.Contains(page.body, words) {
			t.Errorf("it does not say %q\n%s", words, page.body)
		}
	}
	if strings.Contains(page.body, "alert(1)") || strings.Contains(page.body, "Gecko") {
		t.Error("it repeats what the browser says of itself")
	}
	if strings.Index(page.body, "Firefox on Linux") > strings.Index(page.body, "Safari on iPhone") {
		t.Error("this browser is not the first")
	}
	if strings.Count(page.body, `<li class="card"`) != 2 {
		t.Errorf("%s", page.body)
	}
}

func TestDeviceIsSignedOutFromElsewhere(t *testing.T) {
	web := newParty(t)
	h := startTold(t, web)
	b, lost, third := h.browser(), h.browser(), h.browser()
	third.signIn(third.get(h.account("")), "alice", "wonderland")
	h.clock.advance(time.Second)
	b.atAccount("")
	h.clock.advance(time.Second)
	issued := lost.exchange(redemption(lost.code(request(with("scope", "openid offline_access notes.read")))))
	page := b.get(h.account("/devices"))
	done := b.pressButton(page, elsewhere(t, page))
	if !strings.Contains(done.body, "The device is signed out") {
		t.Errorf("%d %s", done.StatusCode, done.body)
	}
	if _, claims := logoutClaims(t, web.token(t)); claims["sid"] == nil || claims["sub"] == nil {
		t.Errorf("the application is told %v", claims)
	}
	if !lost.out(t) {
		t.Error("the device is still signed in")
	}
	if again := lost.exchange(refresh(issued.RefreshToken)); again.Error != "invalid_grant" {
		t.Errorf("offline access lives on at a device that was signed out: %+v", again)
	}
	if lost.userinfo(issued.AccessToken) != http.StatusUnauthorized {
		t.Error("so does its access token")
	}
	if b.out(t) || third.out(t) {
		t.Error("another device was signed out too")
	}
	if log := h.log.String(); !strings.Contains(log, `"event":"session_ended"`) || !strings.Contains(log, `"which":"one"`) {
		t.Error("no audit event")
	}
	if gone := b.pressButton(page, elsewhere(t, page)); gone.StatusCode != http.StatusOK || b.out(t) || third.out(t) {
		t.Errorf("a second press: %d", gone.StatusCode)
	}
}

func TestOthersAndEverywhereAreSignedOut(t *testing.T) {
	h := start(t)
	b, second, third, hers := h.browser(), h.browser(), h.browser(), h.browser()
	second.code(request())
	third.code(request())
	hers.signIn(hers.get(h.account("")), "bob", "builder")
	page := b.atAccount("/devices")
	if done := b.pressButton(page, "end_others"); !strings.Contains(done.body, "signed out everywhere else") || strings.Contains(done.body, `id="end_others"`) {
		t.Errorf("%d %s", done.StatusCode, done.body)
	}
	if b.out(t) || !second.out(t) || !third.out(t) {
		t.Errorf("others: here %t, there %t and %t", b.out(t), second.out(t), third.out(t))
	}
	second.atAccount("")
	if done := b.pressButton(b.get(h.account("/devices")), "end_all"); !strings.Contains(done.body, "You are signed out") {
		t.Errorf("%d %s", done.StatusCode, done.body)
	}
	if !b.out(t) || !second.out(t) {
		t.Error("someone is still signed in")
	}
	if b.session() != "" {
		t.Error("the cookie stays")
	}
	if page := hers.get(h.account("")); strings.Contains(page.body, `id="login"`) { // the control
		t.Error("another user was signed out")
	}
}

func TestThisDeviceIsSignedOutToo(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.atAccount("/devices")
	button := endButton.FindStringSubmatch(page.body)
	if button == nil || button[2] == "" {
		t.Fatalf("this browser has no button: %s", page.body)
	}
	if done := b.pressButton(page, button[1]); !strings.Contains(done.body, "You are signed out") || !b.out(t) {
		t.Errorf("%d %s", done.StatusCode, done.body)
	}
}

func TestNobodySignsOutTheDeviceOfAnother(t *testing.T) {
	h := start(t)
	b, hers := h.browser(), h.browser()
	hers.signIn(hers.get(h.account("")), "bob", "builder")
	theirs := endButton.FindStringSubmatch(hers.get(h.account("/devices")).body)[1]
	b.atAccount("")
	token := h.accountToken(b, "devices")
	b.post(h.account("/devices/end"), url.Values{"csrf": {token}, "session": {strings.TrimPrefix(theirs, "end-")}})
	if page := hers.get(h.account("")); strings.Contains(page.body, `id="login"`) {
		t.Error("bob was signed out by alice")
	}
	if answer := b.post(h.account("/devices/end"), url.Values{"csrf": {token}}); answer.StatusCode != http.StatusNotFound {
		t.Errorf("no session named: %d", answer.StatusCode)
	}
}
