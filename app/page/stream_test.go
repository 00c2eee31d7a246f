package page

import (
	"testing"
	"time"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// listener is a screen with a stream.
type listener struct {
	server *server
	window *window
	html   func() string
	live   func() bool // the screen says that it is live
	heard  string      // what a stream says first
}

func (l *listener) begins(t *testing.T) {
	t.Helper()
	said(t, l.window, l.heard, struct{}{})
	l.html()
}

// listeners are both, each as it is while the tab is seen.
func listeners(t *testing.T) map[string]*listener {
	t.Helper()
	server := &server{session: traced()}
	session, sessions, sessionHTML := watch(t, server)
	inspector, inspectors, inspectorHTML := inspect(t, server)
	all := map[string]*listener{
		"session":   {server, sessions, sessionHTML, func() bool { return session.state.Live == state.LiveOn }, api.EventHello},
		"inspector": {server, inspectors, inspectorHTML, func() bool { return inspector.state.Stream == state.StreamLive }, api.EventTraceState},
	}
	for _, l := range all {
		l.html()
		l.begins(t)
	}
	return all
}

func TestTabThatNobodySeesHoldsNoStream(t *testing.T) {
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			if l.window.streams != 1 || !l.live() {
				t.Fatalf("a tab that is seen holds %d streams, live: %t", l.window.streams, l.live())
			}
			late := l.window.heard
			l.window.hide()
			l.html()
			late(backend.Event{Name: l.heard, Data: "{}"}) // it was on its way
			expect(t, l.html(), []string{"live-off"}, []string{"live-on"})
			if l.window.streams != 0 || l.live() {
				t.Errorf("hidden, it holds %d streams, live: %t", l.window.streams, l.live())
			}
			asked := l.server.calls.Load()
			l.window.returned()
			l.window.returned() // the tab and its window tell
			expect(t, l.html(), []string{"live-off"}, nil)
			if l.window.streams != 1 || l.server.calls.Load() != asked+1 {
				t.Errorf("seen again, it holds %d streams, and asked %d times", l.window.streams, l.server.calls.Load()-asked)
			}
			l.begins(t)
			expect(t, l.html(), []string{"live-on"}, nil)
			l.window.returned() // its window only
			if l.html(); l.window.opened != 2 {
				t.Errorf("it opened %d streams", l.window.opened)
			}
		})
	}
}

func TestTabThatIsOpenedBehindAnotherListensOnceItIsSeen(t *testing.T) {
	server, at := &server{session: traced()}, &window{now: noon, hidden: true}
	session := NewSession(World{Backend: server, Browser: at})
	html := show(t, session, session.OnMount)
	expect(t, html(), []string{"live-off", "Alice"}, nil)
	if at.opened != 0 {
		t.Fatalf("it holds %d streams", at.streams)
	}
	at.returned()
	if html(); at.streams != 1 {
		t.Errorf("seen, it holds %d streams", at.streams)
	}
}

// To ask for the stream of a session that is over would be an error on the browser's console.
func TestSessionThatEndedBehindTheUsersBackIsSaidToHaveEnded(t *testing.T) {
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			l.window.hide()
			l.html()
			l.server.session = api.Session{}
			l.window.returned()
			expect(t, l.html(), []string{text.Say.SessionEnded.Title, `id="` + component.IDSignIn + `"`}, []string{"Alice", "live-on"})
			if l.window.opened != 1 || l.window.running != 0 {
				t.Errorf("it opened %d streams, and %d things run", l.window.opened, l.window.running)
			}
			l.server.session = traced()
			l.window.returned()
			if l.html(); l.window.streams != 1 {
				t.Errorf("the control: with a session it holds %d streams", l.window.streams)
			}
		})
	}
}

func TestOutageKeepsNoTabFromListening(t *testing.T) {
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			l.window.hide()
			l.html()
			l.server.err = backend.ErrUnreachable
			l.window.returned()
			expect(t, l.html(), []string{"live-off"}, []string{`id="` + component.IDAlert + `"`, `id="` + component.IDSignIn + `"`})
			if l.server.err = nil; l.window.streams != 1 { // the browser goes on to try
				t.Errorf("it holds %d streams", l.window.streams)
			}
		})
	}
}

