package page

import (
	"context"
	"testing"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// bob is another user than held.
func bob() api.Session {
	session := held()
	session.Handle, session.Claims = "bob's", map[string]any{"name": "Bob"}
	session.Auth = &api.Auth{Subject: "sub-of-bob"}
	session.Links.Trace = api.PathTrace
	return session
}

func TestUserWhoReturnsToAPageSeesWhoTheBrowserIsSignedInAsNow(t *testing.T) {
	server, window := &server{session: alice, notes: []backend.Note{{ID: "1", Text: "of Alice"}}}, &window{}
	_, html := open(t, server, window)
	html()
	asked := server.calls.Load()
	window.returned()
	window.returned()                                                        // the tab and its window tell
	expect(t, html(), []string{"Alice", "of Alice"}, []string{`id="alert"`}) // and nothing moves
	if now := server.calls.Load(); now != asked+1 {
		t.Errorf("asked %d times", now-asked)
	}

	server.session, server.notes = bob(), []backend.Note{{ID: "2", Text: "of Bob"}}
	window.returned()
	expect(t, html(), []string{"Bob", "of Bob"}, []string{"Alice"})

	server.session = api.Session{}
	window.returned()
	expect(t, html(), []string{`id="sign-in"`, text.Say.SessionEnded.Title}, []string{"Bob"})

	server.session = alice
	window.returned()
	expect(t, html(), []string{`id="user-name"`, "Alice"}, []string{text.Say.SessionEnded.Title})
}

func TestOutageSaysNothingToAUserWhoReturns(t *testing.T) {
	server, window := &server{session: alice}, &window{}
	_, html := open(t, server, window)
	html()
	server.err = backend.ErrUnreachable
	window.returned()
	expect(t, html(), []string{"Alice"}, []string{`id="alert"`})
}

func TestServerThatAnswersAgainIsNotSaidToBeOutOfReach(t *testing.T) {
	server := &server{session: traced()}
	at := &window{field: "hat"}
	home, html := open(t, server, at)
	html()
	server.err = backend.ErrUnreachable
	home.addNote(anyCtx, event)
	expect(t, html(), []string{text.Say.StatusUnreachable, "status-down"}, []string{"status-in"})
	server.err = nil
	at.returned()
	expect(t, html(), []string{text.Say.StatusSignedIn, text.Say.NotesUnanswered.Title}, []string{text.Say.StatusUnreachable})

	session, at, html := watch(t, server)
	html()
	server.err = backend.ErrUnreachable
	dispatched(session.screen, func() { session.extend(anyCtx, event) })
	expect(t, html(), []string{text.Say.StatusUnreachable}, nil)
	said(t, at, api.EventHello, api.SessionEvent{})
	expect(t, html(), []string{text.Say.StatusSignedIn, text.Say.LiveOn}, []string{text.Say.StatusUnreachable})

	server.err = nil
	inspector, at, html := inspect(t, server)
	html()
	server.err = backend.ErrUnreachable
	press(inspector, inspector.call)
	expect(t, html(), []string{text.Say.StatusUnreachable}, nil)
	said(t, at, api.EventTraceState, api.TraceState{})
	expect(t, html(), []string{text.Say.StatusSignedIn, text.Say.TraceLive}, []string{text.Say.StatusUnreachable})
}

func TestAnswerForTheUserBeforeIsNotShownToTheNext(t *testing.T) {
	server, window := &server{session: alice}, &window{field: "of Alice"}
	home, html := open(t, server, window)
	html()
	shown := false
	dispatched(home.screen, func() {
		home.current(func(context.Context) func() {
			window.restored() // meanwhile the page asks who is there anew
			return func() { shown = true }
		})
	})
	html()
	if shown {
		t.Error("it is shown")
	}
	home.current(func(context.Context) func() { return func() { shown = true } })
	if html(); !shown {
		t.Error("the control: an answer for the user who is there is not shown")
	}
}

func TestSessionScreenFollowsAUserWhoReturns(t *testing.T) {
	server := &server{session: held()}
	_, window, html := watch(t, server)
	html()
	server.session = bob()
	window.returned()
	expect(t, html(), []string{"Bob"}, []string{`id="alert"`})
}

func TestFlowsOfAUserAreForgottenWhenAnotherComesAndKeptForTheSame(t *testing.T) {
	server := &server{session: traced()}
	_, window, html := inspect(t, server)
	html()
	tell(t, window, recording(t)...)
	expect(t, html(), []string{"flow-sign_in"}, nil)

	again := traced()
	again.Handle = "the same user's next"
	server.session = again
	window.returned()
	expect(t, html(), []string{"flow-sign_in", `id="` + component.IDWatchCall + `"`}, nil)

	server.session = bob()
	window.returned()
	expect(t, html(), []string{`id="` + component.IDWatchCall + `"`}, []string{"flow-sign_in", "flow-api_call"})
	if window.parameters[parameterFlow] != "" {
		t.Errorf("the address still names the flow %q", window.parameters[parameterFlow])
	}
}

func TestWhatWasSaidOfTheLastSessionGoesWithTheNext(t *testing.T) {
	server := &server{session: traced()}
	_, window, html := inspect(t, server)
	html()
	server.session = api.Session{}
	window.returned()
	expect(t, html(), []string{text.Say.SessionEnded.Title}, nil) // the control
	server.session = traced()
	window.restored()
	expect(t, html(), []string{text.Say.StatusSignedIn}, []string{text.Say.SessionEnded.Title})
}
