// Package trace keeps what the inspector shows: the messages of a session's own flows, redacted before anything keeps them. It
// owns the redaction, the references, a bounded buffer per session, the flows, and step mode. It does not own what is told and
// when: that is package bff, beside the code that does the thing.
//
// A nil [Tracer] is a trace that is off, and a nil [Flow] one that nobody follows. Their methods do nothing and allocate nothing,
// so that who tells need not ask.
//
// Start with [Flow]; then redact.go for what may be shown.
package trace

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"cloakroom/bff/api"
)

const (
	// lifetime is how long an event, and what a flow is found by, is kept: as long as a sign-in may take.
	lifetime = 10 * time.Minute
	// What one session keeps, and how many sessions and flows there may be. The oldest make room.
	maxEvents   = 200
	maxBytes    = 64 << 10
	maxSessions = 200
	maxFlows    = 2000
	sweepPause  = time.Minute
)

// Config is what a tracer has to know of whose messages it shows.
type Config struct {
	// Cookie returns the name by which a cookie may be shown, or "" for one that may not.
	Cookie func(name string) string
	Now    func() time.Time
}

// Tracer keeps the flows and what each session sees of its own. Make it with [New].
type Tracer struct {
	cfg Config

	mu      sync.Mutex
	last    uint64             // the newest event's id
	buffers map[string]*buffer // by session
	flows   []*Flow            // the oldest first
	known   map[string]*Flow   // by what other servers and later requests find them by
	calls   map[string]string  // exchanges of outgoing calls, by trace id and name
	early   []waiting          // told by other servers before it could be known whose it is
	issuers map[string][]string
	streams int
	swept   time.Time
}

// New makes a tracer. Ids go on from the clock, so that those of before a restart are older.
func New(cfg Config) *Tracer {
	return &Tracer{
		cfg: cfg, last: uint64(cfg.Now().UnixMilli()), buffers: map[string]*buffer{}, known: map[string]*Flow{}, //nolint:gosec // after 1970
		calls: map[string]string{}, issuers: map[string][]string{}, swept: cfg.Now(),
	}
}

// Begin starts a flow that no session has yet.
func (t *Tracer) Begin(kind api.FlowKind) *Flow {
	if t == nil {
		return nil
	}
	f := &Flow{tracer: t, id: rand.Text()[:10], kind: kind, began: t.cfg.Now(), redactor: redactor{cookie: t.cfg.Cookie}}
	_, _ = rand.Read(f.redactor.key[:]) // never fails (crypto/rand)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	t.flows = append(t.flows, f)
	return f
}

// Find returns the flow that correlates with the value, or nil.
func (t *Tracer) Find(value string) *Flow {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[correlation(value)]
}

// sweep forgets what is too old or too much. The caller holds mu.
func (t *Tracer) sweep() {
	now := t.cfg.Now()
	for len(t.flows) > 0 && (len(t.flows) >= maxFlows || now.Sub(t.flows[0].began) > lifetime+time.Minute) {
		t.forget(t.flows[0])
		t.flows = t.flows[1:]
	}
	if now.Sub(t.swept) < sweepPause {
		return
	}
	t.swept = now
	for session, b := range t.buffers {
		if len(b.watchers) == 0 && now.Sub(b.touched) > lifetime {
			delete(t.buffers, session)
		}
	}
}

func (t *Tracer) forget(f *Flow) {
	for _, key := range f.keys {
		if t.known[key] == f {
			delete(t.known, key)
		}
		delete(t.calls, key)
	}
	f.kept, f.sinks, f.over = nil, nil, true
}

// buffer returns the session's, and makes one in the place of the longest unused. The caller holds mu.
func (t *Tracer) buffer(session string) *buffer {
	if found := t.buffers[session]; found != nil {
		return found
	}
	if len(t.buffers) >= maxSessions {
		t.evict()
	}
	made := &buffer{tracer: t, touched: t.cfg.Now(), watchers: map[*Watcher]struct{}{}}
	t.buffers[session] = made
	return made
}

// evict drops the buffer that was not used for the longest time. One that is watched is in use.
func (t *Tracer) evict() {
	oldest := ""
	for session, b := range t.buffers {
		if len(b.watchers) == 0 && (oldest == "" || b.touched.Before(t.buffers[oldest].touched)) {
			oldest = session
		}
	}
	delete(t.buffers, oldest)
}

type flowKey struct{}

// With puts the flow in a context.
func With(ctx context.Context, f *Flow) context.Context {
	if f == nil {
		return ctx
	}
	return context.WithValue(ctx, flowKey{}, f)
}

// Of returns the context's flow, or nil.
func Of(ctx context.Context) *Flow {
	f, _ := ctx.Value(flowKey{}).(*Flow)
	return f
}
