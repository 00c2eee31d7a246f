//go:build e2e

package e2e

import (
	"testing"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// A tab that still shows one user would write its notes as the other, whose cookie the browser holds now.
func TestTabShowsWhoTheBrowserIsSignedInAsOnceTheUserTurnsToIt(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	b.fill("note-text", "a ticket for the blue coat")
	b.click("note-add")
	b.see("notes", "a ticket for the blue coat")
	inspector := b.tab()
	openInspector(inspector, p)
	inspector.flow(api.FlowSignIn)
	const chosen = `new URL(location.href).searchParams.get("flow")`
	ofAlice := evaluate[string](inspector, chosen)

	other := b.tab()
	other.visit(p.origin + "/")
	other.see("user-name", "Alice")
	other.click("sign-out")
	other.see("sign-in", "")
	signIn(other, p, "bob", "builder")
	other.click("consent_allow")
	other.see("user-name", "Bob")

	b.see("user-name", "Alice") // the control: nobody has turned to this tab
	const turned = `(window.dispatchEvent(new Event("focus")), true)`
	evaluate[bool](b, turned)
	b.see("user-name", "Bob")
	b.see("notes", text.Say.NotesEmpty)
	for _, of := range []string{"Alice", "blue coat"} {
		if evaluate[bool](b, `(document.documentElement.outerHTML + JSON.stringify([history.state, {...sessionStorage}, {...localStorage}])).includes("`+of+`")`) {
			t.Errorf("%q is still there", of)
		}
	}

	inspector.see("alert", text.Say.EndedBecause(api.EndedBySignOut).Title)
	evaluate[bool](inspector, turned)
	inspector.see(component.IDWatchCall, "")
	inspector.gone("alert")
	inspector.flow(api.FlowSignIn)
	if evaluate[string](inspector, chosen) == ofAlice || evaluate[int](inspector, `document.querySelectorAll(".flow-sign_in").length`) != 1 {
		t.Error("the flows of Alice are still there")
	}
}
