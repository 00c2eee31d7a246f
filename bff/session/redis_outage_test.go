//go:build redis

package session_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/redistest"
	"cloakroom/bff/session/sessiontest"
)

// everyVerb calls each verb of a store for a record that it has.
func everyVerb(ctx context.Context, store session.Store, record session.Record, lease session.Lease) map[string]error {
	seen := session.Seen{LastSeen: record.LastSeen.Add(time.Second), Idle: record.Idle.Add(time.Second)}
	errs := map[string]error{
		"create":  store.Create(ctx, record),
		"touch":   store.Touch(ctx, map[string]session.Seen{record.ID: seen}),
		"commit":  store.CommitCookie(ctx, "hash", []byte("blob"), record.Absolute),
		"delete":  store.DeleteCookie(ctx, "hash"),
		"renew":   store.Renew(ctx, lease, time.Minute),
		"release": store.Release(ctx, lease),
		"notify":  store.Notify(ctx, session.Notice{ID: record.ID}),
		"ping":    store.Ping(ctx),
	}
	_, errs["load"] = store.Load(ctx, record.ID)
	_, errs["update"] = store.Update(ctx, record)
	_, errs["end"] = store.End(ctx, record.ID)
	_, errs["list"] = store.List(ctx, record.Issuer, record.Subject)
	_, errs["count"] = store.Count(ctx)
	_, errs["end by"] = store.EndBy(ctx, record.Issuer, record.Subject, "", session.Once{})
	_, errs["end by, once"] = store.EndBy(ctx, record.Issuer, record.Subject, "", session.Once{Purpose: "logout", Value: "canary-jti", Expires: record.Idle})
	_, errs["find"] = store.FindCookie(ctx, "hash")
	_, errs["lease"] = store.Lease(ctx, "other", time.Minute)
	return errs
}

// 503 is not 401: a Redis that is down, or does not answer, says nothing about any session; when it is back, so is everything.
func TestRedisThatIsDownSaysNothingOfTheSession(t *testing.T) {
	for name, outage := range map[string]struct {
		begin, end func(*redistest.Server, testing.TB)
		options    string
	}{
		"stopped": {(*redistest.Server).Stop, (*redistest.Server).StartAgain, ""},
		"frozen":  {(*redistest.Server).Freeze, (*redistest.Server).Thaw, "?read_timeout=300ms&dial_timeout=300ms"},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, redistest.Durable...)
			store := openRedis(t, server.URL+outage.options, sessiontest.Sealer(t), time.Now)
			record := sessiontest.Record("r1", "alice", time.Now())
			if err := store.Create(t.Context(), record); err != nil {
				t.Fatal(err)
			}
			lease, err := store.Lease(t.Context(), "r1", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			outage.begin(server, t)
			for verb, err := range everyVerb(t.Context(), store, record, lease) {
				if err == nil {
					t.Errorf("%s of a Redis that is down is no error", verb)
				}
				for _, verdict := range []error{session.ErrNotFound, session.ErrEnded, session.ErrConflict, session.ErrAltered, session.ErrLeased, session.ErrLeaseLost, session.ErrUsed} {
					if errors.Is(err, verdict) {
						t.Errorf("%s of a Redis that is down says %v", verb, err)
					}
				}
			}
			outage.end(server, t)
			until(t, "the Redis is back", func() bool { return store.Ping(t.Context()) == nil })
			if name == "frozen" {
				return // what it was told before it thawed, it has done now
			}
			if back, err := store.Load(t.Context(), "r1"); err != nil || back.RefreshToken != record.RefreshToken {
				t.Errorf("the session is not back: %v", err)
			}
			for verb, err := range everyVerb(t.Context(), store, record, lease) {
				if err != nil && !errors.Is(err, session.ErrConflict) && !errors.Is(err, session.ErrEnded) && !errors.Is(err, session.ErrNotFound) {
					t.Errorf("%s after the outage: %v", verb, err)
				}
			}
		})
	}
}

