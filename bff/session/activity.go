package session

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// activity is what was noticed of a session's use since the store was last told. Times are nanoseconds since 1970.
type activity struct {
	first   atomic.Int64 // the first use that was not yet told; 0 without one
	seen    atomic.Int64 // the last use
	flushed atomic.Int64 // the last use that the store was told
}

func (a *activity) notice(at time.Time) {
	nanos := at.UnixNano()
	a.first.CompareAndSwap(0, nanos)
	raise(&a.seen, nanos)
}

func (a *activity) pending() bool { return a.seen.Load() > a.flushed.Load() }

// take returns the uses that the store was not told; put back what could not be told with restore.
func (a *activity) take() (first, last int64, ok bool) {
	if !a.pending() {
		return 0, 0, false
	}
	first, last = a.first.Swap(0), a.seen.Load()
	if first == 0 || first > last {
		first = last
	}
	return first, last, true
}

func (a *activity) told(last int64) { raise(&a.flushed, last) }

func (a *activity) restore(first int64) { a.first.Store(first) }

// apply returns the record as it is with the uses of this process.
func (a *activity) apply(record Record, idle time.Duration) Record {
	if nanos := a.seen.Load(); nanos != 0 && nanos > record.LastSeen.UnixNano() {
		return record.seenAt(time.Unix(0, nanos).UTC(), idle)
	}
	return record
}

func raise(value *atomic.Int64, to int64) {
	for known := value.Load(); to > known; known = value.Load() {
		if value.CompareAndSwap(known, to) {
			return
		}
	}
}

// seenGrain is how exact LastSeen is: uses that follow within it cost one comparison.
const seenGrain = time.Second

// Seen marks the session as used now, to the second. It costs no store write: what was seen is flushed in one batch per interval. A use
// after the session's end changes nothing, however long ago its request began.
func (m *Manager) Seen(record Record) {
	if record.ID == "" {
		return
	}
	now := m.now()
	found := m.cache.ids(record.ID).slot(record.ID)
	if found == nil {
		found = m.cache.ids(record.ID).update(record.ID, func(s *slot) { s.used = now })
	}
	if now.UnixNano()-found.seen.Load() < int64(seenGrain) || found.ended.Load() {
		return
	}
	if !found.apply(record, m.idle).Expired(now) {
		found.notice(now)
	}
}

// Extend marks the session as used now and tells the store before it returns: the user asked to stay signed in. ErrRevoked
// and ErrExpired as in [Manager.Current].
func (m *Manager) Extend(ctx context.Context, record Record) (Record, error) {
	begun := m.begin()
	stored, found, err := m.load(ctx, record.ID, begun)
	if err != nil {
		return Record{}, err
	}
	found.notice(begun.at)
	if err := m.flush(ctx, map[string]*slot{record.ID: found}); err != nil {
		return Record{}, err
	}
	m.tell(ctx, Event{Kind: Extended}, record.ID)
	return found.apply(stored, m.idle), nil
}

// Flush tells the store what was seen, in one batch. It runs once per interval and on [Manager.Close].
func (m *Manager) Flush(ctx context.Context) error {
	pending := map[string]*slot{}
	m.cache.each(func(id string, s *slot) {
		if s.pending() && !s.ended.Load() {
			pending[id] = s
		}
	})
	return m.flush(ctx, pending)
}

func (m *Manager) flush(ctx context.Context, slots map[string]*slot) error {
	batch := make(map[string]Seen, len(slots))
	firsts := make(map[string]int64, len(slots))
	for id, s := range slots {
		first, last, ok := s.take()
		if !ok {
			continue
		}
		at := time.Unix(0, last).UTC()
		// The store never lets the idle end pass the absolute one, which is not known here.
		batch[id] = Seen{First: time.Unix(0, first).UTC(), LastSeen: at, Idle: at.Add(m.idle)}
		firsts[id] = first
	}
	if len(batch) == 0 {
		return nil
	}
	if err := m.store.Touch(ctx, batch); err != nil {
		for id, first := range firsts {
			slots[id].restore(first)
		}
		return fmt.Errorf("flush what was seen of %d sessions: %w", len(batch), err)
	}
	for id, seen := range batch {
		slots[id].told(seen.LastSeen.UnixNano())
	}
	return nil
}
