package session_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// S13, L01: however a session ends at one instance, the other one's requests and streams learn of it, and why.
func TestEndAtOneInstanceIsSeenAtTheOther(t *testing.T) {
	for name, test := range map[string]struct {
		end    func(t *testing.T, f *fleet, record session.Record, atA *browser) error
		reason session.Reason
	}{
		"sign-out": {reason: session.SignedOut, end: func(_ *testing.T, f *fleet, _ session.Record, atA *browser) error {
			_, err := f.a.End(httptest.NewRecorder(), atA.request())
			return err
		}},
		"back-channel logout": {reason: session.BackChannel, end: func(t *testing.T, f *fleet, record session.Record, _ *browser) error {
			t.Helper()
			_, err := f.a.EndBy(t.Context(), record.Issuer, "", record.SID, session.Once{})
			return err
		}},
		"its own page, by its handle": {reason: session.SignedOut, end: func(t *testing.T, f *fleet, record session.Record, _ *browser) error {
			t.Helper()
			_, err := f.a.EndByHandle(t.Context(), record, record.Handle)
			return err
		}},
		"another session of the user": {reason: session.EndedElsewhere, end: func(t *testing.T, f *fleet, record session.Record, _ *browser) error {
			t.Helper()
			record.ID = "another"
			_, err := f.a.EndOthers(t.Context(), record)
			return err
		}},
		"the provider, at a refresh": {reason: session.Revoked, end: func(t *testing.T, f *fleet, record session.Record, _ *browser) error {
			t.Helper()
			_, err := f.a.EndByID(t.Context(), record.ID)
			return err
		}},
		"a new sign-in": {reason: session.EndedElsewhere, end: func(t *testing.T, f *fleet, _ session.Record, atA *browser) error {
			t.Helper()
			again := &browser{cookie: atA.cookie}
			(&site{Manager: f.a, clock: f.clock}).signIn(t, again, "alice")
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			onFleets(t, func(t *testing.T, f *fleet) {
				if f.mute && test.reason != session.BackChannel {
					return // who hears nothing sees all ends alike
				}
				record, atA, atB := f.signIn(t, "alice")
				bob, _, bobAtB := f.signIn(t, "bob")
				hereEvents, thereEvents := f.watch(t, record.ID)
				_, bobs := f.watch(t, bob.ID)
				atB.eventually(t, "signed in", nil)
				bobAtB.eventually(t, "signed in", nil)
				settle(t, f, record)
				reason := test.reason
				if err := test.end(t, f, record, atA); err != nil {
					t.Fatal(err)
				}
				wantEvent(t, hereEvents, session.Event{Kind: session.Ended, Reason: reason})
				if f.mute {
					reason = session.EndedElsewhere
				}
				wantEvent(t, thereEvents, session.Event{Kind: session.Ended, Reason: reason})
				wantClosed(t, hereEvents)
				wantClosed(t, thereEvents)
				atA.wants(t, "here", session.ErrRevoked)
				atB.eventually(t, "there", session.ErrRevoked)
				if bobSID := bob.SID == record.SID && name == "back-channel logout"; !bobSID {
					bobAtB.wants(t, "bob, the control", nil)
					select {
					case event := <-bobs:
						t.Errorf("bob's watcher got %v", event)
					default:
					}
				}
			})
		})
	}
}

// settle lets what signing in did be looked at, so that what comes after is news.
func settle(t *testing.T, f *fleet, record session.Record) {
	t.Helper()
	if !f.mute {
		return
	}
	until(t, "the other process has seen the session", func() bool { return f.b.Knows(record.ID) })
}

func TestChangeAtOneInstanceIsSeenAtTheOther(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		record, _, atB := f.signIn(t, "alice")
		hereEvents, thereEvents := f.watch(t, record.ID)
		atB.eventually(t, "signed in", nil)
		settle(t, f, record)
		if _, err := f.a.Update(t.Context(), record.ID, rotated); err != nil {
			t.Fatal(err)
		}
		wantEvent(t, hereEvents, session.Event{Kind: session.Updated})
		wantEvent(t, thereEvents, session.Event{Kind: session.Updated})
		until(t, "the update there", func() bool { return atB.eventually(t, "there", nil).RefreshToken == "rotated" })

		if f.mute {
			return // that a session was extended is no new version
		}
		f.advance(idle / 2)
		extended, err := f.a.Extend(t.Context(), record)
		if err != nil {
			t.Fatal(err)
		}
		wantEvent(t, hereEvents, session.Event{Kind: session.Extended})
		wantEvent(t, thereEvents, session.Event{Kind: session.Extended})
		until(t, "the longer life there", func() bool { return atB.eventually(t, "there", nil).Idle.Equal(extended.Idle) })
	})
}

func TestWatcherLearnsThatTheSessionExpired(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		record, atA, atB := f.signIn(t, "alice")
		hereEvents, thereEvents := f.watch(t, record.ID)
		atB.eventually(t, "signed in", nil)
		f.advance(idle - 1)
		f.a.Seen(atA.wants(t, "in use here", nil))
		if err := f.a.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.advance(idle - 1)
		atB.eventually(t, "there, after the idle end that it knew", nil)
		f.advance(1)
		wantEvent(t, hereEvents, session.Event{Kind: session.Ended, Reason: session.ReasonExpired}, session.Updated)
		wantEvent(t, thereEvents, session.Event{Kind: session.Ended, Reason: session.ReasonExpired}, session.Updated)
	})
}

func TestWatchingASessionThatHasEndedSaysSo(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		record, atA, _ := f.signIn(t, "alice")
		atA.signOut(t)
		for name, m := range map[string]*session.Manager{"here": f.a, "there": f.b} {
			events := m.Watch(t.Context(), record.ID)
			select {
			case event := <-events:
				// Why it ended may be on its way there yet, and is said if it comes in time.
				late := name == "there" && event.Reason == session.SignedOut
				if event.Kind != session.Ended || (event.Reason != session.EndedElsewhere && !late) {
					t.Errorf("%s: got %v", name, event)
				}
			case <-time.After(patience):
				t.Fatalf("%s: nothing is said", name)
			}
			wantClosed(t, events)
		}
	})
}

func TestWatchingEndsWithItsContext(t *testing.T) {
	s, b := newSite(t), &browser{}
	record := s.signIn(t, b, "alice")
	ctx, cancel := context.WithCancel(t.Context())
	events, others := s.Watch(ctx, record.ID), s.Watch(t.Context(), record.ID)
	cancel()
	wantClosed(t, events)
	wantClosed(t, s.Watch(ctx, record.ID))
	b.signOut(t)
	wantEvent(t, others, session.Event{Kind: session.Ended, Reason: session.SignedOut})
	if s.Watched() != 0 {
		t.Errorf("%d sessions are still watched", s.Watched())
	}
}

// A watcher that reads nothing loses events, but never the end.
func TestSlowWatcherStillLearnsTheEnd(t *testing.T) {
	s, b := newSite(t), &browser{}
	record := s.signIn(t, b, "alice")
	events := s.Watch(t.Context(), record.ID)
	for range 100 {
		if _, err := s.Update(t.Context(), record.ID, rotated); err != nil {
			t.Fatal(err)
		}
	}
	b.signOut(t)
	count, last := 0, session.Event{}
	for event := range events {
		count, last = count+1, event
	}
	if last != (session.Event{Kind: session.Ended, Reason: session.SignedOut}) || count < 2 || count > 10 {
		t.Errorf("%d events, the last is %v", count, last)
	}
}
