package sessiontest

import (
	"slices"
	"testing"
	"time"

	"cloakroom/bff/session"
)

func tombstoneIsKept(t *testing.T, b *bench) {
	b.create(t, "r1", "alice")
	if _, err := b.store.End(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	b.pass(t, 8*time.Hour-time.Second)
	b.sweep(t, 100, 0)
	_, err := b.store.Load(t.Context(), "r1")
	wantError(t, "load before the absolute end", err, session.ErrEnded)
	b.pass(t, 2*time.Second)
	b.sweep(t, 100, 1)
	_, err = b.store.Load(t.Context(), "r1")
	wantError(t, "load after the absolute end", err, session.ErrNotFound)
}

func (b *bench) sweep(t *testing.T, limit, want int) {
	t.Helper()
	if b.Forgets > 0 && want > 0 {
		b.pass(t, b.Forgets)
		return
	}
	swept, err := b.store.Sweep(t.Context(), b.clock.Now(), limit)
	if err != nil || swept != want {
		t.Errorf("sweep: %d, %v; want %d", swept, err, want)
	}
}

func sweepTakesWhatIsOver(t *testing.T, b *bench) {
	for _, id := range []string{"r1", "r2", "r3"} {
		b.create(t, id, "alice")
		if err := b.store.CommitCookie(t.Context(), "hash-"+id, []byte(id), b.clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	b.pass(t, 31*time.Minute)
	b.create(t, "r4", "alice")
	b.sweep(t, 2, 2) // two records; the cookies have half an hour yet
	b.sweep(t, 2, 1)
	b.sweep(t, 2, 0)
	b.load(t, "r4")
	b.pass(t, 31*time.Minute) // now r4 is over too
	b.sweep(t, 2, 1+2)
	b.sweep(t, 2, 1)
	_, err := b.store.FindCookie(t.Context(), "hash-r1")
	wantError(t, "find a swept cookie", err, session.ErrNotFound)
}

func sweepLeavesTheTouched(t *testing.T, b *bench) {
	b.create(t, "r1", "alice")
	b.pass(t, 29*time.Minute)
	b.touch(t, "r1", session.Seen{LastSeen: b.clock.Now(), Idle: b.clock.Now().Add(30 * time.Minute)})
	b.pass(t, 29*time.Minute)
	b.sweep(t, 100, 0)
	b.load(t, "r1")
}

func expiredIsThereUntilSwept(t *testing.T, b *bench) {
	b.create(t, "r1", "alice")
	b.pass(t, 30*time.Minute+time.Second)
	if record := b.load(t, "r1"); !record.Expired(b.clock.Now()) {
		t.Error("the record does not say that it is expired")
	}
	b.sweep(t, 100, 1)
	_, err := b.store.Load(t.Context(), "r1")
	wantError(t, "load a swept record", err, session.ErrNotFound)
}

var findTests = map[string]func(*testing.T, *bench){
	"a list holds the user's live sessions, newest first": listHoldsTheUsers,
	"a count is of the live sessions":                     countIsOfTheLive,
	"an end by sid ends that session only":                endBySID,
	"an end by subject ends all of the user's":            endBySubject,
	"an end by sid and subject needs both":                endByBoth,
	"an end by nothing ends nothing":                      endByNothing,
}

func listHoldsTheUsers(t *testing.T, b *bench) {
	b.create(t, "r1", "alice")
	b.create(t, "r2", "bob")
	b.create(t, "r3", "alice")
	b.create(t, "r4", "alice")
	other := Record("r5", "alice", b.clock.Now())
	other.Issuer = "https://issuer.test/b"
	short := Record("r6", "alice", b.clock.Now())
	short.Idle = b.clock.Now().Add(time.Second)
	for _, record := range []session.Record{other, short} {
		if err := b.store.Create(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.store.End(t.Context(), "r3"); err != nil {
		t.Fatal(err)
	}
	b.pass(t, time.Second)
	b.wantList(t, "alice", "r4", "r1")
	b.wantList(t, "bob", "r2")
	b.wantList(t, "nobody")
}

func countIsOfTheLive(t *testing.T, b *bench) {
	b.wantCount(t, 0)
	b.create(t, "r1", "alice")
	b.create(t, "r2", "bob")
	record := b.create(t, "r3", "alice")
	b.create(t, "r4", "carol")
	b.wantCount(t, 4)
	if _, err := b.store.End(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	b.endBy(t, record.Issuer, "carol", "", "r4")
	b.wantCount(t, 2)
	b.pass(t, 20*time.Minute)
	b.touch(t, "r2", session.Seen{LastSeen: b.clock.Now(), Idle: b.clock.Now().Add(30 * time.Minute)})
	b.touch(t, "r1", session.Seen{LastSeen: b.clock.Now(), Idle: b.clock.Now().Add(30 * time.Minute)})
	b.pass(t, 11*time.Minute) // r3 is idle, and not swept yet
	b.wantCount(t, 1)
	changed := b.load(t, "r2")
	changed.LastSeen, changed.Idle = b.clock.Now(), b.clock.Now().Add(time.Hour)
	if _, err := b.store.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	b.pass(t, 50*time.Minute)
	b.wantCount(t, 1)
	b.pass(t, 11*time.Minute)
	b.wantCount(t, 0)
}

func (b *bench) wantCount(t *testing.T, want int) {
	t.Helper()
	if got, err := b.store.Count(t.Context()); err != nil || got != want {
		t.Errorf("counted %d, %v; want %d", got, err, want)
	}
}

func (b *bench) wantList(t *testing.T, subject string, want ...string) {
	t.Helper()
	listed, err := b.store.List(t.Context(), "https://issuer.test/a", subject)
	if err != nil || !slices.Equal(ids(listed), want) {
		t.Errorf("list %s: %v, %v; want %v", subject, ids(listed), err, want)
	}
}

func (b *bench) endBy(t *testing.T, issuer, subject, sid string, want ...string) {
	t.Helper()
	ended, err := b.store.EndBy(t.Context(), issuer, subject, sid, session.Once{})
	if err != nil || !slices.Equal(ids(ended), want) {
		t.Errorf("end by %q %q %q: %v, %v; want %v", issuer, subject, sid, ids(ended), err, want)
	}
}

func endBySID(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	b.create(t, "r2", "alice")
	b.endBy(t, "https://issuer.test/b", "", "sid-r1")
	b.endBy(t, record.Issuer, "", "sid-")
	b.load(t, "r1")
	b.endBy(t, record.Issuer, "", "sid-r1", "r1")
	b.endBy(t, record.Issuer, "", "sid-r1")
	_, err := b.store.Load(t.Context(), "r1")
	wantError(t, "load", err, session.ErrEnded)
	b.load(t, "r2")
}

func endBySubject(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	b.create(t, "r2", "bob")
	b.create(t, "r3", "alice")
	ended, err := b.store.EndBy(t.Context(), record.Issuer, "alice", "", session.Once{})
	if err != nil || len(ended) != 2 || ended[1].RefreshToken != record.RefreshToken {
		t.Errorf("end alice's: %v, %v; want r3 and r1 with their tokens", ids(ended), err)
	}
	for _, id := range []string{"r1", "r3"} {
		_, err := b.store.Load(t.Context(), id)
		wantError(t, "load "+id, err, session.ErrEnded)
	}
	b.load(t, "r2")
}

func endByBoth(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	b.endBy(t, record.Issuer, "bob", "sid-r1")
	b.load(t, "r1")
	b.endBy(t, record.Issuer, "alice", "sid-r1", "r1")
}

func endByNothing(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	none := Record("r2", "", b.clock.Now())
	none.SID = ""
	if err := b.store.Create(t.Context(), none); err != nil {
		t.Fatal(err)
	}
	ended, err := b.store.EndBy(t.Context(), record.Issuer, "", "", session.Once{})
	if err == nil || len(ended) != 0 {
		t.Errorf("end by nothing ended %v, error %v", ids(ended), err)
	}
	b.load(t, "r1")
	b.load(t, "r2")
}
