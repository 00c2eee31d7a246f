package session

import (
	"context"
	"crypto/sha256"
	"database/sql"
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

// Once is what may be done once only on all instances of a store, such as what a logout token asks for (Back-Channel Logout
// §2.6 step 8). The zero value may be done again.
type Once struct {
	// Purpose and Value name it: a kind, and a jti. They are kept as a hash.
	Purpose, Value string
	// Expires is until when it is remembered, at most a day from now.
	Expires time.Time
}

// key says under what a use is kept, and until when.
func (o Once) key(now time.Time) (key [sha256.Size]byte, until time.Time, err error) {
	if o.Expires.Sub(now) > useAtMost {
		return key, until, fmt.Errorf("session: a use is kept for %s at most, not until %s", useAtMost, o.Expires)
	}
	return lookupKey(o.Purpose, o.Value), later(o.Expires, now.Add(useAtLeast)), nil
}

// use marks once as done. The caller holds the lock.
func (m *Memory) use(once Once) error {
	if once == (Once{}) {
		return nil
	}
	now := m.now()
	key, until, err := once.key(now)
	if err != nil {
		return err
	}
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

// use marks once as done in a transaction.
func (s *SQLite) use(ctx context.Context, tx *sql.Tx, once Once) error {
	if once == (Once{}) {
		return nil
	}
	now := s.now()
	key, until, err := once.key(now)
	if err != nil {
		return err
	}
	used, err := affected(tx.ExecContext(ctx, `INSERT INTO uses (key, until) VALUES (?1, ?2)
		ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= ?3`, key[:], nanos(until), nanos(now)))
	if err == nil && used == 0 {
		err = ErrUsed
	}
	return err
}

// use is once as the script takes it: its name, and for how long, in milliseconds.
func (s *Redis) use(once Once) (name string, lives int64, err error) {
	if once == (Once{}) {
		return "", 0, nil
	}
	now := s.now()
	key, until, err := once.key(now)
	return redisPrefix + "o:" + redisHash(key), until.Sub(now).Milliseconds(), err
}
