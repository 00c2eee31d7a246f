//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"cloakroom/app/snippet"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// enter signs alice in, from the app's page to the app's page.
func enter(b *browser, p *product) {
	b.t.Helper()
	signIn(b, p, "alice", "wonderland")
	b.click("consent_allow")
	b.arrive(p.origin + "/")
	b.see("user-name", "Alice")
}

// running waits until the app has taken over from the prerendered page.
func running(b *browser) {
	b.t.Helper()
	b.wait("the app runs", `document.documentElement.dataset.app === "running"`)
}

func TestEveryScreenIsAccessibleInLightAndDark(t *testing.T) {
	p := start(t)
	b := open(t)
	for _, screen := range []string{"/", "/session", "/inspector", "/build"} {
		b.visit(p.origin + screen)
		running(b)
		b.see("status", "")
		b.looks("visitor" + strings.ReplaceAll(screen, "/", "-"))
	}
	enter(b, p)
	b.looks("home-empty")
	b.fill("note-text", "a ticket for the blue coat")
	b.click("note-add")
	b.see("notes", "a ticket for the blue coat")
	b.click("notes-clear")
	b.see("notes-clear-yes", "")
	b.looks("home-clear")
	b.visit(p.origin + "/session")
	b.see("sessions", "This one")
	b.looks("session")
}

func TestAuthorizationServersPagesAreAccessible(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	b.click("sign-in")
	b.arrive(p.issuer)
	b.see("username", "")
	b.looks("sign-in")
	b.fill("username", "alice")
	b.fill("password", "not the password")
	b.click("login")
	b.see("error", "")
	b.looks("wrong-password")
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.see("consent_allow", "")
	b.looks("consent")
	b.visit(p.issuer + "/oauth2/authorize?client_id=nobody&response_type=code")
	b.forgive("400")
	b.looks("error")
	b.visit(p.issuer + "/oauth2/logout")
	b.looks("sign-out")
}

func TestScreensHavePermanentAddressesAndTitles(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	running(b)
	for _, step := range []struct{ link, path, title string }{
		{"Session", "/session", "Session"}, {"Inspector", "/inspector", "Inspector"}, {"Build", "/build", "Build"}, {"Home", "/", "Cloakroom"},
	} {
		b.do("follow "+step.link, chromedp.Click(`.nav-link[href="`+step.path+`"]`, chromedp.NodeVisible))
		b.wait("the screen "+step.path, fmt.Sprintf(`location.pathname === %q && document.title.startsWith(%q) && document.activeElement.id === "main"`, step.path, step.title))
		if current := evaluate[string](b, `document.querySelector("[aria-current=page]").textContent`); current != step.link {
			t.Errorf("at %s the navigation marks %q", step.path, current)
		}
	}
	b.back()
	b.wait("back at /build", `location.pathname === "/build" && document.title.startsWith("Build")`)
	b.do("reload", chromedp.Reload())
	running(b)
	b.wait("still at /build", `location.pathname === "/build" && document.title.startsWith("Build")`)
}

func TestSessionScreenShowsTheSessionAndEndsOthers(t *testing.T) {
	p := start(t)
	first, second := open(t), open(t)
	enter(first, p)
	signIn(second, p, "alice", "wonderland")
	second.arrive(p.origin + "/")
	second.see("user-name", "Alice")

	second.visit(p.origin + "/session")
	second.see("end-others", "")
	second.see("document", `"authenticated": true`)
	before := evaluate[string](second, `document.querySelector(".clock-left").textContent`)
	second.wait("the clock ticks", fmt.Sprintf(`document.querySelector(".clock-left").textContent !== %q`, before))
	second.click("extend")
	second.see("status", "You stay signed in.")
	second.click("refresh")
	second.see("status", "The access token was renewed.")
	if found := secretsInThePage(second); found != "" {
		t.Errorf("script can read %s", found)
	}
	second.looks("two-sessions")
	second.click("end-others")
	second.gone("end-others")

	first.visit(p.origin + "/")
	first.see("sign-in", "")
	second.visit(p.origin + "/session")
	second.see("user-name", "Alice")
	second.see("sessions", "This one") // the list has come, and moves the button no more
	second.click("sign-out-all")
	second.arrive(p.origin + "/")
	second.see("sign-in", "")
	second.visit(p.origin + "/")
	second.click("sign-in")
	second.arrive(p.issuer)
	second.see("password", "") // the sign-in service forgot this browser too
}

