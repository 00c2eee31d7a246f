//go:build e2e

package e2e

import (
	"testing"

	"cloakroom/app/component"
)

// keepsNothing is a browser that was told to keep nothing for this page: to ask for a storage is an error.
const keepsNothing = `for (const name of ["localStorage", "sessionStorage"]) {
	Object.defineProperty(window, name, {configurable: true, get() { throw new DOMException("kept from the page", "SecurityError") }})
}`

func TestEveryScreenWorksWhereTheBrowserKeepsNothing(t *testing.T) {
	p := start(t)
	b := open(t)
	b.pretend(keepsNothing)
	enter(b, p)
	for _, screen := range []string{component.PathHome, component.PathSession, component.PathInspector, component.PathBuild} {
		b.visit(p.origin + screen)
		running(b)
	}
	b.visit(p.origin + component.PathSession)
	b.click("density-plain")
	b.wait("the choice holds", `document.querySelector(".density-plain") !== null`)
	b.visit(p.origin + component.PathSession)
	running(b)
	if evaluate[bool](b, `document.querySelector(".density-plain") !== null`) { // the control
		t.Error("the choice was kept: there is a storage after all")
	}
	b.click("sign-out")
	b.arrive(p.origin + "/")
	b.see("sign-in", "")
}
