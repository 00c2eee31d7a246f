package bff

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/session"
)

const clientSecret = "s3cret with + and :" // every one of these changes under form-encoding

// house is a running BFF with a stub provider, a recording upstream and a clock that a test can move.
type house struct {
	t        *testing.T
	bff      *BFF
	server   *http.Server
	origin   string
	provider *stub
	upstream *upstream
	store    *brittleStore
	logs     *lockedBuffer
	clock    *clock
}

type clock struct {
	offset atomic.Int64
	frozen atomic.Pointer[time.Time] // time moves by advance only
}

func (c *clock) now() time.Time {
	now := time.Now()
	if frozen := c.frozen.Load(); frozen != nil {
		now = *frozen
	}
	return now.Add(time.Duration(c.offset.Load()))
}

func (c *clock) advance(by time.Duration)   { c.offset.Add(int64(by)) }
func (b *lockedBuffer) holds(s string) bool { return strings.Contains(b.String(), s) }

type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// brittleStore is a memory store that can be down, and counts the writes of records.
type brittleStore struct {
	session.Store
	down   atomic.Bool
	writes atomic.Int64
	// beginPause runs once, between the first look at a record that follows the next lease, and its reader's next step.
	beginPause, afterLoad atomic.Pointer[func()]
}

func (s *brittleStore) Lease(ctx context.Context, id string, ttl time.Duration) (session.Lease, error) {
	lease, err := s.Store.Lease(ctx, id, ttl)
	if pause := s.beginPause.Swap(nil); pause != nil {
		s.afterLoad.Store(pause)
	}
	return lease, err
}

var errDown = fmt.Errorf("the store at 10.0.0.7 is down")

func (s *brittleStore) Load(ctx context.Context, id string) (session.Record, error) {
	if s.down.Load() {
		return session.Record{}, errDown
	}
	record, err := s.Store.Load(ctx, id)
	if pause := s.afterLoad.Swap(nil); pause != nil {
		(*pause)()
	}
	return record, err
}

func (s *brittleStore) FindCookie(ctx context.Context, hash string) ([]byte, error) {
	if s.down.Load() {
		return nil, errDown
	}
	if err := ctx.Err(); err != nil { // as a store on a network does
		return nil, err
	}
	return s.Store.FindCookie(ctx, hash)
}

func (s *brittleStore) Update(ctx context.Context, r session.Record) (session.Record, error) {
	s.writes.Add(1)
	return s.Store.Update(ctx, r)
}

func (s *brittleStore) EndBy(ctx context.Context, issuer, subject, sid string, once session.Once) ([]session.Record, error) {
	if s.down.Load() {
		return nil, errDown
	}
	return s.Store.EndBy(ctx, issuer, subject, sid, once)
}

func (s *brittleStore) Count(ctx context.Context) (int, error) {
	if s.down.Load() {
		return 0, errDown
	}
	return s.Store.Count(ctx)
}

func (s *brittleStore) Ping(ctx context.Context) error {
	if s.down.Load() {
		return errDown
	}
	return s.Store.Ping(ctx)
}

// upstream records what reaches the API.
type upstream struct {
	server *httptest.Server
	mu     sync.Mutex
	seen   []*http.Request
	answer http.HandlerFunc
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{}
	u.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		u.seen = append(u.seen, r.Clone(context.Background()))
		answer := u.answer
		u.mu.Unlock()
		if answer != nil {
			answer(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	t.Cleanup(u.server.Close)
	return u
}

func (u *upstream) requests() []*http.Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]*http.Request(nil), u.seen...)
}

func (u *upstream) serve(answer http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer = answer
}

// open starts a house; change may alter its configuration.
func open(t *testing.T, change ...func(*Config)) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{}, logs: &lockedBuffer{}, upstream: newUpstream(t)}
	h.provider = newStub(t, h.clock.now)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.origin = "http://" + listener.Addr().String()
	cfg := h.config(t)
	for _, c := range change {
		c(&cfg)
	}
	sealer, err := cfg.Sealer()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.store = &brittleStore{Store: session.NewMemory(sealer, h.clock.now)}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page "+r.URL.Path) })
	if h.bff, err = newBFF(cfg, h.store, page, log, h.clock.now); err != nil {
		t.Fatal(err)
	}
	h.server = NewServer(h.bff.Handler(), log)
	go func() { _ = h.server.Serve(listener) }()
	t.Cleanup(func() {
		_ = h.server.Close()
		if err := h.bff.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) config(t *testing.T) Config {
	t.Helper()
	text := fmt.Sprintf(`
origin: %s
providers:
  - id: baseline
    name: Demo
    issuer: %s
    client_id: "cloak room"
    client_secret_env: SECRET
    scopes: [openid, profile, notes.read]
routes:
  - {prefix: /api/notes, upstream: "%s/notes", methods: [GET, POST, DELETE], resource: "https://api.example", scopes: [notes.read], body_limit: 1000, timeout: 2s, response_headers: [X-Total]}
  - {prefix: /api/open, upstream: "%s/open", methods: [GET], token: none}
session: {store: memory}
`, h.origin, h.provider.issuer(), h.upstream.server.URL, h.upstream.server.URL)
	environment := map[string]string{"SECRET": clientSecret, "BFF_SESSION_KEYS": base64.StdEncoding.EncodeToString(make([]byte, 32))}
	cfg, err := ParseConfig("test.yaml", []byte(text), func(name string) string { return environment[name] }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
