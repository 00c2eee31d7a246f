package page

import (
	"context"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Home is the front page: the product for visitors, the notes for users.
type Home struct {
	goapp.Compo
	visit
	copying

	state state.Home
}

// NewHome returns the front page.
func NewHome(world World) *Home {
	home := &Home{visit: visit{World: world}}
	home.visited, home.entered = &home.state, home.enter
	home.say = func(status string) { home.state.Status = status }
	home.state.Providers = world.Facts.Providers
	home.begin()
	return home
}

// OnMount asks who is signed in.
func (h *Home) OnMount(ctx goapp.Context) { h.mount(ctx, text.Say.Title) }

func (h *Home) enter(session api.Session) {
	h.state.Tour = session.Links.Trace != ""
	h.loadNotes()
	// What the user chose before the fresh sign-in, unless that failed: the alert says so, and asking again would go round.
	if h.steppedUp() && h.state.Alert == nil {
		h.clear()
	}
	h.screen.Defer(h.restoreDraft) // after the frame that draws the field
}

func (h *Home) loadNotes() {
	h.state.LoadNotes()
	h.current(func(ctx context.Context) func() {
		notes, err := h.Backend.ListNotes(ctx)
		return func() { h.state.NotesLoaded(notes, err) }
	})
}

func (h *Home) retryNotes(goapp.Context, goapp.Event) {
	h.loadNotes()
	h.Browser.Focus(component.IDNoteText) // the button that had the focus is gone
}

func (h *Home) addNote(_ goapp.Context, event goapp.Event) {
	event.PreventDefault()
	field := h.Browser.FieldValue(component.IDNoteText)
	typed, ok := h.state.BeginAdd(field)
	if !ok {
		h.Browser.Focus(component.IDNoteText)
		return
	}
	draft := draftOf(h.state.User)
	h.current(func(ctx context.Context) func() {
		note, err := h.Backend.AddNote(ctx, typed)
		return func() {
			defer h.lookAgain(err)
			switch {
			case h.state.NoteAdded(note, err):
				if h.Browser.FieldValue(component.IDNoteText) == field { // and not the beginning of the next one
					h.Browser.SetField(component.IDNoteText, "")
				}
				h.Browser.Focus(component.IDNoteText)
			case h.state.Phase == state.SignedOut:
				// The field goes with the session. What was typed waits for the same user, in this tab.
				h.Browser.Keep(draft, typed)
				h.Browser.Focus(component.IDMain)
			}
		}
	})
}

// lookAgain fetches the notes, without a word, when only they can tell whether a change was made.
func (h *Home) lookAgain(err error) {
	if !backend.Unanswered(err) || h.state.Phase != state.SignedIn {
		return
	}
	h.state.LookAgain()
	h.current(func(ctx context.Context) func() {
		notes, err := h.Backend.ListNotes(ctx)
		return func() {
			if err == nil {
				h.state.NotesLoaded(notes, nil)
			}
		}
	})
}

func (h *Home) restoreDraft(goapp.Context) {
	if typed := h.Browser.TakeKept(draftOf(h.state.User)); typed != "" {
		h.Browser.SetField(component.IDNoteText, typed)
	}
}

// draftOf is the key that a user's unfinished note is kept under.
func draftOf(user string) string { return "cloakroom-draft:" + user }

func (h *Home) deleteNote(id string) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) {
		if !h.state.BeginDelete(id) {
			return
		}
		h.current(func(ctx context.Context) func() {
			err := h.Backend.DeleteNote(ctx, id)
			return func() {
				defer h.lookAgain(err)
				if h.state.NoteDeleted(id, err) {
					// The button that had the focus is gone.
					h.Browser.Focus(component.IDNoteText)
				}
			}
		})
	}
}

// Render draws the state.
func (h *Home) Render() goapp.UI {
	if !h.state.Held() {
		return component.Shell(component.PathHome, nil, h.visitor()...)
	}
	action := component.SignOut(h.state.Phase == state.Leaving, h.signOut)
	return component.Shell(component.PathHome, action, h.user()...)
}

func (h *Home) visitor() []goapp.UI {
	return []goapp.UI{
		goapp.Div().Class("column").Body(
			component.Status(h.state.Status, tone(&h.state.Visit)),
			component.Alert(h.state.Alert, component.PathHome, h.retry),
			component.Pitch(h.state.Providers),
		),
		component.Picture(&h.state.Visit),
		component.ForDevelopers(h.Facts.Files, h.copier(&h.copying)),
	}
}

func (h *Home) user() []goapp.UI {
	return []goapp.UI{
		goapp.Div().Class("column").Body(
			component.Status(h.state.Status, tone(&h.state.Visit)),
			component.Alert(h.state.Alert, component.PathHome, h.retry),
			goapp.Div().Class("desk").Body(
				component.Greeting(h.state.User),
				component.Tour(h.state.Tour),
				component.Notes(&h.state, component.NoteHandlers{
					Add:    h.addNote,
					Delete: h.deleteNote,
					Retry:  h.retryNotes,
					Clear: component.ClearHandlers{
						Ask: h.askClear, Yes: h.clearAll, No: h.keepNotes, StepUp: h.stepUp,
					},
				}),
			),
		),
		component.Picture(&h.state.Visit),
	}
}
