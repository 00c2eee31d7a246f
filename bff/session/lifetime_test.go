package session_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

// S07: the idle end, to the nanosecond.
func TestSessionThatIsNotUsedExpires(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	s.clock.Advance(idle - time.Nanosecond)
	b.wants(t, "just before the idle end", nil)
	s.clock.Advance(time.Nanosecond)
	b.wants(t, "at the idle end", session.ErrExpired)
	if _, err := s.store.Sweep(t.Context(), s.clock.Now().Add(time.Minute), 10); err != nil {
		t.Fatal(err)
	}
	b.wants(t, "after the record was swept", session.ErrExpired)
}

func TestReadingASessionDoesNotExtendIt(t *testing.T) {
	s, b := newSite(t), &browser{}
	started := s.signIn(t, b, "alice")
	for range 29 {
		s.clock.Advance(time.Minute)
		if record := b.wants(t, "a poll", nil); !record.Idle.Equal(started.Idle) {
			t.Fatalf("reading moved the idle end to %s", record.Idle)
		}
	}
	s.clock.Advance(time.Minute)
	b.wants(t, "at the idle end, after polling all the time", session.ErrExpired)
}

// S07: activity moves the idle end, and never the absolute one.
func TestActivityExtendsIdleAndNeverAbsolute(t *testing.T) {
	s, b := newSite(t), &browser{}
	started := s.signIn(t, b, "alice")
	for s.clock.Now().Add(20 * time.Minute).Before(started.Absolute) {
		s.clock.Advance(20 * time.Minute)
		record := b.wants(t, "an active user", nil)
		if !record.Absolute.Equal(started.Absolute) || record.Idle.After(record.Absolute) {
			t.Fatalf("activity moved the absolute end to %s, or idle past it to %s", record.Absolute, record.Idle)
		}
		s.Seen(record)
	}
	s.clock.Advance(started.Absolute.Sub(s.clock.Now()) - time.Nanosecond)
	record := b.wants(t, "just before the absolute end", nil)
	s.Seen(record)
	if _, err := s.Extend(t.Context(), record); err != nil {
		t.Errorf("extend just before the absolute end: %v", err)
	}
	s.clock.Advance(time.Nanosecond)
	b.wants(t, "at the absolute end", session.ErrExpired)
	s.Seen(record)
	if _, err := s.Extend(t.Context(), record); !errors.Is(err, session.ErrExpired) {
		t.Errorf("extend at the absolute end: %v", err)
	}
	b.wants(t, "after trying", session.ErrExpired)
}

