package factor

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// Picture is a QR code as the path of a drawing: a module is one unit, and the quiet zone around is part of it.
type Picture struct {
	Size int
	Path string
}

const quietZone = 4 // ISO/IEC 18004 §9.1

// Draw draws a text as a QR code.
func Draw(text string) (Picture, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return Picture{}, fmt.Errorf("factor: draw QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quietZone, y+quietZone, run, run)
				x += run
			}
		}
	}
	return Picture{Size: code.Size + 2*quietZone, Path: path.String()}, nil
}
