package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience bounds a wait; it is no measure.
const patience = time.Minute

// browser is one Chromium. Each measurement has a profile of its own in it, with an empty cache.
type browser struct {
	ctx     context.Context
	endings []func()
}

func open(ctx context.Context) (*browser, error) {
	profile, err := os.MkdirTemp("", "page")
	if err != nil {
		return nil, err
	}
	allocator, end := chromedp.NewExecAllocator(ctx, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900))
	first, cancel := chromedp.NewContext(allocator)
	b := &browser{ctx: first, endings: []func(){cancel, end, func() { _ = os.RemoveAll(profile) }}}
	return b, chromedp.Do(first, chromedp.Navigate("about:blank")) // starts it
}

func (b *browser) close() {
	for _, end := range b.endings {
		end()
	}
}

// line is a network; the zero value is this machine's own.
type line struct {
	bits    float64 // per second, each way
	latency time.Duration
}

// conditions are the parameters of Network.emulateNetworkConditions.
type conditions struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"` // milliseconds
	Download float64 `json:"downloadThroughput"`
	Upload   float64 `json:"uploadThroughput"` // bytes per second
}

var emulate = cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// visited is how long after the navigation began something was so.
type visited struct {
	painted     time.Duration // the first content: that of the prerendered page
	interactive time.Duration // the app has taken over and knows that nobody is signed in
	parts       parts         // what came before
}

const (
	// idle is how long a browser that has just opened a window is left alone before a visit: what is measured is the page.
	idle = time.Second
	// reading is how long somebody who comes again has looked at the page before: long enough for the browser to keep what it
	// compiled.
	reading = 5 * time.Second
)

// clock notes when the app runs and its status says that it has asked.
const clock = `(() => {
	const look = () => {
		const status = document.getElementById("status")
		if (document.documentElement.dataset.app === "running" && status && status.textContent === "You are not signed in.") {
			window.interactiveAt ??= performance.now()
			watch.disconnect()
		}
	}
	const watch = new MutationObserver(look)
	watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true})
})()`

const measured = `(() => {
	const paint = performance.getEntriesByName("first-contentful-paint")[0]
	return paint && window.interactiveAt ? [paint.startTime, window.interactiveAt] : []
})()`

// visit goes to the address as often as it says, with one cache that is empty at first.
func (b *browser) visit(address string, over line, times int) ([]visited, error) {
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	defer cancel()
	ctx, done := context.WithTimeout(ctx, time.Duration(times)*patience)
	defer done()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: clock}); err != nil {
		return nil, err
	}
	if over != (line{}) {
		if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
			return nil, err
		}
		limits := conditions{Latency: float64(over.latency.Milliseconds()), Download: over.bits / 8, Upload: over.bits / 8}
		if _, err := chromedp.Call(ctx, emulate, limits); err != nil {
			return nil, err
		}
	}
	var visits []visited
	for again := range times {
		time.Sleep([]time.Duration{idle, reading}[min(again, 1)])
		if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
			return nil, err
		}
		at, err := waitFor(ctx, measured, func(times []float64) bool { return len(times) == 2 })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
		before, err := chromedp.Run(ctx, chromedp.Evaluate[parts](timings))
		if err != nil {
			return nil, err
		}
		visits = append(visits, visited{milliseconds(at[0]), milliseconds(at[1]), before})
	}
	return visits, nil
}

func milliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// waitFor repeats a script until its value is the one that is waited for.
func waitFor[T any](ctx context.Context, script string, holds func(T) bool) (value T, err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if value, err = chromedp.Run(ctx, chromedp.Evaluate[T](script)); err == nil && holds(value) {
			return value, nil
		}
	}
	return value, fmt.Errorf("not so within %s: %w", patience, err)
}
