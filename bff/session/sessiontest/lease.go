package sessiontest

import (
	"context"
	"errors"
	"testing"
	"time"

	"cloakroom/bff/session"
)

const ttl = 10 * time.Second

var leaseTests = map[string]func(*testing.T, *bench){
	"of fifty who take a lease one gets it":          oneTakesTheLease,
	"leases on other things are others":              leasesDoNotMix,
	"the lease of a killed holder can be taken":      leaseRunsOut,
	"a renewed lease is kept":                        renewedLeaseIsKept,
	"who was paused takes nothing from the next one": pausedHolderIsFenced,
	"a released lease is free":                       releasedLeaseIsFree,
}

func (b *bench) lease(t *testing.T, id string) session.Lease {
	t.Helper()
	lease, err := b.store.Lease(t.Context(), id, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func (b *bench) wantLeased(t *testing.T, when string) {
	t.Helper()
	_, err := b.store.Lease(t.Context(), "r1", ttl)
	wantError(t, "take the lease "+when, err, session.ErrLeased)
}

func oneTakesTheLease(t *testing.T, b *bench) {
	won := 0
	for _, err := range together(50, func(int) error {
		_, err := b.store.Lease(context.WithoutCancel(t.Context()), "r1", ttl)
		return err
	}) {
		if err == nil {
			won++
			continue
		}
		wantError(t, "a losing taker", err, session.ErrLeased)
	}
	if won != 1 {
		t.Errorf("%d of 50 got the lease", won)
	}
}

func leasesDoNotMix(t *testing.T, b *bench) {
	first, second := b.lease(t, "r1"), b.lease(t, "r2")
	if first.Holder == second.Holder || first.Holder == "" {
		t.Error("two leases have one holder")
	}
	stranger := session.Lease{ID: "r1", Holder: second.Holder}
	wantError(t, "renew with another lease's holder", b.store.Renew(t.Context(), stranger, ttl), session.ErrLeaseLost)
	if err := b.store.Release(t.Context(), stranger); err != nil {
		t.Error(err)
	}
	b.wantLeased(t, "after a stranger released it")
}

func leaseRunsOut(t *testing.T, b *bench) {
	killed := b.lease(t, "r1")
	b.pass(t, ttl-time.Second)
	b.wantLeased(t, "just before its end")
	b.pass(t, time.Second)
	if next := b.lease(t, "r1"); next.Holder == killed.Holder {
		t.Error("the next lease has the same holder")
	}
}

func renewedLeaseIsKept(t *testing.T, b *bench) {
	lease := b.lease(t, "r1")
	for range 5 {
		b.pass(t, ttl/2)
		if err := b.store.Renew(t.Context(), lease, ttl); err != nil {
			t.Fatal(err)
		}
	}
	b.pass(t, ttl-time.Second)
	b.wantLeased(t, "after it was renewed")
	b.pass(t, time.Second)
	wantError(t, "renew at the end", b.store.Renew(t.Context(), lease, ttl), session.ErrLeaseLost)
	b.lease(t, "r1")
}

func pausedHolderIsFenced(t *testing.T, b *bench) {
	paused := b.lease(t, "r1")
	b.pass(t, ttl)
	next := b.lease(t, "r1")
	wantError(t, "the paused holder renews", b.store.Renew(t.Context(), paused, time.Hour), session.ErrLeaseLost)
	if err := b.store.Release(t.Context(), paused); err != nil {
		t.Error(err)
	}
	b.wantLeased(t, "after the paused holder released it")
	if err := b.store.Renew(t.Context(), next, ttl); err != nil {
		t.Errorf("the next holder renews: %v", err)
	}
}

func releasedLeaseIsFree(t *testing.T, b *bench) {
	lease := b.lease(t, "r1")
	for range 2 {
		if err := b.store.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, "renew what was released", b.store.Renew(t.Context(), lease, ttl), session.ErrLeaseLost)
	b.lease(t, "r1")
}

var useTests = map[string]func(*testing.T, *bench){
	"of fifty uses of one value one succeeds":        oneUseSucceeds,
	"a use is kept until it expires, and not longer": useIsKeptToItsEnd,
	"a use that is to be kept for days is refused":   longUseIsRefused,
	"what is done once ends nothing the next time":   doneOnceEndsNothingMore,
	"what could not be done is not used":             whatFailedIsNotUsed,
}

// use does something once that ends nothing.
func (b *bench) use(ctx context.Context, purpose, value string, expires time.Time) error {
	_, err := b.store.EndBy(ctx, "https://issuer.test/a", "nobody", "", session.Once{Purpose: purpose, Value: value, Expires: expires})
	return err
}

func doneOnceEndsNothingMore(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	once := session.Once{Purpose: "logout", Value: "jti", Expires: b.clock.Now().Add(time.Minute)}
	ended, err := b.store.EndBy(t.Context(), record.Issuer, "alice", "", once)
	if err != nil || len(ended) != 1 || ended[0].RefreshToken != record.RefreshToken {
		t.Errorf("once: %v, %v", ids(ended), err)
	}
	b.create(t, "r2", "alice")
	ended, err = b.store.EndBy(t.Context(), record.Issuer, "alice", "", once)
	wantError(t, "twice", err, session.ErrUsed)
	if len(ended) != 0 {
		t.Errorf("twice: ended %v", ids(ended))
	}
	b.load(t, "r2")
	b.endBy(t, record.Issuer, "alice", "", "r2") // what may be done again, the control
}

func whatFailedIsNotUsed(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	once := session.Once{Purpose: "logout", Value: "jti", Expires: b.clock.Now().Add(time.Minute)}
	if _, err := b.store.EndBy(t.Context(), record.Issuer, "", "", once); err == nil {
		t.Error("an end of nobody is no error")
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := b.store.EndBy(gone, record.Issuer, "bob", "", session.Once{Purpose: "logout", Value: "other", Expires: once.Expires}); err != nil {
		if err := b.use(t.Context(), "logout", "other", once.Expires); err != nil {
			t.Errorf("after a caller that had left: %v", err)
		}
	}
	if ended, err := b.store.EndBy(t.Context(), record.Issuer, "alice", "", once); err != nil || len(ended) != 1 {
		t.Errorf("after a failure: ended %v, %v", ids(ended), err)
	}
}

func oneUseSucceeds(t *testing.T, b *bench) {
	expires := b.clock.Now().Add(2 * time.Minute)
	won := 0
	for _, err := range together(50, func(int) error {
		return b.use(context.WithoutCancel(t.Context()), "logout", "jti-1", expires)
	}) {
		if err == nil {
			won++
			continue
		}
		wantError(t, "a later use", err, session.ErrUsed)
	}
	if won != 1 {
		t.Errorf("%d of 50 uses succeeded", won)
	}
	for _, other := range [][2]string{{"logout", "jti-2"}, {"login", "jti-1"}, {"logoutj", "ti-1"}} {
		if err := b.use(t.Context(), other[0], other[1], expires); err != nil {
			t.Errorf("use %v: %v", other, err)
		}
	}
}

func useIsKeptToItsEnd(t *testing.T, b *bench) {
	start := b.clock.Now()
	for value, kept := range map[string]time.Duration{"future": 2 * time.Minute, "past": time.Minute} {
		expires := map[string]time.Time{"future": start.Add(kept), "past": start.Add(-time.Hour)}[value]
		if err := b.use(t.Context(), "logout", value, expires); err != nil {
			t.Fatal(err)
		}
	}
	b.pass(t, time.Minute-time.Second)
	wantError(t, "the past one within a minute", b.use(t.Context(), "logout", "past", start), session.ErrUsed)
	b.pass(t, time.Minute)
	wantError(t, "the other at its end", b.use(t.Context(), "logout", "future", start), session.ErrUsed)
	b.pass(t, 2*time.Second)
	if b.Forgets == 0 {
		b.sweep(t, 100, 2)
	}
	for _, value := range []string{"future", "past"} {
		if err := b.use(t.Context(), "logout", value, b.clock.Now().Add(time.Minute)); err != nil {
			t.Errorf("%s, after its end: %v", value, err)
		}
	}
}

func longUseIsRefused(t *testing.T, b *bench) {
	err := b.use(t.Context(), "logout", "jti", b.clock.Now().Add(25*time.Hour))
	if err == nil || errors.Is(err, session.ErrUsed) {
		t.Errorf("got error %v", err)
	}
	if err := b.use(t.Context(), "logout", "jti", b.clock.Now().Add(24*time.Hour)); err != nil {
		t.Errorf("for a day, the control: %v", err)
	}
}
