package page

import (
	"os"
	"strings"
	"testing"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// flowOf is the first flow of a kind.
func flowOf(t *testing.T, screen *Inspector, kind api.FlowKind) string {
	t.Helper()
	for _, flow := range screen.state.Flows() {
		if flow.Kind == kind {
			return flow.ID
		}
	}
	t.Fatalf("no flow of the kind %s", kind)
	return ""
}

func TestNoFlowIsComparedWithItself(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	tell(t, window, recording(t)...)
	html()
	call, signIn := flowOf(t, screen, api.FlowAPICall), flowOf(t, screen, api.FlowSignIn)
	press(screen, screen.choose(signIn))
	window.field = call
	press(screen, screen.against)
	expect(t, html(), []string{text.Say.CompareMissing}, nil) // the control: they are not the same
	press(screen, screen.choose(call))
	expect(t, html(), []string{text.Say.CompareNone}, []string{text.Say.CompareSame, text.Say.CompareMissing})
	press(screen, screen.choose(signIn)) // what was chosen is still so
	expect(t, html(), []string{text.Say.CompareMissing}, nil)
}

func TestComparisonIsOfTheWholeFlowWhileItPlays(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	tell(t, window, recording(t)...)
	html()
	press(screen, screen.choose(flowOf(t, screen, api.FlowSignIn)))
	window.field = flowOf(t, screen, api.FlowAPICall)
	press(screen, screen.against)
	before := comparedOf(t, html())
	press(screen, screen.play)
	if now := comparedOf(t, html()); now != before || !screen.state.View.Playing {
		t.Errorf("%q, and while it plays %q", before, now)
	}
}

// comparedOf is the comparison on the page.
func comparedOf(t *testing.T, html string) string {
	t.Helper()
	_, after, found := strings.Cut(html, `class="compare-list"`)
	list, _, _ := strings.Cut(after, "</ol>")
	if !found {
		t.Fatalf("nothing is compared in\n%s", html)
	}
	return list
}

func TestWindowThatIsClosedStopsNothingElse(t *testing.T) {
	server := &server{session: traced()}
	screen, window, html := inspect(t, server)
	html()
	press(screen, screen.signIn)
	expect(t, html(), []string{text.Say.SigningInWith}, nil)
	press(screen, screen.call)
	expect(t, html(), []string{text.Say.Called}, []string{text.Say.SigningInWith, text.Say.Working})
	window.popup = ""
	press(screen, screen.signIn)
	press(screen, screen.signIn) // it may have been closed: it is opened again
	expect(t, html(), []string{text.Say.SigningInWith}, nil)
	press(screen, screen.signOut)
	expect(t, html(), []string{text.Say.StatusSignedOutOK}, nil)
	if server.called != 1 || window.popup == "" {
		t.Errorf("%d calls, the window is %q", server.called, window.popup)
	}

	// The control: of what the server answers there is one at a time.
	screen, _, html = inspect(t, server)
	html()
	screen.state.Doing = state.WatchRefresh
	press(screen, screen.call)
	html()
	if server.called != 1 {
		t.Error("two things happen at a time")
	}
}

func TestPlayEndsWhereSomethingElseBegins(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	tell(t, window, recording(t)...)
	running := window.running
	press(screen, screen.play)
	expect(t, html(), []string{text.Say.Stop}, nil)
	press(screen, screen.call)
	html()
	window.tick(noon)
	expect(t, html(), []string{text.Say.Called}, []string{text.Say.PlayedAll})
	if window.running != running {
		t.Error("the clock of the play goes on")
	}
}

func TestFileThatIsClosedIsSaidToBe(t *testing.T) {
	content, err := os.ReadFile("../trace/testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	tell(t, window, recording(t)...)
	window.file = string(content)
	press(screen, screen.open)
	expect(t, html(), []string{text.Say.StatusOpened, text.Say.TraceFile}, nil)
	press(screen, screen.play)
	press(screen, screen.close)
	expect(t, html(), []string{text.Say.StatusClosed, text.Say.Play}, []string{text.Say.StatusOpened, text.Say.TraceFile, ">" + text.Say.Stop + "<"})
}
