//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// spaced is the text spacing that a user may set (WCAG 2.2 §1.4.12), and a style sheet more.
func (b *browser) spaced(more string) {
	b.t.Helper()
	evaluate[bool](b, `(() => {
		const sheet = new CSSStyleSheet()
		sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important } `+more+`")
		document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
		return true
	})()`)
}

func TestEveryScreenFitsWithTheTextSpacingOfTheUser(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	narrow := emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 900, DeviceScaleFactor: 1}
	send(b, emulation.SetDeviceMetricsOverride, narrow)
	for screen, there := range map[string]string{"/": component.IDNotes, "/session": component.IDSessions, "/inspector": component.IDFiles, "/build": component.IDMain} {
		b.visit(p.origin + screen)
		running(b)
		b.see(there, "")
		if height := evaluate[float64](b, `document.querySelector(".nav").offsetHeight`); height > 60 {
			t.Errorf("%s: without it the navigation has more than one line: %v px", screen, height)
		}
		b.spaced("")
		b.fits(320)
		b.shot("spaced" + strings.ReplaceAll(screen, "/", "-"))
	}
	b.spaced(".nav { flex-wrap: nowrap !important }") // the control
	if width := evaluate[int64](b, `document.documentElement.scrollWidth`); width <= 320 {
		t.Errorf("a line that cannot break takes %d px", width)
	}
}

// Letters of twice the size on a narrow screen are what a telephone has whose user wants them large.
func TestEveryScreenFitsWithLettersOfTwiceTheSize(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	send(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 900, DeviceScaleFactor: 1})
	for screen, there := range map[string]string{"/": component.IDNotes, "/session": component.IDSessions, "/inspector": component.IDFiles, "/build": component.IDMain} {
		b.visit(p.origin + screen)
		running(b)
		b.see(there, "")
		before := evaluate[float64](b, `document.querySelector("h1").offsetHeight`)
		b.spaced("html { font-size: 200% }")
		if after := evaluate[float64](b, `document.querySelector("h1").offsetHeight`); after < 2*before {
			t.Errorf("%s: the heading has %v px after %v", screen, after, before)
		}
		b.fits(320)
		b.shot("large" + strings.ReplaceAll(screen, "/", "-"))
	}
}

func TestLongNamesOfAFileAreShownToTheirEnd(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/inspector")
	running(b)
	b.see("status", text.Say.StatusSignedOut)
	content, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	long := "X" + strings.Repeat("a", 110)
	content = bytes.ReplaceAll(content, []byte(`"name": "grant_type"`), []byte(`"name": "`+long+`"`))
	if !json.Valid(content) || !bytes.Contains(content, []byte(long)) {
		t.Fatal("the recorded trace has no grant_type")
	}
	path := filepath.Join(t.TempDir(), "long.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	b.choose(component.IDOpenFile, path)
	b.see(component.IDStream, text.Say.TraceFile)
	b.click(b.message("oauth2/token"))
	b.wait("the name is there", `[...document.querySelectorAll(".values th code")].some((e) => e.textContent === "`+long+`")`)
	if cut := evaluate[int](b, `document.querySelector(".values").scrollWidth - document.querySelector(".messages").clientWidth`); cut > 0 {
		t.Errorf("%d px of the values are cut off", cut)
	}
}
