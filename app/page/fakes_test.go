package page

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/bff/api"
)

// server is a BFF with one session and its notes.
type server struct {
	session   api.Session
	err       error
	notes     []backend.Note
	logoutURL string
	calls     atomic.Int32
}

func (s *server) Session(context.Context) (api.Session, error) {
	s.calls.Add(1)
	return s.session, s.err
}

func (s *server) Logout(context.Context) (api.LoggedOut, error) {
	return api.LoggedOut{LogoutURL: s.logoutURL}, s.err
}

func (s *server) ListNotes(context.Context) ([]backend.Note, error) { return s.notes, s.err }

func (s *server) AddNote(_ context.Context, note string) (backend.Note, error) {
	return backend.Note{ID: "added", Text: note}, s.err
}

func (s *server) DeleteNote(context.Context, string) error { return s.err }

// window is a browser without a screen.
type window struct {
	parameter string
	field     string
	assigned  string
	focused   string
	kept      map[string]string
	restored  func()
	stopped   bool
}

func (w *window) Assign(destination string) { w.assigned = destination }
func (w *window) TakeParameter(name string) string {
	taken := w.parameter
	w.parameter = ""
	return taken
}

func (w *window) OnRestore(f func()) (stop func()) {
	w.restored = f
	return func() { w.stopped = true }
}
func (w *window) FieldValue(string) string   { return w.field }
func (w *window) SetField(_, value string)   { w.field = value }
func (w *window) Keep(key, value string)     { w.kept = map[string]string{key: value} }
func (w *window) TakeKept(key string) string { kept := w.kept[key]; delete(w.kept, key); return kept }
func (w *window) Focus(id string)            { w.focused = id }

// mounted makes the engine, which mounts in a browser only, call OnMount here too.
type mounted struct{ *Home }

func (m *mounted) OnPreRender(ctx goapp.Context) { m.OnMount(ctx) }

func open(t *testing.T, server *server, window *window) (home *Home, html func() string) {
	t.Helper()
	home = NewHome(server, window)
	engine := goapp.NewTestEngine()
	screen := &mounted{home}
	if err := engine.Load(screen); err != nil {
		t.Fatal(err)
	}
	return home, func() string {
		engine.ConsumeAll()
		return goapp.HTMLString(screen)
	}
}

var (
	alice  = api.Session{Authenticated: true, Handle: "h", Claims: map[string]any{"name": "Alice <Liddell>"}}
	event  = goapp.Event{Value: goapp.ValueOf(nil)}
	anyCtx goapp.Context // an event's context may be dead by the time of the answer: nothing may use it
)

func expect(t *testing.T, html string, has []string, hasNot []string) {
	t.Helper()
	for _, part := range has {
		if !strings.Contains(html, part) {
			t.Errorf("the page lacks %s in\n%s", part, html)
		}
	}
	for _, part := range hasNot {
		if strings.Contains(html, part) {
			t.Errorf("the page has %s", part)
		}
	}
}
