//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"image/png"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// line is the parameters of Network.emulateNetworkConditions.
type line struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"`            // milliseconds
	Download float64 `json:"downloadThroughput"` // bytes per second
	Upload   float64 `json:"uploadThroughput"`   // bytes per second
}

var emulateLine = cdp.Command[line, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// bar notes what the bar showed, for as long as it could be seen: -1 is that something is going on.
const bar = `window.bar = [];
document.addEventListener("DOMContentLoaded", () => {
  const loading = document.getElementById("loading");
  new MutationObserver(() => {
    if (getComputedStyle(loading).visibility === "visible") window.bar.push(loading.matches(":indeterminate") ? -1 : loading.value);
  }).observe(loading, {attributes: true});
});`

// answersAfter is how a browser tells the time to a server: what emulates lines here is not in its measures, and what a busy machine
// takes is.
func answersAfter(milliseconds int) string {
	return fmt.Sprintf(`const entries = performance.getEntriesByType.bind(performance);
performance.getEntriesByType = (type) => type === "navigation" ? [{requestStart: 10, responseStart: 10 + %d}] : entries(type);`, milliseconds)
}

func TestBarSaysHowFarTheDownloadIsAndMovesNothing(t *testing.T) {
	p := start(t)
	for name, row := range map[string]struct {
		script string
		grows  bool
	}{
		"a server that is far":                {answersAfter(60), true},
		"a near one, and a line with no room": {answersAfter(1), false},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			send(b, page.Enable, page.EnableParams{})
			send(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: shifts + bar + row.script})
			send(b, network.Enable, network.EnableParams{})
			const narrow = 5e6 / 8 // bytes per second: the bundle takes longer than a blink
			send(b, emulateLine, line{Download: narrow, Upload: narrow})
			b.visit(p.origin + "/")
			running(b)
			shown := evaluate[[]float64](b, `bar`)
			if row.grows && (len(shown) < 3 || !slices.IsSorted(shown) || shown[0] <= 0 || shown[len(shown)-1] > 100) {
				t.Errorf("the bar showed %v", shown)
			}
			if row.grows { // the app may run before the last piece is counted
				b.wait("the bar is full", `document.getElementById("loading").value === 100`)
			}
			if !row.grows && !slices.Equal(shown, []float64{-1}) {
				t.Errorf("the bar showed %v, and not only that something is going on", shown)
			}
			b.wait("the bar is gone", `getComputedStyle(document.getElementById("loading")).visibility === "hidden"`)
			if moved := evaluate[float64](b, `shifted`); moved >= 0.02 {
				t.Errorf("%.3f moved: %s", moved, evaluate[string](b, `moved.join(", ")`))
			}
		})
	}
}

func TestBarIsSeenInForcedColours(t *testing.T) {
	p := start(t)
	for name, row := range map[string]struct {
		script, begun string
		x             int // somewhere on the bar
	}{
		"a server that is far": {answersAfter(60), `loading.value > 5`, 10},
		"a near one":           {answersAfter(1), `loading.matches(":indeterminate")`, 640},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}, {Name: "prefers-reduced-motion", Value: "reduce"}},
			})
			b.pretend(row.script)
			send(b, network.Enable, network.EnableParams{})
			send(b, emulateLine, line{Download: 2e5, Upload: 2e5}) // the download is still going on when it is looked at
			go func() { _ = chromedp.Do(b.ctx, chromedp.Navigate(p.origin+"/")) }()
			b.wait("the bar is there", `typeof loading === "object" && getComputedStyle(loading).visibility === "visible" && `+row.begun)
			shot, err := png.Decode(bytes.NewReader(read(b, chromedp.CaptureScreenshot())))
			if err != nil {
				b.fail("the screenshot: %v", err)
			}
			if bar, page := shot.At(row.x, 1), shot.At(row.x, 8); bar == page {
				t.Errorf("the bar is of the page's colour, %v", bar)
			}
		})
	}
}
