package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const asksFor = "        policy: {second_factor: "

// sessionHere is the session at the house, and not that at the other one on the same host.
func (b *browser) sessionHere() string {
	for _, cookie := range b.client.Jar.Cookies(mustURL(b.t, b.issuer)) {
		if cookie.Name == sessionCookie {
			return cookie.Value
		}
	}
	return ""
}

func TestUserOfAnUpstreamProviderIsAskedForTheSecondFactorToo(t *testing.T) {
	h := startSources(t, "        title: The front house\n", "        title: The front house\n"+asksFor+"required}\n")
	b := h.browser()
	page := b.signInUpstream("dinah", "the-cat-of-alice")
	if page.asks() != "a new factor" || b.sessionHere() != "" {
		t.Fatalf("the first time: %s", page.asks())
	}
	app := h.scan(page)
	if page = b.goOn(b.confirm(page, app)); page.asks() != "consent" || b.sessionHere() == "" { // the control
		t.Fatalf("with a factor: %s", page.asks())
	}
	h.clock.advance(factorPause)
	c := h.browser()
	page = c.signInUpstream("dinah", "the-cat-of-alice")
	if page.asks() != "a second factor" || c.sessionHere() != "" {
		t.Fatalf("the second time: %s", page.asks())
	}
	for _, section := range []string{"", "/identities", "/factors"} {
		if asked := c.get(h.account(section)); asked.asks() != "sign-in" {
			t.Errorf("account%s between the factors: %s", section, asked.asks())
		}
	}
	if page = c.submit(page, "otp", url.Values{"otp": {app.code()}}); page.asks() != "consent" || c.sessionHere() == "" {
		t.Errorf("with the factor: %s", page.asks())
	}
}

func TestIdentityIsNotLinkedByASessionWithoutTheSecondFactor(t *testing.T) {
	h := startSources(t, "        title: The front house\n", "        title: The front house\n"+asksFor+"optional}\n")
	thief, owner := h.browser(), h.browser()
	identities := thief.atAccount("/identities")
	factors := owner.atAccount("/factors")
	app := h.scan(factors)
	if added := owner.change(factors, "add", factors.fields("otp", app.code())); added.StatusCode != http.StatusOK || !strings.Contains(added.body, `id="recovery_codes"`) {
		t.Fatalf("%d\n%s", added.StatusCode, added.body)
	}
	h.clock.advance(factorPause)
	asked := thief.click(identities, "link_house")
	if asked.asks() != "a second factor" {
		t.Fatalf("it begins without: %s at %s", asked.asks(), asked.Request.URL)
	}
	identities = thief.submit(asked, "otp", url.Values{"otp": {app.code()}}) // the control
	if there := thief.click(identities, "link_house"); there.asks() != "sign-in" || !strings.Contains(there.Request.URL.Path, "/demo/upstream/") {
		t.Errorf("with it: %s at %s", there.asks(), there.Request.URL)
	}
}
