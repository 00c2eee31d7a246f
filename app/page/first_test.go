package page

import (
	"testing"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// screens are those that ask who is signed in, with what their mounting does.
func screens(world World) map[string]func() (goapp.Composer, func(goapp.Context)) {
	return map[string]func() (goapp.Composer, func(goapp.Context)){
		"home":      func() (goapp.Composer, func(goapp.Context)) { s := NewHome(world); return s, s.OnMount },
		"session":   func() (goapp.Composer, func(goapp.Context)) { s := NewSession(world); return s, s.OnMount },
		"inspector": func() (goapp.Composer, func(goapp.Context)) { s := NewInspector(world); return s, s.OnMount },
	}
}

func TestVisitorIsKnownInTheFirstFrame(t *testing.T) {
	server := &server{err: backend.ErrUnreachable} // nobody is to ask it
	for name, open := range screens(World{Backend: server, Browser: &window{now: noon}, First: &backend.First{}}) {
		t.Run(name, func(t *testing.T) {
			screen, mount := open()
			if first := goapp.HTMLString(screen); name == "home" {
				expect(t, first, []string{text.Say.StatusSignedOut}, []string{text.Say.StatusChecking})
			}
			html := show(t, screen, mount)
			expect(t, html(), nil, []string{text.Say.StatusChecking, text.Say.Unreachable.Title})
			if calls := server.calls.Load(); calls != 0 {
				t.Errorf("it was asked %d times", calls)
			}
		})
	}
}

func TestUserWhoIsKnownAlreadyIsNotAskedForAgain(t *testing.T) {
	server := &server{notes: []backend.Note{{ID: "1", Text: "hat"}}}
	shown := map[string]string{"home": "hat", "session": "Alice", "inspector": text.Say.TraceOff}
	for name, open := range screens(World{Backend: server, Browser: &window{now: noon}, First: &backend.First{Session: held()}}) {
		t.Run(name, func(t *testing.T) {
			screen, mount := open()
			html := show(t, screen, mount)
			expect(t, html(), []string{shown[name]}, []string{text.Say.StatusChecking})
			if calls := server.calls.Load(); calls != 0 {
				t.Errorf("it was asked %d times", calls)
			}
		})
	}
}

func TestFirstAnswerThatIsAnErrorIsShownAndAskedForAgain(t *testing.T) {
	server := &server{session: alice}
	screen := NewHome(World{Backend: server, Browser: &window{parameter: "access_denied"}, First: &backend.First{Err: backend.ErrUnreachable}})
	html := show(t, screen, screen.OnMount)
	expect(t, html(), []string{text.Say.Unreachable.Title, text.Say.CheckAgain}, []string{text.Say.SignInError(api.AccessDenied).Title})
	dispatched(screen.screen, func() { screen.retry(anyCtx, event) })
	expect(t, html(), []string{"Alice"}, []string{text.Say.Unreachable.Title})
}

func TestSignInThatFailedIsExplainedToAVisitorWhoIsKnown(t *testing.T) {
	window := &window{parameter: "access_denied"}
	screen := NewHome(World{Backend: &server{}, Browser: window, First: &backend.First{}})
	html := show(t, screen, screen.OnMount)
	expect(t, html(), []string{text.Say.SignInError(api.AccessDenied).Title, text.Say.StatusSignedOut}, nil)
	if window.parameter != "" {
		t.Error("the parameter is still in the URL")
	}
}