func TestSignInFromTheSessionScreenComesBackToIt(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/session")
	b.click("sign-in")
	b.arrive(p.issuer)
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.click("consent_allow")
	b.arrive(p.origin + "/session")
	b.see("sessions", "This one")
}

// keys presses one key after the other; nothing here uses the mouse.
func (b *browser) keys(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		b.do("press", chromedp.KeyEvent(key))
	}
}

// tabStops are more than any screen has: Tab goes all the way round.
const tabStops = 200

// tabTo presses Tab until the element has the focus. It fails when Tab does not lead there.
func (b *browser) tabTo(id string) {
	b.t.Helper()
	b.see(id, "")
	for pressed := range tabStops {
		if evaluate[string](b, `document.activeElement ? document.activeElement.id : ""`) == id {
			if pressed > 0 && !evaluate[bool](b, `document.activeElement.matches(":focus-visible")`) {
				b.t.Errorf("the focus on %s cannot be seen", id)
			}
			return
		}
		b.keys("\t")
	}
	b.fail("Tab does not lead to %s", id)
}

func TestKeyboardAloneSignsInAddsANoteAndSignsOut(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	running(b)
	b.tabTo("sign-in")
	b.keys("\r")
	b.arrive(p.issuer)
	b.tabTo("username")
	b.keys("a", "l", "i", "c", "e")
	b.tabTo("password")
	b.keys("w", "o", "n", "d", "e", "r", "l", "a", "n", "d", "\r")
	b.tabTo("consent_allow")
	b.keys("\r")
	b.arrive(p.origin + "/")
	b.tabTo("note-text")
	b.keys("s", "c", "a", "r", "f", "\r")
	b.see("notes", "scarf") // a word that nothing else there has
	b.tabTo("sign-out")
	b.keys("\r")
	b.arrive(p.origin + "/")
	b.see("sign-in", "")
	b.gone("user-name")
}

// shifts counts what moves by itself, from the first frame on.
const shifts = `window.shifted = 0; window.moved = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.shifted += entry.value;
    for (const source of entry.sources) window.moved.push(source.node && (source.node.id || source.node.className || source.node.nodeName));
  }
}).observe({type: "layout-shift", buffered: true});`

func TestNothingMovesByItself(t *testing.T) {
	p := start(t)
	b := open(t)
	send(b, page.Enable, page.EnableParams{})
	send(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: shifts})
	still := func(state string, settled string, screens ...string) {
		for _, width := range []int64{1280, 320} {
			send(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
			for _, screen := range screens {
				b.visit(p.origin + screen)
				running(b)
				b.wait("the screen has settled", settled)
				if moved := evaluate[float64](b, `shifted`); moved >= 0.02 {
					t.Errorf("%s, %s at %d px: %.3f moved: %s", state, screen, width, moved, evaluate[string](b, `moved.join(", ")`))
				}
			}
		}
	}
	const quiet = `performance.now() > 1500 && !document.body.textContent.includes("Checking whether")`
	still("visitor", quiet, "/", "/session", "/inspector", "/build")
	enter(b, p)
	still("user", quiet, "/", "/session", "/inspector", "/build")
	b.visit(p.origin + "/")
	b.click("sign-out")
	b.see("status", text.Say.StatusSignedOutOK)
	b.pretend(`sessionStorage.setItem("cloakroom-torn", "yes")`) // as each page is that a sign-out ends on
	still("signed out", quiet+` && document.getElementById("status").textContent.includes("torn")`, "/")
	// The control: a page that moves is found.
	evaluate[bool](b, `(() => { const d = document.createElement("div"); d.className = "alert"; d.textContent = "x ".repeat(4000); document.body.prepend(d); return true })()`)
	b.wait("what moved is counted", `shifted > 0.02`)
	send(b, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
}

func TestReducedMotionAndForcedColoursAreRespected(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	running(b)
	const moving = `document.getAnimations().length + [...document.querySelectorAll("*")].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length`
	if evaluate[int](b, moving) == 0 {
		t.Error("nothing moves at all: the check would find nothing")
	}
	respects := func(screen, state string) {
		t.Helper()
		b.visit(p.origin + screen)
		running(b)
		b.see("status", "")
		send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}})
		if count := evaluate[int](b, moving); count != 0 {
			t.Errorf("%s, %s: %d elements move", screen, state, count)
		}
		send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}})
		b.shot("forced-colours-" + state + strings.ReplaceAll(screen, "/", "-"))
		if bare := evaluate[string](b, unbordered); bare != "" {
			t.Errorf("%s, %s: buttons without a border: %s", screen, state, bare)
		}
		send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	}
	screens := []string{"/", "/session", "/inspector", "/build"}
	for _, screen := range screens {
		respects(screen, "visitor")
	}
	enter(b, p)
	for _, screen := range screens {
		respects(screen, "user")
	}
	// The control: a button that only its colour makes one is found.
	evaluate[bool](b, `(() => { document.querySelector(".copy, .button").style.border = "none"; return true })()`)
	if evaluate[string](b, unbordered) == "" {
		t.Error("a button without a border is not found")
	}
}

