package bff

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

const (
	maxStreamsPerSession = 2
	maxStreams           = 10_000
	// streamTick is how often a stream looks at the clock; it asks the store once in heartbeatTicks, and says that it is alive.
	streamTick     = time.Second
	heartbeatTicks = 15
	streamWrite    = 10 * time.Second
	// warnAhead is how long before its end a session is announced to end; a fifth of the idle time, if that is less.
	warnAhead = 2 * time.Minute
)

// events tells the page what happens to its session, until it is over or the page leaves. Watching is no activity: it never
// extends the session.
func (b *BFF) events(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	if !b.streams.open(record.ID) {
		return refuse(api.TooManyStreams, "this session has as many event streams as it may")
	}
	defer b.streams.close(record.ID)
	defer b.metrics.opened(streamEvents)()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stream := &eventStream{b: b, w: w, control: http.NewResponseController(w), record: record}
	return stream.run(ctx, b.sessions.Watch(ctx, record.ID))
}

// eventStream is one page's view of its session (WHATWG HTML §9.2, server-sent events).
type eventStream struct {
	b        *BFF
	w        http.ResponseWriter
	control  *http.ResponseController
	record   session.Record // as last seen
	warned   time.Time      // the end that was announced
	degraded bool
	ticks    int
}

func (s *eventStream) run(ctx context.Context, watched <-chan session.Event) error {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.WriteHeader(http.StatusOK)
	err := s.send(api.EventHello, s.expiry())
	tick := time.NewTicker(s.b.streams.tick)
	defer tick.Stop()
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case event, open := <-watched:
			if !open {
				return nil
			}
			if event.Kind == session.Ended {
				_ = s.send(api.EventEnded, api.SessionEvent{Reason: s.reason(event.Reason)})
				return nil
			}
			err = s.changed(ctx, event.Kind)
		case <-s.b.streams.ending:
			// The page knows what it has to ask again, and asks another instance.
			_ = s.degrade()
			return nil
		case <-tick.C:
			err = s.beat(ctx)
		}
	}
	return nil // who reads the stream has left
}

// changed tells of a session that goes on, as the store has it now.
func (s *eventStream) changed(ctx context.Context, kind session.Kind) error {
	if !s.look(ctx) {
		return s.degrade()
	}
	name := api.EventRefreshed
	if kind == session.Extended {
		name = api.EventExtended
	}
	return s.send(name, s.expiry())
}

// beat looks at the clock, and now and then at the store.
func (s *eventStream) beat(ctx context.Context) error {
	if s.ticks++; s.ticks%heartbeatTicks == 0 {
		if err := s.pulse(ctx); err != nil {
			return err
		}
	}
	end := s.record.End()
	if s.b.now().Before(end.Add(-s.b.warnAhead())) || s.warned.Equal(end) {
		return nil
	}
	// What is known here may be old: the session was perhaps used meanwhile, on another instance too.
	if !s.look(ctx) {
		return s.degrade()
	}
	if end = s.record.End(); s.b.now().Before(end.Add(-s.b.warnAhead())) {
		return nil
	}
	s.warned = end
	return s.send(api.EventExpiring, s.expiry())
}

// pulse says that the stream is alive, and when the store cannot be asked, or can be again, so.
func (s *eventStream) pulse(ctx context.Context) error {
	if !s.look(ctx) {
		return s.degrade()
	}
	if s.degraded {
		s.degraded = false
		return s.send(api.EventHello, s.expiry())
	}
	return s.write([]byte(": alive\n\n"))
}

// look reads the session again and reports whether the store could be asked. That a session is over is the watcher's to tell.
func (s *eventStream) look(ctx context.Context) bool {
	record, err := s.b.sessions.Load(ctx, s.record.ID)
	if err == nil {
		s.record = record
	}
	return err == nil || statuses[asRefusal(sessionRefusal(err)).code] == http.StatusUnauthorized
}

func (s *eventStream) degrade() error {
	if s.degraded {
		return s.write([]byte(": alive\n\n"))
	}
	s.degraded = true
	return s.send(api.EventDegraded, api.SessionEvent{})
}

func (s *eventStream) expiry() api.SessionEvent {
	return api.SessionEvent{Expiry: s.b.expiry(s.record)}
}

// reason says in the contract's words why the session ended.
func (s *eventStream) reason(reason session.Reason) api.Reason {
	switch reason {
	case session.SignedOut:
		return api.EndedBySignOut
	case session.EndedElsewhere:
		return api.EndedByUser
	case session.Replaced:
		return api.EndedByReplacement
	case session.BackChannel:
		return api.EndedByProvider
	case session.ReasonExpired:
		if s.b.now().Before(s.record.Absolute) {
			return api.EndedByIdle
		}
		return api.EndedByAbsolute
	default:
		return api.EndedByRefresh
	}
}

func (s *eventStream) send(name string, event api.SessionEvent) error {
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	return s.write([]byte("event: " + name + "\ndata: " + string(data) + "\n\n"))
}

// write gives a reader that does not read a short time only.
func (s *eventStream) write(text []byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWrite))
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.control.Flush()
}

func (b *BFF) warnAhead() time.Duration { return min(warnAhead, b.cfg.Session.Idle/5) }
