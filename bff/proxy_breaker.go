package bff

import (
	"sync/atomic"
	"time"
)

const (
	// breakerLimit is how many requests in a row an upstream may leave without an answer.
	breakerLimit = 5
	// breakerFirst is how long it is then left alone, before one request tries again: an API that is only restarted is missed no
	// longer than that. Each try that fails doubles it, up to breakerPause.
	breakerFirst = 100 * time.Millisecond
	breakerPause = 2 * time.Second
)

// breaker stops sending to an upstream that does not answer, so that requests fail at once instead of piling up behind
// its timeout. An answer is an answer, whatever its status: only a connection that fails and an answer that does not begin
// count. The zero value lets everything through.
type breaker struct {
	failures atomic.Int32
	tries    atomic.Int32 // since it was last answered
	until    atomic.Int64 // when to try again, in Unix nanoseconds; 0 while all is well
}

// allow reports whether a request may be sent. After a pause it lets one through, and the others when that was answered.
func (b *breaker) allow(now func() time.Time) bool {
	until := b.until.Load()
	if until == 0 {
		return true
	}
	at := now()
	if at.UnixNano() < until {
		return false
	}
	pause := min(breakerFirst<<min(b.tries.Load()+1, 10), breakerPause)
	if !b.until.CompareAndSwap(until, at.Add(pause).UnixNano()) {
		return false
	}
	b.tries.Add(1)
	return true
}

func (b *breaker) answered() {
	if b.failures.Load() != 0 {
		b.failures.Store(0)
		b.tries.Store(0)
		b.until.Store(0)
	}
}

// failed opens it. What fails while it is open changes nothing: requests that were under way together fail together.
func (b *breaker) failed(now time.Time) {
	if b.failures.Add(1) >= breakerLimit {
		b.until.CompareAndSwap(0, now.Add(breakerFirst).UnixNano())
	}
}
