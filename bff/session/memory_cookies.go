package session

import (
	"context"
	"fmt"
	"time"
)

// cookieRow is a cookie as a store keeps it. sealed is nil in a tombstone.
type cookieRow struct {
	sealed  []byte
	expires time.Time
}

// FindCookie implements [Cookies].
func (m *Memory) FindCookie(_ context.Context, hash string) ([]byte, error) {
	m.mu.RLock()
	stored, ok := m.cookies[hash]
	m.mu.RUnlock()
	switch {
	case !ok:
		return nil, ErrNotFound
	case stored.sealed == nil:
		return nil, ErrEnded
	}
	return m.sealer.Open(purposeCookie, stored.sealed, []byte(hash))
}

// CommitCookie implements [Cookies].
func (m *Memory) CommitCookie(_ context.Context, hash string, blob []byte, expires time.Time) error {
	sealed, err := m.sealer.Seal(purposeCookie, blob, []byte(hash))
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if stored, ok := m.cookies[hash]; ok && stored.sealed == nil {
		return fmt.Errorf("commit a cookie: %w", ErrEnded)
	}
	m.cookies[hash] = cookieRow{sealed: sealed, expires: expires}
	return nil
}

// DeleteCookie implements [Cookies].
func (m *Memory) DeleteCookie(_ context.Context, hash string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if stored, ok := m.cookies[hash]; ok {
		m.cookies[hash] = cookieRow{expires: stored.expires}
	}
	return nil
}
