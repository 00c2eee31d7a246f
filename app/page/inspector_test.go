package page

import (
	"encoding/json"
	"html"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// traced is a session whose flows can be watched.
func traced() api.Session {
	session := held()
	session.Links.Trace = api.PathTrace
	return session
}

// recording is a session's trace: a sign-in, a call, a renewal, a sign-out and a back-channel logout.
func recording(t *testing.T) []api.TraceEvent {
	t.Helper()
	content, err := os.ReadFile("../trace/testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	file, err := trace.Read(content)
	if err != nil {
		t.Fatal(err)
	}
	return file.Events
}

// inspect opens the inspector.
func inspect(t *testing.T, server *server) (*Inspector, *window, func() string) {
	t.Helper()
	window := &window{now: noon}
	screen := NewInspector(World{Backend: server, Browser: window})
	return screen, window, show(t, screen, screen.OnMount)
}

// tell sends events as the stream does.
func tell(t *testing.T, window *window, events ...api.TraceEvent) {
	t.Helper()
	for _, event := range events {
		said(t, window, api.EventTrace, event)
	}
}

func said(t *testing.T, window *window, name string, data any) {
	t.Helper()
	encoded, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	window.heard(backend.Event{Name: name, Data: string(encoded)})
}

// press does what a button does.
func press(screen *Inspector, handler goapp.EventHandler) {
	dispatched(screen.screen, func() { handler(anyCtx, event) })
}

func TestPrerenderedInspectorExplainsTheTenStepsAndOffersASignIn(t *testing.T) {
	document := goapp.HTMLString(NewInspector(World{}))
	parts := []string{`href="/bff/login?returnUrl=%2Finspector"`, `id="steps"`, text.Say.StepNotYet}
	for _, step := range text.Say.Steps {
		parts = append(parts, html.EscapeString(step.Title), html.EscapeString(step.Plain))
	}
	expect(t, document, parts, []string{`id="watch-call"`, `id="stepping"`})
}

func TestMessagesAppearAsTheyHappen(t *testing.T) {
	_, window, html := inspect(t, &server{session: traced()})
	expect(t, html(), []string{text.Say.TraceConnecting, `id="watch-call"`}, []string{"step-done"})
	said(t, window, api.EventTraceState, api.TraceState{Instrumented: []string{"baseline"}})
	events := recording(t)
	tell(t, window, events[:4]...)
	first := html()
	expect(t, first, []string{text.Say.TraceLive, "POST /demo/baseline/oauth2/par", "201 Created · 4 ms", "2 checks passed"}, []string{"9100"})
	if got := strings.Count(first, "step-done"); got != 2 {
		t.Errorf("%d steps are done after the pushed request", got)
	}
	tell(t, window, events[4:]...)
	if got := html(); strings.Count(got, `class="flow flow-`) != 5 {
		t.Errorf("there are not five flows in\n%s", got)
	}
}

func TestWhatIsNoEventIsNotShown(t *testing.T) {
	_, window, html := inspect(t, &server{session: traced()})
	html()
	window.heard(backend.Event{Name: api.EventTrace, Data: `{"id":1,"flow":"f"}`})
	window.heard(backend.Event{Name: api.EventTrace, Data: `nonsense`})
	expect(t, html(), []string{text.Say.FlowsEmpty}, []string{`id="flows"`, "step-done"})
}

func TestMessageOpensWithAllThatIsKnownAboutIt(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	events := recording(t)
	tell(t, window, events...)
	press(screen, screen.choose("flow1"))
	index := slices.IndexFunc(events, func(event api.TraceEvent) bool { return event.Step == api.StepTokenResponse })
	press(screen, screen.toggle(trace.Key(events[index])))
	expect(t, html(), []string{
		text.Say.Explain(api.TraceTokenEndpoint).Why, "RFC 6749 §4.1.3", "HTTP/1.1 200 OK", "{access_token acce55, 812 bytes}",
		text.Say.DetailToken + "id_token", "4e1d01", "notes.read notes.write", text.Say.DetailNoSig, "message-open",
	}, nil)
	if window.parameters["flow"] != "flow1" || window.parameters["message"] != trace.Key(events[index]) {
		t.Errorf("the address says %v", window.parameters)
	}
	press(screen, screen.toggle(trace.Key(events[index])))
	expect(t, html(), nil, []string{text.Say.DetailNoSig})
}

func TestChecksOfOthersAreLocked(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	call := recording(t)[slices.IndexFunc(recording(t), func(event api.TraceEvent) bool {
		return event.Name == api.TraceCall && event.From == api.PartyBrowser
	})]
	call.Checks = []api.TraceCheck{{Name: "of the guard", Spec: "RFC 10017 §6.1.3.3.2", OK: true}}
	tell(t, window, call)
	press(screen, screen.toggle(trace.Key(call)))
	seen := []string{"of the guard", "✓ " + text.Say.CheckPassed}
	for _, seat := range []trace.Seat{trace.Everywhere, trace.SeatBFF} {
		press(screen, screen.seat(seat))
		expect(t, html(), seen, nil)
	}
	for _, seat := range []trace.Seat{trace.SeatScript, trace.SeatBrowser} {
		press(screen, screen.seat(seat))
		expect(t, html(), []string{"message-open", text.Say.DetailChecks, text.Say.Locks[string(trace.LockInside)]}, seen)
	}
}

func TestTourPlaysTheSignInOnce(t *testing.T) {
	window := &window{now: noon, parameters: map[string]string{component.ParameterTour: "start"}}
	screen := NewInspector(World{Backend: &server{session: traced()}, Browser: window})
	html := show(t, screen, screen.OnMount)
	html()
	running := window.running
	tell(t, window, recording(t)...)
	if got := html(); screen.state.View.Playing || window.running != running+1 {
		t.Errorf("it plays before all is here, or waits %d times\n%s", window.running-running, got)
	}
	window.tick(noon)
	expect(t, html(), []string{text.Say.Stop, text.Say.PlayingNow}, nil)
	if flows := screen.state.Flows(); flows[0].Kind != api.FlowSignIn || screen.state.Flow != flows[0].ID {
		t.Errorf("it plays %q of %+v", screen.state.Flow, flows)
	}
	for range recording(t) {
		window.tick(noon)
		html()
	}
	expect(t, html(), []string{text.Say.PlayedAll, text.Say.Play}, nil)
	if len(window.parameters[component.ParameterTour]) != 0 || window.running != running {
		t.Error("it would play again, or its clock goes on")
	}
	tell(t, window, recording(t)...)
	if window.running != running {
		t.Error("it plays again")
	}
}

func TestHomeOffersTheTourWhereThereIsATrace(t *testing.T) {
	for traced, session := range map[bool]api.Session{true: traced(), false: held()} {
		home := NewHome(World{Backend: &server{session: session}, Browser: &window{now: noon}})
		got := show(t, home, home.OnMount)()
		if strings.Contains(got, `href="/inspector?tour=start"`) != traced {
			t.Errorf("traced %t:\n%s", traced, got)
		}
	}
}

func TestPartyThatTellsNothingIsSaidToTellNothing(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	said(t, window, api.EventTraceState, api.TraceState{Instrumented: []string{}})
	tell(t, window, recording(t)...)
	screen.state.Choose("flow1")
	got := html()
	expect(t, got, []string{`not-told"`, ">" + text.Say.NotTold + "<"}, nil)
	if lanes := strings.Count(got, ">"+text.Say.NotTold+"<"); lanes != 1 {
		t.Errorf("%d lanes say so", lanes)
	}
	said(t, window, api.EventTraceState, api.TraceState{Instrumented: []string{"another"}}) // one beside it
	expect(t, html(), []string{`not-told"`, ">" + text.Say.NotTold + "<"}, nil)
	said(t, window, api.EventTraceState, api.TraceState{Instrumented: []string{"baseline"}})
	expect(t, html(), nil, []string{`not-told"`, ">" + text.Say.NotTold + "<"}) // the control
}

func TestAddressBringsBackWhatWasShown(t *testing.T) {
	window := &window{now: noon, parameters: map[string]string{"flow": "flow1", "message": "flow1-2"}}
	screen := NewInspector(World{Backend: &server{session: traced()}, Browser: window})
	html := show(t, screen, screen.OnMount)
	html()
	tell(t, window, recording(t)...)
	expect(t, html(), []string{text.Say.Explain(api.TracePAR).Why}, nil)
}

func TestValuesOfAnEventCannotBecomeMarkup(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>`
	hostile := recording(t)[1]
	hostile.Flow, hostile.Name = "hostile", api.TraceName(evil)
	hostile.Message.Route, hostile.Message.Values = "/"+evil, []api.TraceValue{{In: api.InQuery, Name: evil, Value: evil}, {In: api.InForm, Name: "x", Ref: "abcdef"}}
	hostile.Checks = []api.TraceCheck{{Name: evil, Spec: evil}}
	tell(t, window, hostile)
	press(screen, screen.toggle(trace.Key(hostile)))
	got := html()
	expect(t, got, []string{"&lt;script&gt;alert(2)"}, []string{"<script", "<img"})
}

func TestOutsideTheDemoTheScreenSaysSo(t *testing.T) {
	_, window, html := inspect(t, &server{session: held()})
	expect(t, html(), []string{text.Say.TraceOff, "make run"}, []string{`id="watch-call"`, `id="stepping"`})
	if window.heard != nil {
		t.Error("it listens to a trace that is not there")
	}
}

func TestButtonsMakeSomethingToWatch(t *testing.T) {
	server := &server{session: traced()}
	screen, window, html := inspect(t, server)
	html()
	press(screen, screen.call)
	expect(t, html(), []string{text.Say.Called}, nil)
	press(screen, screen.refresh)
	expect(t, html(), []string{text.Say.StatusRefreshed}, nil)
	press(screen, screen.signIn)
	expect(t, html(), []string{text.Say.SigningInWith}, nil)
	if server.called != 1 || window.popup != "/bff/login?mode=popup&prompt=login&provider=demo" {
		t.Errorf("%d calls, the window is %s", server.called, window.popup)
	}
	window.blocked = true
	press(screen, screen.signIn)
	expect(t, html(), []string{text.Say.PopupBlocked}, nil)
}

func TestSignInInTheOtherWindowIsFollowed(t *testing.T) {
	server := &server{session: traced()}
	screen, window, html := inspect(t, server)
	html()
	tell(t, window, recording(t)...)
	press(screen, screen.signIn)
	before := window.running
	server.session.Handle = "h2"
	window.signedIn("")
	expect(t, html(), []string{text.Say.TraceConnecting, `id="flows"`}, []string{text.Say.SessionEnded.Title})
	if window.running != before {
		t.Errorf("%d streams and listeners run, before it were %d", window.running, before)
	}
	window.signedIn(api.AccessDenied)
	expect(t, html(), []string{text.Say.SignInError(api.AccessDenied).Title}, nil)
}

func TestSignOutIsWatchedToItsEnd(t *testing.T) {
	server := &server{session: traced(), logoutURL: "http://op.example/logout"}
	screen, window, html := inspect(t, server)
	html()
	tell(t, window, recording(t)...)
	press(screen, screen.signOut)
	expect(t, html(), []string{text.Say.StatusSignedOutOK, "picture-torn", text.Say.TraceEnded, `href="http://op.example/logout"`, `id="flows"`, "/bff/backchannel-logout/baseline"}, []string{`id="watch-call"`})
	if window.assigned != "" {
		t.Errorf("the browser was sent to %s", window.assigned)
	}
}

func TestStepModeSaysWhatIsHeldAndCountsDown(t *testing.T) {
	server := &server{session: traced()}
	screen, window, html := inspect(t, server)
	html()
	said(t, window, api.EventTraceState, api.TraceState{})
	expect(t, html(), []string{text.Say.StepModeOff}, []string{`id="next"`})
	press(screen, screen.stepping)
	html()
	said(t, window, api.EventTraceState, api.TraceState{Stepping: true, Held: api.HoldTokenRequest, HeldUntil: noon.Add(time.Minute)})
	expect(t, html(), []string{text.Say.StepModeOn, text.Say.Holds[api.HoldTokenRequest], `id="next"`, "1:00"}, nil)
	window.tick(noon.Add(20 * time.Second))
	expect(t, html(), []string{"0:40"}, nil)
	press(screen, screen.next)
	html()
	said(t, window, api.EventTraceState, api.TraceState{Stepping: true})
	expect(t, html(), []string{text.Say.StepNothing}, []string{`id="next"`})
	if !slices.Equal(server.steps, []string{"true", "next"}) {
		t.Errorf("step mode was told %v", server.steps)
	}
}

func TestBrokenStreamIsSaidAndCanBeTriedAgain(t *testing.T) {
	server := &server{session: traced()}
	screen, window, html := inspect(t, server)
	html()
	window.heard(backend.Event{Name: backend.EventLost})
	expect(t, html(), []string{text.Say.TraceLost}, nil)
	window.heard(backend.Event{Name: backend.EventClosed})
	expect(t, html(), []string{text.Say.TraceFailed, `id="` + component.IDReconnect}, nil)
	press(screen, screen.reconnect)
	expect(t, html(), []string{text.Say.TraceConnecting}, nil)
}

func TestEndOfTheTraceSaysWhyTheSessionIsOver(t *testing.T) {
	for data, want := range map[string]text.Message{
		`{"reason":"provider"}`: text.Say.EndedBecause(api.EndedByProvider),
		`{}`:                    text.Say.SessionEnded,
	} {
		server := &server{session: traced()}
		_, window, html := inspect(t, server)
		html()
		server.session = api.Session{}
		window.heard(backend.Event{Name: api.EventEnded, Data: data})
		expect(t, html(), []string{want.Title, want.Detail, text.Say.TraceEnded}, nil)
	}
}

func TestTraceOutlivesTheSession(t *testing.T) {
	server := &server{session: traced()}
	screen, window, html := inspect(t, server)
	html()
	tell(t, window, recording(t)...)
	server.session = api.Session{}
	window.heard(backend.Event{Name: backend.EventClosed})
	expect(t, html(), []string{text.Say.SessionEnded.Title, text.Say.TraceEnded, "/bff/backchannel-logout/baseline"}, []string{`id="watch-call"`})
	if screen.state.Stream != state.StreamEnded || window.running != 0 {
		t.Errorf("the stream is %d, and %d things run", screen.state.Stream, window.running)
	}
}
