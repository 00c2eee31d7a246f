//go:build e2e

package e2e

import (
	"testing"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// focused fails when the focus went with the button that had it: the keyboard would begin at the top of the page again.
func (b *browser) focused(id string) {
	b.t.Helper()
	b.wait("the focus is on "+id, `document.activeElement.id === "`+id+`"`)
}

func TestFocusIsNotLostWithTheButtonThatHadIt(t *testing.T) {
	p := start(t)
	b := open(t)
	b.pretend(noAnswer)
	b.pretend(soon)
	b.pretend(troubled)
	enter(b, p)

	evaluate[bool](b, `(sessionStorage.setItem("out", "yes"), true)`)
	b.visit(p.origin + "/")
	b.see(component.IDAlert, text.Say.Unreachable.Title)
	evaluate[bool](b, `(sessionStorage.clear(), true)`)
	b.press(component.IDRetry)
	b.gone(component.IDAlert)
	b.focused(component.IDMain)

	evaluate[bool](b, `(sessionStorage.setItem("soon", "idle"), true)`)
	b.visit(p.origin + "/session")
	b.see(component.IDExpiring, text.Say.Extend)
	evaluate[bool](b, `(sessionStorage.clear(), true)`)
	b.press(component.IDExpiring)
	b.gone(component.IDExpiring)
	b.focused(component.IDExtend)

	other := open(t)
	signIn(other, p, "alice", "wonderland")
	other.arrive(p.origin + "/")
	b.visit(p.origin + "/session")
	b.see(component.IDSessions, text.Say.ThisSession)
	b.press(component.IDEndOthers)
	b.gone(component.IDEndOthers)
	b.focused(component.IDSessions)

	openInspector(b, p)
	b.press(component.IDStepping)
	b.see(component.IDHeld, text.Say.StepNothing)
	b.press(component.IDWatchCall)
	b.press(component.IDNext)
	b.gone(component.IDNext)
	b.focused(component.IDStepping)
}
