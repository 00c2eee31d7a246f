package session_test

import (
	"errors"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// P1, P4: what every proxied request does costs no store write, and inside the cache's lifetime no read either.
func TestCurrentWritesNothingAndReadsOncePerCacheLifetime(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	reads, writes := s.store.reads.Load(), s.store.writes.Load()
	for range 1000 {
		s.Seen(b.wants(t, "a proxied request", nil))
	}
	if got := s.store.writes.Load() - writes; got != 0 {
		t.Errorf("%d store writes", got)
	}
	if got := s.store.reads.Load() - reads; got != 2 { // the cookie and the record
		t.Errorf("%d store reads, want 2", got)
	}
	s.clock.Advance(stale)
	b.wants(t, "later", nil)
	if got := s.store.reads.Load() - reads; got != 4 {
		t.Errorf("%d store reads after the cache's lifetime, want 4", got)
	}
}

// A load that read the record before sign-out, and is answered after it, must not put the session back in the cache.
func TestLoadThatWasOvertakenBySignOutIsNotCached(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	once := sync.OnceFunc(func() { (&browser{site: s, cookie: b.cookie}).signOut(t) })
	s.store.beforeLoaded = once
	b.wants(t, "the request whose load was overtaken", session.ErrRevoked)
	b.wants(t, "the next request", session.ErrRevoked)
}

// The same, when the load takes so long that the cache has forgotten the sign-out meanwhile.
func TestLoadThatTakesVeryLongIsNotCached(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	s.store.beforeLoaded = sync.OnceFunc(func() {
		(&browser{site: s, cookie: b.cookie}).signOut(t)
		s.clock.Advance(time.Minute)
		s.Reap()
	})
	_, _ = s.Current(b.request()) // it began before sign-out
	b.wants(t, "the next request", session.ErrRevoked)
}

func TestLoadThatWasOvertakenByAnUpdateDoesNotHideIt(t *testing.T) {
	s, b := newSite(t), &browser{}
	record := s.signIn(t, b, "alice")
	var overtaken atomic.Bool
	s.store.beforeLoaded = func() {
		if overtaken.Swap(true) {
			return
		}
		if _, err := s.Update(t.Context(), record.ID, rotated); err != nil {
			t.Error(err)
		}
	}
	b.wants(t, "the request whose load was overtaken", nil)
	if next := b.wants(t, "the next request", nil); next.RefreshToken != "rotated" {
		t.Error("the old version is in the cache")
	}
}

func rotated(r *session.Record) error {
	r.RefreshToken = "rotated"
	return nil
}

// When the store's answer is lost, what it did is not known: the cache must not go on as if it had done nothing.
func TestAnswerThatWasLostIsAskedForAgain(t *testing.T) {
	s, b := newSite(t), &browser{}
	record := s.signIn(t, b, "alice")
	b.wants(t, "cached", nil)
	s.store.lost.Store(true)
	if _, err := s.Update(t.Context(), record.ID, rotated); !errors.Is(err, errDown) {
		t.Errorf("update: %v", err)
	}
	if current := b.wants(t, "after the update", nil); current.RefreshToken != "rotated" {
		t.Error("the update that the store made is not seen")
	}
	if _, err := s.End(httptest.NewRecorder(), b.request()); !errors.Is(err, errDown) {
		t.Errorf("end: %v", err)
	}
	b.wants(t, "after the end", session.ErrRevoked)
}

// The cache forgets what is not used, and keeps what ended for as long as a load from before can take.
func TestSessionsThatAreNotUsedLeaveTheCache(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	b.wants(t, "cached", nil)
	s.clock.Advance(stale)
	if s.Reap(); s.Cached() == 0 {
		t.Error("the cache forgot a session too early")
	}
	s.Seen(b.wants(t, "used", nil))
	s.clock.Advance(time.Minute)
	if s.Reap(); s.Cached() == 0 {
		t.Error("the cache forgot activity that the store does not know")
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Reap(); s.Cached() != 0 {
		t.Errorf("%d entries stay", s.Cached())
	}
	b.wants(t, "from the store", nil)
}
