package trace

import (
	"time"

	"cloakroom/bff/api"
)

const (
	maxWatchersPerSession = 2
	maxWatchers           = 200
	// patience is how long a session without a watcher stays in step mode: as long as a page takes to load again.
	patience = 5 * time.Second
)

// Event is an event as it is sent to the page.
type Event struct {
	ID   uint64
	Data []byte // JSON of [api.TraceEvent]
}

// Watcher is one page's view of its session's buffer. It holds no queue: who reads slowly finds that the buffer has moved on.
type Watcher struct {
	buffer  *buffer
	news    chan struct{}
	after   uint64 // the newest id that was read
	version int
	begun   bool
}

// Watch watches a session's buffer from the event after the given one; ok is false when there are too many watchers.
func (t *Tracer) Watch(session string, after uint64) (w *Watcher, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	if found := t.buffers[session]; t.streams >= maxWatchers || (found != nil && len(found.watchers) >= maxWatchersPerSession) {
		return nil, false
	}
	b := t.buffer(session)
	if b.left != nil {
		b.left.Stop()
	}
	w = &Watcher{buffer: b, news: make(chan struct{}, 1), after: after}
	b.watchers[w] = struct{}{}
	t.streams++
	return w, true
}

// Close ends the watching. When nobody is left who could let a held message go, it goes on, and none is held any more.
func (w *Watcher) Close() {
	b := w.buffer
	b.tracer.mu.Lock()
	defer b.tracer.mu.Unlock()
	delete(b.watchers, w)
	b.tracer.streams--
	b.touched = b.tracer.cfg.Now()
	if len(b.watchers) > 0 {
		return
	}
	b.left = time.AfterFunc(patience, func() {
		b.tracer.mu.Lock()
		defer b.tracer.mu.Unlock()
		if len(b.watchers) == 0 {
			b.release(len(b.holds))
		}
	})
}

// News says when there is something to [Watcher.Read].
func (w *Watcher) News() <-chan struct{} { return w.news }

// State is what [api.TraceState] says of one session, and the issuers whose servers tell their side.
type State struct {
	api.TraceState
	Issuers []string
}

// Read returns the events since the last call, and the state if it is another; the first time it always is.
func (w *Watcher) Read() (state *State, events []Event) {
	b := w.buffer
	b.tracer.mu.Lock()
	defer b.tracer.mu.Unlock()
	b.trim(b.tracer.cfg.Now())
	if !w.begun || w.version != b.version {
		w.begun, w.version = true, b.version
		state = b.state()
	}
	for _, e := range b.events {
		if e.ID > w.after {
			events = append(events, e.Event)
			w.after = e.ID
		}
	}
	return state, events
}

func (b *buffer) state() *State {
	state := &State{TraceState: api.TraceState{Stepping: b.stepping, Lost: b.lost}}
	if len(b.holds) > 0 {
		state.Held, state.HeldUntil = b.holds[0].place, b.holds[0].until
	}
	for _, issuers := range b.tracer.issuers {
		state.Issuers = append(state.Issuers, issuers...)
	}
	return state
}
