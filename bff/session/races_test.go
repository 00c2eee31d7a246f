package session_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// 503 is not 401: an outage says nothing about the session, and it is there again when the store is.
func TestStoreThatIsDownIsNotASignOut(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	s.store.down.Store(true)
	for verb, call := range map[string]func() error{
		"current": func() error { _, err := s.Current(b.request()); return err },
		"end":     func() error { _, err := s.End(httptest.NewRecorder(), b.request()); return err },
		"update": func() error {
			_, err := s.Update(t.Context(), "r1", func(*session.Record) error { return nil })
			return err
		},
		"extend": func() error { _, err := s.Extend(t.Context(), session.Record{ID: "r1"}); return err },
		"end by": func() error { _, err := s.EndBy(t.Context(), "issuer", "alice", "", session.Once{}); return err },
	} {
		err := call()
		if !errors.Is(err, errDown) {
			t.Errorf("%s: got error %v", verb, err)
		}
		for _, verdict := range []error{session.ErrNoSession, session.ErrExpired, session.ErrRevoked, session.ErrNotFound} {
			if errors.Is(err, verdict) {
				t.Errorf("%s: an outage says %v", verb, verdict)
			}
		}
	}
	w := httptest.NewRecorder()
	if _, _ = s.End(w, b.request()); w.Header().Get("Set-Cookie") != "" {
		t.Error("a sign-out that failed cleared the cookie: the user cannot try again")
	}
	s.store.down.Store(false)
	b.wants(t, "when the store is back", nil)
}

// S08: a record or cookie that was altered or swapped at rest is no session, and that it happened is logged.
func TestAlteredSessionIsNoSession(t *testing.T) {
	s, b := newSite(t), &browser{}
	record := s.signIn(t, b, "alice")
	memory := s.store.Store.(*session.Memory)
	sealed := memory.SealedRecord(record.ID)
	b.wants(t, "as it was, the control", nil)
	memory.SetSealedRecord(record.ID, append(sealed[:len(sealed)-1:len(sealed)-1], sealed[len(sealed)-1]^1))
	s.clock.Advance(stale)
	b.wants(t, "altered", session.ErrNoSession)
	if s.log.Len() == 0 {
		t.Error("nothing was logged")
	}
	memory.SetSealedRecord(record.ID, sealed)
	b.wants(t, "as it was again", nil)
}

// S05: sign-out beside proxied requests, a refresh and a flush, a thousand times.
func TestSignOutBesideARefreshNeverLosesNorResurrects(t *testing.T) {
	s := newSite(t)
	for range 1000 {
		b := &browser{}
		record := s.signIn(t, b, "alice")
		copied := &browser{site: s, cookie: b.cookie}
		var group sync.WaitGroup
		var refreshed atomic.Bool
		var ended session.Record
		group.Go(func() { ended = b.signOut(t) })
		group.Go(func() {
			_, err := s.Update(context.WithoutCancel(t.Context()), record.ID, func(r *session.Record) error { r.RefreshToken = "rotated"; return nil })
			refreshed.Store(err == nil)
			if err != nil && !errors.Is(err, session.ErrRevoked) {
				t.Errorf("refresh: %v", err)
			}
		})
		group.Go(func() {
			if current, err := s.Current(copied.request()); err == nil {
				s.Seen(current)
			}
			_ = s.Flush(context.WithoutCancel(t.Context()))
		})
		group.Wait()
		copied.wants(t, "after sign-out", session.ErrRevoked)
		if refreshed.Load() && ended.RefreshToken != "rotated" {
			t.Fatal("a refresh was answered and the sign-out did not get its token to revoke")
		}
	}
}

