package page

import (
	"context"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/component"
	"cloakroom/app/state"
)

func (h *Home) askClear(goapp.Context, goapp.Event) {
	h.state.AskClear()
	h.focusLater(component.IDClearYes)
}

func (h *Home) keepNotes(goapp.Context, goapp.Event) {
	h.state.KeepNotes()
	h.focusLater(component.IDNotesClear)
}

func (h *Home) clearAll(goapp.Context, goapp.Event) { h.clear() }

func (h *Home) clear() {
	if !h.state.BeginClear() {
		return
	}
	h.Browser.Focus(component.IDNoteText) // the button that had the focus is gone
	h.current(func(ctx context.Context) func() {
		err := h.Backend.DeleteAllNotes(ctx)
		return func() {
			h.state.Cleared(err)
			h.lookAgain(err)
			switch {
			case h.state.Clearing == state.ClearingNeedsSignIn:
				h.focusLater(component.IDStepUp)
			case err == nil:
				h.focusLater(component.IDNoteText)
			}
		}
	})
}

// stepUpLife is as long as a sign-in may take. What was chosen longer ago is asked again.
const stepUpLife = 10 * time.Minute

// stepUp remembers, for this tab and this user, what the fresh sign-in is for; the link itself is the navigation.
func (h *Home) stepUp(goapp.Context, goapp.Event) {
	h.Browser.Keep(h.pending(), h.Browser.Now().Format(time.RFC3339))
}

// steppedUp reports whether the user comes back from a sign-in that was for deleting all notes. It is true once.
func (h *Home) steppedUp() bool {
	chosen, err := time.Parse(time.RFC3339, h.Browser.TakeKept(h.pending()))
	return err == nil && h.Browser.Now().Sub(chosen) < stepUpLife
}

// pending is the key that a deletion which waits for a fresh sign-in is kept under.
func (h *Home) pending() string { return "cloakroom-clear:" + h.state.User }

// focusLater moves the focus after the frame that draws its target.
func (h *Home) focusLater(id string) {
	h.screen.Defer(func(goapp.Context) { h.Browser.Focus(id) })
}
