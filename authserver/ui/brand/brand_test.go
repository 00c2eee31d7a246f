package brand

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestContrastIsThatOfWCAG(t *testing.T) {
	for _, row := range []struct {
		a, b Colour
		want float64
	}{
		{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#777777", "#ffffff", 4.48}, {"#767676", "#ffffff", 4.54}, {"#0000ff", "#ffffff", 8.59},
	} {
		if got := Contrast(row.a, row.b); math.Abs(got-row.want) > 0.005 || got != Contrast(row.b, row.a) {
			t.Errorf("%s on %s: %.3f, want %.2f", row.a, row.b, got, row.want)
		}
	}
}

func TestAccentThatCannotBeReadIsRefusedWithItsContrast(t *testing.T) {
	for _, row := range []struct {
		name  string
		brand Brand
		want  string
	}{
		{"legible", Brand{Accent: "#7a5200", AccentDark: "#e0b872"}, ""},
		{"none", Brand{}, ""},
		{"too light", Brand{Accent: "#e0b872", AccentDark: "#e0b872"}, "accent: #e0b872 has a contrast of 1.84:1 with the page's #fdfefc; text needs 4.5:1"},
		{"just too light", Brand{Accent: "#787878", AccentDark: "#e0b872"}, "accent: #787878 has a contrast of 4.3"},
		{"too dark in the dark", Brand{Accent: "#7a5200", AccentDark: "#7a5200"}, "accent_dark: #7a5200 has a contrast of"},
		{"one alone", Brand{Accent: "#7a5200"}, "accent and accent_dark need each other"},
		{"a name", Brand{Accent: "brown", AccentDark: "#e0b872"}, `accent: "brown" is not a colour`},
		{"an injection", Brand{Accent: "#7a5200;}*{", AccentDark: "#e0b872"}, "is not a colour"},
	} {
		var all []string
		for _, problem := range row.brand.Problems() {
			all = append(all, problem.Error())
		}
		said := strings.Join(all, "\n")
		if (row.want == "") != (said == "") || !strings.Contains(said, row.want) {
			t.Errorf("%s: %q", row.name, said)
		}
		if row.want != "" && len(row.brand.Style()) > 0 {
			t.Errorf("%s: has a style all the same", row.name)
		}
	}
}

// Whatever accent passes, everything that is written on it or with it is legible.
func TestEveryColourThatFollowsFromAnAccentIsLegible(t *testing.T) {
	property := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	passed := 0
	for red := 0; red < 256; red += 15 {
		for green := 0; green < 256; green += 15 {
			for blue := 0; blue < 256; blue += 51 {
				light := Colour("#" + hex(red) + hex(green) + hex(blue))
				b := Brand{Accent: light, AccentDark: light.mix("#ffffff", 0.65)}
				if len(b.Problems()) > 0 {
					continue
				}
				passed++
				for at, half := range strings.Split(string(b.Style()), "@media") {
					has := map[string]Colour{}
					for _, match := range property.FindAllStringSubmatch(half, -1) {
						has[match[1]] = Colour(match[2])
					}
					room, ink := []Colour{roomLight, roomDark}[at], []Colour{"#17211d", "#e6eee9"}[at]
					for _, pair := range [][2]Colour{
						{has["plate-ink"], has["plate"]},
						{has["plate-quiet"], has["plate"]},
						{has["accent-ink"], has["accent"]},
						{has["accent-ink"], has["accent-strong"]},
						{has["accent-strong"], room},
						{ink, has["done-wall"]},
					} {
						if ratio := Contrast(pair[0], pair[1]); ratio < legible {
							t.Fatalf("accent %s: %s on %s is %.2f:1", light, pair[0], pair[1], ratio)
						}
					}
				}
			}
		}
	}
	if passed < 100 {
		t.Errorf("only %d accents were tried", passed)
	}
}

func hex(value int) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[value>>4], digits[value&15]})
}

func TestColoursOfThePageAreThoseOfItsStyle(t *testing.T) {
	sheet, err := os.ReadFile("../asset/authserver.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(sheet), "prefers-color-scheme: dark")
	for name, values := range map[string][2]Colour{"room": {roomLight, roomDark}, "wall": {wallLight, wallDark}} {
		for at, half := range []string{light, dark} {
			if !strings.Contains(half, "--"+name+": "+string(values[at])+";") {
				t.Errorf("--%s is not %s in the style", name, values[at])
			}
		}
	}
	for _, line := range strings.Split(string(Brand{Accent: "#7a5200", AccentDark: "#e0b872"}.Style()), "\n") {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.HasPrefix(name, "--") && !strings.Contains(light, name+":") {
			t.Errorf("the page has no %s", name)
		}
	}
}

func TestLogoThatDoesMoreThanDrawIsRefused(t *testing.T) {
	const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">`
	var square, large bytes.Buffer
	if err := png.Encode(&square, image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&large, image.NewRGBA(image.Rect(0, 0, 1025, 8))); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, data, kind, want string }{
		{"a drawing", `<?xml version="1.0"?><!-- ours -->` + head + `<defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient></defs><path fill="url(#g)" d="M0 0h8v8z"/><title>Ours</title></svg>`, TypeSVG, ""},
		{"a PNG", square.String(), TypePNG, ""},
		{"a large PNG", large.String(), "", "1025 by 8 pixels"},
		{"half a PNG", square.String()[:12], "", "is not a PNG"},
		{"script", head + `<script>alert(1)</script></svg>`, "", "<script>"},
		{"script in another spelling", head + `<g><x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script></g></svg>`, "", "<script>"},
		{"HTML in it", head + `<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject></svg>`, "", "<foreignObject>"},
		{"an event", head + `<path onload="alert(1)" d="M0 0"/></svg>`, "", "onload"},
		{"an animation", head + `<animate attributeName="href" values="javascript:alert(1)"/></svg>`, "", "<animate>"},
		{"a picture of another host", head + `<image href="https://evil.example/x.png"/></svg>`, "", "<image>"},
		{"a link", head + `<a href="javascript:alert(1)"><path d="M0 0"/></a></svg>`, "", "<a>"},
		{"a reference", head + `<g xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="https://evil.example/"/></svg>`, "", "href"},
		{"a style", head + `<style>@import "https://evil.example/"</style></svg>`, "", "<style>"},
		{"an inline style", head + `<path style="fill:red" d="M0 0"/></svg>`, "", "style"},
		{"a paint of another host", head + `<path fill="url(https://evil.example/#p)" d="M0 0"/></svg>`, "", "leads elsewhere"},
		{"an entity", `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + head + `<title>&x;</title></svg>`, "", "document type"},
		{"a style sheet", `<?xml-stylesheet href="https://evil.example/"?>` + head + `</svg>`, "", "processing instruction"},
		{"of no namespace", `<svg><path d="M0 0"/></svg>`, "", "<svg>"},
		{"HTML", `<html><body>hello</body></html>`, "", "neither"},
		{"a GIF", "GIF89a....", "", "neither"},
		{"nothing", "", "", "neither"},
		{"too much", head + strings.Repeat(" ", maxLogo) + `</svg>`, "", "more than"},
	} {
		kind, err := LogoType([]byte(row.data))
		if row.want == "" && (err != nil || kind != row.kind) {
			t.Errorf("%s: %q %v", row.name, kind, err)
		}
		if row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
