package page

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/app/text/english"
	"cloakroom/bff/api"
)

func init() { text.Say = &english.Words }

// server is a BFF with one session and its notes.
type server struct {
	session   api.Session
	err       error
	notes     []backend.Note
	logoutURL string
	sessions  []api.SessionInfo
	stepUp    bool
	calls     atomic.Int32
	ended     []string
	called    int
	steps     []string
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

func (s *server) DeleteAllNotes(context.Context) error {
	if s.stepUp {
		return &backend.Error{Problem: api.Problem{Status: 401, Code: api.StepUpRequired, LoginURL: "/bff/login?max_age=60"}}
	}
	return s.err
}

func (s *server) Extend(context.Context) (api.Session, error)         { return s.session, s.err }
func (s *server) Refresh(context.Context) (api.Session, error)        { return s.session, s.err }
func (s *server) Expire(context.Context) (api.Session, error)         { return s.session, s.err }
func (s *server) Sessions(context.Context) ([]api.SessionInfo, error) { return s.sessions, s.err }

func (s *server) EndSession(_ context.Context, handle string) error {
	s.ended = append(s.ended, handle)
	return s.err
}

func (s *server) EndOtherSessions(context.Context) error {
	s.ended = append(s.ended, "others")
	return s.err
}

func (s *server) CallAPI(context.Context) error {
	s.called++
	return s.err
}

func (s *server) Step(context.Context) error {
	s.steps = append(s.steps, "next")
	return s.err
}

func (s *server) SetStepping(_ context.Context, on bool) error {
	s.steps = append(s.steps, strconv.FormatBool(on))
	return s.err
}

// window is a browser without a screen.
type window struct {
	parameter string
	field     string
	assigned  string
	focused   string
	kept      map[string]string
	restored  func()
	returned  func()
	hide      func()
	hidden    bool
	stopped   bool

	title   string
	now     time.Time
	tick    func(time.Time)
	heard   func(backend.Event)
	running int // of the clock and the events
	streams int // that are open
	opened  int // that ever were
	copied  string
	refuses bool // to copy

	popup      string
	blocked    bool
	signedIn   func(api.Code)
	parameters map[string]string
	remembered map[string]string
	saved      map[string]string
	file       string
	fileErr    error
}

func (w *window) Popup(path string) bool {
	w.popup = path
	return !w.blocked
}

func (w *window) OnSignIn(f func(api.Code)) (stop func()) {
	w.signedIn = f
	return w.begin()
}

func (w *window) Parameter(name string) string { return w.parameters[name] }
func (w *window) SetParameter(name, value string) {
	w.parameters = put(w.parameters, name, value)
}
func (w *window) Remember(key, value string) { w.remembered = put(w.remembered, key, value) }
func (w *window) Recall(key string) string   { return w.remembered[key] }
func (w *window) Save(name, _, content string) {
	w.saved = put(w.saved, name, content)
}

func (w *window) ReadFile(_ string, _ int, then func(string, []byte, error)) {
	then("kept.json", []byte(w.file), w.fileErr)
}

func put(into map[string]string, key, value string) map[string]string {
	if into == nil {
		into = map[string]string{}
	}
	into[key] = value
	return into
}

func (w *window) Enter(title string) { w.title = title }
func (w *window) Now() time.Time     { return w.now }
func (w *window) Readable() string   { return "" }
func (w *window) Every(_ time.Duration, f func(time.Time)) (stop func()) {
	w.tick = f
	return w.begin()
}

func (w *window) Listen(_ string, f func(backend.Event)) (stop func()) {
	w.heard = f
	w.streams++
	w.opened++
	end := w.begin()
	return func() {
		w.streams--
		end()
	}
}

func (w *window) begin() (stop func()) {
	w.running++
	return func() { w.running-- }
}

func (w *window) Copy(text string, then func(bool)) {
	w.copied = text
	then(!w.refuses)
}

func (w *window) Assign(destination string) { w.assigned = destination }
func (w *window) TakeParameter(name string) string {
	if taken, ok := w.parameters[name]; ok {
		delete(w.parameters, name)
		return taken
	}
	if name != api.ErrorParameter {
		return ""
	}
	taken := w.parameter
	w.parameter = ""
	return taken
}

func (w *window) OnRestore(f func()) (stop func()) {
	w.restored = f
	return func() { w.stopped = true }
}

func (w *window) OnTurn(f func()) (stop func()) {
	turn := func(hidden bool) func() {
		return func() {
			w.hidden = hidden
			f()
		}
	}
	w.returned, w.hide = turn(false), turn(true)
	return func() {}
}

func (w *window) Hidden() bool { return w.hidden }

func (w *window) FieldValue(string) string   { return w.field }
func (w *window) SetField(_, value string)   { w.field = value }
func (w *window) Keep(key, value string)     { w.kept = map[string]string{key: value} }
func (w *window) TakeKept(key string) string { kept := w.kept[key]; delete(w.kept, key); return kept }
func (w *window) Focus(id string)            { w.focused = id }

// mounted makes the engine, which mounts in a browser only, call OnMount here too.
type mounted struct {
	goapp.Composer
	mount func(goapp.Context)
}

func (m *mounted) OnPreRender(ctx goapp.Context) { m.mount(ctx) }

func open(t *testing.T, server *server, window *window) (home *Home, html func() string) {
	t.Helper()
	home = NewHome(World{Backend: server, Browser: window})
	return home, show(t, home, home.OnMount)
}

// show mounts a screen and returns how it looks once everything has settled. In no state does it interrupt who listens.
func show(t *testing.T, screen goapp.Composer, mount func(goapp.Context)) (html func() string) {
	t.Helper()
	engine := goapp.NewTestEngine()
	root := &mounted{screen, mount}
	if err := engine.Load(root); err != nil {
		t.Fatal(err)
	}
	return func() string {
		t.Helper()
		engine.ConsumeAll()
		document := goapp.HTMLString(root)
		polite(t, document)
		return document
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
