package bff

import (
	"sync"
	"time"
)

// earlyPause is how long a renewal ahead of time waits after one that failed: the token still serves, and a provider that is
// down is not asked by every request.
const earlyPause = 2 * time.Second

// earlyRenewals are the tokens that are being renewed ahead of their end, or were just tried.
type earlyRenewals struct {
	now   func() time.Time
	mu    sync.Mutex
	until map[string]time.Time // zero while one is under way
}

func newEarlyRenewals(now func() time.Time) *earlyRenewals {
	return &earlyRenewals{now: now, until: map[string]time.Time{}}
}

// begin reports whether the caller is to renew.
func (e *earlyRenewals) begin(key string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	until, known := e.until[key]
	if known && (until.IsZero() || e.now().Before(until)) {
		return false
	}
	e.until[key] = time.Time{}
	return true
}

// end forgets the renewal, after a failure only when its pause is over.
func (e *earlyRenewals) end(key string, failed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !failed {
		delete(e.until, key)
		return
	}
	until := e.now().Add(earlyPause)
	e.until[key] = until
	for other, end := range e.until {
		if !end.IsZero() && end.Before(e.now()) {
			delete(e.until, other)
		}
	}
}
