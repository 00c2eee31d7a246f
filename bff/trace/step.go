package trace

import (
	"context"
	"slices"
	"time"

	"cloakroom/bff/api"
)

// How long a message is held. A code and a request_uri live for 60 seconds from when the authorization server made them.
const (
	holdTime      = time.Minute
	shortHoldTime = 50 * time.Second
)

// MaxHold is the longest that a message is held.
const MaxHold = holdTime

// maxHolds is how many messages a session may have on hold. What is beyond goes on: a page must not have the server wait for it
// without end.
const maxHolds = 20

// hold is one message that waits.
type hold struct {
	place api.Hold
	until time.Time
	done  chan struct{}
}

// Hold waits, in step mode, until the session's user lets the message go, for a minute at most, and not for a client that has
// left.
func (f *Flow) Hold(ctx context.Context, place api.Hold) {
	if f == nil {
		return
	}
	b, h := f.hold(place)
	if h == nil {
		return
	}
	timer := time.NewTimer(h.until.Sub(f.tracer.cfg.Now()))
	defer timer.Stop()
	select {
	case <-h.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	b.holds = slices.DeleteFunc(b.holds, func(other *hold) bool { return other == h })
	b.changed()
}

// hold puts the message on hold at the first session that sees the flow, steps, and can let go: one that nobody watches could not.
func (f *Flow) hold(place api.Hold) (*buffer, *hold) {
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.flush()
	for _, b := range f.sinks {
		if !b.stepping || len(b.watchers) == 0 || len(b.holds) >= maxHolds {
			continue
		}
		lasts := shortHoldTime
		if place == api.HoldAPICall {
			lasts = holdTime
		}
		h := &hold{place: place, until: f.tracer.cfg.Now().Add(lasts), done: make(chan struct{})}
		b.holds = append(b.holds, h)
		b.changed()
		return b, h
	}
	return nil, nil
}

// Step does what the session's page asks for: it switches step mode, or lets the message go that has been held the longest.
func (t *Tracer) Step(session string, step api.TraceStep) *State {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buffer(session)
	switch {
	case step.Stepping == nil:
		b.release(1)
	case *step.Stepping:
		b.stepping = true
	default:
		b.stepping = false
		b.release(len(b.holds))
	}
	b.changed()
	return b.state()
}

// release lets the oldest go.
func (b *buffer) release(count int) {
	for range min(count, len(b.holds)) {
		close(b.holds[0].done)
		b.holds = b.holds[1:]
	}
	b.changed()
}
