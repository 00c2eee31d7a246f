package state

import (
	"errors"
	"testing"
	"time"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/app/text/english"
	"cloakroom/bff/api"
)

func init() { text.Say = &english.Words }

var (
	alice   = api.Session{Authenticated: true, Handle: "h1", Claims: map[string]any{"name": "Alice"}}
	nobody  = api.Session{Providers: []api.Provider{{ID: "demo"}}}
	expired = &backend.Error{Problem: api.Problem{Status: 401, Code: api.SessionExpired}}
	down    = &backend.Error{Problem: api.Problem{Status: 503, Code: api.StoreUnavailable}}
)

func signedIn(t *testing.T) *Home {
	t.Helper()
	home := &Home{}
	if !home.Checked(home.Check(), alice, nil) {
		t.Fatal("not signed in")
	}
	home.NotesLoaded([]backend.Note{{ID: "1", Text: "hat"}}, nil)
	return home
}

func TestCheckTellsSignedInSignedOutAndUnknownApart(t *testing.T) {
	for name, row := range map[string]struct {
		session api.Session
		err     error
		phase   Phase
		alert   bool
	}{
		"signed in":  {alice, nil, SignedIn, false},
		"signed out": {nobody, nil, SignedOut, false},
		"outage":     {api.Session{}, down, Unreachable, true},
		"no network": {api.Session{}, backend.ErrUnreachable, Unreachable, true},
	} {
		t.Run(name, func(t *testing.T) {
			home := &Home{}
			home.Checked(home.Check(), row.session, row.err)
			if home.Phase != row.phase || (home.Alert != nil) != row.alert {
				t.Errorf("phase %d, alert %+v", home.Phase, home.Alert)
			}
		})
	}
}

func TestLateAnswerDoesNotUndoANewerCheck(t *testing.T) {
	home := &Home{}
	old := home.Check()
	home.Checked(home.Check(), nobody, nil)
	if home.Checked(old, alice, nil) || home.Phase != SignedOut {
		t.Error("the answer to an old check signed the user in")
	}
}

func TestCheckForgetsTheUserUntilItIsAnswered(t *testing.T) {
	home := signedIn(t)
	home.Check()
	if home.User != "" || home.Notes != nil || home.Phase != Checking {
		t.Errorf("still there: %+v", home)
	}
}

func TestFailedSignInIsStillSaidAfterTheCheck(t *testing.T) {
	home := &Home{}
	check := home.Check()
	home.SignInFailed(api.AccessDenied)
	home.Checked(check, nobody, nil)
	if home.Alert == nil || home.Alert.Message != text.Say.SignInError(api.AccessDenied) || home.Alert.SignIn == "" {
		t.Errorf("alert is %+v", home.Alert)
	}
}

func TestSessionThatEndsTakesTheNotesAndOffersToSignIn(t *testing.T) {
	for name, call := range map[string]func(*Home){
		"listing":  func(home *Home) { home.NotesLoaded(nil, expired) },
		"adding":   func(home *Home) { home.BeginAdd("x"); home.NoteAdded(backend.Note{}, expired) },
		"deleting": func(home *Home) { home.BeginDelete("1"); home.NoteDeleted("1", expired) },
	} {
		t.Run(name, func(t *testing.T) {
			home := signedIn(t)
			call(home)
			if home.Phase != SignedOut || home.Notes != nil || home.User != "" {
				t.Errorf("still there: %+v", home)
			}
			if home.Alert == nil || home.Alert.SignIn == "" {
				t.Errorf("alert is %+v", home.Alert)
			}
		})
	}
}

func TestOutageNeverSignsOut(t *testing.T) {
	for name, call := range map[string]func(*Home){
		"listing":  func(home *Home) { home.NotesLoaded(nil, down) },
		"adding":   func(home *Home) { home.BeginAdd("x"); home.NoteAdded(backend.Note{}, down) },
		"deleting": func(home *Home) { home.BeginDelete("1"); home.NoteDeleted("1", down) },
		"sign-out": func(home *Home) { home.BeginSignOut(); home.SignedOutBy(down) },
	} {
		t.Run(name, func(t *testing.T) {
			home := signedIn(t)
			call(home)
			if home.Phase != SignedIn || home.User != "Alice" || home.Alert == nil {
				t.Errorf("state is %+v", home)
			}
		})
	}
}

