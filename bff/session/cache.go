package session

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// cache holds decoded sessions for a short time, so that a proxied request reads no store. A slot belongs to one record; two
// sharded maps lead to it, by the cookie's hash and by the record's id.
//
// What makes it safe: a slot that ended stays ended, and stays in the map longer than any view may live, so that a load which
// began before the end cannot put the session back; a view's age counts from before its load began; and what another instance
// did, or may have done while its notices could not be heard, outdates every load that began before.
type cache struct {
	lifetime time.Duration
	// order numbers what outdates loads. since is the number that a load has to have seen: beyond all while nobody listens.
	order, since atomic.Uint64
	byCookie     [shards]shard[cookieHash]
	byID         [shards]shard[string]
}

const shards = 64 // a power of two, at most 256

type shard[K comparable] struct {
	mu    sync.RWMutex
	slots map[K]*slot
}

// slot is what this process knows of one session.
type slot struct {
	view    atomic.Pointer[view]
	ended   atomic.Bool
	noticed atomic.Uint64 // the number that a load of this session has to have seen
	activity
	// mu orders changes of view and ended; used is the time of the last one.
	mu   sync.Mutex
	used time.Time
}

// view is a loaded record. It is never changed, only replaced.
type view struct {
	record Record
	loaded stamp
}

// stamp says when a load began: what it brings may be as old as that.
type stamp struct {
	at    time.Time
	order uint64
}

func newCache(lifetime time.Duration) *cache {
	c := &cache{lifetime: lifetime}
	c.listening(false)
	for i := range shards {
		c.byCookie[i].slots = map[cookieHash]*slot{}
		c.byID[i].slots = map[string]*slot{}
	}
	return c
}

// begin is called before a load.
func (c *cache) begin(now time.Time) stamp { return stamp{at: now, order: c.order.Load()} }

// listening says whether notices are heard. While they are not, and of what was loaded until they were, nothing is fresh.
func (c *cache) listening(heard bool) {
	if !heard {
		c.since.Store(math.MaxUint64)
		return
	}
	c.since.Store(c.order.Add(1))
}

// outdate makes what was loaded of a session, or is being loaded, never fresh.
func (c *cache) outdate(id string, now time.Time) {
	c.ids(id).update(id, func(s *slot) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.used = now
		s.noticed.Store(c.order.Add(1))
	})
}

func (c *cache) cookies(hash cookieHash) *shard[cookieHash] { return &c.byCookie[hash[0]%shards] }

// ids spreads by the last character: an id begins with its time.
func (c *cache) ids(id string) *shard[string] {
	if id == "" {
		return &c.byID[0]
	}
	return &c.byID[id[len(id)-1]%shards]
}

func (s *shard[K]) slot(key K) *slot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.slots[key]
}

func (s *shard[K]) put(key K, found *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots[key] = found
}

// update runs change on the key's slot, which it makes if there is none. A reaper cannot take the slot meanwhile.
func (s *shard[K]) update(key K, change func(*slot)) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.slots[key]
	if found == nil {
		found = &slot{}
		s.slots[key] = found
	}
	change(found)
	return found
}

// install puts a record that was read or written after loaded. It reports false if the session ended meanwhile. A view of a
// later version stays. What a load brings that took longer than a view may live is never fresh.
func (c *cache) install(record Record, loaded stamp, now time.Time) (*slot, bool) {
	live := false
	found := c.ids(record.ID).update(record.ID, func(s *slot) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.used = now
		live = !s.ended.Load()
		known := s.view.Load()
		if !live || (known != nil && known.record.Version > record.Version) {
			return
		}
		s.view.Store(&view{record: record.ready(), loaded: loaded})
	})
	return found, live
}

// end marks a record as ended, at once and for good.
func (c *cache) end(id string, now time.Time) {
	c.ids(id).update(id, func(s *slot) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.used = now
		s.ended.Store(true)
		s.view.Store(nil)
	})
}

// drop forgets what was loaded of a record.
func (c *cache) drop(id string) {
	if found := c.ids(id).slot(id); found != nil {
		found.view.Store(nil)
	}
}

// fresh reports whether a view of the slot may still answer without the store.
func (c *cache) fresh(s *slot, v *view, now time.Time) bool {
	return now.Sub(v.loaded.at) <= c.lifetime && v.loaded.order >= c.since.Load() && v.loaded.order >= s.noticed.Load()
}

// reap forgets slots that nothing used for three lifetimes of a view, unless they hold activity that the store does not know.
func (c *cache) reap(now time.Time) {
	oldest := now.Add(-3 * c.lifetime)
	for i := range shards {
		reap(&c.byID[i], oldest)
		reap(&c.byCookie[i], oldest)
	}
}

func reap[K comparable](s *shard[K], oldest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, found := range s.slots {
		if found.idle(oldest) {
			delete(s.slots, key)
		}
	}
}

func (s *slot) idle(oldest time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used.Before(oldest) && !s.pending()
}

// each calls visit for every slot.
func (c *cache) each(visit func(id string, s *slot)) {
	for i := range shards {
		s := &c.byID[i]
		s.mu.RLock()
		for id, found := range s.slots {
			visit(id, found)
		}
		s.mu.RUnlock()
	}
}
