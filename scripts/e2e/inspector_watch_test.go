//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

func TestStepModeHoldsACallUntilNext(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.click(component.IDStepping)
	b.see(component.IDHeld, text.Say.StepNothing)
	b.click(component.IDWatchCall)
	b.see(component.IDHeld, text.Say.Holds[api.HoldAPICall])
	b.see(component.IDNext, "")
	b.looks("held")
	if evaluate[bool](b, fmt.Sprintf(`document.getElementById("status").textContent === %q`, text.Say.Called)) {
		t.Error("the call is over although it is held")
	}
	b.click(component.IDNext)
	b.see(component.IDStatus, text.Say.Called)
	b.gone(component.IDNext)
	// Switching it off lets go, too.
	b.click(component.IDWatchCall)
	b.see(component.IDNext, "")
	b.click(component.IDStepping)
	b.see(component.IDStatus, text.Say.Called)
	b.wait("it is off", `document.getElementById("stepping").getAttribute("aria-checked") === "false"`)
}

// The sign-in that is held is in the window beside the inspector, which lets it go.
func TestStepModeHoldsASignInBeforeTheRedirectAndBeforeTheTokenRequest(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.click(component.IDStepping)
	b.see(component.IDHeld, text.Say.StepNothing)
	b.click(component.IDWatchSignIn)
	b.see(component.IDHeld, text.Say.Holds[api.HoldRedirect])
	if b.windowAt(p.issuer) != "" {
		t.Error("the window is there before it may go on")
	}
	b.click(component.IDNext)
	window := b.tab(chromedp.WithTargetID(b.elsewhere(p.issuer + "/interaction/")))
	window.arrive(p.issuer)
	window.fill("username", "alice")
	window.fill("password", "wonderland")
	evaluate[bool](window, `document.getElementById("login").click(); true`)
	b.see(component.IDHeld, text.Say.Holds[api.HoldTokenRequest])
	b.looks("held-before-token-request")
	b.gone("alert")
	if done := evaluate[bool](b, fmt.Sprintf(`document.getElementById("status").textContent === %q`, text.Say.StatusSignedIn)); done {
		t.Error("the sign-in is over although its token request is held")
	}
	before := b.windows()
	b.click(component.IDNext)
	b.see(component.IDStatus, text.Say.StatusSignedIn)
	for deadline := time.Now().Add(patience); b.windows() >= before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the window stays open")
		}
	}
	b.gone(component.IDNext)
}

// windowAt is the window of the browser at an address with the prefix; "" is none.
func (b *browser) windowAt(prefix string) target.ID {
	b.t.Helper()
	targets, err := chromedp.Targets(b.ctx)
	if err != nil {
		b.fail("list the windows: %v", err)
	}
	for _, one := range targets {
		if strings.HasPrefix(one.URL, prefix) {
			return one.TargetID
		}
	}
	return ""
}

// elsewhere waits for another window of the browser at an address with the prefix.
func (b *browser) elsewhere(prefix string) target.ID {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if id := b.windowAt(prefix); id != "" {
			return id
		}
	}
	b.fail("no window is at %s", prefix)
	return ""
}

func TestSignInAgainIsWatchedFromBesideIt(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.flow(api.FlowSignIn)
	b.stamped(10)
	b.click(component.IDWatchSignIn)
	b.see(component.IDStatus, text.Say.SigningInWith)
	b.elsewhere(p.issuer + "/interaction/")
	b.stamped(4) // the form is open there, and the steps before it are here
	b.wait("it is a flow of its own", `document.querySelectorAll(".flow-sign_in").length === 2`)
	b.looks("beside")

	// A window that says that it is over has the page look again: here nobody signed in.
	evaluate[bool](b, fmt.Sprintf(`(new BroadcastChannel(%q).postMessage({type: "sign-in", error: "access_denied"}), true)`, api.PopupChannel))
	b.see("alert", text.Say.SignInError(api.AccessDenied).Title)
}

func TestRunsAreComparedSideBySide(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	for range 2 {
		b.click(component.IDWatchCall)
		b.see(component.IDStatus, text.Say.Called)
	}
	b.wait("there are three calls", `document.querySelectorAll(".flow-api_call").length >= 3`)
	b.flow(api.FlowAPICall)
	with := func(name string) {
		evaluate[bool](b, fmt.Sprintf(`(() => {
			const e = document.getElementById(%q)
			e.value = [...e.options].find((o) => o.textContent.startsWith(%q)).value
			e.dispatchEvent(new Event("change", {bubbles: true}))
			return true
		})()`, component.IDCompareWith, name))
	}
	with(text.Say.FlowKinds[api.FlowAPICall])
	b.see(component.IDCompared, "0"+text.Say.CompareCount)
	b.see(component.IDCompare, text.Say.CompareSame)
	with(text.Say.FlowKinds[api.FlowSignIn])
	b.wait("what differs is marked", `document.querySelectorAll(".compare-differs").length > 20`)
	b.see(component.IDCompare, text.Say.CompareMissing)
	b.looks("compared")
}

func TestSignOutIsWatchedToItsEnd(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.click(component.IDWatchSignOut)
	b.see(component.IDStream, text.Say.TraceEnded)
	b.see(component.IDSignOutThere, "")
	b.flow(api.FlowSignOut)
	b.see(component.IDSteps, "/bff/logout")
	b.see(component.IDSteps, text.Say.Explain(api.TraceRevocation).Title)
	b.wait("the ticket is torn", `!!document.querySelector(".punched.picture-torn .stamp-done")`)
	b.looks("signed-out")
	b.click(component.IDSignOutThere)
	b.arrive(p.origin + "/")
	b.see("sign-in", "")
}
