// Package brand owns how a workspace looks: its logo and its accent, checked when the server starts, and the style that follows from
// them. It owns neither the pages nor the rest of their colours.
//
// Start with [Brand].
package brand

import (
	"errors"
	"fmt"
	"strings"
)

// Brand is a workspace's own look. What is empty is the server's.
type Brand struct {
	// LogoFile names an SVG or PNG file, which is read at the start: 64 kB and 1024 pixels a side at most. It is shown on white.
	LogoFile string `yaml:"logo_file"`
	// Accent colours the plate on top of each page, buttons and links, #rrggbb. It has to be legible on the page (WCAG 2.2 §1.4.3).
	Accent Colour `yaml:"accent"`
	// AccentDark is the accent for users who prefer dark pages. The two belong together.
	AccentDark Colour `yaml:"accent_dark"`

	// Logo is what LogoFile has, once it is read.
	Logo []byte `yaml:"-"`
}

// The page's colours that an accent has to stand out from. They are those of authserver.css, and a test compares them.
const (
	roomLight, wallLight Colour = "#fdfefc", "#e9ede9"
	roomDark, wallDark   Colour = "#171f1c", "#0e1412"
	inkLight, inkDark    Colour = "#ffffff", "#0b1410"
)

const (
	legible = 4.5 // WCAG 2.2 §1.4.3, of text
	visible = 3   // §1.4.11, of what is not text
)

// Problems lists what is wrong with the brand.
func (b Brand) Problems() []error {
	var problems []error
	if (b.Accent == "") != (b.AccentDark == "") {
		problems = append(problems, errors.New("brand: accent and accent_dark need each other"))
	}
	for _, check := range []struct {
		key        string
		accent     Colour
		room, wall Colour
	}{
		{"accent", b.Accent, roomLight, wallLight},
		{"accent_dark", b.AccentDark, roomDark, wallDark},
	} {
		if check.accent == "" {
			continue
		}
		if !check.accent.valid() {
			problems = append(problems, fmt.Errorf("brand: %s: %q is not a colour like #1d5c4b", check.key, check.accent))
			continue
		}
		if ratio := Contrast(check.accent, check.room); ratio < legible {
			problems = append(problems, fmt.Errorf("brand: %s: %s has a contrast of %.2f:1 with the page's %s; text needs %.1f:1 (WCAG 2.2 §1.4.3)",
				check.key, check.accent, ratio, check.room, float64(legible)))
		}
		if ratio := Contrast(check.accent, check.wall); ratio < visible {
			problems = append(problems, fmt.Errorf("brand: %s: %s has a contrast of %.2f:1 with the page's %s; the focus ring needs %d:1 (WCAG 2.2 §1.4.11)",
				check.key, check.accent, ratio, check.wall, visible))
		}
	}
	return problems
}

// Style is the style sheet of the brand's colours, empty when it has none. It only has what [Brand.Problems] has checked.
func (b Brand) Style() []byte {
	if b.Accent == "" || len(b.Problems()) > 0 {
		return nil
	}
	night := b.Accent.mix("#000000", 0.35)
	day := variables(b.Accent, b.Accent, b.Accent.mix("#000000", 0.25), roomLight)
	dark := variables(b.AccentDark, night, b.AccentDark.mix("#ffffff", 0.3), roomDark)
	return []byte(":root {\n" + day + "}\n\n@media (prefers-color-scheme: dark) {\n:root {\n" + dark + "}\n}\n")
}

// variables are the custom properties of authserver.css that are the brand's.
func variables(accent, plate, strong, room Colour) string {
	var sheet strings.Builder
	for _, property := range []struct {
		name  string
		value Colour
	}{
		{"plate", plate},
		{"plate-ink", inkOn(plate)},
		{"plate-quiet", quietOn(plate)},
		{"accent", accent},
		{"accent-strong", strong},
		{"accent-ink", inkOn(accent)},
		{"ring", accent},
		{"done-wall", room.mix(accent, 0.12)},
	} {
		fmt.Fprintf(&sheet, "  --%s: %s;\n", property.name, property.value)
	}
	return sheet.String()
}

// inkOn is what is written with on a colour: of light and dark ink the more legible one. One of them always is legible.
func inkOn(ground Colour) Colour {
	if Contrast(inkLight, ground) >= Contrast(inkDark, ground) {
		return inkLight
	}
	return inkDark
}

// quietOn is a quieter ink, as long as it is legible.
func quietOn(ground Colour) Colour {
	for share := 0.2; share > 0; share -= 0.05 {
		if quiet := inkOn(ground).mix(ground, share); Contrast(quiet, ground) >= legible {
			return quiet
		}
	}
	return inkOn(ground)
}
