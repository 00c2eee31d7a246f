// Package bff is the backend-for-frontend: the confidential OAuth client of a page that never holds a token. It signs the
// user in with the authorization code flow, keeps the tokens in a session record, gives the browser one cookie, and
// proxies the page's API calls with the access token that belongs to that cookie.
//
// It owns /bff/* and /api/*: who may call them (the guard), what each answers, and what reaches an upstream. It does not
// own the records and their stores (package bff/session), the wire types (package bff/api), or the page, which is a
// handler that it is given.
//
// Start with routes.go, which lists every endpoint with its gate; then login.go and callback.go for a sign-in, and
// proxy.go for an API call.
package bff

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/singleflight"

	"cloakroom/bff/session"
	"cloakroom/bff/trace"
)

// BFF is a backend-for-frontend for one origin. Make it with [New].
type BFF struct {
	cfg        Config
	host       string // of the origin; what Host has to be
	hsts       bool
	proxies    proxies
	pagePolicy string // of error pages
	providers  map[string]*provider
	sessions   *session.Manager
	store      session.Store
	sealer     *session.Sealer
	spent      *spentStates
	refreshes  *singleflight.Group
	nonces     *nonces
	early      *earlyRenewals
	streams    *streams
	out        *outbound
	metrics    *metrics
	spans      *spans
	inspector  *trace.Tracer // nil unless the trace is on
	feeds      *feeds
	patterns   []string             // of all routes, for spans
	live       *atomic.Pointer[BFF] // what serves; its successors share everything that lives longer than a configuration
	proxy      *proxy
	page       http.Handler
	router     *echo.Echo
	serveRoute handler // of /api/, which is found by its prefix
	log        *slog.Logger
	now        func() time.Time
}

// New makes a BFF from a configuration of [ParseConfig]. It dials nobody: a provider is discovered when it is first
// needed. The store stays the caller's to close, after [BFF.Close].
func New(_ context.Context, cfg Config, store session.Store, page http.Handler, log *slog.Logger) (*BFF, error) {
	return newBFF(cfg, store, page, log, time.Now)
}

func newBFF(cfg Config, store session.Store, page http.Handler, log *slog.Logger, now func() time.Time) (*BFF, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configuration of the BFF:\n%w", err)
	}
	sealer, err := cfg.Sealer()
	if err != nil {
		return nil, err
	}
	lifetimes := session.ManagerConfig{Idle: cfg.Session.Idle, Absolute: cfg.Session.Absolute}
	sessions, err := session.NewManager(store, lifetimes, now, log)
	if err != nil {
		return nil, err
	}
	inspector := newTracer(&cfg, now)
	b := &BFF{
		cfg: cfg, pagePolicy: pagePolicy(), sessions: sessions, store: store, sealer: sealer,
		spent: newSpentStates(now), nonces: newNonces(), early: newEarlyRenewals(now), streams: newStreams(), page: page, log: log, now: now,
		refreshes: &singleflight.Group{}, out: newOutbound(newSpans(cfg.tracer), inspector), metrics: newMetrics(), spans: newSpans(cfg.tracer),
		live: &atomic.Pointer[BFF]{}, inspector: inspector,
	}
	b.metrics.registry.MustRegister(&liveSessions{store: store, log: log, now: now})
	if err := b.wire(nil); err != nil {
		return nil, errors.Join(err, sessions.Close())
	}
	b.live.Store(b)
	b.feeds = b.listenToFeeds()
	return b, nil
}

// Handler answers everything on the public listener: /bff/*, /api/* and the page.
func (b *BFF) Handler() http.Handler {
	admit := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.live.Load().admit(w, r) })
	return b.inspected(b.spans.server(func(path string) string { return b.live.Load().pattern(path) }, admit))
}

// EndStreams ends the streams of events and the WebSockets, now and from now on, so that a shutdown does not wait for them and
// their pages go on at another instance. Give it to [http.Server.RegisterOnShutdown].
func (b *BFF) EndStreams() { b.streams.end() }

// Close ends what runs in the background and keeps what sessions were seen. Requests should be over; streams are told.
func (b *BFF) Close() error {
	b.streams.end()
	b.feeds.close()
	b.streams.drain()
	b.live.Load().proxy.closeIdle()
	return b.sessions.Close()
}

// Sealer makes the sealer of the configured keys; the store and the transaction cookies share it.
func (c Config) Sealer() (*session.Sealer, error) {
	keys := make([][]byte, 0, len(c.Session.keys))
	for _, key := range c.Session.keys {
		keys = append(keys, []byte(key.reveal()))
	}
	return session.NewSealer(keys...)
}

// OpenStore opens the configured session store.
func (c Config) OpenStore(ctx context.Context) (session.Store, error) {
	sealer, err := c.Sealer()
	if err != nil {
		return nil, err
	}
	switch c.Session.Store {
	case storeMemory:
		return session.NewMemory(sealer, time.Now), nil
	case storeRedis:
		store, err := session.OpenRedis(ctx, c.Session.redisURL.reveal(), sealer, time.Now)
		if err != nil {
			return nil, fmt.Errorf("session.redis_url_file: %w", err)
		}
		return store, nil
	default:
		store, err := session.OpenSQLite(ctx, c.Session.Path, sealer, time.Now)
		if err != nil {
			return nil, fmt.Errorf("session.path: %w", err)
		}
		return store, nil
	}
}

// NewServer makes the HTTP server for a handler of this package, with its limits. Answers have no deadline: some are
// streams.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, DisableGeneralOptionsHandler: true, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// secure sets what every answer of /bff/* and /api/* carries, errors included. There is no Access-Control-* anywhere.
func (b *BFF) secure(h http.Header) {
	for name, values := range ownHeaders {
		h[name] = values
	}
	if b.hsts {
		h["Strict-Transport-Security"] = hstsHeader
	}
}

// The values are shared by all answers and never appended to.
var (
	ownHeaders = map[string][]string{
		"Cache-Control":                {"no-store"},
		"Content-Security-Policy":      {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Referrer-Policy":              {"no-referrer"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		canonicalSource:                {"bff"},
	}
	hstsHeader = []string{"max-age=31536000; includeSubDomains"}
)

// pagePolicy allows an error page its own style and nothing else.
func pagePolicy() string {
	hash := sha256.Sum256([]byte(errorStyle))
	return strings.Join([]string{
		"default-src 'none'", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")
}
