// Package state holds what the page knows and how that changes: plain values and transitions, no browser and no markup.
// Every transition runs on the page's event goroutine, so nothing here is locked.
//
// Start with [Home] and [Phase].
package state

import (
	"hash/fnv"
	"slices"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Phase is what the page knows about the session. The zero value is what the prerendered page shows.
type Phase int

// The phases. Unreachable is not SignedOut: an outage says nothing about the session.
const (
	Checking Phase = iota
	SignedOut
	SignedIn
	Unreachable
	Leaving // a sign-out is under way
)

// NotesPhase is what the page knows about the notes.
type NotesPhase int

// The phases of the notes.
const (
	NotesLoading NotesPhase = iota
	NotesReady
	NotesFailed
)

// Alert is a message that needs the user's attention.
type Alert struct {
	text.Message
	SignIn string // the label of a link to sign in; none when empty
	Retry  bool   // offer to ask the server again
}

// Home is the state of the front page.
type Home struct {
	Phase     Phase
	User      string // what to call the user
	Ticket    int    // the number on the ticket, of this session; 0 when there is none
	Torn      bool   // the ticket was given back
	Providers []api.Provider
	Status    string // the polite live region
	Alert     *Alert

	NotesPhase NotesPhase
	Notes      []backend.Note
	Adding     bool
	Deleting   string // the id of the note being deleted

	checks int // numbers the session checks, so that a late answer cannot undo a newer one
}

// Check begins to ask for the session. It returns the number of the check, for [Home.Checked].
func (h *Home) Check() int {
	h.checks++
	alert := h.Alert
	if alert != nil && alert.Retry {
		alert = nil
	}
	*h = Home{Phase: Checking, Providers: h.Providers, Status: text.StatusChecking, Alert: alert, checks: h.checks}
	return h.checks
}

// Checked takes the answer to a check. It reports whether the user is signed in, so that the notes are asked for next.
func (h *Home) Checked(check int, session api.Session, err error) (signedIn bool) {
	if check != h.checks || h.Phase != Checking {
		return false
	}
	if err != nil {
		h.Phase, h.Status = Unreachable, text.StatusUnreachable
		h.Alert = &Alert{Message: text.Unreachable, Retry: true}
		return false
	}
	h.Providers = session.Providers
	if !session.Authenticated {
		h.Phase, h.Status = SignedOut, text.StatusSignedOut
		return false
	}
	h.Phase, h.Status = SignedIn, text.StatusSignedIn
	h.User, h.Ticket = userName(session), ticketNumber(session.Handle)
	return true
}

// SignInFailed shows why a sign-in came back without a session. An empty code means that none failed.
func (h *Home) SignInFailed(code api.Code) {
	if code != "" {
		h.Alert = &Alert{Message: text.SignInError(code), SignIn: text.TryAgain}
	}
}

// BeginSignOut reports whether a sign-out may begin: one at a time.
func (h *Home) BeginSignOut() bool {
	if h.Phase != SignedIn {
		return false
	}
	h.Phase, h.Status, h.Alert = Leaving, text.SigningOut, nil
	return true
}

// SignedOutBy takes the outcome of a sign-out. It reports whether the session is gone. What the page showed of the user
// goes with it, so that a page kept for the back button has nothing to show.
func (h *Home) SignedOutBy(err error) bool {
	if err != nil && !backend.SignedOut(err) {
		h.Phase, h.Status = SignedIn, text.StatusSignedIn
		h.Alert = &Alert{Message: text.SignOutFailed}
		return false
	}
	*h = Home{Phase: SignedOut, Torn: true, Providers: h.Providers, Status: text.StatusSignedOutOK, checks: h.checks}
	return true
}

// refused takes an error of a call that needs the session. It reports whether it is the kind that ends what the page
// shows of the user; if not, fallback is shown.
func (h *Home) refused(err error, fallback text.Message) {
	switch {
	case backend.SignedOut(err):
		*h = Home{Phase: SignedOut, Providers: h.Providers, Status: text.StatusSignedOut, checks: h.checks}
		h.Alert = &Alert{Message: text.SessionEnded, SignIn: text.SignIn}
	case backend.Unreachable(err):
		h.Alert = &Alert{Message: fallback}
		h.Status = text.StatusUnreachable
	default:
		h.Alert = &Alert{Message: fallback}
	}
}

// userName picks the friendliest of the claims that OpenID Connect Core §5.1 defines.
func userName(session api.Session) string {
	for _, claim := range []string{"name", "preferred_username", "email"} {
		if name, ok := session.Claims[claim].(string); ok && name != "" {
			return name
		}
	}
	if session.Auth != nil && session.Auth.Subject != "" {
		return session.Auth.Subject
	}
	return text.UnknownPerson
}

// ticketNumber gives each session a number to recognise it by. It is decoration: it opens nothing and need not be unique.
func ticketNumber(handle string) int {
	if handle == "" {
		return 0
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(handle)) // never fails, says package hash
	return int(hash.Sum32()%899) + 101
}

func without(notes []backend.Note, id string) []backend.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(note backend.Note) bool { return note.ID == id })
}
