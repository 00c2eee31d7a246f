//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// canaries are the secrets of a run that the test itself knows, by what they are.
type canaries struct {
	mu    sync.Mutex
	found map[string]string
}

func (c *canaries) add(name, value string) {
	if len(value) < 8 { // too short to be told from anything else
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found[name] = value
}

// watch collects what passes in addresses: the codes, the states.
func (c *canaries) watch(event any) {
	sent, ok := event.(*network.EventRequestWillBeSent)
	if !ok {
		return
	}
	if address, err := url.Parse(sent.Request.URL); err == nil {
		for _, name := range []string{"code", "state", "request_uri"} {
			c.add(name, address.Query().Get(name))
		}
	}
}

// list returns them, with the forms in which they could hide.
func (c *canaries) list() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]string{}
	for name, value := range c.found {
		all[name] = value
		if escaped := url.QueryEscape(value); escaped != value {
			all[name+", escaped"] = escaped
		}
	}
	return all
}

// token is a whole JWT: with a signature.
var token = regexp.MustCompile(`eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}`)

// scan names what of the canaries is in the text.
func (c *canaries) scan(content string) (hits []string) {
	for name, canary := range c.list() {
		if strings.Contains(content, canary) {
			hits = append(hits, name)
		}
	}
	if found := token.FindString(content); found != "" {
		hits = append(hits, "a token: "+found[:12]+"…")
	}
	return hits
}

// memories looks for texts in all memory of WebAssembly that the page has, and returns those that are there.
func (b *browser) memories(needles map[string]string) (hits []string) {
	b.t.Helper()
	prototype := send(b, runtime.Evaluate, runtime.EvaluateParams{Expression: `WebAssembly.Memory.prototype`})
	all := send(b, runtime.QueryObjects, runtime.QueryObjectsParams{PrototypeObjectID: prototype.Result.ObjectID})
	encoded, err := json.Marshal(needles)
	if err != nil {
		b.t.Fatal(err)
	}
	const search = `function(needles) {
		const hits = [], token = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/
		for (const memory of this) {
			const content = new TextDecoder("latin1").decode(new Uint8Array(memory.buffer))
			for (const [name, needle] of Object.entries(JSON.parse(needles))) if (content.includes(needle)) hits.push(name)
			if (token.test(content)) hits.push("a token")
		}
		return JSON.stringify({memories: this.length, hits})
	}`
	argument, _ := json.Marshal(string(encoded)) // a string
	answer := send(b, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
		FunctionDeclaration: search, ObjectID: all.Objects.ObjectID, ReturnByValue: new(true),
		Arguments: []*runtime.CallArgument{{Value: argument}},
	})
	var found struct {
		Memories int
		Hits     []string
	}
	var text string
	if json.Unmarshal(answer.Result.Value, &text) != nil || json.Unmarshal([]byte(text), &found) != nil || found.Memories == 0 {
		b.fail("no memory was searched: %s", answer.Result.Value)
	}
	return found.Hits
}

// streamed reads what the trace's stream sends at once.
const streamed = `
	const answer = await fetch("/bff/trace"), reader = answer.body.getReader(), decoder = new TextDecoder()
	let content = ""
	for (;;) {
		const got = await Promise.race([reader.read(), new Promise((resolve) => setTimeout(resolve, 1500))])
		if (!got || got.done) break
		content += decoder.decode(got.value, {stream: true})
	}
	await reader.cancel()
	return content`

func TestInspectorHoldsNoSecret(t *testing.T) {
	p := start(t)
	b := open(t)
	secrets := &canaries{found: map[string]string{}}
	if err := chromedp.Listen(b.ctx, secrets.watch); err != nil {
		t.Fatal(err)
	}
	enter(b, p)
	openInspector(b, p)
	b.click(component.IDWatchCall)
	b.see(component.IDStatus, text.Say.Called)
	b.click(component.IDWatchRefresh)
	b.see(component.IDStatus, text.Say.StatusRefreshed)
	secrets.add("password", "wonderland")
	for _, cookie := range send(b, storage.GetCookies, storage.GetCookiesParams{}).Cookies {
		secrets.add("cookie "+cookie.Name, cookie.Value)
	}
	secret, err := os.ReadFile(filepath.Join(p.data, "secrets", "client.secret"))
	if err != nil {
		t.Fatal(err)
	}
	secrets.add("client secret", strings.TrimSpace(string(secret)))
	for _, name := range []string{"code", "state", "password", "client secret", "cookie __Host-Http-cloakroom"} {
		if secrets.list()[name] == "" {
			t.Errorf("the test does not know the %s", name)
		}
	}

	// Everything that can be opened is open once.
	for _, kind := range []api.FlowKind{api.FlowAPICall, api.FlowRefresh, api.FlowSignIn} {
		b.flow(kind)
		for n := range evaluate[int](b, `document.querySelectorAll("button.message-head").length`) {
			evaluate[bool](b, fmt.Sprintf(`(document.querySelectorAll("button.message-head")[%d].click(), true)`, n))
			b.wait("it is open", fmt.Sprintf(`document.querySelectorAll("button.message-head")[%d].getAttribute("aria-expanded") === "true"`, n))
			if hits := secrets.scan(evaluate[string](b, `document.documentElement.outerHTML + location.href`)); len(hits) > 0 {
				t.Errorf("the page shows %q", hits)
			}
		}
	}
	stream := run(b, streamed)
	if !strings.Contains(stream, "event: trace") {
		t.Fatalf("the stream is %q", stream)
	}
	if hits := secrets.scan(stream); len(hits) > 0 {
		t.Errorf("the stream has %q", hits)
	}
	folder := b.downloads()
	for form, name := range map[string]string{"json": "cloakroom-trace.json", "har": "cloakroom.har", "mermaid": "cloakroom.mmd", "curl": "cloakroom.sh"} {
		b.click("export-" + form)
		if hits := secrets.scan(string(saved(t, folder, name))); len(hits) > 0 {
			t.Errorf("%s has %q", name, hits)
		}
	}
	if hits := secrets.scan(p.log.String()); len(hits) > 0 {
		t.Errorf("the log has %q", hits)
	}
	if hits := b.memories(secrets.list()); len(hits) > 0 {
		t.Errorf("the program's memory has %q", hits)
	}

	// The control: what the page does know is found, wherever it is looked for.
	evaluate[bool](b, fmt.Sprintf(`(document.getElementById(%q).click(), true)`, b.message("/oauth2/par")))
	b.wait("a reference is shown", `!!document.querySelector(".ref")`)
	reference := evaluate[string](b, `document.querySelector(".ref").textContent.split(" ").at(-1)`)
	known := &canaries{found: map[string]string{"a reference": reference + `"`, "a name": text.Say.InspectorHeading}}
	if len(known.scan(evaluate[string](b, `document.documentElement.outerHTML`))) == 0 || len(known.scan(stream)) == 0 ||
		len(known.scan(string(saved(t, folder, "cloakroom-trace.json")))) == 0 || len(b.memories(known.list())) == 0 {
		t.Error("the search finds nothing at all")
	}
	if len(known.scan("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlIG9mIHRoZSB0b2tlbg")) == 0 {
		t.Error("a whole token is not found")
	}
}
