package bff

import (
	"sync"
	"sync/atomic"
	"time"
)

// streams counts the open event streams, and tells all streams when this instance goes.
type streams struct {
	tick   time.Duration
	ending chan struct{} // closed when they are to end
	ended  sync.Once
	// sockets are the open WebSockets, which no server waits for.
	sockets atomic.Int64

	mu    sync.Mutex
	by    map[string]int
	total int
}

func newStreams() *streams {
	return &streams{tick: streamTick, ending: make(chan struct{}), by: map[string]int{}}
}

func (s *streams) end() { s.ended.Do(func() { close(s.ending) }) }

// connected counts a WebSocket until the returned function is called.
func (s *streams) connected() (left func()) {
	s.sockets.Add(1)
	return func() { s.sockets.Add(-1) }
}

// drain waits until the WebSockets have been told, and not longer than they may take.
func (s *streams) drain() {
	for deadline := time.Now().Add(2 * farewell); s.sockets.Load() > 0 && time.Now().Before(deadline); {
		time.Sleep(drainTick)
	}
}

const drainTick = 10 * time.Millisecond

// open reports whether the session may have one more.
func (s *streams) open(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[id] >= maxStreamsPerSession || s.total >= maxStreams {
		return false
	}
	s.by[id]++
	s.total++
	return true
}

func (s *streams) close(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.by[id]--; s.by[id] == 0 {
		delete(s.by, id)
	}
}
