package session

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

const (
	// exclusiveTimeout bounds the waiting for others and the work of [Manager.Exclusive], keepTimeout the storing of what it brought.
	exclusiveTimeout = 30 * time.Second
	keepTimeout      = 15 * time.Second
	// leaseTTL is how long a killed instance keeps the others waiting. Who lives renews it in time.
	leaseTTL     = 6 * time.Second
	renewEvery   = leaseTTL / 3
	storeTimeout = 2 * time.Second
	// waitInterval is how often a waiting caller looks, and how often a store that is down is asked again.
	waitInterval = 100 * time.Millisecond
	// leaseRounds is how many intervals a waiting caller looks at the session before it asks for the lease again.
	leaseRounds = 5
)

// Work is what [Manager.Exclusive] lets one do at a time. It gets the session as the store has it, and returns how the session
// changes because of what was done; that runs again on a later version if another writer was faster. No change means that
// nothing had to be done: whoever was faster had done it.
type Work func(ctx context.Context, current Record) (change func(*Record) error, err error)

// Exclusive runs work on a session, one at a time of all callers on all instances, and returns the session as it is after it:
// refreshing tokens, whose refresh token may be good for one use.
//
// In this process callers join what is under way; across instances a lease, renewed while work runs, keeps the others waiting until
// the session has a new version, which they return, or until it is their turn. So the session that is returned may
// have been changed by another's work: see whether it is what you need, and call again if not.
//
// It goes on when the caller leaves: ctx ends only the waiting. Work has half a minute, waiting for its turn included, and what it
// brought a quarter more to be stored in, even if the store is down at first. An instance that was paused may have lost its lease:
// work asks [Fence] just before it does what must not be done twice, and is begun again, when its turn comes, with the session as it
// is then, if it returns [ErrLeaseLost]. What was done all the same does not write over what another one stored; the refresh token
// tells: a change that began from one which the session no longer has is dropped.
// ErrRevoked, ErrExpired and ErrNoSession as in [Manager.Current]; errors of work as they are.
func (m *Manager) Exclusive(ctx context.Context, id string, work Work) (Record, error) {
	result := m.flights.DoChan(id, func() (any, error) {
		var record Record
		var err error
		done := make(chan struct{})
		m.stopped.Go(func() {
			defer close(done)
			record, err = m.fly(context.WithoutCancel(ctx), id, work)
		})
		<-done
		return record, err
	})
	select {
	case <-ctx.Done():
		return Record{}, fmt.Errorf("wait for exclusive work: %w", ctx.Err())
	case got := <-result:
		record, _ := got.Val.(Record)
		return record, got.Err
	}
}

// fly runs in no caller's goroutine: a panic of work would end the process.
func (m *Manager) fly(ctx context.Context, id string, work Work) (record Record, err error) {
	working, cancel := context.WithTimeout(ctx, m.exclusive)
	defer cancel()
	defer func() {
		if panicked := recover(); panicked != nil {
			m.log.ErrorContext(ctx, "exclusive work panicked", "panic", panicked, "stack", string(debug.Stack()))
			record, err = Record{}, errors.New("session: exclusive work panicked")
		}
	}()
	for {
		held, moved, err := m.turn(working, id)
		if err != nil || held == nil {
			return moved, err
		}
		record, err := m.workWith(ctx, working, held, work)
		if !errors.Is(err, ErrLeaseLost) {
			return record, err
		}
	}
}

// workWith does the work while the lease is held. What it brought has a time of its own to be stored in.
func (m *Manager) workWith(ctx, working context.Context, held *tenure, work Work) (Record, error) {
	defer m.holding(ctx, held)()
	read, err := m.Load(working, held.lease.ID) // after the lease is held: another instance may have done the work
	if err != nil {
		return Record{}, err
	}
	change, err := work(fenced(working, held), read)
	if err != nil || change == nil {
		return read, err
	}
	keeping, cancelKeeping := context.WithTimeout(ctx, keepTimeout)
	defer cancelKeeping()
	return m.keepWork(keeping, held.lease, read, change)
}

// turn waits until the lease is ours, or until the session has another version than when the waiting began.
func (m *Manager) turn(ctx context.Context, id string) (held *tenure, moved Record, err error) {
	held, err = m.take(ctx, id)
	if !errors.Is(err, ErrLeased) {
		return held, Record{}, err
	}
	before, err := m.Load(ctx, id)
	if err != nil {
		return nil, Record{}, err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	events := m.Watch(watching, id)
	again := time.NewTicker(waitInterval)
	defer again.Stop()
	for round := 1; ; round++ {
		select {
		case <-ctx.Done():
			return nil, Record{}, fmt.Errorf("wait for another instance's work: %w", ctx.Err())
		case <-events:
			events = nil // once is enough: what follows is seen at the next tick
		case <-again.C:
		}
		record, err := m.Load(ctx, id)
		if err != nil || record.Version != before.Version {
			return nil, record, err
		}
		// Asking for the lease waits in SQLite's one queue of writers, before those whose work is waited for.
		if round%leaseRounds != 0 {
			continue
		}
		held, err := m.take(ctx, id)
		if !errors.Is(err, ErrLeased) {
			return held, Record{}, err
		}
	}
}

// keepWork stores what work brought. It may be the only refresh token that still works, so a store that is down is tried again.
func (m *Manager) keepWork(ctx context.Context, lease Lease, read Record, change func(*Record) error) (Record, error) {
	stored := read
	for {
		changed := stored.Clone()
		if err := change(&changed); err != nil {
			return Record{}, err
		}
		if _, err := encodeRecord(changed); err != nil {
			return Record{}, err // no later try could store it
		}
		begun := m.begin()
		updated, err := m.store.Update(ctx, preserve(changed, stored))
		if err == nil {
			return m.updated(ctx, updated, begun, Refreshed)
		}
		if !errors.Is(err, ErrConflict) {
			m.cache.drop(read.ID) // what the store now holds is not known
		}
		if stored, err = m.again(ctx, read.ID, err); err != nil {
			return Record{}, err
		}
		if m.overtaken(ctx, lease, read, stored, changed) {
			return stored, nil
		}
	}
}

// again loads the session after an update that failed: at once when another writer was faster, else as soon as the store can
// be asked. That the session is over is an answer too.
func (m *Manager) again(ctx context.Context, id string, failed error) (Record, error) {
	for {
		if !errors.Is(failed, ErrConflict) && !errors.Is(failed, ErrEnded) {
			m.logError(ctx, "what exclusive work brought is not stored yet", failed)
			pause(ctx, waitInterval)
		}
		record, err := m.Load(ctx, id)
		if err == nil || isVerdict(err) {
			return record, err
		}
		if ctx.Err() != nil {
			return Record{}, fmt.Errorf("store what exclusive work brought: %w", failed)
		}
		failed = err
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// overtaken reports whether what is stored is newer than what changed brings: the refresh token that work began from was replaced
// (by another, or by us when the store's answer was lost), or we lost the lease and bring no new one.
func (m *Manager) overtaken(ctx context.Context, lease Lease, read, stored, changed Record) bool {
	if stored.RefreshToken != read.RefreshToken {
		return true
	}
	return changed.RefreshToken == read.RefreshToken && stored.Version != read.Version && errors.Is(m.store.Renew(ctx, lease, leaseTTL), ErrLeaseLost)
}
