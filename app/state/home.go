package state

import (
	"slices"

	"cloakroom/app/backend"
	"cloakroom/app/text"
)

// NotesPhase is what the page knows about the notes.
type NotesPhase int

// The phases of the notes.
const (
	NotesLoading NotesPhase = iota
	NotesReady
	NotesFailed
)

// Home is the state of the front page.
type Home struct {
	Visit

	NotesPhase NotesPhase
	Notes      []backend.Note
	Adding     bool
	Deleting   string // the id of the note being deleted
	Clearing   Clearing
	StepUp     string // the path of the sign-in that the API asks for, once it did
	Tour       bool   // there is a trace to show

	cleared bool // all notes were deleted while a list was under way
}

// Clearing is how far the deletion of all notes is.
type Clearing int

// Deleting all notes is asked about first; then the API may ask for a fresh sign-in.
const (
	NotClearing Clearing = iota
	ClearingAsked
	ClearingNow
	ClearingNeedsSignIn
)

// Check begins to ask for the session. It returns the number of the check, for Checked.
func (h *Home) Check() int {
	*h = Home{Visit: h.Visit}
	return h.Visit.Check()
}

// SignedOutBy takes the outcome of a sign-out. It reports whether the session is gone.
func (h *Home) SignedOutBy(err error) bool {
	gone := h.Visit.SignedOutBy(err)
	if gone {
		*h = Home{Visit: h.Visit}
	}
	return gone
}

// Gone says that the session is over, by whatever ended it.
func (h *Home) Gone() {
	h.Visit.Gone()
	*h = Home{Visit: h.Visit}
}

func (h *Home) refused(err error, fallback text.Message) {
	if h.Visit.refused(err, fallback) {
		*h = Home{Visit: h.Visit}
	}
}

func without(notes []backend.Note, id string) []backend.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(note backend.Note) bool { return note.ID == id })
}
