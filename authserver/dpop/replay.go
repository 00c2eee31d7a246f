package dpop

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrFull means that so many proofs are remembered that one more would not be: it is refused, and not believed.
var ErrFull = errors.New("dpop: too many proofs at once")

// Memory remembers used proofs in this process, for a server that has no store: each until it is too old to be used, and up to a limit.
type Memory struct {
	limit int
	now   func() time.Time

	mu    sync.Mutex
	used  map[string]time.Time
	swept time.Time
}

// NewMemory makes an empty memory for limit proofs.
func NewMemory(limit int, now func() time.Time) *Memory {
	return &Memory{limit: limit, now: now, used: map[string]time.Time{}}
}

// Use is a [Once].
func (m *Memory) Use(_ context.Context, value string, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if end, there := m.used[value]; there && end.After(now) {
		return ErrReplayed
	}
	if len(m.used) >= m.limit || now.Sub(m.swept) > window {
		m.sweep(now)
	}
	if len(m.used) >= m.limit {
		return ErrFull
	}
	m.used[value] = until
	return nil
}

// sweep forgets what has expired, at most once a second.
func (m *Memory) sweep(now time.Time) {
	if now.Sub(m.swept) < time.Second {
		return
	}
	m.swept = now
	for value, end := range m.used {
		if !end.After(now) {
			delete(m.used, value)
		}
	}
}
