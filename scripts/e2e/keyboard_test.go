//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// tabToMatch presses Tab until the element that the selector finds has the focus, wherever it has no id.
func (b *browser) tabToMatch(selector string) {
	b.t.Helper()
	b.wait("there is "+selector, fmt.Sprintf(`!!document.querySelector(%q)`, selector))
	for range tabStops {
		if evaluate[bool](b, fmt.Sprintf(`document.activeElement === document.querySelector(%q)`, selector)) {
			if !evaluate[bool](b, `document.activeElement.matches(":focus-visible")`) {
				b.t.Errorf("the focus on %s cannot be seen", selector)
			}
			return
		}
		b.keys("\t")
	}
	b.fail("Tab does not lead to %s", selector)
}

// press goes to the element by Tab and presses Enter.
func (b *browser) press(id string) {
	b.t.Helper()
	b.tabTo(id)
	b.keys("\r")
}

// enterByKeys signs alice in where the sign-in form is, without a mouse.
func (b *browser) enterByKeys(p *product) {
	b.t.Helper()
	b.arrive(p.issuer)
	b.tabTo("username")
	b.keys(kb.End)
	if evaluate[string](b, `document.getElementById("username").value`) == "" {
		b.keys(strings.Split("alice", "")...)
	}
	b.tabTo("password")
	b.keys(strings.Split("wonderland", "")...)
	b.keys("\r")
}

func TestKeyboardAloneDeletesNotesAndStepsUp(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	for _, note := range []string{"umbrella", "gloves"} {
		b.tabTo("note-text")
		b.keys(strings.Split(note, "")...)
		b.keys("\r")
		b.see("notes", note)
	}
	b.tabToMatch(".note-delete") // of the newest
	b.keys("\r")
	b.wait("one is left", `document.querySelectorAll("#notes .note").length === 1`)
	evaluate[bool](b, wantsSignIn)
	b.press(component.IDNotesClear)
	b.press(component.IDClearYes)
	b.see("notes", text.Say.StepUpTitle)
	b.press(component.IDStepUp)
	b.enterByKeys(p)
	b.arrive(p.origin + "/")
	b.see("notes", text.Say.NotesEmpty)
}

func TestKeyboardAloneManagesSessions(t *testing.T) {
	p := start(t)
	first, b := open(t), open(t)
	enter(first, p)
	signIn(b, p, "alice", "wonderland")
	b.arrive(p.origin + "/")
	b.see("user-name", "Alice")
	b.tabToMatch(`.nav-link[href="/session"]`)
	b.keys("\r")
	b.see("sessions", "This one")
	b.press(component.IDExtend)
	b.see("status", text.Say.StatusExtended)
	b.press(component.IDRefresh)
	b.see("status", text.Say.StatusRefreshed)
	b.press(component.IDExpire)
	b.see("status", text.Say.StatusExpired)
	b.tabTo("density-plain")
	b.keys(" ")
	b.gone("document")
	b.tabTo("density-developer")
	b.keys(" ")
	b.see("document", `"authenticated": true`)
	b.tabToMatch("#document .copy")
	b.keys("\r")
	b.wait("it is copied", fmt.Sprintf(`document.querySelector("#document .copy").textContent === %q`, text.Say.Copied))
	b.tabToMatch("#sessions .note-delete")
	b.keys("\r")
	b.gone(component.IDEndOthers)
	first.visit(p.origin + "/")
	first.see("sign-in", "")
	b.press(component.IDSignOutAll)
	b.arrive(p.origin + "/")
	b.see("sign-in", "")
}

func TestKeyboardAloneUsesTheWholeInspector(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.press(component.IDWatchRefresh)
	b.see(component.IDStatus, text.Say.StatusRefreshed)

	// Step mode.
	b.tabTo(component.IDStepping)
	b.keys(" ")
	b.see(component.IDHeld, text.Say.StepNothing)
	b.press(component.IDWatchCall)
	b.see(component.IDHeld, text.Say.Holds[api.HoldAPICall])
	b.press(component.IDNext)
	b.see(component.IDStatus, text.Say.Called)
	b.tabTo(component.IDStepping)
	b.keys(" ")
	b.wait("it is off", `document.getElementById("stepping").getAttribute("aria-checked") === "false"`)

	// A flow, its tour, its messages, a value that is linked, a run beside it.
	b.tabToMatch("button.flow-sign_in")
	b.keys("\r")
	b.stamped(10)
	b.press(component.IDPlay)
	b.see(component.IDPlay, text.Say.Stop)
	b.press(component.IDPlay)
	b.stamped(10)
	b.press(b.message("oauth2/par"))
	b.tabToMatch(".detail .ref")
	b.wait("the value is lit by the focus alone", `document.querySelectorAll(".ref-lit").length > 0`)
	b.keys("\r")
	b.wait("and stays", `document.activeElement.getAttribute("aria-pressed") === "true"`)
	b.tabTo(component.IDCompareWith)
	b.keys(kb.ArrowDown)
	b.see(component.IDCompared, text.Say.CompareCount)

	// Kept, and opened again.
	folder := b.downloads()
	for form, name := range map[string]string{"json": "cloakroom-trace.json", "har": "cloakroom.har", "mermaid": "cloakroom.mmd", "curl": "cloakroom.sh"} {
		b.press("export-" + form)
		if len(saved(t, folder, name)) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	b.tabTo(component.IDOpenFile) // Enter opens the browser's own dialog
	b.choose(component.IDOpenFile, folder+"/cloakroom-trace.json")
	b.see(component.IDStream, text.Say.TraceFile)
	b.press(component.IDCloseFile)
	b.see(component.IDStream, text.Say.TraceLive)

	b.press(component.IDWatchSignOut)
	b.see(component.IDStream, text.Say.TraceEnded)
	b.press(component.IDSignOutThere)
	b.arrive(p.origin + "/")
	b.see("sign-in", "")
}

func TestKeyboardAloneSkipsToTheContentAndCopiesCode(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/build")
	running(b)
	b.keys("\t")
	if first := evaluate[string](b, `document.activeElement.getAttribute("href") || ""`); first != "#main" {
		t.Errorf("the first Tab leads to %q", first)
	}
	b.keys("\r")
	b.wait("the focus is in the content", `document.activeElement.id === "main"`)
	b.tabToMatch(".copy")
	b.keys("\r")
	b.wait("it is copied", fmt.Sprintf(`document.querySelector(".copy").textContent === %q`, text.Say.Copied))
}
