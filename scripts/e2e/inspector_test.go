//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// recorded is a trace that was kept.
const recorded = "../../app/trace/testdata/session.json"

// choose puts a file into a field, as the browser's own dialog does.
func (b *browser) choose(id, path string) {
	b.t.Helper()
	absolute, err := filepath.Abs(path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.see(id, "")
	field := send(b, runtime.Evaluate, runtime.EvaluateParams{Expression: fmt.Sprintf(`document.getElementById(%q)`, id)})
	send(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{absolute}, ObjectID: field.Result.ObjectID})
}

// openInspector opens the inspector of a user who is signed in, and waits for the trace.
func openInspector(b *browser, p *product) {
	b.t.Helper()
	b.visit(p.origin + "/inspector")
	running(b)
	b.see(component.IDStream, text.TraceLive)
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

	token := b.message("Answer: " + text.Explain(api.TraceTokenEndpoint).Title)
	b.click(token)
	b.see(component.IDSteps, text.DetailNoSig)
	b.see(component.IDSteps, "id_token")
	b.looks("message")

	// The same value has the same sign everywhere, and pointing at one shows all of them.
	evaluate[bool](b, `(() => { const e = document.querySelector(".detail .ref"); e.id = "a-ref"; e.focus(); return true })()`)
	b.wait("it is lit", `document.querySelectorAll(".ref-lit").length > 0 && document.querySelectorAll(".message-lit").length > 1`)
	b.shot("linked")

	b.do("reload", chromedp.Reload())
	running(b)
	b.see(component.IDSteps, text.DetailNoSig) // the address keeps what was open
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
		b.see(component.IDSeatSays, text.SeatSays[string(seat)])
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

func TestStepModeHoldsACallUntilNext(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.click(component.IDStepping)
	b.see(component.IDHeld, text.StepNothing)
	b.click(component.IDWatchCall)
	b.see(component.IDHeld, text.Holds[api.HoldAPICall])
	b.see(component.IDNext, "")
	b.looks("held")
	if evaluate[bool](b, fmt.Sprintf(`document.getElementById("status").textContent === %q`, text.Called)) {
		t.Error("the call is over although it is held")
	}
	b.click(component.IDNext)
	b.see(component.IDStatus, text.Called)
	b.gone(component.IDNext)
	// Switching it off lets go, too.
	b.click(component.IDWatchCall)
	b.see(component.IDNext, "")
	b.click(component.IDStepping)
	b.see(component.IDStatus, text.Called)
	b.wait("it is off", `document.getElementById("stepping").getAttribute("aria-checked") === "false"`)
}

// The sign-in that is held is in the window beside the inspector, which lets it go.
func TestStepModeHoldsASignInBeforeTheRedirectAndBeforeTheTokenRequest(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.click(component.IDStepping)
	b.see(component.IDHeld, text.StepNothing)
	b.click(component.IDWatchSignIn)
	b.see(component.IDHeld, text.Holds[api.HoldRedirect])
	if b.windowAt(p.issuer) != "" {
		t.Error("the window is there before it may go on")
	}
	b.click(component.IDNext)
	window := b.tab(chromedp.WithTargetID(b.elsewhere(p.issuer + "/interaction/")))
	window.arrive(p.issuer)
	window.fill("username", "alice")
	window.fill("password", "wonderland")
	evaluate[bool](window, `document.getElementById("login").click(); true`)
	b.see(component.IDHeld, text.Holds[api.HoldTokenRequest])
	b.looks("held-before-token-request")
	b.gone("alert")
	if done := evaluate[bool](b, fmt.Sprintf(`document.getElementById("status").textContent === %q`, text.StatusSignedIn)); done {
		t.Error("the sign-in is over although its token request is held")
	}
	before := b.windows()
	b.click(component.IDNext)
	b.see(component.IDStatus, text.StatusSignedIn)
	for deadline := time.Now().Add(patience); b.windows() >= before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the window stays open")
		}
	}
	b.gone(component.IDNext)
}

func TestTourIsStartedFromHome(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	b.see(component.IDTour, text.StartTour)
	b.click(component.IDTour)
	b.see(component.IDPlay, text.Stop)
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
	b.see(component.IDStatus, text.SigningInWith)
	b.elsewhere(p.issuer + "/interaction/")
	b.stamped(4) // the form is open there, and the steps before it are here
	b.wait("it is a flow of its own", `document.querySelectorAll(".flow-sign_in").length === 2`)
	b.looks("beside")

	// A window that says that it is over has the page look again: here nobody signed in.
	evaluate[bool](b, fmt.Sprintf(`(new BroadcastChannel(%q).postMessage({type: "sign-in", error: "access_denied"}), true)`, api.PopupChannel))
	b.see("alert", text.SignInError(api.AccessDenied).Title)
}

