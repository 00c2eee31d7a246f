package state

import (
	"slices"
	"strings"

	"cloakroom/app/backend"
	"cloakroom/app/text"
)

// LoadNotes begins to fetch the notes.
func (h *Home) LoadNotes() {
	h.NotesPhase = NotesLoading
	h.cleared = false
	if h.Alert != nil && h.Alert.Message == text.Say.NotesUnavailable {
		h.Alert = nil
	}
}

// LookAgain begins to fetch the notes while those that are known stay.
func (h *Home) LookAgain() { h.cleared = false }

// NotesLoaded takes the notes, newest first on the page whatever their order in the API.
func (h *Home) NotesLoaded(notes []backend.Note, err error) {
	if h.Phase != SignedIn {
		return
	}
	if err != nil {
		h.NotesPhase = NotesFailed
		h.refused(err, text.Say.NotesUnavailable)
		return
	}
	h.NotesPhase = NotesReady
	h.Reached()
	if h.cleared {
		return // asked for before all of them were deleted
	}
	h.Notes = slices.SortedStableFunc(slices.Values(notes), func(a, b backend.Note) int {
		return b.CreatedAt.Compare(a.CreatedAt)
	})
}

// BeginAdd reports whether a typed note may be sent, and returns what to send. An empty note is said, not sent; a second
// press while the first is under way does nothing.
func (h *Home) BeginAdd(typed string) (note string, ok bool) {
	if h.Phase != SignedIn || h.Adding {
		return "", false
	}
	note = strings.TrimSpace(typed)
	if note == "" {
		h.Alert = &Alert{Message: text.Say.NoteEmpty}
		return "", false
	}
	h.Adding, h.Alert, h.Status = true, nil, text.Say.AddingNote
	return note, true
}

// NoteAdded takes the outcome. It reports whether the note is stored, so that the field may be emptied.
func (h *Home) NoteAdded(note backend.Note, err error) bool {
	h.Adding = false
	if h.Phase != SignedIn {
		return false
	}
	h.Status = text.Say.StatusSignedIn
	if err != nil {
		h.undone(err, text.Say.NoteNotAdded)
		if h.Phase == SignedOut {
			h.Alert.Message = text.Say.SessionEndedDraft
		}
		return false
	}
	h.Notes = append([]backend.Note{note}, h.Notes...)
	h.Status = text.Say.StatusNoteAdded
	return true
}

// BeginDelete reports whether a note may be deleted: one at a time.
func (h *Home) BeginDelete(id string) bool {
	if h.Phase != SignedIn || h.Deleting != "" {
		return false
	}
	h.Deleting, h.Alert, h.Status = id, nil, text.Say.DeletingNote
	return true
}

// NoteDeleted takes the outcome. It reports whether the note is gone.
func (h *Home) NoteDeleted(id string, err error) bool {
	h.Deleting = ""
	if h.Phase != SignedIn {
		return false
	}
	if err != nil && !backend.NotFound(err) { // it may have been deleted in another tab
		h.Status = text.Say.StatusSignedIn
		h.undone(err, text.Say.NoteNotDeleted)
		return false
	}
	h.Notes = without(h.Notes, id)
	h.Status = text.Say.StatusNoteDeleted
	return true
}

// undone takes the error of a change. Whether one that was not answered was made, only the list can tell.
func (h *Home) undone(err error, fallback text.Message) {
	if backend.Unanswered(err) {
		fallback = text.Say.NotesUnanswered
	}
	h.refused(err, fallback)
}
