// Package demoapi is a small API for the demonstration of the whole flow: each user's notes. It stands for the API that a
// reader has already. It owns the notes, their events and their limits; who may do what is decided by package resource, from
// the access token alone, and it shares nothing else with the authorization server.
//
// Start with routes.
package demoapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"cloakroom/authserver/resource"
	"cloakroom/authserver/trace"
)

// The scopes of the API.
const (
	scopeRead  = "notes.read"
	scopeWrite = "notes.write"
)

// recently is how long ago a user may have authenticated who deletes all notes at once.
const recently = 5 * time.Minute

// API serves notes. It is safe for concurrent use.
type API struct {
	log       *slog.Logger
	notes     *notes
	events    *hub
	verifiers resource.Several
	now       func() time.Time
	stepUpACR []string
	audience  string
	trace     *trace.Feed // nil: off

	heartbeat time.Duration
	closing   chan struct{}
	once      sync.Once
}

// New opens the database and makes the API. It contacts nobody: the issuer's keys are fetched for the first request.
func New(cfg Config, log *slog.Logger) (*API, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	ctx := context.Background() // of the start-up
	feed, checked := newTrace(cfg)
	var verifiers resource.Several
	for _, issuer := range cfg.Issuers {
		verifier, err := resource.New(ctx, resource.Config{
			Issuer: issuer, Audience: cfg.Audience, Algorithms: cfg.Algorithms, Logger: log, Checked: checked,
		})
		if err != nil {
			return nil, fmt.Errorf("demoapi: %w", err)
		}
		verifiers = append(verifiers, verifier)
	}
	kept, err := openNotes(ctx, cfg.Database)
	if err != nil {
		return nil, fmt.Errorf("demoapi: %w", err)
	}
	return &API{
		log: log, notes: kept, events: newHub(), verifiers: verifiers, now: time.Now,
		stepUpACR: cfg.StepUpACR, audience: cfg.Audience, trace: feed, heartbeat: heartbeat, closing: make(chan struct{}),
	}, nil
}

// Close ends the event streams and closes the database.
func (a *API) Close() error {
	var err error
	a.once.Do(func() {
		close(a.closing)
		a.trace.Close()
		err = a.notes.close()
	})
	return err
}

// Handler serves the public listener.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, methods := range a.routes() {
		mux.Handle(path, a.traced(a.dispatch(methods)))
	}
	mux.Handle("/", a.dispatch(nil))
	return a.observe(mux)
}

// routes are all that the API does. Each route says what its token has to be.
func (a *API) routes() map[string]map[string]http.Handler {
	read, write := a.verifiers.Require(scopeRead), a.verifiers.Require(scopeWrite)
	recent := a.verifiers[0].RequireRecent(recently, a.stepUpACR...) // asks for the same of every issuer
	return map[string]map[string]http.Handler{
		"/notes": {
			http.MethodGet:    read(a.serve(a.list)),
			http.MethodPost:   write(a.serve(a.add)),
			http.MethodDelete: write(recent(a.serve(a.clear))),
		},
		"/notes/{id}":   {http.MethodDelete: write(a.serve(a.remove))},
		"/notes/events": {http.MethodGet: read(a.serve(a.stream))},
	}
}

// Admin serves the admin listener: /livez says that the process runs, /readyz that it can do its work, /trace what the demo shows of
// every request. It belongs on a loopback address.
func (a *API) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, http.StatusOK, "live") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
		defer cancel()
		if err := a.notes.ping(ctx); err != nil {
			a.log.WarnContext(ctx, "not ready", "error", err)
			writeHealth(w, http.StatusServiceUnavailable, "the database is down")
			return
		}
		writeHealth(w, http.StatusOK, "ready")
	})
	mux.Handle("GET /trace", a.trace)
	return mux
}

const pingTimeout = 2 * time.Second

func writeHealth(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// user is whose notes a request is about: a subject is one person at its issuer only.
type user struct{ issuer, subject string }

// errNoUser means that a client acts for itself, and has no notes.
var errNoUser = errors.New("the access token stands for no user")

func userOf(ctx context.Context) (user, error) {
	token := resource.TokenFrom(ctx)
	if token == nil || !token.HasUser() {
		return user{}, errNoUser
	}
	return user{token.Issuer, token.Subject}, nil
}
