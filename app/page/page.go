// Package page holds the screens. A screen owns one state, turns events into calls of the BFF and their answers into
// transitions, and draws the state with components. It decides nothing itself, and touches the browser through
// interfaces only, so that a test can drive it.
//
// Start with [Home]; what all screens do about the session is in visit.go.
package page

import (
	"context"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Backend is what the page asks of the BFF.
type Backend interface {
	Session(ctx context.Context) (api.Session, error)
	Extend(ctx context.Context) (api.Session, error)
	Refresh(ctx context.Context) (api.Session, error)
	Expire(ctx context.Context) (api.Session, error)
	Sessions(ctx context.Context) ([]api.SessionInfo, error)
	EndSession(ctx context.Context, handle string) error
	EndOtherSessions(ctx context.Context) error
	Logout(ctx context.Context) (api.LoggedOut, error)
	ListNotes(ctx context.Context) ([]backend.Note, error)
	AddNote(ctx context.Context, text string) (backend.Note, error)
	DeleteNote(ctx context.Context, id string) error
	DeleteAllNotes(ctx context.Context) error
	CallAPI(ctx context.Context) error
	Step(ctx context.Context) error
	SetStepping(ctx context.Context, on bool) error
}

// Browser is what the page asks of the window that it runs in.
type Browser interface {
	Enter(title string)
	Assign(destination string)
	TakeParameter(name string) string
	OnRestore(f func()) (stop func())
	OnTurn(f func()) (stop func())
	Hidden() bool
	FieldValue(id string) string
	SetField(id, value string)
	Keep(key, value string)
	TakeKept(key string) string
	Focus(id string)
	Now() time.Time
	Every(interval time.Duration, f func(now time.Time)) (stop func())
	Listen(path string, f func(backend.Event)) (stop func())
	Copy(text string, then func(copied bool))
	Readable() string
	Popup(path string) (opened bool)
	OnSignIn(f func(code api.Code)) (stop func())
	Parameter(name string) string
	SetParameter(name, value string)
	Remember(key, value string)
	Recall(key string) string
	Save(name, mediaType, content string)
	ReadFile(id string, limit int, then func(name string, content []byte, err error))
}

// World is what a screen is made with. Prerendering needs neither the backend nor the browser.
type World struct {
	Backend Backend
	Browser Browser
	Facts   backend.Facts
	First   *backend.First // who is signed in, if it is known before anybody asks
}

// tone colours the status line; its words say the same.
func tone(visit *state.Visit) string {
	if visit.Status == text.Say.StatusUnreachable || visit.Phase == state.Unreachable { // whoever is signed in
		return "down"
	}
	switch visit.Phase {
	case state.SignedIn, state.Leaving:
		return "in"
	case state.Checking:
		return "busy"
	default:
		return "out"
	}
}

// dispatched runs f on the page's event goroutine.
func dispatched(screen goapp.Context, f func()) { screen.Dispatch(func(goapp.Context) { f() }) }
