package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cloakroom/bff/session"
)

var recordTests = map[string]func(*testing.T, *bench){
	"a created record comes back whole":                createdComesBackWhole,
	"an id is taken once":                              idIsTakenOnce,
	"an unknown id is not found":                       unknownIsNotFound,
	"an update needs the stored version":               updateNeedsTheVersion,
	"of fifty updates of one version one wins":         oneUpdateWins,
	"a claim that is no JSON value is refused":         oddClaimIsRefused,
	"a reopened store has what the first one answered": reopenedStoreHasAll,
	"a loaded record is nobody else's":                 loadedRecordIsNotShared,
}

func createdComesBackWhole(t *testing.T, b *bench) {
	want := b.create(t, "r1", "alice")
	wantRecord(t, "load", b.load(t, "r1"), want)

	bare := session.Record{ID: "r2", Version: 7, Issuer: want.Issuer, Subject: "alice", Idle: want.Idle, Absolute: want.Absolute}
	if err := b.store.Create(t.Context(), bare); err != nil {
		t.Fatal(err)
	}
	bare.Version = 1
	wantRecord(t, "load a record with little in it", b.load(t, "r2"), bare)
}

func idIsTakenOnce(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	other := Record("r1", "mallory", b.clock.Now())
	wantError(t, "create again", b.store.Create(t.Context(), other), session.ErrConflict)
	wantRecord(t, "load", b.load(t, "r1"), record)
}

func unknownIsNotFound(t *testing.T, b *bench) {
	_, err := b.store.Load(t.Context(), "nobody")
	wantError(t, "load", err, session.ErrNotFound)
	_, err = b.store.Update(t.Context(), Record("nobody", "alice", b.clock.Now()))
	wantError(t, "update", err, session.ErrNotFound)
	_, err = b.store.End(t.Context(), "nobody")
	wantError(t, "end", err, session.ErrNotFound)
	_, err = b.store.Load(t.Context(), "nobody")
	wantError(t, "load after update and end", err, session.ErrNotFound)
}

func updateNeedsTheVersion(t *testing.T, b *bench) {
	first := b.create(t, "r1", "alice")
	second, err := b.rotate(t.Context(), first, "rt-2")
	if err != nil {
		t.Fatal(err)
	}
	if second.Version != 2 || second.RefreshToken != "rt-2" {
		t.Errorf("the updated record has version %d", second.Version)
	}
	_, err = b.rotate(t.Context(), first, "rt-rolled-back")
	wantError(t, "update an old version", err, session.ErrConflict)
	wantRecord(t, "load", b.load(t, "r1"), second)

	ahead := second.Clone()
	ahead.Version = 9
	_, err = b.rotate(t.Context(), ahead, "rt-ahead")
	wantError(t, "update a version that never was", err, session.ErrConflict)
}

func oneUpdateWins(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	errs := together(50, func(i int) error {
		_, err := b.rotate(context.WithoutCancel(t.Context()), record, fmt.Sprintf("rt-%d", i))
		return err
	})
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("updates %d and %d both won", winner, i)
		default:
			wantError(t, "a losing update", err, session.ErrConflict)
		}
	}
	stored := b.load(t, "r1")
	if winner < 0 || stored.Version != 2 || stored.RefreshToken != fmt.Sprintf("rt-%d", winner) {
		t.Errorf("update %d won, but version %d is stored", winner, stored.Version)
	}
}

func oddClaimIsRefused(t *testing.T, b *bench) {
	record := Record("r1", "alice", b.clock.Now())
	record.Claims = map[string]any{"odd": struct{}{}}
	if err := b.store.Create(t.Context(), record); err == nil {
		t.Error("a record was stored that cannot be read back")
	}
	_, err := b.store.Load(t.Context(), "r1")
	wantError(t, "load", err, session.ErrNotFound)
}

func reopenedStoreHasAll(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	b.create(t, "r2", "alice")
	if _, err := b.store.End(t.Context(), "r2"); err != nil {
		t.Fatal(err)
	}
	b.store = b.Reopen(t, b.store, b.sealer, b.clock.Now)
	wantRecord(t, "load", b.load(t, "r1"), record)
	_, err := b.store.Load(t.Context(), "r2")
	wantError(t, "load what was ended", err, session.ErrEnded)
}

