//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"cloakroom/app/text"
	"cloakroom/app/text/english"
)

func init() { text.Say = &english.Words }

// patience bounds a wait for something that has to appear on a page.
const patience = 30 * time.Second

// browser is one fresh profile of headless Chromium that notes what a user's console would show.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
	hosts    map[string]bool
}

// open starts Chromium. A test that ends with an error on the console, or a request to another host than localhost, fails.
func open(t *testing.T, options ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	options = append([]chromedp.ExecAllocatorOption{
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900),
	}, options...)
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	b := &browser{t: t, ctx: ctx, hosts: map[string]bool{}}
	t.Cleanup(func() {
		b.report()
		end()
		endAllocator()
	})
	if err := chromedp.Listen(ctx, b.note); err != nil { // starts Chromium
		t.Fatal(err)
	}
	for _, enable := range []cdp.Command[cdp.Empty, cdp.Empty]{cdplog.Enable, runtime.Enable} {
		send(b, enable, cdp.Empty{})
	}
	send(b, network.Enable, network.EnableParams{})
	return b
}

func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning {
			b.problems = append(b.problems, fmt.Sprintf("console %s: %s", event.Type, arguments(event)))
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+event.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		if event.Entry.Level == cdplog.EntryLevelError {
			b.problems = append(b.problems, fmt.Sprintf("log: %s %s", event.Entry.Text, event.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		if target, err := url.Parse(event.Request.URL); err == nil && target.Scheme != "data" {
			b.hosts[target.Hostname()] = true
		}
	}
}

func arguments(event *runtime.EventConsoleAPICalled) string {
	var words []string
	for _, argument := range event.Args {
		words = append(words, string(argument.Value)+argument.Description)
	}
	return strings.Join(words, " ")
}

// forgive drops the problems that contain the text: those that the test itself provoked.
func (b *browser) forgive(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = slices.DeleteFunc(b.problems, func(problem string) bool { return strings.Contains(problem, text) })
}

func (b *browser) report() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.t.Error(problem)
	}
	delete(b.hosts, "localhost")
	for host := range b.hosts {
		b.t.Errorf("a request went to %q", host)
	}
}

// bounded is the time that one action may take.
func (b *browser) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, patience)
}

// do runs an action within patience; name says what was tried.
func (b *browser) do(name string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.bounded()
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		b.fail("%s: %v", name, err)
	}
}

// send sends one command of the protocol.
func send[P, R any](b *browser, command cdp.Command[P, R], parameters P) R {
	b.t.Helper()
	ctx, cancel := b.bounded()
	defer cancel()
	result, err := chromedp.Call(ctx, command, parameters)
	if err != nil {
		b.fail("%s: %v", command.Method, err)
	}
	return result
}

// fail ends the test with a picture of what the browser shows.
func (b *browser) fail(format string, args ...any) {
	b.t.Helper()
	b.shot("failed")
	b.t.Fatalf("%s\nat %s\n%s", fmt.Sprintf(format, args...), b.location(), b.text("body"))
}

// wait repeats a script until it answers true. Unlike chromedp's polling it survives a navigation.
func (b *browser) wait(name, condition string) {
	b.t.Helper()
	b.waitFor(patience, name, condition)
}

func (b *browser) waitFor(patience time.Duration, name, condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := b.bounded()
		met, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition))
		cancel()
		if err == nil && met {
			return
		}
		if time.Now().After(deadline) {
			b.fail("%s: not so (%v)", name, err)
		}
	}
}

func (b *browser) visit(address string) {
	b.t.Helper()
	b.do("visit "+address, chromedp.Navigate(address))
}

// back goes one page back, as the button does. The page that asks for it may be gone before it can answer.
func (b *browser) back() {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	_, _ = chromedp.Run(ctx, chromedp.Evaluate[bool](`(history.back(), true)`))
	time.Sleep(100 * time.Millisecond) // the navigation begins after the script that asked for it
}

// click presses the mouse on the middle of the element, once the app is not about to replace it and it stands still. It goes by
// what is on the screen, not by nodes: a page that comes back from the back/forward cache has others.
func (b *browser) click(id string) {
	b.t.Helper()
	b.see(id, "")
	b.wait("the app has started", `document.documentElement.dataset.app !== "loading"`)
	var middle []float64
	deadline := time.Now().Add(patience)
	for last := []float64(nil); middle == nil || !slices.Equal(middle, last); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.fail("click %s: it does not stand still, or is gone", id)
		}
		last, middle = middle, evaluate[[]float64](b, fmt.Sprintf(`(() => {
			const e = document.getElementById(%q)
			if (!e) return null // for the moment in which it is drawn anew
			e.scrollIntoView({block: "center", behavior: "instant"})
			const r = e.getBoundingClientRect()
			return [r.x + r.width / 2, r.y + r.height / 2]
		})()`, id))
	}
	b.do("click "+id, chromedp.MouseClickXY(middle[0], middle[1]))
}

// fill types the text into an emptied field.
func (b *browser) fill(id, text string) {
	b.t.Helper()
	b.see(id, "")
	evaluate[bool](b, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = ""; e.focus(); return true })()`, id))
	b.do("fill "+id, chromedp.KeyEvent(text))
}

// see waits until the element is visible and contains the text.
func (b *browser) see(id, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("see %q in #%s", text, id),
		fmt.Sprintf(`(() => { const e = document.getElementById(%q); return !!e && e.checkVisibility() && e.textContent.includes(%q) })()`, id, text))
}

// gone waits until no element with the id is visible.
func (b *browser) gone(id string) {
	b.t.Helper()
	b.wait("gone #"+id,
		fmt.Sprintf(`(() => { const e = document.getElementById(%q); return document.readyState === "complete" && (!e || !e.checkVisibility()) })()`, id))
}

// arrive waits until the page's address has the prefix and the page is complete.
func (b *browser) arrive(prefix string) {
	b.t.Helper()
	b.wait("arrive at "+prefix, fmt.Sprintf(`location.href.startsWith(%q) && document.readyState === "complete"`, prefix))
}

func (b *browser) location() string { return read(b, chromedp.Location()) }

func (b *browser) text(selector string) string {
	return read(b, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).innerText`, selector)))
}

// read runs an action for its value; a page that has none answers the zero value.
func read[T any](b *browser, action chromedp.Action[T]) T {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	value, _ := chromedp.Run(ctx, action)
	return value
}

func evaluate[T any](b *browser, script string) T {
	b.t.Helper()
	ctx, cancel := b.bounded()
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.fail("evaluate %s: %v", script, err)
	}
	return value
}

// shots takes the page in light and dark, wide and 320 px.
func (b *browser) shots(name string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 320} {
			send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			send(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
			b.fits(width)
			b.shot(fmt.Sprintf("%s-%s-%d", name, scheme, width))
		}
	}
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	send(b, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
}

// fits fails when the page scrolls sideways (WCAG 2.2 §1.4.10).
func (b *browser) fits(width int64) {
	b.t.Helper()
	if needed := evaluate[int64](b, `document.documentElement.scrollWidth`); needed > width {
		b.t.Errorf("%s is %d px wide on a screen of %d px", b.location(), needed, width)
	}
}

func (b *browser) shot(name string) {
	b.t.Helper()
	ctx, cancel := b.bounded() // a long page takes its time
	defer cancel()
	picture, _ := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if len(picture) == 0 {
		b.t.Logf("no screenshot %s", name)
		return
	}
	folder := filepath.Join("..", "..", ".screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	test := strings.ReplaceAll(b.t.Name(), "/", "-")
	if err := os.WriteFile(filepath.Join(folder, test+"-"+name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