// unbordered names the buttons that nothing sets apart when the browser takes their colour away.
const unbordered = `[...document.querySelectorAll(".button, .segment, .copy")].filter((e) => e.offsetParent && getComputedStyle(e).borderTopStyle !== "solid").map((e) => e.id || e.textContent).join(", ")`

func TestTheJavaScriptThatIsOfferedWorks(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	got := run(b, snippet.Fetch+"\nreturn (await call('GET', '/api/notes')).notes[0].text")
	if got != "from JavaScript" {
		t.Errorf("the new note reads %q", got)
	}
	if got := run(b, snippet.Call+"\nreturn String(notes.length)"); got != "1" {
		t.Errorf("there are %s notes", got)
	}
}

// run runs JavaScript as the body of an async function and returns what it returns.
func run(b *browser, script string) string {
	b.t.Helper()
	const start = `window.outcome = undefined; (async () => { %s })().then((v) => { window.outcome = "" + v }, (e) => { window.outcome = "error: " + e }); true`
	evaluate[bool](b, fmt.Sprintf(start, script))
	b.wait("the script is done", `window.outcome !== undefined`)
	return evaluate[string](b, `window.outcome`)
}

func TestCodeIsCopiedUnderTheStrictPolicy(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/build")
	running(b)
	b.do("copy", chromedp.Click(`.copy`, chromedp.NodeVisible))
	b.wait("it says so", `document.querySelector(".copy").textContent === "Copied" + "."`)
}

func TestSessionThatEndsElsewhereIsSaidAtOnce(t *testing.T) {
	p := start(t)
	first, second := open(t), open(t)
	enter(first, p)
	first.visit(p.origin + "/session")
	first.wait("it is live", `!!document.querySelector(".live-on")`)
	signIn(second, p, "alice", "wonderland")
	second.arrive(p.origin + "/")
	second.visit(p.origin + "/session")
	second.click("end-others")
	first.see("alert", text.Say.EndedBecause(api.EndedByUser).Title)
	first.gone("user-name")
	first.looks("ended")
	second.click("extend")
	second.see("status", "You stay signed in.")
}

// wantsSignIn has the API's next deletion of all notes answered as it is when the sign-in was too long ago.
const wantsSignIn = `(() => {
  const real = window.fetch;
  window.fetch = (path, options) => {
    if (options.method !== "DELETE" || path !== "/api/notes") return real(path, options);
    window.fetch = real;
    const problem = {title: "t", status: 401, code: "step_up_required", request_id: "r", login_url: "/bff/login?max_age=0"};
    return Promise.resolve(new Response(JSON.stringify(problem), {status: 401, headers: {"Content-Type": "application/problem+json"}}));
  };
  return true;
})()`

func TestDeletingAllNotesGoesOnAfterTheFreshSignIn(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	b.fill("note-text", "a coat nobody wants")
	b.click("note-add")
	b.see("notes", "a coat nobody wants")
	evaluate[bool](b, wantsSignIn)
	b.click("notes-clear")
	b.click("notes-clear-yes")
	b.see("notes", text.Say.StepUpTitle)
	b.looks("step-up")
	b.click("step-up")
	b.arrive(p.issuer)
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.arrive(p.origin + "/")
	b.see("notes", text.Say.NotesEmpty)
	if found := secretsInThePage(b); found != "" {
		t.Errorf("it is kept that the notes were to be deleted: %s", found)
	}
}
