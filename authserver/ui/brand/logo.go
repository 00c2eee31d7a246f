package brand

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"strings"
)

const (
	maxLogo       = 64 << 10
	maxLogoPixels = 1024
)

// The kinds of logos.
const (
	TypeSVG = "image/svg+xml"
	TypePNG = "image/png"
)

// LogoType says what a logo is, and refuses what is no picture, or more than one: an SVG that could run script, load something, or
// show what is not its own. It is served as a picture, under a policy that would stop all of that too.
func LogoType(data []byte) (string, error) {
	if len(data) > maxLogo {
		return "", fmt.Errorf("has more than %d bytes", maxLogo)
	}
	if bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) {
		header, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return "", fmt.Errorf("is not a PNG: %w", err)
		}
		if header.Width > maxLogoPixels || header.Height > maxLogoPixels {
			return "", fmt.Errorf("is %d by %d pixels; %d a side are allowed", header.Width, header.Height, maxLogoPixels)
		}
		return TypePNG, nil
	}
	return TypeSVG, checkSVG(data)
}

const svgSpace = "http://www.w3.org/2000/svg"

// svgElements draw, and do nothing else.
var svgElements = map[string]bool{
	"svg": true, "g": true, "path": true, "circle": true, "ellipse": true, "rect": true, "line": true, "polyline": true, "polygon": true,
	"defs": true, "linearGradient": true, "radialGradient": true, "stop": true, "clipPath": true, "mask": true, "title": true, "desc": true,
}

func checkSVG(data []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	decoder.Entity = map[string]string{}
	seen := false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("is neither an SVG nor a PNG: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !seen && token.Name.Local != "svg" {
				return fmt.Errorf("is neither an SVG nor a PNG: it begins with <%s>", token.Name.Local)
			}
			seen = true
			if err := checkElement(token); err != nil {
				return err
			}
		case xml.Directive:
			return errors.New("is an SVG with a document type")
		case xml.ProcInst:
			if token.Target != "xml" {
				return fmt.Errorf("is an SVG with the processing instruction %q", token.Target)
			}
		}
	}
	if !seen {
		return errors.New("is neither an SVG nor a PNG")
	}
	return nil
}

func checkElement(element xml.StartElement) error {
	if element.Name.Space != svgSpace || !svgElements[element.Name.Local] {
		return fmt.Errorf("is an SVG with <%s>, which does more than draw", element.Name.Local)
	}
	for _, attribute := range element.Attr {
		name, value := strings.ToLower(attribute.Name.Local), strings.ToLower(attribute.Value)
		switch {
		case strings.HasPrefix(name, "on"), name == "style", name == "href", name == "base":
			return fmt.Errorf("is an SVG with the attribute %s", attribute.Name.Local)
		case strings.Contains(strings.ReplaceAll(value, "url(#", ""), "url("), strings.Contains(value, `\`):
			return fmt.Errorf("is an SVG whose attribute %s leads elsewhere", attribute.Name.Local)
		}
	}
	return nil
}