// The manager above: errors that are no verdict while Redis is down; then sessions, streams and notices are as before.
func TestManagerComesThroughAnOutageOfRedis(t *testing.T) {
	server := redistest.Start(t, redistest.Durable...)
	f := newFleet(t, func(t *testing.T, sealer *session.Sealer, now func() time.Time) *fleet {
		t.Helper()
		return &fleet{stores: [2]session.Store{openRedis(t, server.URL, sealer, now), openRedis(t, server.URL, sealer, now)}}
	})
	record, atA, atB := f.signIn(t, "alice")
	_, thereEvents := f.watch(t, record.ID)
	atB.eventually(t, "signed in", nil)
	server.Stop(t)
	until(t, "nothing is answered from the cache", func() bool {
		_, err := atB.site.Current(atB.request())
		return err != nil
	})
	for name, call := range map[string]func() error{
		"current":   func() error { _, err := f.a.Current(atA.request()); return err },
		"end":       func() error { _, err := f.a.End(httptest.NewRecorder(), atA.request()); return err },
		"update":    func() error { _, err := f.a.Update(t.Context(), record.ID, rotated); return err },
		"extend":    func() error { _, err := f.a.Extend(t.Context(), record); return err },
		"list":      func() error { _, err := f.a.List(t.Context(), record); return err },
		"exclusive": func() error { _, err := f.a.Exclusive(t.Context(), record.ID, newRedeem().work("")); return err },
	} {
		err := call()
		for _, verdict := range []error{nil, session.ErrNoSession, session.ErrExpired, session.ErrRevoked, session.ErrNotFound} {
			if errors.Is(err, verdict) {
				t.Errorf("%s: an outage says %v", name, err)
			}
		}
	}
	server.StartAgain(t)
	atB.eventually(t, "back at the other", nil)
	atA.eventually(t, "back", nil)
	until(t, "the other hears again", func() bool {
		if _, err := f.a.Update(t.Context(), record.ID, rotated); err != nil {
			return false
		}
		return len(thereEvents) > 0
	})
	atA.signOut(t)
	wantEvent(t, thereEvents, session.Event{Kind: session.Ended, Reason: session.SignedOut}, session.Updated)
	atB.eventually(t, "signed out at the other", session.ErrRevoked)
}

// When the connection that hears notices breaks, a sign-out elsewhere is still seen by the next request.
func TestSignOutIsSeenWhenNoticesAreCutOff(t *testing.T) {
	server := redistest.Start(t, redistest.Memory...)
	raw := rawRedis(t, server.URL)
	f := newFleet(t, func(t *testing.T, sealer *session.Sealer, now func() time.Time) *fleet {
		t.Helper()
		return &fleet{stores: [2]session.Store{openRedis(t, server.URL, sealer, now), openRedis(t, server.URL, sealer, now)}}
	})
	for range 10 {
		_, atA, atB := f.signIn(t, "alice")
		atB.eventually(t, "signed in", nil)
		if err := raw.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
		atA.signOut(t)
		atB.eventually(t, "signed out", session.ErrRevoked)
	}
}

// A logout token whose end an outage prevented is heard at another instance afterwards; replayed, it is not.
func TestEndThatAnOutagePreventedIsDoneOnceAfterwardsAtAnyInstance(t *testing.T) {
	server := redistest.Start(t, redistest.Durable...)
	sealer := sessiontest.Sealer(t)
	here, there := openRedis(t, server.URL, sealer, time.Now), openRedis(t, server.URL, sealer, time.Now)
	record := sessiontest.Record("r1", "alice", time.Now())
	if err := here.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	once := session.Once{Purpose: "logout", Value: "jti", Expires: time.Now().Add(2 * time.Minute)}
	server.Stop(t)
	if _, err := here.EndBy(t.Context(), record.Issuer, "alice", "", once); err == nil || errors.Is(err, session.ErrUsed) {
		t.Fatalf("control: an end while Redis is down: %v", err)
	}
	server.StartAgain(t)
	until(t, "the Redis is back", func() bool { return there.Ping(t.Context()) == nil })
	if ended, err := there.EndBy(t.Context(), record.Issuer, "alice", "", once); err != nil || len(ended) != 1 {
		t.Fatalf("tried again elsewhere: ended %d, %v", len(ended), err)
	}
	until(t, "the Redis is back here too", func() bool { return here.Ping(t.Context()) == nil })
	for name, store := range map[string]session.Store{"here": here, "there": there} {
		if _, err := store.EndBy(t.Context(), record.Issuer, "alice", "", once); !errors.Is(err, session.ErrUsed) {
			t.Errorf("replayed %s: got error %v", name, err)
		}
	}
}
