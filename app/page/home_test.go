package page

import (
	"regexp"
	"strings"
	"testing"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

func TestPrerenderedHomeHasASignInLinkAndNoServer(t *testing.T) {
	expect(t, goapp.HTMLString(NewHome(World{})),
		[]string{`href="/bff/login"`, `id="sign-in"`, text.Say.StatusChecking, text.Say.Motto, text.Say.Promise},
		[]string{`id="notes"`, `id="sign-out"`, `id="alert"`})
}

func TestVisitorIsOfferedEveryProvider(t *testing.T) {
	_, html := open(t, &server{session: api.Session{Providers: []api.Provider{
		{ID: "a", Name: "Baseline", Login: "/bff/login?provider=a"},
		{ID: "b", Name: "FAPI", Login: "/bff/login?provider=b"},
	}}}, &window{})
	expect(t, html(), []string{
		`href="/bff/login?provider=a"`, `href="/bff/login?provider=b"`, text.Say.SignInWith + "FAPI", text.Say.StatusSignedOut,
	}, []string{`id="notes"`})
}

var noteTag = regexp.MustCompile(`<p[^>]*>\s*&lt;b&gt;hat`)

func TestUserSeesNameNotesAndSignOut(t *testing.T) {
	_, html := open(t, &server{session: alice, notes: []backend.Note{{ID: "1", Text: "<b>hat</b>"}}}, &window{})
	expect(t, html(), []string{
		`id="user-name"`, "Alice &lt;Liddell&gt;", `id="notes"`, "&lt;b&gt;hat&lt;/b&gt;", `id="sign-out"`,
		`id="note-text"`, `id="note-add"`,
	}, []string{`id="sign-in"`, "><b>hat"})
	// go-app writes the attributes of an element in any order.
	if note := noteTag.FindString(html()); !strings.Contains(note, `class="note-text"`) || !strings.Contains(note, `dir="auto"`) {
		t.Errorf("the note begins with %q", note)
	}
}

func TestUserWithoutNotesIsToldSo(t *testing.T) {
	_, html := open(t, &server{session: alice}, &window{})
	expect(t, html(), []string{text.Say.NotesEmpty}, []string{text.Say.NotesLoading})
}

func TestFailedSignInIsExplainedAndTakenOutOfTheURL(t *testing.T) {
	window := &window{parameter: "access_denied"}
	_, html := open(t, &server{}, window)
	expect(t, html(), []string{`id="alert"`, text.Say.SignInError(api.AccessDenied).Title, text.Say.TryAgain}, nil)
	if window.parameter != "" {
		t.Error("the parameter is still in the URL")
	}
}

func TestOutageOffersToCheckAgainAndDoesNotSaySignedOut(t *testing.T) {
	server := &server{err: &backend.Error{Problem: api.Problem{Status: 503, Code: api.StoreUnavailable}}}
	home, html := open(t, server, &window{})
	expect(t, html(), []string{text.Say.SessionUnknown.Title, `id="retry"`}, []string{text.Say.StatusSignedOut})

	server.err, server.session = nil, alice
	home.retry(anyCtx, event)
	expect(t, html(), []string{`id="user-name"`}, []string{`id="alert"`})
}

func TestAddedNoteAppearsAndTheFieldIsEmptied(t *testing.T) {
	window := &window{}
	home, html := open(t, &server{session: alice}, window)
	html()
	window.field = " umbrella "
	home.addNote(anyCtx, event)
	expect(t, html(), []string{"umbrella", text.Say.StatusNoteAdded}, []string{text.Say.NotesEmpty})
	if window.field != "" || window.focused != component.IDNoteText {
		t.Errorf("field %q, focus on %q", window.field, window.focused)
	}
}

func TestNoteThatIsTypedWhileTheLastIsAddedStays(t *testing.T) {
	window := &window{}
	home, html := open(t, &server{session: alice}, window)
	html()
	window.field = "umbrella"
	home.addNote(anyCtx, event)
	window.field = "umbrella, and gloves" // before the answer
	expect(t, html(), []string{"umbrella", text.Say.StatusNoteAdded}, nil)
	if window.field != "umbrella, and gloves" {
		t.Errorf("the field has %q: what was typed is lost", window.field)
	}
}

func TestNoteThatIsNotAddedStaysInTheField(t *testing.T) {
	window := &window{}
	server := &server{session: alice}
	home, html := open(t, server, window)
	html()
	window.field, server.err = "umbrella", backend.ErrUnreachable
	home.addNote(anyCtx, event)
	expect(t, html(), []string{text.Say.NotesUnanswered.Title, `id="note-text"`}, nil)
	if window.field != "umbrella" {
		t.Errorf("the field has %q: what was typed is lost", window.field)
	}
}

func TestDeletedNoteGoes(t *testing.T) {
	home, html := open(t, &server{session: alice, notes: []backend.Note{{ID: "1", Text: "hat"}, {ID: "2", Text: "coat"}}}, &window{})
	html()
	home.deleteNote("1")(anyCtx, event)
	expect(t, html(), []string{"coat", text.Say.StatusNoteDeleted}, []string{">hat<"})
}

func TestSignOutShowsNothingOfTheUserAndGoesOnToTheProvider(t *testing.T) {
	window := &window{}
	home, html := open(t, &server{session: alice, notes: []backend.Note{{ID: "1", Text: "hat"}}, logoutURL: "https://op.example/logout"}, window)
	html()
	home.signOut(anyCtx, event)
	expect(t, html(), []string{`id="sign-in"`, text.Say.StatusSignedOutOK, "picture-torn"}, []string{"Alice", "hat<", `id="sign-out"`})
	if window.assigned != "https://op.example/logout" {
		t.Errorf("went to %q", window.assigned)
	}
}

// The provider sends the browser back to a page that knows nothing but what this one kept: the ticket is torn there, and once.
func TestTicketIsTornWhereTheSignOutEnds(t *testing.T) {
	window := &window{}
	home, html := open(t, &server{session: alice, logoutURL: "https://op.example/logout"}, window)
	html()
	home.signOut(anyCtx, event)
	html()
	_, html = open(t, &server{}, window)
	expect(t, html(), []string{text.Say.StatusSignedOutOK, "picture-torn"}, nil)
	_, html = open(t, &server{}, window)
	expect(t, html(), []string{text.Say.StatusSignedOut}, []string{"picture-torn"})

	window.kept = map[string]string{keyTorn: "yes"}
	_, html = open(t, &server{session: alice}, window)
	expect(t, html(), []string{"Alice"}, []string{"picture-torn", text.Say.StatusSignedOutOK})
	if len(window.kept) != 0 {
		t.Errorf("it is kept that the ticket was torn: %v", window.kept)
	}
	window.kept = map[string]string{keyTorn: "yes"}
	_, html = open(t, &server{err: backend.ErrUnreachable}, window)
	expect(t, html(), []string{text.Say.StatusUnreachable}, []string{"picture-torn", text.Say.StatusSignedOutOK})
}

func TestSignOutWithoutProviderStays(t *testing.T) {
	window := &window{}
	home, html := open(t, &server{session: alice}, window)
	html()
	home.signOut(anyCtx, event)
	html()
	if window.assigned != "" || window.focused != component.IDMain {
		t.Errorf("went to %q, focus on %q", window.assigned, window.focused)
	}
}

func TestPageFromTheBackForwardCacheAsksAgain(t *testing.T) {
	server, window := &server{session: alice}, &window{}
	home, html := open(t, server, window)
	expect(t, html(), []string{"Alice"}, nil)

	server.session = api.Session{}
	window.restored()
	expect(t, html(), []string{`id="sign-in"`}, []string{"Alice"})
	if got := server.calls.Load(); got != 2 {
		t.Errorf("asked %d times", got)
	}
	home.OnDismount()
	if !window.stopped {
		t.Error("it still listens after it is gone")
	}
}

func TestSessionThatEndsUnderThePageIsSaid(t *testing.T) {
	server := &server{session: alice, notes: []backend.Note{{ID: "1", Text: "hat"}}}
	home, html := open(t, server, &window{})
	html()
	server.err = &backend.Error{Problem: api.Problem{Status: 401, Code: api.SessionExpired}}
	home.deleteNote("1")(anyCtx, event)
	expect(t, html(), []string{text.Say.SessionEnded.Title, `href="/bff/login"`}, []string{"Alice", ">hat<"})
}

func TestNoteTypedWhenTheSessionEndedIsThereAfterTheNextSignIn(t *testing.T) {
	server, window := &server{session: alice}, &window{}
	home, html := open(t, server, window)
	html()
	window.field = "umbrella"
	server.err = &backend.Error{Problem: api.Problem{Status: 401, Code: api.SessionExpired}}
	home.addNote(anyCtx, event)
	expect(t, html(), []string{text.Say.SessionEndedDraft.Detail, `id="sign-in"`}, []string{`id="note-text"`})
	if window.focused != component.IDMain {
		t.Errorf("the field that had the focus is gone, and it is on %q", window.focused)
	}

	window.field, server.err = "", nil
	server.session = api.Session{Authenticated: true, Claims: map[string]any{"name": "Bob"}}
	_, html = open(t, server, window)
	html()
	if window.field != "" {
		t.Fatalf("someone else found %q", window.field)
	}
	server.session = alice
	_, html = open(t, server, window)
	html()
	if window.field != "umbrella" || len(window.kept) != 0 {
		t.Errorf("field %q, still kept %v", window.field, window.kept)
	}
}

func TestNotFoundLeadsBack(t *testing.T) {
	expect(t, goapp.HTMLString(NewNotFound()), []string{text.Say.NotFound.Title, `href="/"`}, []string{"aria-current"})
}
