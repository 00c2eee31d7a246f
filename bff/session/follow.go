package session

import (
	"context"
	"errors"
	"time"
)

const (
	// watchInterval is how often watched sessions are looked after: whether one expired, and whether another process changed the
	// store without a notice.
	watchInterval = time.Second
	// watchRounds is after how many intervals a watched session is looked at in the store, whatever was heard: an instance may
	// have been killed between what it did and its notice.
	watchRounds   = 10
	noticeTimeout = 2 * time.Second
	// reasonDelay is how long after the store shows an end its reason may come.
	reasonDelay = 200 * time.Millisecond
)

// tell tells who watches a session what this instance did: here, then on the others. It outlives the request that did it.
func (m *Manager) tell(ctx context.Context, event Event, id string) {
	m.watched.tell(id, event)
	ctx = context.WithoutCancel(ctx)
	bounded, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	err := m.store.Notify(bounded, Notice{Origin: m.origin, ID: id, Kind: event.Kind, Reason: event.Reason})
	m.logError(ctx, "session event not told to other instances", err)
}

// heard follows what another instance says that it did. It reads no store: the next request does, and for an end who watches.
func (m *Manager) heard(notice Notice) {
	if notice.Origin == m.origin {
		return
	}
	m.cache.outdate(notice.ID, m.now())
	if notice.Kind == Ended {
		m.watched.suspect(notice.ID, notice.Reason)
		return
	}
	m.watched.tell(notice.ID, Event{Kind: notice.Kind})
}

// listening follows whether notices are heard. When they are again, who watches may have missed something.
func (m *Manager) listening(heard bool) {
	m.cache.listening(heard)
	if heard {
		for _, id := range m.watched.ids() {
			m.watched.look(id)
		}
	}
}

// follow looks after the watched sessions until ctx ends.
func (m *Manager) follow(ctx context.Context) {
	round := time.NewTicker(watchInterval)
	defer round.Stop()
	var generation int64
	for {
		var ids []string
		select {
		case <-ctx.Done():
			return
		case <-m.watched.wake:
			ids = m.watched.takeDue()
		case <-round.C:
			ids, generation = m.round(ctx, generation)
		}
		m.lookAt(ctx, ids)
	}
}

// round returns the sessions to look at: all when the store may have changed, else those that are over as far as is known here.
func (m *Manager) round(ctx context.Context, known int64) (ids []string, generation int64) {
	watched := m.watched.ids()
	if len(watched) == 0 {
		return nil, known
	}
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	generation, err := m.store.Generation(ctx)
	if err != nil || generation != known {
		return watched, generation
	}
	ids = m.watched.count(watchRounds)
	for _, id := range watched {
		if m.seemsOver(id) {
			ids = append(ids, id)
		}
	}
	return ids, generation
}

// seemsOver reports whether what is cached of a session is over, or too old to tell.
func (m *Manager) seemsOver(id string) bool {
	found := m.cache.ids(id).slot(id)
	if found == nil {
		return false
	}
	known := found.view.Load()
	return known != nil && found.apply(known.record, m.idle).Expired(m.now())
}

// tellEnded tells of an end that the store shows, when it is known why or whoever ended it had time to say so.
func (m *Manager) tellEnded(id string) {
	reason := m.watched.reason(id)
	if reason == "" {
		time.AfterFunc(reasonDelay, func() { m.watched.look(id) })
		return
	}
	m.watched.tell(id, Event{Kind: Ended, Reason: reason})
}

// lookAt looks at watched sessions in the store and tells what is new. If the store cannot be asked, a later round asks it.
func (m *Manager) lookAt(ctx context.Context, ids []string) {
	for _, id := range ids {
		bounded, cancel := context.WithTimeout(ctx, noticeTimeout)
		record, err := m.Load(bounded, id)
		cancel()
		switch {
		case err == nil && m.watched.seen(id, record.Version):
			m.watched.tell(id, Event{Kind: Updated})
		case errors.Is(err, ErrExpired):
			m.watched.tell(id, Event{Kind: Ended, Reason: ReasonExpired})
		case errors.Is(err, ErrRevoked):
			m.tellEnded(id)
		case errors.Is(err, ErrNoSession):
			m.watched.tell(id, Event{Kind: Ended, Reason: Revoked})
		case err != nil:
			return
		}
	}
}
