package page

import (
	"slices"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// held is a session with an hour until its absolute end, half of it idle, as the server sees it at noon.
func held() api.Session {
	return api.Session{
		Authenticated: true, Handle: "h1", Provider: "demo", Claims: map[string]any{"name": "Alice"},
		Auth:      &api.Auth{Issuer: "https://op.example", Subject: "sub-1", Scopes: []string{"openid", "notes.read"}},
		Expiry:    &api.Expiry{Now: noon, CreatedAt: noon, Idle: noon.Add(30 * time.Minute), Absolute: noon.Add(time.Hour), AccessToken: noon.Add(5 * time.Minute)},
		Links:     api.Links{Events: api.PathSessionEvents},
		Providers: []api.Provider{{ID: "demo", Name: "Demo house"}},
	}
}

// watch opens the session screen in a browser whose clock is an hour slow.
func watch(t *testing.T, server *server) (*Session, *window, func() string) {
	t.Helper()
	window := &window{now: noon.Add(-time.Hour)}
	screen := NewSession(World{Backend: server, Browser: window})
	return screen, window, show(t, screen, screen.OnMount)
}

func TestPrerenderedSessionScreenOffersASignInThatComesBack(t *testing.T) {
	expect(t, goapp.HTMLString(NewSession(World{})), []string{`href="/bff/login?returnUrl=%2Fsession"`, text.Say.StatusChecking}, []string{component.IDSessions + `"`})
}

func TestCountdownsGoByTheServersClock(t *testing.T) {
	_, window, html := watch(t, &server{session: held()})
	expect(t, html(), []string{">30:00<", ">1:00:00<", ">5:00<", "Demo house", "https://op.example"}, nil)
	window.tick(window.now.Add(61 * time.Second))
	expect(t, html(), []string{">28:59<", ">58:59<", ">3:59<"}, []string{text.Say.ExpiringTitle})
}

func TestSessionThatEndsSoonIsSaidAndCanBeExtended(t *testing.T) {
	server := &server{session: held()}
	screen, window, html := watch(t, server)
	html()
	server.session.Expiry = &api.Expiry{Now: noon.Add(29 * time.Minute), Idle: noon.Add(30 * time.Minute), Absolute: noon.Add(time.Hour)}
	window.now = window.now.Add(29 * time.Minute)
	window.tick(window.now)
	expect(t, html(), []string{text.Say.ExpiringTitle, `id="expiring"`}, []string{text.Say.FinalTitle})

	server.session.Expiry = &api.Expiry{Now: noon.Add(29 * time.Minute), Idle: noon.Add(59 * time.Minute), Absolute: noon.Add(time.Hour)}
	screen.extend(anyCtx, event)
	expect(t, html(), []string{text.Say.StatusExtended, ">30:00<"}, []string{`id="expiring"`})
}

func TestSessionThatWasUsedElsewhereIsNotSaidToEnd(t *testing.T) {
	server := &server{session: held()}
	_, window, html := watch(t, server)
	html()
	later := *server.session.Expiry
	later.Now, later.Idle = noon.Add(28*time.Minute), noon.Add(50*time.Minute)
	server.session.Expiry = &later
	window.now = window.now.Add(28*time.Minute - 3*time.Second)
	window.tick(window.now)
	expect(t, html(), []string{">22:00<"}, []string{text.Say.ExpiringTitle})
}

func TestAbsoluteEndOffersASignInAndNoExtension(t *testing.T) {
	server := &server{session: held()}
	server.session.Expiry.Idle = server.session.Expiry.Absolute
	_, window, html := watch(t, server)
	html()
	late := *server.session.Expiry
	late.Now = noon.Add(59 * time.Minute)
	server.session.Expiry = &late
	window.now = window.now.Add(59 * time.Minute)
	window.tick(window.now)
	expect(t, html(), []string{text.Say.FinalTitle, text.Say.SignInAgain}, []string{text.Say.ExpiringTitle})
}

func TestEndOfTheSessionIsAskedAboutOnce(t *testing.T) {
	server := &server{session: held()}
	_, window, html := watch(t, server)
	html()
	server.session = api.Session{}
	for range 3 {
		window.tick(window.now.Add(31 * time.Minute))
	}
	expect(t, html(), []string{text.Say.SessionEnded.Title, `id="sign-in"`}, []string{"Alice", `id="document"`})
	if got := server.calls.Load(); got != 2 {
		t.Errorf("asked %d times", got)
	}
	if window.running != 0 {
		t.Errorf("%d things still run", window.running)
	}
}

func TestEventsChangeTheScreen(t *testing.T) {
	for name, row := range map[string]struct {
		event backend.Event
		has   []string
	}{
		"hello":     {backend.Event{Name: api.EventHello}, []string{text.Say.LiveOn}},
		"degraded":  {backend.Event{Name: api.EventDegraded}, []string{text.Say.LiveDegraded}},
		"lost":      {backend.Event{Name: backend.EventLost}, []string{text.Say.LiveConnecting}},
		"no stream": {backend.Event{Name: backend.EventClosed}, []string{text.Say.LiveOff}},
		"expiring":  {backend.Event{Name: api.EventExpiring}, []string{text.Say.ExpiringTitle}},
		"extended": {
			backend.Event{Name: api.EventExtended, Data: `{"expiry":{"now":"2026-01-02T12:00:00Z","idle":"2026-01-02T12:20:00Z","absolute":"2026-01-02T13:00:00Z"}}`},
			[]string{">20:00<"},
		},
		"ended":         {backend.Event{Name: api.EventEnded, Data: `{"reason":"provider"}`}, []string{text.Say.EndedBecause(api.EndedByProvider).Title, `id="sign-in"`}},
		"ended somehow": {backend.Event{Name: api.EventEnded, Data: `{"reason":"new"}`}, []string{text.Say.SessionEnded.Title}},
	} {
		t.Run(name, func(t *testing.T) {
			_, window, html := watch(t, &server{session: held()})
			html()
			window.heard(row.event)
			expect(t, html(), row.has, nil)
		})
	}
}

func TestEventsAreNotAwaitedWhereThereAreNone(t *testing.T) {
	session := held()
	session.Links.Events = ""
	_, window, html := watch(t, &server{session: session})
	expect(t, html(), []string{text.Say.LiveOff}, nil)
	if window.heard != nil {
		t.Error("it listens to a stream that the server did not name")
	}
}

func TestOtherSessionsAreEnded(t *testing.T) {
	server := &server{session: held(), sessions: []api.SessionInfo{
		{Handle: "h1", Current: true, UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/1 Safari/537"},
		{Handle: "h2", UserAgent: "Mozilla/5.0 (iPhone) Safari/604"},
		{Handle: "h3"},
	}}
	screen, window, html := watch(t, server)
	expect(t, html(), []string{"Chrome on Linux", "Safari on iPhone", text.Say.UnknownBrowser, `id="end-others"`}, nil)
	screen.endOne("h2")(anyCtx, event)
	expect(t, html(), []string{text.Say.StatusSessionEnded, text.Say.UnknownBrowser}, []string{"Safari on iPhone"})
	screen.endOthers(anyCtx, event)
	expect(t, html(), []string{"Chrome on Linux"}, []string{text.Say.UnknownBrowser, `id="end-others"`})
	if !slices.Equal(server.ended, []string{"h2", "others"}) || window.focused != component.IDSessions {
		t.Errorf("ended %v, focus on %q", server.ended, window.focused)
	}
}

func TestSignOutEverywhereEndsTheOthersFirst(t *testing.T) {
	server := &server{session: held(), logoutURL: "https://op.example/logout"}
	screen, window, html := watch(t, server)
	html()
	screen.signOutAll(anyCtx, event)
	expect(t, html(), []string{text.Say.StatusSignedOutOK, `id="sign-in"`}, []string{"Alice"})
	if !slices.Equal(server.ended, []string{"others"}) || window.assigned != "https://op.example/logout" || window.running != 0 {
		t.Errorf("ended %v, went to %q, %d things still run", server.ended, window.assigned, window.running)
	}
}

func TestRefusedActionKeepsTheSession(t *testing.T) {
	server := &server{session: held()}
	screen, _, html := watch(t, server)
	html()
	server.err = &backend.Error{Problem: api.Problem{Status: 503, Code: api.IDPUnavailable}}
	screen.refresh(anyCtx, event)
	expect(t, html(), []string{text.Say.NotRefreshed.Title, "Alice"}, []string{`id="sign-in"`})
	server.err = &backend.Error{Problem: api.Problem{Status: 401, Code: api.SessionExpired}}
	screen.refresh(anyCtx, event)
	expect(t, html(), []string{text.Say.SessionEnded.Title, `id="sign-in"`}, []string{"Alice"})
}

func TestCopyingIsSaid(t *testing.T) {
	window := &window{}
	screen := NewBuild(World{Browser: window, Facts: backend.Facts{Files: []backend.File{{Name: "app.wasm", Size: 2_000_000, Brotli: 500_000, Gzip: 700_000}}}})
	html := show(t, screen, screen.OnMount)
	expect(t, html(), []string{"2000 kB", "500 kB", "SecureAuth", "Keycloak", "Auth0", "Entra"}, []string{text.Say.Copied})
	screen.copier(&screen.copying).Copy("Auth0", "the text")(anyCtx, event)
	expect(t, html(), []string{text.Say.Copied}, nil)
	if window.copied != "the text" || window.title != "Build · Cloakroom" {
		t.Errorf("copied %q, title %q", window.copied, window.title)
	}
	window.refuses = true
	screen.copier(&screen.copying).Copy("Auth0", "the text")(anyCtx, event)
	expect(t, html(), []string{text.Say.CopyFailed}, []string{text.Say.Copied})
}

func TestDeletingAllNotesAsksAndGoesOnAfterTheStepUp(t *testing.T) {
	server := &server{session: held(), notes: []backend.Note{{ID: "1", Text: "hat"}}, stepUp: true}
	window := &window{}
	home, html := open(t, server, window)
	html()
	dispatched(home.screen, func() { home.askClear(anyCtx, event) })
	expect(t, html(), []string{text.Say.ClearQuestion, ">hat<"}, []string{text.Say.StepUpTitle})
	home.clearAll(anyCtx, event)
	expect(t, html(), []string{text.Say.StepUpTitle, `href="/bff/login?max_age=60&provider=demo"`, ">hat<"}, nil)
	if window.focused != component.IDStepUp {
		t.Errorf("focus on %q", window.focused)
	}
	home.stepUp(anyCtx, event)

	server.stepUp = false
	again, html := open(t, server, window)
	expect(t, html(), []string{text.Say.StatusNotesCleared, text.Say.NotesEmpty}, []string{text.Say.StepUpTitle, ">hat<"})
	if len(window.kept) != 0 || again.state.Clearing != 0 {
		t.Errorf("still kept %v", window.kept)
	}
	// The controls: coming back without the choice, or long after it, deletes nothing.
	home.stepUp(anyCtx, event)
	window.now = window.now.Add(time.Hour)
	_, html = open(t, server, window)
	expect(t, html(), []string{">hat<"}, []string{text.Say.NotesEmpty})
	server.stepUp = true
	_, html = open(t, server, window)
	expect(t, html(), []string{">hat<"}, []string{text.Say.StepUpTitle})
}

func TestStepUpThatFailedSaysSoAndGoesRoundNoSecondTime(t *testing.T) {
	server := &server{session: held(), notes: []backend.Note{{ID: "1", Text: "hat"}}, stepUp: true}
	window := &window{}
	home, html := open(t, server, window)
	html()
	home.stepUp(anyCtx, event)
	window.parameter = string(api.StepUpUnmet)
	_, html = open(t, server, window)
	expect(t, html(), []string{`id="alert"`, text.Say.SignInError(api.StepUpUnmet).Title, ">hat<"}, []string{text.Say.StepUpTitle})
	if len(window.kept) != 0 {
		t.Errorf("still kept %v", window.kept)
	}
}

func TestAccessTokenIsExpiredOnPurposeWhereThatIsDemonstrated(t *testing.T) {
	_, _, html := watch(t, &server{session: held()})
	expect(t, html(), []string{`id="refresh"`}, []string{`id="expire"`})

	server := &server{session: held()}
	server.session.Links.Expire = api.PathSessionExpire
	screen, _, html := watch(t, server)
	expect(t, html(), []string{`id="expire"`, text.Say.AccessTokenDetail}, []string{text.Say.Expired})
	server.err = &backend.Error{Problem: api.Problem{Status: 503, Code: api.StoreUnavailable}}
	screen.expire(anyCtx, event)
	expect(t, html(), []string{text.Say.NotExpired.Title, text.Say.AccessTokenDetail}, []string{text.Say.Expired})

	server.err = nil
	spent := *server.session.Expiry
	spent.AccessToken = spent.Now
	server.session.Expiry = &spent
	screen.expire(anyCtx, event)
	expect(t, html(), []string{text.Say.StatusExpired, text.Say.Expired, ">0:00<", ">30:00<"}, []string{text.Say.NotExpired.Title})
}

func TestDensityChangesWhatTheSessionScreenSaysAndIsRemembered(t *testing.T) {
	server := &server{session: held()}
	server.session.Links.Expire = api.PathSessionExpire
	screen, window, html := watch(t, server)
	expect(t, html(), []string{text.Say.DensityHeading, "density-developer", text.Say.BrowserKnows, text.Say.DocumentHeading, text.Say.AccessTokenLeft}, nil)
	choose := func(density state.Density) {
		dispatched(screen.screen, func() { screen.choose(density)(anyCtx, event) })
	}
	choose(state.Plain)
	expect(t, html(), []string{"Alice", ">30:00<", `id="extend"`, `id="sign-out-all"`},
		[]string{text.Say.BrowserKnows, text.Say.DocumentHeading, text.Say.AccessTokenDetail, text.Say.CookieHeading, `id="expire"`})
	choose(state.Presenter)
	expect(t, html(), []string{"wide density-presenter", text.Say.ServerKnows, `id="expire"`}, nil)

	again := NewSession(World{Backend: server, Browser: window})
	expect(t, show(t, again, again.OnMount)(), []string{"wide density-presenter"}, nil)
	inspector := NewInspector(World{Backend: server, Browser: window})
	expect(t, show(t, inspector, inspector.OnMount)(), []string{"inspector density-presenter"}, nil)
}
