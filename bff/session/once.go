package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// ErrUsed: the value was used before.
var ErrUsed = errors.New("session: used before")

const (
	// useAtLeast is kept of a use whose end is near or past, so that a value at the edge of its life is not used twice either.
	useAtLeast = time.Minute
	// useAtMost bounds what is kept: who has values that live longer shortens their life.
	useAtMost = 24 * time.Hour
	// memoryUses bounds the memory store, which then refuses rather than forgets.
	memoryUses = 1 << 16
)

// Uses refuses what may be used once only, such as a logout token's jti (Back-Channel Logout §2.6 step 8), on all instances of a store.
type Uses interface {
	// UseOnce marks value as used for a purpose until expires, at most a day from now; ErrUsed when it is. Of any number of
	// concurrent calls one succeeds. What is used is kept as a hash.
	UseOnce(ctx context.Context, use, value string, expires time.Time) error
}

// useKey says under what a use is kept, and until when.
func useKey(use, value string, expires, now time.Time) (key [sha256.Size]byte, until time.Time, err error) {
	if expires.Sub(now) > useAtMost {
		return key, until, fmt.Errorf("session: a use is kept for %s at most, not until %s", useAtMost, expires)
	}
	return lookupKey(use, value), later(expires, now.Add(useAtLeast)), nil
}

// UseOnce implements [Uses].
func (m *Memory) UseOnce(_ context.Context, use, value string, expires time.Time) error {
	now := m.now()
	key, until, err := useKey(use, value, expires, now)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.uses[key]; ok && now.Before(known) {
		return ErrUsed
	}
	if len(m.uses) >= memoryUses {
		sweep(m.uses, memoryUses, func(until time.Time) bool { return until.Before(now) })
	}
	if len(m.uses) >= memoryUses {
		return errors.New("session: the memory store keeps no more uses")
	}
	m.uses[key] = until
	return nil
}

// UseOnce implements [Uses].
func (s *SQLite) UseOnce(ctx context.Context, use, value string, expires time.Time) error {
	now := s.now()
	key, until, err := useKey(use, value, expires, now)
	if err != nil {
		return err
	}
	used, err := affected(s.write.ExecContext(ctx, `INSERT INTO uses (key, until) VALUES (?1, ?2)
		ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= ?3`, key[:], nanos(until), nanos(now)))
	if err == nil && used == 0 {
		err = ErrUsed
	}
	return err
}