func TestActivityReachesTheStoreInOneBatch(t *testing.T) {
	s, b, b2 := newSite(t), &browser{}, &browser{}
	s.signIn(t, b, "alice")
	s.signIn(t, b2, "bob")
	writes := s.store.writes.Load()
	s.clock.Advance(time.Minute)
	for range 100 {
		s.Seen(b.wants(t, "alice", nil))
		s.Seen(b2.wants(t, "bob", nil))
	}
	if got := s.store.writes.Load() - writes; got != 0 {
		t.Errorf("%d writes before the flush", got)
	}
	for range 2 {
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.store.writes.Load() - writes; got != 1 {
		t.Errorf("%d writes for two flushes of one batch", got)
	}
	elsewhere := &browser{site: &site{Manager: s.instance(t)}, cookie: b.cookie}
	if record := elsewhere.wants(t, "in another process", nil); !record.LastSeen.Equal(s.clock.Now()) || !record.Idle.Equal(s.clock.Now().Add(idle)) {
		t.Errorf("there the session was last seen at %s", record.LastSeen)
	}
}

func TestCloseFlushesWhatWasSeen(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	s.clock.Advance(29 * time.Minute)
	s.Seen(b.wants(t, "before", nil))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Manager = s.instance(t)
	s.clock.Advance(29 * time.Minute)
	b.wants(t, "after a restart", nil)
}

// A user who is active around the idle end stays signed in, although the store learns of it only after that end.
func TestActivityAcrossTheIdleEndIsNotLost(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	s.clock.Advance(idle - time.Second)
	s.Seen(b.wants(t, "a second before", nil))
	s.clock.Advance(2 * time.Second)
	s.Seen(b.wants(t, "a second after", nil))
	s.store.down.Store(true)
	if err := s.Flush(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("flush: %v", err)
	}
	s.store.down.Store(false)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	elsewhere := &browser{site: &site{Manager: s.instance(t)}, cookie: b.cookie}
	elsewhere.wants(t, "in another process", nil)
}

func TestActivityElsewhereKeepsTheSessionHere(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	other := s.instance(t)
	elsewhere := &browser{site: &site{Manager: other}, cookie: b.cookie}
	s.clock.Advance(idle - time.Second)
	b.wants(t, "here, so that it is cached", nil)
	other.Seen(elsewhere.wants(t, "there", nil))
	if err := other.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(2 * time.Second)
	b.wants(t, "here, where the cached session says expired", nil)
}

// A request that outlives its session, such as a stream, revives nothing when it ends.
func TestActivityAfterTheIdleEndRevivesNothing(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	record := b.wants(t, "the stream begins", nil)
	s.clock.Advance(idle + time.Second)
	s.Seen(record)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wants(t, "after the stream", session.ErrExpired)
}

func TestExtendTellsTheStoreAtOnce(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	s.clock.Advance(20 * time.Minute)
	extended, err := s.Extend(t.Context(), b.wants(t, "before", nil))
	if err != nil || !extended.Idle.Equal(s.clock.Now().Add(idle)) {
		t.Errorf("extended to %s, %v", extended.Idle, err)
	}
	stored, err := s.store.Load(t.Context(), extended.ID)
	if err != nil || !stored.Idle.Equal(extended.Idle) || stored.Version != 1 {
		t.Errorf("stored idle %s, version %d, %v", stored.Idle, stored.Version, err)
	}
}

// The refresh token's end, or that of the session that a new sign-in continues, is carried over; a later one is not believed.
func TestStartKeepsAnEarlierAbsoluteEnd(t *testing.T) {
	s, b := newSite(t), &browser{}
	for name, test := range map[string]struct{ wish, want time.Duration }{
		"none": {0, absolute}, "earlier": {time.Hour, time.Hour}, "later": {100 * time.Hour, absolute}, "before idle": {time.Minute, time.Minute},
	} {
		record := sessiontest.Record("", "alice", s.clock.Now())
		record.Absolute = time.Time{}
		if test.wish != 0 {
			record.Absolute = s.clock.Now().Add(test.wish)
		}
		started, err := s.Start(httptest.NewRecorder(), b.request(), record)
		if err != nil || !started.Absolute.Equal(s.clock.Now().Add(test.want)) || started.Idle.After(started.Absolute) {
			t.Errorf("%s: absolute %s, idle %s, %v", name, started.Absolute, started.Idle, err)
		}
	}
}

func TestUpdateDoesNotMoveTheAbsoluteEndOut(t *testing.T) {
	s, b := newSite(t), &browser{}
	started := s.signIn(t, b, "alice")
	for _, test := range []struct {
		name       string
		wish, want time.Duration
	}{{"later", time.Hour, 0}, {"earlier", -time.Hour, -time.Hour}, {"later again", 0, -time.Hour}} {
		updated, err := s.Update(t.Context(), started.ID, func(r *session.Record) error {
			r.Absolute = started.Absolute.Add(test.wish)
			return nil
		})
		if want := started.Absolute.Add(test.want); err != nil || !updated.Absolute.Equal(want) {
			t.Errorf("%s: absolute %s, want %s (%v)", test.name, updated.Absolute, want, err)
		}
	}
}

func TestLifetimesAreFunctionsOfTime(t *testing.T) {
	created := sessiontest.NewClock().Now()
	end := session.AbsoluteEnd(created, absolute, time.Time{})
	record := session.Record{Created: created, Absolute: end, Idle: session.IdleEnd(created, idle, end)}
	for name, test := range map[string]struct {
		at   time.Duration
		over bool
	}{
		"at sign-in": {0, false}, "before idle": {idle - 1, false}, "at idle": {idle, true}, "long after": {absolute * 2, true}, "before sign-in": {-1, false},
	} {
		if got := record.Expired(created.Add(test.at)); got != test.over {
			t.Errorf("%s: expired %v", name, got)
		}
	}
	if got := session.IdleEnd(end.Add(-time.Minute), idle, end); !got.Equal(end) {
		t.Errorf("idle passes the absolute end: %s", got)
	}
	if !record.End().Equal(record.Idle) {
		t.Errorf("the next end is %s", record.End())
	}
}