func loadedRecordIsNotShared(t *testing.T, b *bench) {
	want := b.create(t, "r1", "alice")
	loaded := b.load(t, "r1")
	loaded.Claims["name"] = "Mallory"
	loaded.Tokens[""] = session.Token{}
	loaded.AMR[0] = "none"
	wantRecord(t, "load after a loaded record was changed", b.load(t, "r1"), want)
}

var endTests = map[string]func(*testing.T, *bench){
	"an ended record stays ended":                                 endedStaysEnded,
	"of fifty ends one gets the record":                           oneEndGetsTheRecord,
	"a sign-out beside a slow update is never undone":             endIsNeverUndone,
	"a tombstone is kept until the absolute end":                  tombstoneIsKept,
	"a sweep takes what is over, as much as it may":               sweepTakesWhatIsOver,
	"a sweep leaves what was touched meanwhile":                   sweepLeavesTheTouched,
	"an expired record is there until it is swept":                expiredIsThereUntilSwept,
	"the record that an end returns has the last update's tokens": endReturnsTheLast,
}

func endedStaysEnded(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	ended, err := b.store.End(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	wantRecord(t, "end", ended, record)
	_, err = b.store.Load(t.Context(), "r1")
	wantError(t, "load", err, session.ErrEnded)
	_, err = b.rotate(t.Context(), record, "rt-2")
	wantError(t, "update", err, session.ErrEnded)
	_, err = b.store.End(t.Context(), "r1")
	wantError(t, "end again", err, session.ErrEnded)
	wantError(t, "create again", b.store.Create(t.Context(), record), session.ErrEnded)
	now := b.clock.Now().Add(time.Minute)
	if err := b.store.Touch(t.Context(), map[string]session.Seen{"r1": {LastSeen: now, Idle: now.Add(time.Hour)}}); err != nil {
		t.Error(err)
	}
	_, err = b.store.Load(t.Context(), "r1")
	wantError(t, "load after all that", err, session.ErrEnded)
}

func oneEndGetsTheRecord(t *testing.T, b *bench) {
	b.create(t, "r1", "alice")
	won := 0
	for _, err := range together(50, func(int) error {
		_, err := b.store.End(context.WithoutCancel(t.Context()), "r1")
		return err
	}) {
		if err == nil {
			won++
			continue
		}
		wantError(t, "a later end", err, session.ErrEnded)
	}
	if won != 1 {
		t.Errorf("%d ends got the record", won)
	}
}

func endIsNeverUndone(t *testing.T, b *bench) {
	const races = 1000
	updated := 0
	for i := range races {
		id := fmt.Sprintf("r%04d", i)
		record := b.create(t, id, "alice")
		errs := together(2, func(i int) error {
			if i == 0 {
				_, err := b.store.End(context.WithoutCancel(t.Context()), id)
				return err
			}
			_, err := b.rotate(context.WithoutCancel(t.Context()), record, "rt-2")
			return err
		})
		if errs[0] != nil {
			t.Fatalf("race %d: the sign-out failed: %v", i, errs[0])
		}
		if errs[1] == nil {
			updated++
		} else if !errors.Is(errs[1], session.ErrEnded) {
			t.Fatalf("race %d: the update failed: %v", i, errs[1])
		}
		if _, err := b.store.Load(t.Context(), id); !errors.Is(err, session.ErrEnded) {
			t.Fatalf("race %d: the session is back: %v", i, err)
		}
	}
	t.Logf("the update came first in %d of %d races", updated, races)
}

func endReturnsTheLast(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	if _, err := b.rotate(t.Context(), record, "rt-2"); err != nil {
		t.Fatal(err)
	}
	ended, err := b.store.End(t.Context(), "r1")
	if err != nil || ended.RefreshToken != "rt-2" {
		t.Errorf("the ended record does not have the last refresh token (error %v)", err)
	}
}