// S06: of fifty updates of one session none is lost, and every one sees the ones before.
func TestUpdatesOfOneSessionLoseNothing(t *testing.T) {
	s, b := newSite(t), &browser{}
	record := s.signIn(t, b, "alice")
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			_, err := s.Update(context.WithoutCancel(t.Context()), record.ID, func(r *session.Record) error {
				count, _ := r.Claims["count"].(int64)
				r.Claims["count"] = count + 1
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	current := b.wants(t, "after fifty updates", nil)
	if current.Claims["count"] != int64(50) || current.Version != 51 {
		t.Errorf("count %v, version %d", current.Claims["count"], current.Version)
	}
}

func TestUpdateIsSeenAtOnceAndChangesNoRecordInUse(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	before := b.wants(t, "before", nil)
	_, err := s.Update(t.Context(), before.ID, func(r *session.Record) error {
		r.Tokens[""] = session.Token{AccessToken: "new"}
		r.ID, r.Subject, r.Handle, r.Version = "other", "mallory", "other", 77
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	after := b.wants(t, "after", nil)
	if before.Tokens[""].AccessToken == "new" || after.Tokens[""].AccessToken != "new" {
		t.Error("the record in use changed, or the next one did not")
	}
	if after.ID != before.ID || after.Subject != "alice" || after.Handle != before.Handle || after.Version != 2 {
		t.Errorf("an update changed what the session is: %s of %s, version %d", after.Handle, after.Subject, after.Version)
	}
	refusal := errors.New("no")
	if _, err := s.Update(t.Context(), before.ID, func(*session.Record) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("a change that refuses: %v", err)
	}
}

func TestUserEndsTheirOtherSessions(t *testing.T) {
	s := newSite(t)
	laptop, phone, tablet, bobs := &browser{}, &browser{}, &browser{}, &browser{}
	s.signIn(t, phone, "alice")
	s.clock.Advance(time.Second)
	tablets := s.signIn(t, tablet, "alice")
	s.clock.Advance(time.Second)
	s.signIn(t, laptop, "alice")
	bob := s.signIn(t, bobs, "bob")
	for _, b := range []*browser{laptop, phone, tablet, bobs} {
		b.wants(t, "signed in", nil)
	}
	own := laptop.wants(t, "the laptop", nil)
	listed, err := s.List(t.Context(), own)
	if err != nil || len(listed) != 3 || listed[0].ID != own.ID || listed[1].ID != tablets.ID {
		t.Fatalf("the list has %d sessions, %v", len(listed), err)
	}
	if _, err := s.EndByHandle(t.Context(), own, bob.Handle); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("alice ends bob's: %v", err)
	}
	ended, err := s.EndByHandle(t.Context(), own, tablets.Handle)
	if err != nil || ended.ID != tablets.ID || ended.RefreshToken == "" {
		t.Errorf("end the tablet's: %v", err)
	}
	tablet.wants(t, "the tablet", session.ErrRevoked)
	if _, err := s.EndByHandle(t.Context(), own, tablets.Handle); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("end the tablet's again: %v", err)
	}
	others, err := s.EndOthers(t.Context(), own)
	if err != nil || len(others) != 1 || others[0].RefreshToken == "" {
		t.Errorf("end the others: %d, %v", len(others), err)
	}
	phone.wants(t, "the phone", session.ErrRevoked)
	laptop.wants(t, "the laptop, still", nil)
	if all, err := s.EndAll(t.Context(), own); err != nil || len(all) != 1 {
		t.Errorf("end all: %d, %v", len(all), err)
	}
	laptop.wants(t, "the laptop, after all", session.ErrRevoked)
	bobs.wants(t, "bob", nil)
}

func TestProviderEndsSessionsBySIDAtOnce(t *testing.T) {
	s, a, b := newSite(t), &browser{}, &browser{}
	first := s.signIn(t, a, "alice")
	s.signIn(t, b, "bob")
	a.wants(t, "alice, cached", nil)
	ended, err := s.EndBy(t.Context(), first.Issuer, "alice", first.SID, session.Once{})
	if err != nil || !slices.ContainsFunc(ended, func(r session.Record) bool { return r.ID == first.ID }) {
		t.Errorf("ended %d, %v", len(ended), err)
	}
	a.wants(t, "alice", session.ErrRevoked)
	b.wants(t, "bob, whose sid is the same but not the subject", nil)
}
