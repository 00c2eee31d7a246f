//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// screens are all there are, by permanent address, with the beginning of their title.
var screens = []struct{ path, title string }{
	{component.PathHome, "Cloakroom"}, {component.PathSession, "Session"}, {component.PathInspector, "Inspector"}, {component.PathBuild, "Build"},
}

// follow presses a link of the navigation. The page may have come back from the back/forward cache, with other nodes.
func (b *browser) follow(path string) {
	b.t.Helper()
	evaluate[bool](b, fmt.Sprintf(`(document.querySelector('.nav-link[href=%q]').click(), true)`, path))
}

// Each screen is there at its own address, as it is given, after a reload, and after the way back and forward through all of them;
// signed out and signed in.
func TestEveryScreenOutlivesReloadBackAndForward(t *testing.T) {
	p := start(t)
	b := open(t)
	there := func(path, title string) {
		t.Helper()
		b.wait("the screen "+path, fmt.Sprintf(`location.pathname === %q && document.title.startsWith(%q) && document.querySelector("[aria-current=page]").getAttribute("href") === %q && !!document.querySelector("main h1")`, path, title, path))
	}
	journey := func() {
		t.Helper()
		for _, screen := range screens { // by the address alone
			b.visit(p.origin + screen.path)
			running(b)
			there(screen.path, screen.title)
			b.do("reload", chromedp.Reload())
			running(b)
			there(screen.path, screen.title)
		}
		for i := len(screens) - 2; i >= 0; i-- { // over documents
			b.back()
			running(b)
			there(screens[i].path, screens[i].title)
		}
		for _, screen := range screens[1:] { // within one document
			b.follow(screen.path)
			there(screen.path, screen.title)
		}
		for i := len(screens) - 2; i >= 0; i-- {
			b.back()
			there(screens[i].path, screens[i].title)
		}
		for _, screen := range screens[1:] {
			_ = read(b, chromedp.Evaluate[bool](`(history.forward(), true)`))
			there(screen.path, screen.title)
		}
	}
	journey()
	enter(b, p)
	journey()
	b.see("status", "")
}

// What is looked at in the inspector is in its address: it is there after a reload, by way of another screen, and in another tab.
func TestAddressOfTheInspectorKeepsWhatIsLookedAt(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.flow(api.FlowSignIn)
	b.stamped(10)
	b.click(b.message("oauth2/par"))
	b.see(component.IDSteps, text.Say.Explain(api.TracePAR).Why)
	address := b.location()
	if !strings.Contains(address, "flow=") || !strings.Contains(address, "message=") {
		t.Fatalf("the address is %s", address)
	}
	b.do("reload", chromedp.Reload())
	running(b)
	b.see(component.IDSteps, text.Say.Explain(api.TracePAR).Why)
	b.follow("/build")
	b.wait("at /build", `location.pathname === "/build"`)
	b.back()
	b.see(component.IDSteps, text.Say.Explain(api.TracePAR).Why)
	if again := b.location(); again != address {
		t.Errorf("back at %s, not at %s", again, address)
	}
	b.visit(p.origin + "/")
	running(b)
	b.visit(address)
	running(b)
	b.see(component.IDSteps, text.Say.Explain(api.TracePAR).Why)
}
