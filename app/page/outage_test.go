package page

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// The errors of a server that can be reached, and of one that cannot.
var (
	apiDown   = &backend.Error{Problem: api.Problem{Status: 502, Code: api.UpstreamUnavailable}}
	storeDown = &backend.Error{Problem: api.Problem{Status: 503, Code: api.StoreUnavailable}}
	proxyOnly = &backend.Error{Problem: api.Problem{Status: 502}}
	apiSlow   = &backend.Error{Problem: api.Problem{Status: 504}}
	notThere  = &backend.Error{Problem: api.Problem{Status: 404, Code: api.NotFound}}
)

func TestServerIsSaidToBeOutOfReachWhenItIs(t *testing.T) {
	for name, row := range map[string]struct {
		err    error
		silent bool
	}{
		"the API is down":   {apiDown, false},
		"the store is down": {storeDown, false},
		"no answer":         {backend.ErrUnreachable, true},
		"a proxy's answer":  {proxyOnly, false},
	} {
		t.Run(name, func(t *testing.T) {
			asked, answered := []string{text.Say.SessionUnknown.Title, text.Say.StatusUnknown}, []string{text.Say.StatusSignedIn, text.Say.NoteNotAdded.Title}
			if row.silent {
				asked, answered = []string{text.Say.Unreachable.Title, text.Say.StatusUnreachable}, []string{text.Say.StatusUnreachable, text.Say.NoteNotAdded.Title}
			}
			_, html := open(t, &server{err: row.err}, &window{})
			expect(t, html(), append(asked, `id="retry"`, "status-down"), []string{text.Say.StatusSignedOut})

			server := &server{session: alice}
			home, html := open(t, server, &window{field: "hat"})
			html()
			server.err = row.err
			home.addNote(anyCtx, event)
			if backend.Unanswered(row.err) {
				answered[1] = text.Say.NotesUnanswered.Title
			}
			var never []string
			if !row.silent {
				never = []string{text.Say.StatusUnreachable}
			}
			expect(t, html(), answered, never)
		})
	}
}

func TestWhatWorksAgainTakesBackWhatWasSaid(t *testing.T) {
	server := &server{session: alice}
	home, html := open(t, server, &window{})
	html()
	server.err = backend.ErrUnreachable
	dispatched(home.screen, home.loadNotes)
	expect(t, html(), []string{text.Say.StatusUnreachable, text.Say.NotesUnavailable.Title}, nil)
	server.err = nil
	home.retryNotes(anyCtx, event)
	expect(t, html(), []string{text.Say.StatusSignedIn}, []string{text.Say.StatusUnreachable, text.Say.NotesUnavailable.Title})

	session, _, html := watch(t, server)
	html()
	server.err = backend.ErrUnreachable
	dispatched(session.screen, session.list)
	expect(t, html(), []string{text.Say.StatusUnreachable, text.Say.SessionsUnavailable.Title}, nil)
	server.err = nil
	session.retryList(anyCtx, event)
	expect(t, html(), []string{text.Say.StatusSignedIn}, []string{text.Say.StatusUnreachable, text.Say.SessionsUnavailable.Title})
}

func TestNoteIsSaidToBeDeletedWhileItIs(t *testing.T) {
	home, html := open(t, &server{session: alice, notes: []backend.Note{{ID: "1", Text: "hat"}, {ID: "2", Text: "coat"}}}, &window{})
	html()
	dispatched(home.screen, func() { home.state.BeginDelete("1") })
	said := html()
	expect(t, said, []string{">" + text.Say.Delete + "<"}, nil) // of the other one
	if count := strings.Count(said, ">"+text.Say.DeletingNote+"<"); count != 2 {
		t.Errorf("it is said %d times, not in the status line and at the note", count)
	}
	home.deleteNote("2")(anyCtx, event) // one at a time
	dispatched(home.screen, func() { home.state.NoteDeleted("1", nil) })
	expect(t, html(), []string{text.Say.StatusNoteDeleted, ">coat<"}, []string{text.Say.DeletingNote, ">hat<"})
}

func TestNoteThatIsDeletedInAnotherTabGoes(t *testing.T) {
	server := &server{session: alice, notes: []backend.Note{{ID: "1", Text: "hat"}, {ID: "2", Text: "coat"}}}
	home, html := open(t, server, &window{})
	html()
	server.err = notThere
	home.deleteNote("1")(anyCtx, event)
	expect(t, html(), []string{"coat", text.Say.StatusNoteDeleted}, []string{">hat<", `id="alert"`})
	server.err = apiDown // the control
	home.deleteNote("2")(anyCtx, event)
	expect(t, html(), []string{"coat", text.Say.NoteNotDeleted.Title}, []string{text.Say.StatusNoteDeleted})
}

// An API that is slow may do what it was asked when nobody waits for it any more.
func TestChangeThatIsNotAnsweredIsLookedForInTheNotes(t *testing.T) {
	hat, coat := backend.Note{ID: "1", Text: "hat"}, backend.Note{ID: "2", Text: "coat"}
	for _, err := range []error{backend.ErrUnreachable, apiSlow} {
		for name, change := range map[string]func(*Home){
			"add":        func(home *Home) { home.addNote(anyCtx, event) },
			"delete":     func(home *Home) { home.deleteNote(hat.ID)(anyCtx, event) },
			"delete all": func(home *Home) { home.clearAll(anyCtx, event) },
		} {
			t.Run(name+": "+err.Error(), func(t *testing.T) {
				server := &unanswered{server: server{session: alice, notes: []backend.Note{hat}}}
				home := NewHome(World{Backend: server, Browser: &window{field: "coat"}})
				html := show(t, home, home.OnMount)
				expect(t, html(), []string{">hat<"}, []string{">coat<"})
				server.refusal, server.notes = err, []backend.Note{coat} // it was done
				change(home)
				expect(t, html(), []string{">coat<", text.Say.NotesUnanswered.Title, text.Say.NotesUnanswered.Detail}, []string{">hat<"})

				server.err = backend.ErrUnreachable // nor can they be fetched: what is known stays
				change(home)
				expect(t, html(), []string{">coat<", text.Say.NotesUnanswered.Title}, []string{text.Say.NotesUnavailable.Title})
			})
		}
	}
}

// unanswered is a server that makes changes, and does not say so.
type unanswered struct {
	server

	refusal error
}

func (s *unanswered) AddNote(context.Context, string) (backend.Note, error) {
	return backend.Note{}, s.refusal
}
func (s *unanswered) DeleteNote(context.Context, string) error { return s.refusal }
func (s *unanswered) DeleteAllNotes(context.Context) error     { return s.refusal }

func TestSessionThatCannotBeAskedForIsNoServerOutOfReach(t *testing.T) {
	for _, err := range []error{storeDown, backend.ErrUnreachable} {
		server := &server{session: held()}
		session, _, html := watch(t, server)
		html()
		server.err = err
		dispatched(session.screen, session.reread)
		if said := strings.Contains(html(), text.Say.StatusUnreachable); said != errors.Is(err, backend.ErrUnreachable) {
			t.Errorf("%v: it is said to be out of reach: %t", err, said)
		}
	}
}