func TestRunsAreComparedSideBySide(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	for range 2 {
		b.click(component.IDWatchCall)
		b.see(component.IDStatus, text.Called)
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
	with(text.FlowKinds[api.FlowAPICall])
	b.see(component.IDCompared, "0"+text.CompareCount)
	b.see(component.IDCompare, text.CompareSame)
	with(text.FlowKinds[api.FlowSignIn])
	b.wait("what differs is marked", `document.querySelectorAll(".compare-differs").length > 20`)
	b.see(component.IDCompare, text.CompareMissing)
	b.looks("compared")
}

func TestSignOutIsWatchedToItsEnd(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.click(component.IDWatchSignOut)
	b.see(component.IDStream, text.TraceEnded)
	b.see(component.IDSignOutThere, "")
	b.flow(api.FlowSignOut)
	b.see(component.IDSteps, "/bff/logout")
	b.see(component.IDSteps, text.Explain(api.TraceRevocation).Title)
	b.looks("signed-out")
	b.click(component.IDSignOutThere)
	b.arrive(p.origin + "/")
	b.see("sign-in", "")
}

// downloads has the browser save files without asking, and returns the folder.
func (b *browser) downloads() string {
	b.t.Helper()
	folder := b.t.TempDir()
	send(b, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder})
	return folder
}

// saved waits for a file to be there whole.
func saved(t *testing.T, folder, name string) []byte {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil && len(content) > 0 {
			return content
		}
		if time.Now().After(deadline) {
			t.Fatalf("no file %s: %v", name, err)
		}
	}
}

func TestTraceIsKeptAndOpensAgainOffline(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.flow(api.FlowSignIn)
	b.stamped(10)
	folder := b.downloads()
	b.click("export-json")
	b.see(component.IDStatus, text.StatusSaved)
	file, err := trace.Read(saved(t, folder, "cloakroom-trace.json"))
	if err != nil || len(file.Events) < 20 {
		t.Fatalf("%d events, %v", len(file.Events), err)
	}
	for form, want := range map[string]struct{ name, has string }{
		"har": {"cloakroom.har", `"version": "1.2"`}, "mermaid": {"cloakroom.mmd", "sequenceDiagram"}, "curl": {"cloakroom.sh", "$CODE"},
	} {
		b.click("export-" + form)
		if content := saved(t, folder, want.name); !strings.Contains(string(content), want.has) {
			t.Errorf("%s has no %s", want.name, want.has)
		}
	}

	// Signed out, and without a network.
	b.visit(p.origin + "/")
	b.click("sign-out")
	b.arrive(p.origin + "/")
	b.see("sign-in", "")
	b.visit(p.origin + "/inspector")
	running(b)
	b.see("status", text.StatusSignedOut)
	b.looks("visitor")
	p.stop(t) // there is no server any more
	b.choose(component.IDOpenFile, filepath.Join(folder, "cloakroom-trace.json"))
	b.see(component.IDStream, text.TraceFile)
	b.stamped(10)
	b.click(component.IDPlay)
	b.stamped(1)
	b.click(component.IDPlay)
	b.stamped(10)
	b.looks("opened")
	b.click(component.IDCloseFile)
	b.stamped(0)
}

func TestFilesThatAreNoTraceAreRefusedInWords(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/inspector")
	running(b)
	b.see("status", text.StatusSignedOut)
	folder := t.TempDir()
	for name, row := range map[string]struct {
		content string
		want    text.Message
	}{
		"text":  {"hello", text.FileNotJSON},
		"json":  {`{"events":[]}`, text.FileNotTrace},
		"large": {strings.Repeat(" ", trace.MaxFile+1), text.FileTooLarge},
		"new":   {`{"cloakroom_trace":9}`, text.FileVersion},
	} {
		path := filepath.Join(folder, name+".json")
		if err := os.WriteFile(path, []byte(row.content), 0o600); err != nil {
			t.Fatal(err)
		}
		b.choose(component.IDOpenFile, path)
		b.see("alert", row.want.Title)
		b.see("alert", row.want.Detail)
	}
	b.looks("refused")
	b.choose(component.IDOpenFile, recorded)
	b.see(component.IDStream, text.TraceFile)
	b.gone("alert")
}

func TestKeyboardAloneLooksIntoAMessage(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.tabTo(component.IDWatchCall)
	b.keys("\r")
	b.see(component.IDStatus, text.Called)
	message := b.message("GET /api/notes")
	b.tabTo("seat-script")
	b.keys(" ")
	b.wait("script sees less", `document.querySelectorAll(".message-locked").length > 0`)
	b.tabTo(message)
	b.keys("\r")
	b.see(component.IDSteps, text.ValueLocked)
	b.wait("the focus stays", fmt.Sprintf(`document.activeElement.id === %q && document.activeElement.getAttribute("aria-expanded") === "true"`, message))
	b.tabTo("export-curl")
}
