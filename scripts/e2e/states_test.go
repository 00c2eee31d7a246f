//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdpfetch "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/page"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// pretend has a script run in each document before the page's own.
func (b *browser) pretend(script string) {
	b.t.Helper()
	send(b, page.Enable, page.EnableParams{})
	send(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// noAnswer has the server be out of reach while the tab says so.
const noAnswer = `{
	const real = window.fetch
	window.fetch = (path, options) => sessionStorage.getItem("out") && String(path).startsWith("/bff/session")
		? Promise.reject(new TypeError("no network")) : real(path, options)
}`

// soon makes the session end in the given number of minutes: of the two ends, the named one.
const soon = `{
	const real = window.fetch
	window.fetch = async (path, options) => {
		const answer = await real(path, options)
		const which = sessionStorage.getItem("soon")
		if (path !== "/bff/session" || !which) return answer
		const document = await answer.json()
		document.expiry[which] = new Date(Date.parse(document.expiry.now) + 90_000).toISOString()
		return new Response(JSON.stringify(document), {status: 200, headers: {"Content-Type": "application/json"}})
	}
}`

// troubled has the stream of events say that the server cannot tell, or nothing that would take back what soon says.
const troubled = `if (sessionStorage.getItem("troubled") || sessionStorage.getItem("soon")) window.EventSource = class extends EventTarget {
	constructor() {
		super()
		this.readyState = 1
		if (sessionStorage.getItem("troubled")) setTimeout(() => this.dispatchEvent(new MessageEvent("degraded", {data: "{}"})), 50)
	}
	close() {}
}`

func TestTroubledStatesAreAccessible(t *testing.T) {
	p := start(t)
	b := open(t)
	b.pretend(noAnswer)
	b.pretend(soon)
	b.pretend(troubled)
	enter(b, p)
	remember := func(key, value string) {
		evaluate[bool](b, fmt.Sprintf(`(sessionStorage.clear(), sessionStorage.setItem(%q, %q), true)`, key, value))
	}
	remember("soon", "idle")
	b.visit(p.origin + "/session")
	b.see("expiring", text.Say.Extend)
	b.looks("expiring")
	b.see("expiring", "") // it was there all the time
	remember("soon", "absolute")
	b.visit(p.origin + "/session")
	b.see("expiring", text.Say.SignInAgain)
	b.looks("last-minutes")
	b.see("expiring", "")
	remember("troubled", "yes")
	b.visit(p.origin + "/session")
	b.wait("it says that it cannot tell", fmt.Sprintf(`document.querySelector(".live").textContent === %q`, text.Say.LiveDegraded))
	b.looks("degraded")
	remember("out", "yes")
	for _, screen := range []string{"/", "/session", "/inspector"} {
		b.visit(p.origin + screen)
		b.see("alert", text.Say.Unreachable.Title)
		b.looks("outage" + screen[1:])
	}
	evaluate[bool](b, `(sessionStorage.clear(), true)`)
	b.click("retry")
	b.gone("alert")
}

func TestWhoIsSignedInIsAskedOnce(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	running(b)
	b.see("status", "You are not signed in.")
	const asked = `performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/bff/session")).length`
	if count := evaluate[int](b, asked); count != 1 {
		t.Errorf("the page asked %d times who is signed in", count)
	}
	// What the loader asked is taken once: a page that comes back from the back/forward cache asks anew.
	evaluate[bool](b, `window.dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}))`)
	b.wait("it asks again", asked+" === 2")
	b.see("status", "You are not signed in.")
}

func TestAServerThatNeverAnswersIsSaidToBeOutOfReach(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	running(b)
	b.see("status", text.Say.StatusSignedOut) // the control: it answers
	send(b, cdpfetch.Enable, cdpfetch.EnableParams{Patterns: []*cdpfetch.RequestPattern{{URLPattern: "*/bff/session"}}})
	b.visit(p.origin + "/session")
	b.see("status", text.Say.StatusChecking)
	b.see("alert", text.Say.Unreachable.Title)
	send(b, cdpfetch.Disable, cdp.Empty{})
	b.click(component.IDRetry)
	b.see("status", text.Say.StatusSignedOut)
	b.gone("alert")
}

func TestABundleThatDoesNotComeIsSaidAndAskedForAgainWhereOneIs(t *testing.T) {
	p := start(t)
	b := open(t)
	b.pretend(`{
		const real = window.fetch
		window.fetch = (path, options) => sessionStorage.getItem("torn") && String(path).includes(".wasm")
			? Promise.resolve(new Response(new ReadableStream({start: (c) => c.error(new TypeError("torn"))}), {headers: {"Content-Type": "application/wasm"}}))
			: real(path, options)
	}`)
	b.visit(p.origin + "/session")
	running(b)
	evaluate[bool](b, `(sessionStorage.setItem("torn", "yes"), true)`)
	b.visit(p.origin + "/session?x=1")
	b.see("load-failed", text.Say.LoadFailed)
	b.wait("the bar is gone", `getComputedStyle(document.getElementById("loading")).visibility === "hidden"`)
	b.forgive("WebAssembly compilation aborted")
	b.looks("load-failed")
	evaluate[bool](b, `(sessionStorage.clear(), document.querySelector("#load-failed a").click(), true)`)
	running(b)
	b.gone("load-failed")
	if here := b.location(); here != p.origin+"/session?x=1" {
		t.Errorf("the page was reloaded as %s", here)
	}
}
