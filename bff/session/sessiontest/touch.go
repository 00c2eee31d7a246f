package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cloakroom/bff/session"
)

var touchTests = map[string]func(*testing.T, *bench){
	"a touch moves last seen and idle, and not the version":  touchMoves,
	"a touch never goes back":                                touchNeverGoesBack,
	"a touch never passes the absolute end":                  touchNeverPassesTheEnd,
	"a touch after the idle end revives nothing":             touchRevivesNothing,
	"a touch that began before the idle end counts":          touchThatBeganBeforeCounts,
	"an update does not undo a touch":                        updateDoesNotUndoATouch,
	"refreshes beside touches lose nothing":                  refreshesBesideTouches,
	"a touch of an unknown session leaves the others' alone": touchOfUnknown,
}

func (b *bench) touch(t *testing.T, id string, seen session.Seen) {
	t.Helper()
	if err := b.store.Touch(t.Context(), map[string]session.Seen{id: seen}); err != nil {
		t.Fatal(err)
	}
}

func touchMoves(t *testing.T, b *bench) {
	want := b.create(t, "r1", "alice")
	want.LastSeen, want.Idle = want.LastSeen.Add(time.Minute), want.Idle.Add(time.Minute)
	b.touch(t, "r1", session.Seen{LastSeen: want.LastSeen, Idle: want.Idle})
	wantRecord(t, "load", b.load(t, "r1"), want)
}

func touchNeverGoesBack(t *testing.T, b *bench) {
	want := b.create(t, "r1", "alice")
	b.touch(t, "r1", session.Seen{LastSeen: want.LastSeen.Add(-time.Minute), Idle: want.Idle.Add(time.Minute)})
	wantRecord(t, "load after an older touch", b.load(t, "r1"), want)
	b.touch(t, "r1", session.Seen{LastSeen: want.LastSeen.Add(time.Minute), Idle: want.Idle.Add(-time.Minute)})
	want.LastSeen = want.LastSeen.Add(time.Minute)
	wantRecord(t, "load after a touch with an earlier idle end", b.load(t, "r1"), want)
}

func touchNeverPassesTheEnd(t *testing.T, b *bench) {
	want := b.create(t, "r1", "alice")
	want.LastSeen, want.Idle = want.LastSeen.Add(time.Minute), want.Absolute
	b.touch(t, "r1", session.Seen{LastSeen: want.LastSeen, Idle: want.Absolute.Add(time.Hour)})
	wantRecord(t, "load", b.load(t, "r1"), want)
}

func touchRevivesNothing(t *testing.T, b *bench) {
	want := b.create(t, "r1", "alice")
	b.touch(t, "r1", session.Seen{LastSeen: want.Idle, Idle: want.Idle.Add(30 * time.Minute)})
	wantRecord(t, "load", b.load(t, "r1"), want)
}

func touchThatBeganBeforeCounts(t *testing.T, b *bench) {
	want := b.create(t, "r1", "alice")
	seen := session.Seen{First: want.Idle.Add(-time.Second), LastSeen: want.Idle.Add(time.Second), Idle: want.Idle.Add(30 * time.Minute)}
	b.touch(t, "r1", seen)
	want.LastSeen, want.Idle = seen.LastSeen, seen.Idle
	wantRecord(t, "load", b.load(t, "r1"), want)
}

func updateDoesNotUndoATouch(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	seen := session.Seen{LastSeen: record.LastSeen.Add(time.Minute), Idle: record.Idle.Add(time.Minute)}
	b.touch(t, "r1", seen)
	updated, err := b.rotate(t.Context(), record, "rt-2") // read before the touch
	if err != nil {
		t.Fatal(err)
	}
	want := record
	want.Version, want.RefreshToken, want.LastSeen, want.Idle = 2, "rt-2", seen.LastSeen, seen.Idle
	wantRecord(t, "update", updated, want)
	wantRecord(t, "load", b.load(t, "r1"), want)
}

// refreshesBesideTouches lets two writers rotate and two touch; every rotation that was answered has to be in the version, and the
// last touch in the record.
func refreshesBesideTouches(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	const rounds = 100
	errs := together(4, func(worker int) error {
		ctx := context.WithoutCancel(t.Context())
		for round := 1; round <= rounds; round++ {
			at := time.Duration(round) * time.Second
			err := b.store.Touch(ctx, map[string]session.Seen{"r1": {LastSeen: record.LastSeen.Add(at), Idle: record.Idle.Add(at)}})
			if worker < 2 {
				err = b.rotateUntilItWins(ctx, "r1", fmt.Sprintf("rt-%d-%d", worker, round))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	stored := b.load(t, "r1")
	if stored.Version != 1+2*rounds {
		t.Errorf("%d of %d answered updates are in the record", stored.Version-1, 2*rounds)
	}
	if want := record.LastSeen.Add(rounds * time.Second); !stored.LastSeen.Equal(want) {
		t.Errorf("last seen %s, want %s", stored.LastSeen, want)
	}
}

func (b *bench) rotateUntilItWins(ctx context.Context, id, token string) error {
	for {
		record, err := b.store.Load(ctx, id)
		if err != nil {
			return err
		}
		_, err = b.rotate(ctx, record, token)
		if !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
}

func touchOfUnknown(t *testing.T, b *bench) {
	want := b.create(t, "r1", "alice")
	want.LastSeen, want.Idle = want.LastSeen.Add(time.Minute), want.Idle.Add(time.Minute)
	seen := session.Seen{LastSeen: want.LastSeen, Idle: want.Idle}
	if err := b.store.Touch(t.Context(), map[string]session.Seen{"nobody": seen, "r1": seen}); err != nil {
		t.Fatal(err)
	}
	wantRecord(t, "load", b.load(t, "r1"), want)
	_, err := b.store.Load(t.Context(), "nobody")
	wantError(t, "load the unknown", err, session.ErrNotFound)
}
