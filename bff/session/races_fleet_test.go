package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"cloakroom/bff/session"
)

// P14, S05, S06: races at two instances, on every store: none lost, none resurrected. What waits for a disk runs fewer; the tagged tests
// run ten thousand.
func TestRacesOfSignOutRefreshAndWrites(t *testing.T) { races(t, 1000, 50) }

func races(t *testing.T, inMemory, onDisk int) {
	t.Helper()
	onFleets(t, func(t *testing.T, f *fleet) {
		n := inMemory
		if f.disk {
			n = onDisk
		}
		t.Run("sign-out and refresh", func(t *testing.T) { raceSignOut(t, f, n) })
		t.Run("refresh and write", func(t *testing.T) { raceWrite(t, f, n) })
	})
}

// raceSignOut signs out at one instance beside a refresh and a slow request at the other. What was refreshed has to be in the record that
// the sign-out got, so that it is revoked; nothing that was under way brings the session back.
func raceSignOut(t *testing.T, f *fleet, n int) {
	t.Helper()
	refreshed := 0
	for round := range n {
		record, atA, atB := f.signIn(t, "alice")
		copied := &browser{site: atA.site, cookie: atA.cookie}
		var group sync.WaitGroup
		var ended session.Record
		var refresh error
		provider, begun := newRedeem(), make(chan struct{})
		begin := sync.OnceFunc(func() { close(begun) })
		provider.beforeAnswer = begin
		group.Go(func() {
			if round%2 == 0 { // half of them when the refresh is at the provider
				<-begun
			}
			ended = atA.signOut(t)
		})
		group.Go(func() {
			_, refresh = f.b.Exclusive(context.WithoutCancel(t.Context()), record.ID, provider.work(record.RefreshToken))
			begin()
		})
		group.Go(func() {
			if current, err := f.b.Current(atB.request()); err == nil {
				f.b.Seen(current)
			}
			_ = f.b.Flush(context.WithoutCancel(t.Context()))
		})
		group.Wait()
		switch {
		case refresh == nil && ended.RefreshToken == "rt-1":
			refreshed++
		case refresh == nil:
			t.Fatal("lost: a refresh was answered, and the sign-out did not get its token")
		case !errors.Is(refresh, session.ErrRevoked):
			t.Fatalf("refresh: %v", refresh)
		}
		if _, err := f.stores[1].Load(t.Context(), record.ID); !errors.Is(err, session.ErrEnded) {
			t.Fatalf("resurrected: the store says %v", err)
		}
		copied.wants(t, "here", session.ErrRevoked)
		if !f.mute {
			atB.eventually(t, "there", session.ErrRevoked)
		}
	}
	t.Logf("%d races, the refresh came first in %d", n, refreshed)
}

// raceWrite refreshes at one instance while both write something else. Every write and the refresh are in the record.
func raceWrite(t *testing.T, f *fleet, n int) {
	t.Helper()
	record, _, _ := f.signIn(t, "alice")
	token := record.RefreshToken
	for round := range n {
		next := fmt.Sprintf("refreshed-%d", round)
		ctx := context.WithoutCancel(t.Context())
		var group sync.WaitGroup
		var errs [3]error
		group.Go(func() {
			_, errs[0] = f.a.Exclusive(ctx, record.ID, func(_ context.Context, current session.Record) (func(*session.Record) error, error) {
				if current.RefreshToken != token {
					return nil, fmt.Errorf("the session has the refresh token %q, not %q", current.RefreshToken, token)
				}
				return func(r *session.Record) error { r.RefreshToken = next; return nil }, nil
			})
		})
		for i, m := range []*session.Manager{f.a, f.b} {
			group.Go(func() {
				_, errs[1+i] = m.Update(ctx, record.ID, func(r *session.Record) error {
					count, _ := r.Claims["count"].(int64)
					r.Claims["count"] = count + 1
					return nil
				})
			})
		}
		group.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		token = next
	}
	stored, err := f.stores[1].Load(t.Context(), record.ID)
	if err != nil || stored.RefreshToken != token || stored.Claims["count"] != int64(2*n) || stored.Version != int64(1+3*n) {
		t.Errorf("lost: after %d refreshes and %d writes the record has %q, %v and version %d (%v)", n, 2*n, stored.RefreshToken, stored.Claims["count"], stored.Version, err)
	}
}
