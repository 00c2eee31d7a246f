//go:build !js

package shell

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var declaration = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)

// palettes reads the colours of web/app.css, light and dark.
func palettes(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	source, err := os.ReadFile("../../web/app.css")
	if err != nil {
		t.Fatal(err)
	}
	lightSource, darkSource, found := strings.Cut(string(source), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("web/app.css has no dark scheme")
	}
	light, dark = map[string]string{}, map[string]string{}
	for _, match := range declaration.FindAllStringSubmatch(lightSource, -1) {
		light[match[1]], dark[match[1]] = match[2], match[2]
	}
	for _, match := range declaration.FindAllStringSubmatch(darkSource, -1) {
		dark[match[1]] = match[2]
	}
	return light, dark
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	value, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	linear := func(shift int) float64 {
		channel := float64(value>>shift&0xff) / 255
		if channel <= 0.04045 {
			return channel / 12.92
		}
		return math.Pow((channel+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	brighter, darker := luminance(t, a), luminance(t, b)
	if brighter < darker {
		brighter, darker = darker, brighter
	}
	return (brighter + 0.05) / (darker + 0.05)
}

func TestColoursHaveTheContrastThatWCAGAsks(t *testing.T) {
	const text, part = 4.5, 3 // WCAG 2.2 §1.4.3 and §1.4.11
	rows := []struct {
		front, back string
		least       float64
	}{
		{"ink", "paper", text},
		{"ink", "paper-raised", text},
		{"ink", "accent-wash", text},
		{"ink", "paper-sunken", text},
		{"ink-soft", "paper", text},
		{"ink-soft", "paper-raised", text},
		{"accent", "paper", text},
		{"accent", "accent-wash", text},
		{"accent-strong", "paper", text},
		{"accent-strong", "accent-wash", text},
		{"on-accent", "accent", text},
		{"on-accent", "accent-strong", text},
		{"line-strong", "paper", part},
		{"line-strong", "paper-raised", part},
		{"good", "paper", part},
		{"good", "paper-raised", text},
		{"ink", "code", text},
		{"ink", "server-wash", text},
		{"ink-soft", "accent-wash", text},
		{"browser", "paper-raised", part},
		{"server", "paper-raised", part},
		{"as", "paper-raised", part},
		{"api", "paper-raised", part},
		{"accent", "paper-raised", text},
	}
	light, dark := palettes(t)
	for scheme, palette := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, row := range rows {
			if got := contrast(t, palette[row.front], palette[row.back]); got < row.least {
				t.Errorf("%s: %s on %s has %.2f, want %.1f", scheme, row.front, row.back, got, row.least)
			}
		}
	}
	// The control: grey on grey is found wanting.
	if contrast(t, "#888888", "#999999") >= part {
		t.Error("the measure finds everything readable")
	}
}

func TestDocumentHasTheColourOfThePaper(t *testing.T) {
	light, dark := palettes(t)
	if light["paper"] != paperLight || dark["paper"] != paperDark {
		t.Errorf("the document says %s and %s, web/app.css %s and %s", paperLight, paperDark, light["paper"], dark["paper"])
	}
}

func TestStyleSheetLoadsNothing(t *testing.T) {
	source, err := os.ReadFile("../../web/app.css")
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`url\(|@import|@font-face`).Find(source); found != nil {
		t.Errorf("web/app.css has %s", found)
	}
}
