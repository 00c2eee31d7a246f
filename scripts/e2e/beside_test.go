//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// beside is another page, in a tab of the same window or in a window of its own, whose console is heard too. Of the tabs of a window
// one is seen, and the others are hidden.
func (b *browser) beside(ownWindow bool) *browser {
	b.t.Helper()
	other := b.tab(chromedp.WithNewWindow(ownWindow))
	if err := chromedp.Listen(other.ctx, other.note); err != nil {
		b.t.Fatal(err)
	}
	for _, enable := range []cdp.Command[cdp.Empty, cdp.Empty]{cdplog.Enable, runtime.Enable} {
		send(other, enable, cdp.Empty{})
	}
	b.t.Cleanup(other.report)
	return other
}

// turnTo brings the page to the front, as a click on its tab does.
func (b *browser) turnTo() {
	b.t.Helper()
	send(b, page.BringToFront, cdp.Empty{})
	b.wait("it is seen", `document.visibilityState === "visible"`)
}

const (
	live    = `document.visibilityState === "visible" && document.querySelector(".live-on") !== null`
	resting = `document.visibilityState === "hidden" && document.querySelector(".live-on") === null`
)

func TestEachTabOfASessionIsLiveWhileItIsSeen(t *testing.T) {
	p := start(t)
	first := open(t)
	enter(first, p)
	tabs := []*browser{first, first.beside(false), first.beside(false), first.beside(false)}
	for _, screen := range []string{"/session", "/inspector"} {
		for _, tab := range tabs {
			tab.turnTo()
			tab.visit(p.origin + screen)
			tab.wait("it is live", live)
		}
		seen := tabs[3]
		for range 2 {
			for _, tab := range tabs {
				if tab == seen {
					continue
				}
				tab.wait("nobody sees it, and it does not say that it is live", resting)
				tab.turnTo()
				tab.wait("it is live", live)
				seen.wait("the one before rests", resting)
				seen = tab
			}
		}
	}
	tabs[0].turnTo()
	tabs[0].visit(p.origin + "/session")
	tabs[0].wait("it is live", live)
	tabs[3].turnTo()
	tabs[3].click(component.IDWatchSignOut)
	tabs[3].see(component.IDSignOutThere, "")
	for _, tab := range tabs[:2] { // of either screen
		tab.turnTo()
		tab.see(component.IDAlert, text.Say.SessionEnded.Title)
		tab.see(component.IDSignIn, "")
	}
}

// The control of the test above: each in a window of its own, all four are seen, and the session has no stream for two of them.
func TestWindowsThatAreAllSeenReachTheLimitOfStreams(t *testing.T) {
	p := start(t)
	first := open(t)
	enter(first, p)
	windows := []*browser{first, first.beside(true), first.beside(true), first.beside(true)}
	for at, window := range windows {
		window.visit(p.origin + "/session")
		if at < 2 {
			window.wait("it is live", live)
			continue
		}
		window.hears("429")
		window.wait("it is seen, and says that it is not live", `document.visibilityState === "visible" && document.querySelector(".live-off") !== null`)
		window.forgive("429")
	}
}

// hears waits until the console says the text.
func (b *browser) hears(text string) {
	b.t.Helper()
	said := func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.ContainsFunc(b.problems, func(problem string) bool { return strings.Contains(problem, text) })
	}
	for deadline := time.Now().Add(patience); !said(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.fail("the console does not say %q", text)
		}
	}
}

func TestStepModeHoldsACallOfTheTabInFrontOfIt(t *testing.T) {
	p := start(t)
	inspector := open(t)
	enter(inspector, p)
	openInspector(inspector, p)
	inspector.click(component.IDStepping)
	inspector.wait("it is on", `document.getElementById("stepping").getAttribute("aria-checked") === "true"`)
	for range 3 { // the others only see that it is on
		other := inspector.beside(false)
		other.visit(p.origin + "/inspector")
		other.wait("it is live", live)
	}
	front := inspector.beside(false)
	front.visit(p.origin + "/build")
	evaluate[bool](front, `(window.answered = 0, fetch("/api/notes", {headers: {"X-BFF-CSRF": "1"}}).then((r) => { answered = r.status }), true)`)
	inspector.turnTo()
	inspector.see(component.IDNext, "")
	inspector.wait("it is live", live)
	if evaluate[int](front, `answered`) != 0 {
		t.Error("the call was not held")
	}
	inspector.click(component.IDNext)
	front.wait("it goes on", `answered === 200`)
}
