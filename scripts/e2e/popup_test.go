//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// tab is another page of the same browser profile.
func (b *browser) tab(options ...chromedp.ContextOption) *browser {
	b.t.Helper()
	ctx, end := chromedp.NewContext(b.ctx, options...)
	b.t.Cleanup(end)
	other := &browser{t: b.t, ctx: ctx, hosts: map[string]bool{}}
	if err := chromedp.Listen(ctx, func(any) {}); err != nil { // attaches to it, for as long as the test runs
		b.t.Fatal(err)
	}
	return other
}

// opens presses a button and returns the window that this opens.
func (b *browser) opens(button string) *browser {
	b.t.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(info *target.Info) bool { return info.URL != "" })
	b.click(button)
	select {
	case id := <-opened:
		return b.tab(chromedp.WithTargetID(id))
	case <-time.After(patience):
		b.fail("%s opens no window", button)
		return nil
	}
}

// windows is how many pages the browser shows.
func (b *browser) windows() int {
	b.t.Helper()
	ctx, cancel := b.bounded()
	defer cancel()
	targets, err := chromedp.Targets(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	pages := 0
	for _, one := range targets {
		if one.Type == "page" {
			pages++
		}
	}
	return pages
}

// stranger is a page of another origin on the same host, which listens on the channel and opens sign-ins of the site.
func stranger(t *testing.T, site string) string {
	t.Helper()
	listener := listen(t)
	serve(t, listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><title>Stranger</title><link rel="icon" href="data:,"><button id="lure">Win a prize</button><script>
			window.heard = [];
			const channel = new BroadcastChannel("cloakroom");
			channel.onmessage = e => heard.push(e.data);
			onmessage = e => heard.push(e.data);
			lure.onclick = () => { window.prize = open(%q); };
		</script></html>`, site+"/bff/login?mode=popup")
	}))
	return "http://localhost:" + portOf(listener)
}

func TestSignInInAWindowOfItsOwnLeavesThePageWhereItIs(t *testing.T) {
	s, b := openSite(t), open(t)
	listening := b.tab()
	listening.visit(stranger(t, s.origin))
	b.visit(s.origin + "/?draft=kept")
	b.see("state", "ready")
	evaluate[bool](b, `window.draft = "unsaved"; true`)
	before := b.windows()
	window := b.opens("popup")
	window.arrive(s.issuer)
	if got := evaluate[string](b, `String(window.done)`); got != "undefined" {
		t.Errorf("before anybody signed in the page hears %s", got)
	}
	window.fill("username", "alice")
	window.fill("password", "wonderland")
	evaluate[bool](window, `document.getElementById("login").click(); true`)
	b.wait("the page hears that the sign-in is over", `window.done === "signed in"`)
	if got := b.script(`return (await popup.session()).authenticated + " " + draft + " " + location.search`); got != "true unsaved ?draft=kept" {
		t.Errorf("the page: %s", got)
	}
	for deadline := time.Now().Add(patience); b.windows() > before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the window stays open: %d pages, %d before", b.windows(), before)
		}
	}
	if logins := s.signIns(); len(logins) != 1 || !strings.Contains(logins[0], "mode=popup") {
		t.Errorf("sign-ins: %q", logins)
	}
	// BroadcastChannel is an origin's own: the same name elsewhere hears nothing, and what is said there is not heard here.
	if got := evaluate[int](listening, `heard.length`); got != 0 {
		t.Errorf("another origin heard %s", evaluate[string](listening, `JSON.stringify(heard)`))
	}
	evaluate[bool](b, `window.done = undefined; window.overheard = []; new BroadcastChannel("cloakroom").onmessage = e => overheard.push(e.data); true`)
	evaluate[bool](listening, `channel.postMessage({type: "sign-in", error: ""}); true`)
	control := b.tab()
	control.visit(s.origin + "/")
	evaluate[bool](control, `new BroadcastChannel("cloakroom").postMessage("control"); true`)
	b.wait("its own origin is heard, the control", `overheard.length > 0`)
	if got := evaluate[string](b, `JSON.stringify(overheard)`); got != `["control"]` {
		t.Errorf("the page heard %s", got)
	}
}

// A page elsewhere may open a sign-in, as it may link to one, and learns nothing of it: the window is cut off from who opened it.
func TestWindowThatAnotherOriginOpensIsCutOffFromIt(t *testing.T) {
	s, b := openSite(t), open(t)
	b.visit(stranger(t, s.origin))
	window := b.opens("lure")
	window.arrive(s.issuer)
	if got := evaluate[bool](b, `prize.closed`); !got {
		t.Error("another origin still holds the window")
	}
	window.fill("username", "alice")
	window.fill("password", "wonderland")
	evaluate[bool](window, `document.getElementById("login").click(); true`)
	signedIn := b.tab()
	signedIn.visit(s.origin + "/")
	signedIn.see("state", "ready")
	for deadline := time.Now().Add(patience); signedIn.script(`return (await bff.session()).authenticated`) != "true"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("control: nobody signed in")
		}
	}
	if got := evaluate[int](b, `heard.length`); got != 0 {
		t.Errorf("another origin heard %s", evaluate[string](b, `JSON.stringify(heard)`))
	}
	// The last page of a sign-in answers a navigation only, and is shown in no frame.
	if got := b.script(`return (await fetch(` + "`" + s.origin + `/bff/popup` + "`" + `, {mode: "no-cors", credentials: "include"})).type`); got != "error: TypeError: Failed to fetch" && got != "opaque" {
		t.Errorf("fetched from elsewhere: %s", got)
	}
	evaluate[bool](b, `(() => { const frame = document.createElement("iframe"); frame.id = "frame"; frame.onload = () => { window.framed = true };
		frame.src = `+"`"+s.origin+`/bff/popup`+"`"+`; document.body.append(frame); return true })()`)
	b.wait("the frame has loaded what it may", `window.framed === true`)
	if got := evaluate[int](b, `heard.length`); got != 0 {
		t.Errorf("framed, the last page spoke: %s", evaluate[string](b, `JSON.stringify(heard)`))
	}
	b.forgive("Failed to load resource")
	b.forgive("frame")
	b.forgive("ERR_BLOCKED")
}

func TestWindowThatIsBlockedOrFailsSaysSo(t *testing.T) {
	s, b := openSite(t), open(t)
	b.visit(s.origin + "/")
	b.see("state", "ready")
	if got := b.script(`window.open = () => null; return popup.signIn()`); got != "error: popup_blocked" {
		t.Errorf("blocked: %s", got)
	}
	b.visit(s.origin + "/?again")
	b.see("state", "ready")
	window := b.opens("popup")
	window.arrive(s.issuer)
	evaluate[bool](window, `document.getElementById("cancel").click(); true`)
	b.wait("the page hears why", `window.done === "error access_denied"`)
	if got := b.script(`return (await popup.session()).authenticated`); got != "false" {
		t.Errorf("authenticated %s", got)
	}
}
