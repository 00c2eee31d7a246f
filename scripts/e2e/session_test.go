//go:build e2e

package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

func TestAccessTokenThatIsExpiredOnPurposeIsSeenToBeRenewed(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	b.visit(p.origin + "/session")
	b.see("sessions", "This one") // the list has come, and moves the button no more
	b.click(component.IDExpire)
	b.see("status", text.Say.StatusExpired)
	b.wait("the clock says so", `document.querySelector(".clock-token").textContent.includes("`+text.Say.Expired+`")`)
	b.looks("expired")

	b.visit(p.origin + "/") // asks the API for the notes
	b.see("notes", text.Say.NotesEmpty)
	openInspector(b, p)
	b.flow(api.FlowRefresh)
	b.visit(p.origin + "/session")
	b.see("sessions", "This one")
	b.wait("there is a new token", `!document.querySelector(".clock-token").textContent.includes("`+text.Say.Expired+`")`)
	if found := secretsInThePage(b); found != "" {
		t.Errorf("script can read %s", found)
	}
}

func TestDensityIsOneChoiceForSessionAndInspector(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	b.visit(p.origin + "/session")
	b.see("sessions", "This one")
	b.see("document", `"authenticated": true`)
	b.click("density-plain")
	b.gone("document")
	b.see("sign-out-all", "")
	b.looks("plain")
	b.click("density-presenter")
	b.see("document", `"authenticated": true`)
	b.looks("presenter")
	b.do("follow", chromedp.Click(`.nav-link[href="/inspector"]`, chromedp.NodeVisible))
	b.wait("the preset goes along", `document.getElementById("density-presenter")?.getAttribute("aria-pressed") === "true"`)
}
