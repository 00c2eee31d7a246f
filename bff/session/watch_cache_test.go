package session_test

import (
	"testing"

	"cloakroom/bff/session"
)

// deaf is a store whose notices come only when the test says so.
type deaf struct {
	session.Store
	listening func(bool)
}

func (d *deaf) Subscribe(_ func(session.Notice), listening func(bool)) func() {
	d.listening = listening
	return func() {}
}

// While another instance's notices cannot be heard nothing is answered from the cache, and what was cached before stays unused after.
func TestCacheAnswersNothingWhileNoticesAreNotHeard(t *testing.T) {
	s, b := newSite(t), &browser{}
	away := &deaf{Store: s.store}
	elsewhere := &site{clock: s.clock, store: s.store}
	manager, err := session.NewManager(away, session.ManagerConfig{Idle: idle, Absolute: absolute}, s.clock.Now, discard())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = manager.Close() })
	elsewhere.Manager = manager
	s.signIn(t, b, "alice")
	there := &browser{site: elsewhere, cookie: b.cookie}
	reads := func(when string, want int64) {
		t.Helper()
		before := s.store.reads.Load()
		for range 10 {
			there.wants(t, when, nil)
		}
		if got := s.store.reads.Load() - before; got != want {
			t.Errorf("%s: %d store reads for ten requests, want %d", when, got, want)
		}
	}
	reads("before it listens", 20)
	away.listening(true)
	reads("when it listens", 2)
	away.listening(false)
	reads("when it does not", 20)
	away.listening(true)
	reads("again", 2)
	away.listening(false)
	away.listening(true) // a gap too short for a request
	reads("after a gap", 2)
	away.listening(false)
	b.signOut(t)
	there.wants(t, "signed out elsewhere, unheard", session.ErrRevoked)
}

// The caches of requests are told too, where nobody watches.
func TestCacheOfTheOtherInstanceLearnsWithoutAWatcher(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		if f.mute {
			return // these learn when what is cached is too old
		}
		record, atA, atB := f.signIn(t, "alice")
		fresh := func() bool { // answered from the cache: as if the store had nothing to say
			atB.eventually(t, "there", nil)
			return f.b.Fresh(record.ID)
		}
		until(t, "cached there", fresh)
		if _, err := f.a.Update(t.Context(), record.ID, rotated); err != nil {
			t.Fatal(err)
		}
		until(t, "the update there", func() bool { return atB.eventually(t, "there", nil).RefreshToken == "rotated" })
		until(t, "cached there again", fresh)
		atA.signOut(t)
		atB.eventually(t, "signed out, there", session.ErrRevoked)

		record, _, atB = f.signIn(t, "bob")
		until(t, "bob is cached there", fresh)
		if _, err := f.a.EndBy(t.Context(), record.Issuer, "bob", "", session.Once{}); err != nil {
			t.Fatal(err)
		}
		atB.eventually(t, "ended by the provider, there", session.ErrRevoked)
	})
}