func TestSignOutLeavesNothingOfTheUser(t *testing.T) {
	for name, err := range map[string]error{"done": nil, "was over already": expired} {
		t.Run(name, func(t *testing.T) {
			home := signedIn(t)
			if !home.BeginSignOut() || home.BeginSignOut() {
				t.Fatal("a sign-out begins once")
			}
			if !home.SignedOutBy(err) || home.User != "" || home.Notes != nil || home.Ticket != 0 || !home.Torn {
				t.Errorf("state is %+v", home)
			}
		})
	}
}

func TestSignOutWithoutAnAnswerIsNotSaidToHaveFailed(t *testing.T) {
	refused := &backend.Error{Problem: api.Problem{Status: 503, Code: api.StoreUnavailable}}
	for err, want := range map[error]text.Message{backend.ErrUnreachable: text.Say.SignOutUnanswered, error(refused): text.Say.SignOutFailed} {
		home := signedIn(t)
		home.BeginSignOut()
		if home.SignedOutBy(err) || home.Alert == nil || home.Alert.Message != want {
			t.Errorf("after %v it says %+v", err, home.Alert)
		}
	}
}

func TestNotesAreNewestFirst(t *testing.T) {
	home := signedIn(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	home.NotesLoaded([]backend.Note{{ID: "old", CreatedAt: now}, {ID: "new", CreatedAt: now.Add(time.Hour)}}, nil)
	if home.Notes[0].ID != "new" {
		t.Errorf("order is %+v", home.Notes)
	}
	home.BeginAdd("x")
	home.NoteAdded(backend.Note{ID: "newest"}, nil)
	if home.Notes[0].ID != "newest" || len(home.Notes) != 3 {
		t.Errorf("order is %+v", home.Notes)
	}
}

func TestEmptyNoteIsSaidAndNotSent(t *testing.T) {
	home := signedIn(t)
	if _, ok := home.BeginAdd(" \t "); ok || home.Alert == nil {
		t.Error("an empty note was sent, or nothing was said")
	}
	note, ok := home.BeginAdd("  hat ")
	if !ok || note != "hat" || home.Alert != nil {
		t.Errorf("got %q, %t, alert %+v", note, ok, home.Alert)
	}
	if _, ok := home.BeginAdd("again"); ok {
		t.Error("a second press sent a second note")
	}
}

func TestDeleteRemovesThatNoteOnly(t *testing.T) {
	home := signedIn(t)
	home.NotesLoaded([]backend.Note{{ID: "1"}, {ID: "2"}, {ID: "3"}}, nil)
	if !home.BeginDelete("2") || home.BeginDelete("3") {
		t.Fatal("one delete at a time")
	}
	if !home.NoteDeleted("2", nil) || len(home.Notes) != 2 || home.Notes[0].ID != "1" || home.Notes[1].ID != "3" {
		t.Errorf("left %+v", home.Notes)
	}
}

func TestNotesAlertGoesWhenTheyAreFetchedAgain(t *testing.T) {
	home := signedIn(t)
	home.NotesLoaded(nil, errors.New("odd"))
	if home.NotesPhase != NotesFailed || home.Alert == nil {
		t.Fatalf("state is %+v", home)
	}
	home.LoadNotes()
	if home.Alert != nil {
		t.Errorf("alert is still %+v", home.Alert)
	}
}

func TestUserIsCalledByTheFriendliestClaim(t *testing.T) {
	for want, session := range map[string]api.Session{
		"Alice":                {Claims: map[string]any{"name": "Alice", "email": "a@example.com"}},
		"alice":                {Claims: map[string]any{"name": " ", "preferred_username": "alice"}},
		"a@example.com":        {Claims: map[string]any{"name": 7, "email": "a@example.com"}},
		"sub-1":                {Auth: &api.Auth{Subject: "sub-1"}},
		text.Say.UnknownPerson: {},
	} {
		if got := userName(session); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTicketNumberHasThreeDigitsAndTellsNothingWithoutASession(t *testing.T) {
	if ticketNumber("") != 0 {
		t.Error("a ticket without a session")
	}
	for _, handle := range []string{"a", "b", "session-handle", "01JD"} {
		if n := ticketNumber(handle); n < 101 || n > 999 || n != ticketNumber(handle) {
			t.Errorf("%q has number %d", handle, n)
		}
	}
}
