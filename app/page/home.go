// Package page holds the screens. A screen owns one state, turns events into calls of the BFF and their answers into
// transitions, and draws the state with components. It decides nothing itself, and touches the browser through
// interfaces only, so that a test can drive it.
//
// Start with [Home].
package page

import (
	"context"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/app/state"
	"cloakroom/bff/api"
)

// Backend is what the page asks of the BFF.
type Backend interface {
	Session(ctx context.Context) (api.Session, error)
	Logout(ctx context.Context) (api.LoggedOut, error)
	ListNotes(ctx context.Context) ([]backend.Note, error)
	AddNote(ctx context.Context, text string) (backend.Note, error)
	DeleteNote(ctx context.Context, id string) error
}

// Browser is what the page asks of the window that it runs in.
type Browser interface {
	Assign(destination string)
	TakeParameter(name string) string
	OnRestore(f func()) (stop func())
	FieldValue(id string) string
	SetField(id, value string)
	Keep(key, value string)
	TakeKept(key string) string
	Focus(id string)
}

// Home is the front page: the product for visitors, the notes for users.
type Home struct {
	goapp.Compo

	backend Backend
	browser Browser
	state   state.Home
	// screen is this component's context. What outlives an event runs in it: an event's own context ends with the element
	// that it came from, such as a button that the next frame removes.
	screen goapp.Context
	stop   func()
}

// NewHome returns the front page. Prerendering needs neither of its collaborators.
func NewHome(backend Backend, browser Browser) *Home {
	home := &Home{backend: backend, browser: browser}
	home.state.Check()
	return home
}

// OnMount asks who is signed in, and asks again whenever the page comes back from the back/forward cache: by then the
// session may have ended.
func (h *Home) OnMount(ctx goapp.Context) {
	h.screen = ctx
	h.state.SignInFailed(api.Code(h.browser.TakeParameter(api.ErrorParameter)))
	h.stop = h.browser.OnRestore(func() { h.screen.Dispatch(func(goapp.Context) { h.check() }) })
	h.check()
}

// OnDismount stops listening.
func (h *Home) OnDismount() {
	if h.stop != nil {
		h.stop()
	}
}

// later runs call off the event goroutine, as it waits for an answer, and then what call returned on it.
func (h *Home) later(call func(ctx context.Context) (then func())) {
	h.screen.Async(func() {
		then := call(h.screen)
		h.screen.Dispatch(func(goapp.Context) { then() })
	})
}

func (h *Home) check() {
	check := h.state.Check()
	h.later(func(ctx context.Context) func() {
		session, err := h.backend.Session(ctx)
		return func() {
			if h.state.Checked(check, session, err) {
				h.loadNotes()
				h.screen.Defer(h.restoreDraft) // after the frame that draws the field
			}
		}
	})
}

func (h *Home) loadNotes() {
	h.state.LoadNotes()
	h.later(func(ctx context.Context) func() {
		notes, err := h.backend.ListNotes(ctx)
		return func() { h.state.NotesLoaded(notes, err) }
	})
}

func (h *Home) addNote(_ goapp.Context, event goapp.Event) {
	event.PreventDefault()
	typed, ok := h.state.BeginAdd(h.browser.FieldValue(component.IDNoteText))
	if !ok {
		h.browser.Focus(component.IDNoteText)
		return
	}
	draft := draftOf(h.state.User)
	h.later(func(ctx context.Context) func() {
		note, err := h.backend.AddNote(ctx, typed)
		return func() {
			switch {
			case h.state.NoteAdded(note, err):
				h.browser.SetField(component.IDNoteText, "")
				h.browser.Focus(component.IDNoteText)
			case h.state.Phase == state.SignedOut:
				// The field goes with the session. What was typed waits for the same user, in this tab.
				h.browser.Keep(draft, typed)
			}
		}
	})
}

func (h *Home) restoreDraft(goapp.Context) {
	if typed := h.browser.TakeKept(draftOf(h.state.User)); typed != "" {
		h.browser.SetField(component.IDNoteText, typed)
	}
}

// draftOf is the key that a user's unfinished note is kept under.
func draftOf(user string) string { return "cloakroom-draft:" + user }

func (h *Home) deleteNote(id string) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) {
		if !h.state.BeginDelete(id) {
			return
		}
		h.later(func(ctx context.Context) func() {
			err := h.backend.DeleteNote(ctx, id)
			return func() {
				if h.state.NoteDeleted(id, err) {
					// The button that had the focus is gone.
					h.browser.Focus(component.IDNoteText)
				}
			}
		})
	}
}

func (h *Home) signOut(goapp.Context, goapp.Event) {
	if !h.state.BeginSignOut() {
		return
	}
	h.later(func(ctx context.Context) func() {
		out, err := h.backend.Logout(ctx)
		return func() {
			if h.state.SignedOutBy(err) {
				// After this frame: a page kept for the back button must not show the user any more.
				h.screen.Defer(func(goapp.Context) { h.signedOut(out.LogoutURL) })
			}
		}
	})
}

// signedOut goes on to the provider, to end the session there, or stays and leaves the button that is gone.
func (h *Home) signedOut(logoutURL string) {
	if logoutURL != "" {
		h.browser.Assign(logoutURL)
		return
	}
	h.browser.Focus(component.IDMain)
}

// Render draws the state.
func (h *Home) Render() goapp.UI {
	held := h.state.Phase == state.SignedIn || h.state.Phase == state.Leaving
	if !held {
		return component.Shell(true, nil, h.visitor()...)
	}
	action := component.SignOut(h.state.Phase == state.Leaving, h.signOut)
	return component.Shell(true, action, h.user()...)
}

func (h *Home) visitor() []goapp.UI {
	return []goapp.UI{
		goapp.Div().Class("column").Body(
			component.Status(h.state.Status, tone(h.state.Phase)),
			component.Alert(h.state.Alert, h.retry),
			component.Pitch(h.state.Providers),
		),
		component.Picture(&h.state),
	}
}

func (h *Home) user() []goapp.UI {
	return []goapp.UI{
		goapp.Div().Class("column").Body(
			component.Status(h.state.Status, tone(h.state.Phase)),
			component.Alert(h.state.Alert, h.retry),
			goapp.Div().Class("desk").Body(
				component.Greeting(h.state.User),
				component.Notes(&h.state, component.NoteHandlers{
					Add:    h.addNote,
					Delete: h.deleteNote,
					Retry:  func(goapp.Context, goapp.Event) { h.loadNotes() },
				}),
			),
		),
		component.Picture(&h.state),
	}
}

func (h *Home) retry(goapp.Context, goapp.Event) { h.check() }

// tone colours the status line; its words say the same.
func tone(phase state.Phase) string {
	switch phase {
	case state.SignedIn, state.Leaving:
		return "in"
	case state.Unreachable:
		return "down"
	case state.Checking:
		return "busy"
	default:
		return "out"
	}
}
