package session

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Event is what happened to a watched session.
type Event struct {
	Kind   Kind
	Reason Reason // of an end
}

// watchBuffer is how many events a watcher may be behind. Then the oldest are dropped, which it learns nothing from: it asks for
// the session as it is now. An end is never dropped.
const watchBuffer = 8

// Watch tells what happens to a session, here at once and on other instances within a second, until ctx ends; then, or after an
// Ended, the channel is closed. A session that has ended already is told so.
func (m *Manager) Watch(ctx context.Context, id string) <-chan Event {
	events := m.watched.add(ctx, id)
	context.AfterFunc(ctx, func() { m.watched.remove(id, events) })
	m.watched.look(id)
	return events
}

// watchers are who watches which session.
type watchers struct {
	mu   sync.Mutex
	byID map[string]*watched
	// due are the sessions to look at in the store now.
	due  map[string]struct{}
	wake chan struct{}
}

// watched is a session that somebody watches.
type watched struct {
	channels map[chan Event]struct{}
	reason   Reason    // of an end that another instance told, and the store has not confirmed
	version  int64     // the last that the store showed; 0 before, and after an event that tells of a new one
	rounds   int       // since it was last looked at
	doubted  time.Time // since when it has ended and nobody has said why
}

func newWatchers() *watchers {
	return &watchers{byID: map[string]*watched{}, due: map[string]struct{}{}, wake: make(chan struct{}, 1)}
}

func (w *watchers) add(ctx context.Context, id string) chan Event {
	events := make(chan Event, watchBuffer)
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		close(events)
		return events
	}
	if w.byID[id] == nil {
		w.byID[id] = &watched{channels: map[chan Event]struct{}{}}
	}
	w.byID[id].channels[events] = struct{}{}
	return events
}

// remove closes the channel, unless an end has done so.
func (w *watchers) remove(id string, events chan Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.byID[id]
	if found == nil {
		return
	}
	if _, ok := found.channels[events]; !ok {
		return
	}
	close(events)
	delete(found.channels, events)
	if len(found.channels) == 0 {
		delete(w.byID, id)
	}
}

// look has a watched session looked at in the store, soon.
func (w *watchers) look(id string) { w.suspect(id, "") }

// suspect is look for a session that has ended, another instance says.
func (w *watchers) suspect(id string, reason Reason) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.byID[id]
	if found == nil {
		return
	}
	if reason != "" {
		found.reason = reason
	}
	w.due[id] = struct{}{}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// tell gives an event to all who watch the session. After an end nobody does.
func (w *watchers) tell(id string, event Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.byID[id]
	if found == nil {
		return
	}
	for events := range found.channels {
		offer(events, event)
		if event.Kind == Ended {
			close(events)
		}
	}
	found.version = 0 // the next one that the store shows is no news
	if event.Kind == Ended {
		delete(w.byID, id)
	}
}

// offer puts the event in the channel, in the place of the oldest if need be. The caller is the only sender.
func offer(events chan Event, event Event) {
	for {
		select {
		case events <- event:
			return
		default:
		}
		select {
		case <-events:
		default:
		}
	}
}

// takeDue returns what is to be looked at.
func (w *watchers) takeDue() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := slices.Collect(maps.Keys(w.due))
	clear(w.due)
	return ids
}

// count is called once a round, and returns the watched sessions that were not looked at for so many rounds.
func (w *watchers) count(rounds int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []string
	for id, found := range w.byID {
		if found.rounds++; found.rounds >= rounds {
			ids = append(ids, id)
		}
	}
	return ids
}

// ids returns all watched sessions.
func (w *watchers) ids() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.byID))
}

// seen notes the version that the store has, and reports whether it is new to who watches.
func (w *watchers) seen(id string, version int64) (news bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.byID[id]
	if found == nil {
		return false
	}
	news = found.version != 0 && found.version < version
	found.version, found.rounds = max(found.version, version), 0
	// What was told while the store was being asked is news to it: the session is due again, and the reason is kept for then.
	if _, due := w.due[id]; !due {
		found.reason = ""
	}
	return news
}

// reason returns why a session that the store says is over has ended. The store may say so before who ended it does: until that has
// had its time, "" has the caller ask again.
func (w *watchers) reason(id string) Reason {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.byID[id]
	switch {
	case found == nil:
		return EndedElsewhere
	case found.reason != "":
		return found.reason
	case found.doubted.IsZero():
		found.doubted = time.Now()
		return ""
	case time.Since(found.doubted) < reasonDelay:
		return ""
	default:
		return EndedElsewhere
	}
}
