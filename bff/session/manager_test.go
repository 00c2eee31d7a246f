package session_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

// counting counts a store's calls and breaks them on demand.
type counting struct {
	session.Store
	reads, writes atomic.Int64
	down          atomic.Bool
	lost          atomic.Bool // updates and ends are done, and their answers lost
	// beforeLoaded runs after a record was read and before it is returned.
	beforeLoaded func()
}

var errDown = errors.New("the store is down")

func (c *counting) read() error  { return c.call(&c.reads) }
func (c *counting) write() error { return c.call(&c.writes) }

func (c *counting) call(counter *atomic.Int64) error {
	counter.Add(1)
	if c.down.Load() {
		return errDown
	}
	return nil
}

func (c *counting) answer(err error) error {
	if c.lost.Load() {
		return errDown
	}
	return err
}

func (c *counting) Create(ctx context.Context, record session.Record) error {
	if err := c.write(); err != nil {
		return err
	}
	return c.Store.Create(ctx, record)
}

func (c *counting) Load(ctx context.Context, id string) (session.Record, error) {
	if err := c.read(); err != nil {
		return session.Record{}, err
	}
	record, err := c.Store.Load(ctx, id)
	if c.beforeLoaded != nil {
		c.beforeLoaded()
	}
	return record, err
}

func (c *counting) Update(ctx context.Context, record session.Record) (session.Record, error) {
	if err := c.write(); err != nil {
		return session.Record{}, err
	}
	record, err := c.Store.Update(ctx, record)
	return record, c.answer(err)
}

func (c *counting) End(ctx context.Context, id string) (session.Record, error) {
	if err := c.write(); err != nil {
		return session.Record{}, err
	}
	record, err := c.Store.End(ctx, id)
	return record, c.answer(err)
}

func (c *counting) EndBy(ctx context.Context, issuer, subject, sid string, once session.Once) ([]session.Record, error) {
	if err := c.write(); err != nil {
		return nil, err
	}
	return c.Store.EndBy(ctx, issuer, subject, sid, once)
}

func (c *counting) Touch(ctx context.Context, seen map[string]session.Seen) error {
	if err := c.write(); err != nil {
		return err
	}
	return c.Store.Touch(ctx, seen)
}

func (c *counting) FindCookie(ctx context.Context, hash string) ([]byte, error) {
	if err := c.read(); err != nil {
		return nil, err
	}
	return c.Store.FindCookie(ctx, hash)
}

func (c *counting) CommitCookie(ctx context.Context, hash string, blob []byte, expires time.Time) error {
	if err := c.write(); err != nil {
		return err
	}
	return c.Store.CommitCookie(ctx, hash, blob, expires)
}

func (c *counting) DeleteCookie(ctx context.Context, hash string) error {
	if err := c.write(); err != nil {
		return err
	}
	return c.Store.DeleteCookie(ctx, hash)
}

// site is a BFF with nothing but sessions, on a clock that only the test moves.
type site struct {
	*session.Manager
	store *counting
	clock *sessiontest.Clock
	log   *bytes.Buffer
}

const (
	idle     = 30 * time.Minute
	absolute = 8 * time.Hour
	// stale is longer than the cache answers without the store.
	stale = 6 * time.Second
)

func newSite(t testing.TB) *site {
	t.Helper()
	clock := sessiontest.NewClock()
	sealer, err := session.NewSealer(sessiontest.Key())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{clock: clock, store: &counting{Store: session.NewMemory(sealer, clock.Now)}, log: &bytes.Buffer{}}
	s.Manager = s.instance(t)
	return s
}

// instance is another process on the same store.
func (s *site) instance(t testing.TB) *session.Manager {
	t.Helper()
	config := session.ManagerConfig{Idle: idle, Absolute: absolute, FlushInterval: 15 * time.Minute}
	manager, err := session.NewManager(s.store, config, s.clock.Now, slog.New(slog.NewTextHandler(s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = manager.Close() })
	return manager
}

// browser is a cookie jar of one cookie.
type browser struct {
	site   *site
	cookie string
}

func (b *browser) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://app.test/", http.NoBody)
	r.Header.Set("User-Agent", "Mozilla/5.0 (test)")
	if b.cookie != "" {
		r.Header.Set("Cookie", "theme=dark; "+session.CookieName+"="+b.cookie)
	}
	return r
}

// take does what a browser does with an answer's cookies.
func (b *browser) take(w *httptest.ResponseRecorder) {
	for _, cookie := range w.Result().Cookies() {
		if cookie.Name == session.CookieName {
			b.cookie = cookie.Value
		}
	}
}

// signIn starts a session as the callback does.
func (s *site) signIn(t testing.TB, b *browser, subject string) session.Record {
	t.Helper()
	b.site = s
	return b.start(t, sessiontest.Record("ignored", subject, s.clock.Now()))
}

func (b *browser) start(t testing.TB, record session.Record) session.Record {
	t.Helper()
	w := httptest.NewRecorder()
	record.Absolute = time.Time{}
	started, err := b.site.Start(w, b.request(), record)
	if err != nil {
		t.Fatal(err)
	}
	b.take(w)
	return started
}

func (b *browser) signOut(t testing.TB) session.Record {
	t.Helper()
	w := httptest.NewRecorder()
	record, err := b.site.End(w, b.request())
	if err != nil {
		t.Fatal(err)
	}
	b.take(w)
	return record
}

// wants asks for the current session and compares the error.
func (b *browser) wants(t testing.TB, when string, want error) session.Record {
	t.Helper()
	record, err := b.site.Current(b.request())
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", when, err, want)
	}
	return record
}

func TestManagerConfigNamesEveryProblem(t *testing.T) {
	for name, test := range map[string]struct {
		config   session.ManagerConfig
		problems int
	}{
		"the defaults":              {session.ManagerConfig{Idle: idle, Absolute: absolute}, 0},
		"nothing":                   {session.ManagerConfig{}, 2},
		"idle too short":            {session.ManagerConfig{Idle: time.Second, Absolute: time.Hour}, 2},
		"absolute before idle":      {session.ManagerConfig{Idle: time.Hour, Absolute: time.Minute}, 1},
		"a cookie script could set": {session.ManagerConfig{Idle: idle, Absolute: absolute, CookieName: "__Host-cloakroom"}, 1},
		"a cookie name with spaces": {session.ManagerConfig{Idle: idle, Absolute: absolute, CookieName: session.CookieName + " x"}, 1},
		"everything":                {session.ManagerConfig{Idle: 1, CookieName: "s", CacheLifetime: time.Hour, FlushInterval: time.Hour}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			manager, err := session.NewManager(newSite(t).store, test.config, time.Now, slog.New(slog.DiscardHandler))
			problems := 0
			if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // what is joined is the point
				problems = len(joined.Unwrap())
			}
			if problems != test.problems || (err == nil) != (test.problems == 0) {
				t.Errorf("%d problems, want %d: %v", problems, test.problems, err)
			}
			if manager != nil {
				_ = manager.Close()
			}
		})
	}
}
