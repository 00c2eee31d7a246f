package session_test

import (
	"context"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// A provider that answers when the time is over has spent the refresh token all the same.
func TestExclusiveWorkThatComesLateIsStored(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		record, _, _ := f.signIn(t, "alice")
		f.a.SetExclusiveTimeout(time.Second)
		after, err := f.a.Exclusive(t.Context(), record.ID, func(ctx context.Context, _ session.Record) (func(*session.Record) error, error) {
			<-ctx.Done()
			return rotated, nil
		})
		if err != nil || after.RefreshToken != "rotated" {
			t.Errorf("%q, %v", after.RefreshToken, err)
		}
	})
}

// What was redeemed is stored when the store is back, or its answer was lost: the provider takes the old token no more.
func TestExclusiveWorkOutlivesAnOutageOfTheStore(t *testing.T) {
	for name, breakStore := range map[string]func(*counting) (repair func()){
		"the store is down":     func(c *counting) func() { c.down.Store(true); return func() { c.down.Store(false) } },
		"its answers are lost":  func(c *counting) func() { c.lost.Store(true); return func() { c.lost.Store(false) } },
		"it is as it should be": func(*counting) func() { return func() {} },
	} {
		t.Run(name, func(t *testing.T) {
			s, b := newSite(t), &browser{}
			provider := newRedeem()
			record := s.signIn(t, b, "alice")
			provider.beforeAnswer = func() {
				repair := breakStore(s.store)
				time.AfterFunc(300*time.Millisecond, repair)
			}
			after, err := s.Exclusive(t.Context(), record.ID, provider.work(record.RefreshToken))
			if err != nil || after.RefreshToken != "rt-1" || after.Version != 2 {
				t.Errorf("%q, version %d, %v", after.RefreshToken, after.Version, err)
			}
		})
	}
}

// slowRelease is a store that is too busy to take leases back soon.
type slowRelease struct {
	session.Store
	busy time.Duration
}

func (s slowRelease) Release(ctx context.Context, lease session.Lease) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(s.busy):
		return s.Store.Release(ctx, lease)
	}
}

// A busy store gets its lease back all the same, so that nobody waits for a lease that nobody holds.
func TestALeaseIsGivenBackToABusyStore(t *testing.T) {
	t.Parallel()
	s, b := newSite(t), &browser{}
	s.store.Store = slowRelease{s.store.Store, 3 * time.Second}
	record := s.signIn(t, b, "alice")
	if _, err := s.Exclusive(t.Context(), record.ID, newRedeem().work(record.RefreshToken)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Lease(t.Context(), record.ID, time.Second); err != nil {
		t.Error("the lease is still held:", err)
	}
}
