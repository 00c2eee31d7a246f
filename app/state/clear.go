package state

import (
	"cloakroom/app/backend"
	"cloakroom/app/text"
)

// AskClear asks whether all notes are to be deleted.
func (h *Home) AskClear() {
	if h.Phase == SignedIn && h.Clearing == NotClearing {
		h.Clearing, h.Alert = ClearingAsked, nil
	}
}

// KeepNotes takes the question back.
func (h *Home) KeepNotes() {
	if h.Clearing != ClearingNow {
		h.Clearing, h.StepUp = NotClearing, ""
	}
}

// BeginClear reports whether the deletion of all notes may begin.
func (h *Home) BeginClear() bool {
	if h.Phase != SignedIn || h.Clearing == ClearingNow {
		return false
	}
	h.Clearing, h.Alert, h.Status = ClearingNow, nil, text.Say.ClearingNotes
	return true
}

// Cleared takes the outcome. An API that wants a fresh sign-in first (RFC 9470) is no failure: the session goes on, and
// the user decides.
func (h *Home) Cleared(err error) {
	h.Clearing, h.StepUp = NotClearing, ""
	if h.Phase != SignedIn {
		return
	}
	h.Status = text.Say.StatusSignedIn
	if err == nil {
		h.Notes, h.NotesPhase, h.Status = nil, NotesReady, text.Say.StatusNotesCleared
		h.cleared = true
		return
	}
	if path, ok := backend.StepUp(err); ok {
		h.Clearing, h.StepUp, h.Status = ClearingNeedsSignIn, withProvider(path, h.Provider), text.Say.StatusStepUp
		return
	}
	h.undone(err, text.Say.NotesNotCleared)
}
