//go:build !js

package shell

import (
	"testing"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

func TestTidyMakesTheDocumentThatTheBrowserWouldHave(t *testing.T) {
	for name, row := range map[string]struct {
		screen goapp.UI
		want   string
	}{
		"no space between elements": {
			goapp.Div().Body(goapp.Span().Text("a"), goapp.Span().Text("b")),
			`<div><span>a</span><span>b</span></div>`,
		},
		"aria-hidden keeps its value": {
			goapp.Span().Aria("hidden", true).Text("a"),
			`<span aria-hidden="true">a</span>`,
		},
		"attributes are in order": {
			goapp.A().ID("i").Class("c").Href("/h").Text("a"),
			`<a class="c" href="/h" id="i">a</a>`,
		},
		"text is escaped once": {
			goapp.P().Text(`<b> & "c"`),
			`<p>&lt;b&gt; &amp; &#34;c&#34;</p>`,
		},
		"void elements stay open": {
			goapp.Div().Body(goapp.Input().Type("text").Name("n")),
			`<div><input name="n" type="text"></div>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 { // go-app writes attributes in random order
				got, err := tidy(goapp.HTMLString(row.screen))
				if err != nil || got != row.want {
					t.Fatalf("got %s, %v\nwant %s", got, err, row.want)
				}
			}
		})
	}
}

func TestTidyRefusesWhatThePolicyWould(t *testing.T) {
	for name, screen := range map[string]goapp.UI{
		"inline style":       goapp.Div().Style("color", "red"),
		"inline handler":     goapp.Div().Attr("onclick", "alert(1)"),
		"script":             goapp.Script().Text("alert(1)"),
		"style element":      goapp.Elem("style").Text("a{}"),
		"quote in attribute": goapp.Div().Title(`say "hello"`),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := tidy(goapp.HTMLString(screen)); err == nil {
				t.Errorf("it was rendered: %s", got)
			}
		})
	}
}
