//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// openInspector opens the inspector of a user who is signed in, and waits for the trace.
func openInspector(b *browser, p *product) {
	b.t.Helper()
	b.visit(p.origin + "/inspector")
	running(b)
	b.see(component.IDStream, text.Say.TraceLive)
}

// stamped waits until as many of the ten steps have happened.
func (b *browser) stamped(steps int) {
	b.t.Helper()
	b.wait(fmt.Sprintf("%d steps are stamped", steps), fmt.Sprintf(`document.querySelectorAll("#steps > .step-done").length === %d`, steps))
}

// flow chooses the newest flow of a kind.
func (b *browser) flow(kind api.FlowKind) {
	b.t.Helper()
	b.wait("a flow of the kind "+string(kind), fmt.Sprintf(`(() => { const e = document.querySelector(".flow-%s"); if (e) e.click(); return !!e })()`, kind))
	b.wait("it is chosen", fmt.Sprintf(`document.querySelector(".flow-%s").getAttribute("aria-current") === "true"`, kind))
}

// message is the key of the first message with the text in its line or title.
func (b *browser) message(text string) string {
	b.t.Helper()
	find := fmt.Sprintf(`([...document.querySelectorAll("button.message-head")].find((e) => e.textContent.includes(%q)) || {id: ""}).id`, text)
	b.wait("a message with "+text, find+` !== ""`)
	return evaluate[string](b, find)
}

func TestInspectorShowsTheTenStepsOfARealSignIn(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.flow(api.FlowSignIn)
	b.stamped(10)
	numbers := evaluate[string](b, `[...document.querySelectorAll("#steps > .step-done")].map((e) => e.dataset.step).join(" ")`)
	if numbers != "1 2 3 4 5 6 7 8 9 10" {
		t.Errorf("the steps are %s", numbers)
	}
	if label := evaluate[string](b, `document.querySelector(".ticket").getAttribute("aria-label")`); !strings.Contains(label, "10 of 10") {
		t.Errorf("the ticket says %q", label)
	}
	b.looks("ten-steps")

	token := b.message("Answer: " + text.Say.Explain(api.TraceTokenEndpoint).Title)
	b.click(token)
	b.see(component.IDSteps, text.Say.DetailNoSig)
	b.see(component.IDSteps, "id_token")
	b.looks("message")

	// The same value has the same sign everywhere, and pointing at one shows all of them.
	evaluate[bool](b, `(() => { const e = document.querySelector(".detail .ref"); e.id = "a-ref"; e.focus(); return true })()`)
	b.wait("it is lit", `document.querySelectorAll(".ref-lit").length > 0 && document.querySelectorAll(".message-lit").length > 1`)
	b.shot("linked")

	b.do("reload", chromedp.Reload())
	running(b)
	b.see(component.IDSteps, text.Say.DetailNoSig) // the address keeps what was open
}

func TestLensLocksWhatASeatDoesNotSee(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.flow(api.FlowSignIn)
	b.stamped(10)
	const locked = `document.querySelectorAll(".message-locked").length`
	all := evaluate[int](b, `document.querySelectorAll(".message").length`)
	if evaluate[int](b, locked) != 0 || all < 20 {
		t.Errorf("%d of %d messages are locked for everybody", evaluate[int](b, locked), all)
	}
	for _, seat := range trace.Seats[1:] {
		b.click("seat-" + string(seat))
		b.see(component.IDSeatSays, text.Say.SeatSays[string(seat)])
		b.wait("something is locked", locked+" > 0")
		open := evaluate[string](b, `[...document.querySelectorAll(".message:not(.message-locked)")].map((e) => e.textContent).join("\n")`)
		for _, secret := range []string{"/oauth2/token", "/oauth2/par"} {
			sees := seat == trace.SeatBFF || seat == trace.SeatAuthorizationServer
			if strings.Contains(open, secret) != sees {
				t.Errorf("%s: sees %s: %t", seat, secret, !sees)
			}
		}
	}
	b.click("seat-script")
	b.click("density-plain")
	b.looks("script-plain")
	b.click("seat-network")
	b.click("density-presenter")
	b.looks("network-presenter")
	b.do("reload", chromedp.Reload())
	running(b)
	b.wait("the preset is remembered", `document.getElementById("density-presenter").getAttribute("aria-pressed") === "true"`)
}

func TestTourIsStartedFromHome(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	b.see(component.IDTour, text.Say.StartTour)
	b.click(component.IDTour)
	b.see(component.IDPlay, text.Say.Stop)
	b.wait("the first steps are stamped, and not all", `(() => { const n = document.querySelectorAll("#steps > .step-done").length; return n > 1 && n < 10 })()`)
	if strings.Contains(b.location(), component.ParameterTour) {
		t.Errorf("a reload would play again: %s", b.location())
	}
	b.click(component.IDPlay)
	b.stamped(10)
}

// A name that is broken in two is not read as the name that it is. Those of cookies are wider than their column, and have hyphens.
func TestNamesOfParametersStayWhole(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.flow(api.FlowSignIn)
	b.stamped(10)
	const broken = `[...document.querySelectorAll(".values th[scope=row] code, .values td:nth-child(2), .values thead th")].filter((e) => { if (e.textContent.startsWith("__Host-")) return false; const r = document.createRange(); r.selectNodeContents(e); return new Set([...r.getClientRects()].map((c) => Math.round(c.top))).size > 1 }).map((e) => e.textContent).join(", ")`
	for _, key := range evaluate[[]string](b, `[...document.querySelectorAll("button.message-head")].map((e) => e.id)`) {
		b.click(key)
		b.wait("it is open", fmt.Sprintf(`document.getElementById(%q).getAttribute("aria-expanded") === "true"`, key))
		if names := evaluate[string](b, broken); names != "" {
			t.Errorf("%s: broken at 1280 px: %s", key, names)
		}
	}
	b.click(b.message("oauth2/token"))
	b.wait("values are shown", `document.querySelectorAll(".values th").length > 2`)
	b.shots("values")
	// The control: in no room at all they do break.
	evaluate[bool](b, `(() => { for (const e of document.querySelectorAll(".values th")) { e.style.width = "2rem"; e.style.overflowWrap = "anywhere" }; return true })()`)
	if evaluate[string](b, broken) == "" {
		t.Error("a broken name is not found")
	}
}

func TestKeyboardAloneLooksIntoAMessage(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.tabTo(component.IDWatchCall)
	b.keys("\r")
	b.see(component.IDStatus, text.Say.Called)
	message := b.message("GET /api/notes")
	b.tabTo("seat-script")
	b.keys(" ")
	b.wait("script sees less", `document.querySelectorAll(".message-locked").length > 0`)
	b.tabTo(message)
	b.keys("\r")
	b.see(component.IDSteps, text.Say.ValueLocked)
	b.wait("the focus stays", fmt.Sprintf(`document.activeElement.id === %q && document.activeElement.getAttribute("aria-expanded") === "true"`, message))
	b.tabTo("export-curl")
}
