//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"

	"cloakroom/scripts/interop"
)

// axeFolder has the pinned accessibility checker; npm ci installs exactly what its lockfile says.
const axeFolder = "../axe"

// axeSource is the checker's script, installed when it is not there.
var axeSource = sync.OnceValues(func() (string, error) {
	if err := interop.Install(context.Background(), axeFolder, os.Stderr); err != nil {
		return "", err
	}
	source, err := os.ReadFile(filepath.Join(axeFolder, "node_modules", "axe-core", "axe.min.js"))
	return string(source), err
})

// finding is one rule that a page breaks.
type finding struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// rules are WCAG 2.2 A and AA, and what axe calls best practice.
const rules = `{runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`

// axe checks the page as it is. The script goes in by the debugger, so that the page's policy does not stand in its way.
func (b *browser) axe() []finding {
	b.t.Helper()
	source, err := axeSource()
	if err != nil {
		b.t.Fatalf("install axe-core: %v", err)
	}
	send(b, runtime.Evaluate, runtime.EvaluateParams{Expression: source + "\n;undefined"})
	answer := send(b, runtime.Evaluate, runtime.EvaluateParams{
		Expression:   `axe.run(document, ` + rules + `).then((found) => JSON.stringify(found.violations))`,
		AwaitPromise: new(true), ReturnByValue: new(true),
	})
	if answer.ExceptionDetails != nil {
		b.fail("axe: %s", answer.ExceptionDetails.Text)
	}
	var encoded string
	var found []finding
	if err := json.Unmarshal(answer.Result.Value, &encoded); err != nil {
		b.fail("axe answered %s: %v", answer.Result.Value, err)
	}
	if err := json.Unmarshal([]byte(encoded), &found); err != nil {
		b.fail("axe found %s: %v", encoded, err)
	}
	return found
}

// looks photographs the page in light and dark, wide and narrow, and fails for everything that axe finds in either scheme.
func (b *browser) looks(name string) {
	b.t.Helper()
	b.shots(name)
	for _, scheme := range []string{"light", "dark"} {
		send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		for _, found := range b.axe() {
			b.t.Errorf("%s, %s: %s (%s): %s", name, scheme, found.ID, found.Impact, found.Help)
			for _, node := range found.Nodes {
				b.t.Logf("  %s\n  %s", node.HTML, strings.ReplaceAll(node.Summary, "\n", "\n  "))
			}
		}
	}
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	send(b, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
}

func TestTheAccessibilityCheckFindsWhatIsWrong(t *testing.T) { // the control of every other use of axe
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/no/such/page")
	b.forgive("404")
	if found := b.axe(); len(found) != 0 {
		t.Errorf("axe finds %+v", found)
	}
	evaluate[bool](b, `(() => { document.querySelector("main").append(document.createElement("input")); return true })()`)
	found := b.axe()
	if len(found) != 1 || found[0].ID != "label" {
		t.Errorf("axe finds %+v for a field without a label", found)
	}
}
