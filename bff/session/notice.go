package session

import (
	"context"
	"sync"
)

// Kind says what happened to a session.
type Kind string

// The kinds of events.
const (
	Ended     Kind = "ended"
	Refreshed Kind = "refreshed" // its tokens were renewed
	Extended  Kind = "extended"  // the user stays: its idle end moved
	Updated   Kind = "updated"   // anything else in it changed
)

// Reason says why a session ended.
type Reason string

// The reasons.
const (
	SignedOut      Reason = "signed_out"      // its user signed out, in the browser that had it
	EndedElsewhere Reason = "ended_elsewhere" // another session of the user ended it, or a new sign-in that carried its cookie
	Replaced       Reason = "replaced"        // a new sign-in in its browser took its place
	ReasonExpired  Reason = "expired"         // it came to its idle or absolute end
	BackChannel    Reason = "backchannel"     // the provider's logout token named it
	Revoked        Reason = "revoked"         // the provider takes its refresh token no more, or an operator ended it
)

// Notice tells the other instances on a store what happened to a session. It is a hint: whoever hears it asks the store.
type Notice struct {
	Origin string // the instance that tells
	ID     string
	Kind   Kind
	Reason Reason // of an end
}

// Notices carry what happened from instance to instance.
type Notices interface {
	// Notify tells every subscriber on the store, this instance's included.
	Notify(ctx context.Context, notice Notice) error
	// Subscribe calls receive for every notice until stop. Both functions return at once. listening(false) means that notices may
	// be missed from now on, and listening(true) that none is, from now on; it is called before Subscribe returns, where notices
	// are heard at once. stop waits for calls under way.
	Subscribe(receive func(Notice), listening func(bool)) (stop func())
	// Generation changes when another process may have changed the store without a notice. It is asked for about once a second
	// and only while somebody watches.
	Generation(ctx context.Context) (int64, error)
}

// broadcast is [Notices] inside one process.
type broadcast struct {
	mu          sync.RWMutex
	subscribers map[*subscriber]struct{}
}

type subscriber struct{ receive func(Notice) }

// Notify implements [Notices].
func (b *broadcast) Notify(_ context.Context, notice Notice) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for one := range b.subscribers {
		one.receive(notice)
	}
	return nil
}

// Subscribe implements [Notices].
func (b *broadcast) Subscribe(receive func(Notice), listening func(bool)) (stop func()) {
	one := &subscriber{receive: receive}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subscribers == nil {
		b.subscribers = map[*subscriber]struct{}{}
	}
	b.subscribers[one] = struct{}{}
	listening(true)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subscribers, one)
	}
}

// Generation implements [Notices]: nobody else has the memory.
func (m *Memory) Generation(context.Context) (int64, error) { return 0, nil }

// Generation implements [Notices]. SQLite counts, for each connection, the commits of all others.
func (s *SQLite) Generation(ctx context.Context) (generation int64, err error) {
	err = s.pulse.QueryRowContext(ctx, "PRAGMA data_version").Scan(&generation)
	return generation, err
}