func TestSessionThatSoonEndsIsSaidToAUserWhoReturns(t *testing.T) {
	screen, window, html := watch(t, &server{session: held()})
	html()
	said(t, window, api.EventHello, api.SessionEvent{})
	window.hide()
	html()
	window.now = window.now.Add(29 * time.Minute) // and a hidden tab's clock may stand still
	window.returned()
	html()
	soon := *held().Expiry
	soon.Now = noon.Add(29 * time.Minute)
	said(t, window, api.EventHello, api.SessionEvent{Expiry: &soon})
	expect(t, html(), []string{`id="` + component.IDExtend, `id="` + component.IDExpiring}, nil)

	window.hide()
	html()
	window.returned()
	html()
	soon.Idle = noon.Add(50 * time.Minute) // it was used in another tab
	said(t, window, api.EventHello, api.SessionEvent{Expiry: &soon})
	expect(t, html(), []string{">21:00<"}, []string{`id="` + component.IDExpiring})
	if screen.state.Live != state.LiveOn {
		t.Error("it is not live")
	}
}

// stepping is an inspector in whose tab step mode was switched on.
func stepping(t *testing.T) (*Inspector, *window, func() string) {
	t.Helper()
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	said(t, window, api.EventTraceState, api.TraceState{})
	html()
	press(screen, screen.stepping)
	html()
	said(t, window, api.EventTraceState, api.TraceState{Stepping: true})
	html()
	return screen, window, html
}

func TestTabThatStepsWatchesOnWhileTheUserSignsInInAnother(t *testing.T) {
	screen, window, html := stepping(t)
	window.hide()
	html()
	said(t, window, api.EventTraceState, api.TraceState{Stepping: true, Held: api.HoldTokenRequest, HeldUntil: noon.Add(time.Minute)})
	expect(t, html(), []string{`id="` + component.IDNext + `"`}, nil)
	if window.opened != 1 || window.streams != 1 {
		t.Errorf("it holds %d streams of %d", window.streams, window.opened)
	}
	said(t, window, api.EventTraceState, api.TraceState{}) // it was switched off in another tab
	if html(); window.streams != 0 || screen.steps || len(window.kept) != 0 {
		t.Errorf("there is nothing to hold any more, and it holds %d streams; kept: %v", window.streams, window.kept)
	}
}

func TestTabThatOnlySeesThatAnotherStepsHoldsNoStreamBehindIt(t *testing.T) {
	_, window, html := inspect(t, &server{session: traced()})
	html()
	said(t, window, api.EventTraceState, api.TraceState{Stepping: true})
	html()
	window.hide()
	if html(); window.streams != 0 {
		t.Errorf("it holds %d streams", window.streams)
	}
}

func TestTabThatStepsIsKnownWhenItLoadsAgain(t *testing.T) {
	_, window, _ := stepping(t)
	again := NewInspector(World{Backend: &server{session: traced()}, Browser: window})
	html := show(t, again, again.OnMount)
	html()
	said(t, window, api.EventTraceState, api.TraceState{Stepping: true})
	html()
	before := window.streams
	window.hide()
	if html(); window.streams != before || before == 0 {
		t.Errorf("hidden, it holds %d streams, before %d", window.streams, before)
	}
}

func TestSignInInAnotherTabIsWatchedWhenTheUserReturns(t *testing.T) {
	server := &server{session: traced()}
	screen, window, html := inspect(t, server)
	html()
	press(screen, screen.signIn)
	html()
	window.hide()
	html()
	server.session.Handle = "h2"
	window.signedIn("")
	if html(); window.streams != 0 {
		t.Errorf("hidden, it holds %d streams", window.streams)
	}
	window.returned()
	html()
	tell(t, window, recording(t)...) // what the server still has of it
	expect(t, html(), []string{"flow-sign_in", "live-on"}, []string{`id="` + component.IDAlert + `"`})
}

func TestTraceIsHeardToItsEndAfterASignOut(t *testing.T) {
	server := &server{session: traced()}
	screen, window, html := inspect(t, server)
	html()
	press(screen, screen.signOut)
	html()
	server.session = api.Session{}
	window.hide()
	html()
	tell(t, window, recording(t)...)
	expect(t, html(), []string{"/bff/backchannel-logout/baseline"}, nil)
	window.returned()
	if html(); window.opened != 1 {
		t.Error("it asks for the trace of a session that is over")
	}
}

func TestScreenWithoutAStreamOpensNoneOnReturn(t *testing.T) {
	window := &window{}
	_, html := open(t, &server{session: traced()}, window)
	html()
	window.hide()
	html()
	window.returned()
	if html(); window.opened != 0 {
		t.Errorf("it opened %d", window.opened)
	}
}
