package brand

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Colour is #rrggbb, in sRGB.
type Colour string

var colourPattern = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (c Colour) valid() bool { return colourPattern.MatchString(string(c)) }

func (c Colour) channels() [3]float64 {
	number, _ := strconv.ParseUint(string(c[1:]), 16, 32) // the pattern has been checked
	return [3]float64{float64(number >> 16 & 0xff), float64(number >> 8 & 0xff), float64(number & 0xff)}
}

// mix is the colour with a share of another.
func (c Colour) mix(other Colour, share float64) Colour {
	a, b := c.channels(), other.channels()
	var mixed [3]int
	for at := range mixed {
		mixed[at] = int(math.Round(a[at]*(1-share) + b[at]*share))
	}
	return Colour(fmt.Sprintf("#%02x%02x%02x", mixed[0], mixed[1], mixed[2]))
}

// luminance is the relative luminance of WCAG 2.2.
func (c Colour) luminance() float64 {
	var linear [3]float64
	for at, channel := range c.channels() {
		if value := channel / 255; value <= 0.04045 {
			linear[at] = value / 12.92
		} else {
			linear[at] = math.Pow((value+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}

// Contrast is the contrast ratio of two valid colours, from 1 to 21 (WCAG 2.2).
func Contrast(a, b Colour) float64 {
	lighter, darker := max(a.luminance(), b.luminance()), min(a.luminance(), b.luminance())
	return (lighter + 0.05) / (darker + 0.05)
}
