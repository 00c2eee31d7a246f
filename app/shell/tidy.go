//go:build !js

package shell

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// tidy makes what go-app prerenders into the document that the same elements are in the browser:
//   - white space between elements goes, as there is none there;
//   - aria-…="true", which go-app writes without its value, gets it back: without, it means the opposite;
//   - attributes are put in order, so that one bundle is one document, byte for byte.
//
// What the content security policy would refuse, or go-app would write wrongly, is an error at start-up.
func tidy(prerendered string) (string, error) {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(prerendered))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if errors.Is(tokens.Err(), io.EOF) {
				return out.String(), nil
			}
			return "", fmt.Errorf("read what was prerendered: %w", tokens.Err())
		case html.TextToken:
			out.WriteString(html.EscapeString(strings.Trim(tokens.Token().Data, " \n")))
		case html.StartTagToken:
			token := tokens.Token()
			if err := tidyAttributes(&token); err != nil {
				return "", err
			}
			out.WriteString(token.String())
		default:
			out.WriteString(tokens.Token().String())
		}
	}
}

func tidyAttributes(token *html.Token) error {
	if token.Data == "script" || token.Data == "style" {
		return fmt.Errorf("a <%s> stands in a screen: the content security policy refuses it", token.Data)
	}
	for i, attribute := range token.Attr {
		switch {
		case attribute.Key == "style" || strings.HasPrefix(attribute.Key, "on"):
			return fmt.Errorf("<%s> has %s: the content security policy refuses it", token.Data, attribute.Key)
		case strings.Contains(attribute.Val, `\`):
			// go-app writes attributes as Go strings, not as HTML: a quote in one would end it.
			return fmt.Errorf("<%s> has a quote, a backslash or a control character in %s: go-app cannot prerender it",
				token.Data, attribute.Key)
		case strings.HasPrefix(attribute.Key, "aria-") && attribute.Val == "":
			token.Attr[i].Val = "true"
		}
	}
	slices.SortFunc(token.Attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
	return nil
}
