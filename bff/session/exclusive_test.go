package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// redeem is what a refresh does: it redeems the refresh token, which the provider takes once, for the next one.
type redeem struct {
	mu       sync.Mutex
	spent    map[string]bool
	redeemed int
	reused   int
	// beforeAnswer runs while the provider has the token spent and has not answered.
	beforeAnswer func()
}

func newRedeem() *redeem { return &redeem{spent: map[string]bool{}} }

func (p *redeem) exchange(token string) (next string) {
	p.mu.Lock()
	if p.spent[token] {
		p.reused++
	}
	p.spent[token] = true
	p.redeemed++
	next = fmt.Sprintf("rt-%d", p.redeemed)
	p.mu.Unlock()
	if p.beforeAnswer != nil {
		p.beforeAnswer()
	}
	return next
}

// work refreshes once: a session that no longer has the stale token has been refreshed.
func (p *redeem) work(stale string) session.Work {
	return func(_ context.Context, current session.Record) (func(*session.Record) error, error) {
		if current.RefreshToken != stale {
			return nil, nil
		}
		next := p.exchange(current.RefreshToken)
		return func(r *session.Record) error { r.RefreshToken = next; return nil }, nil
	}
}

// Of a hundred callers at two instances one redeems the refresh token, and all get the session that has the next one.
func TestExclusiveWorkIsDoneOnceForAllInstances(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		provider := newRedeem()
		provider.beforeAnswer = func() { time.Sleep(50 * time.Millisecond) }
		record, _, _ := f.signIn(t, "alice")
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				m := []*session.Manager{f.a, f.b}[i%2]
				after, err := m.Exclusive(context.WithoutCancel(t.Context()), record.ID, provider.work(record.RefreshToken))
				if err != nil || after.RefreshToken != "rt-1" {
					t.Errorf("caller %d: %q, %v", i, after.RefreshToken, err)
				}
			})
		}
		group.Wait()
		if provider.redeemed != 1 || provider.reused != 0 {
			t.Errorf("the token was redeemed %d times, %d of them reuse", provider.redeemed, provider.reused)
		}
		if after, err := f.b.Load(t.Context(), record.ID); err != nil || after.Version != 2 {
			t.Errorf("version %d, %v", after.Version, err)
		}
	})
}

// A caller that leaves takes nothing with it: the only refresh token that still works is in the answer.
func TestExclusiveWorkSurvivesItsCaller(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		provider := newRedeem()
		record, _, _ := f.signIn(t, "alice")
		ctx, leave := context.WithCancel(t.Context())
		answered := make(chan struct{})
		provider.beforeAnswer = func() {
			leave()
			<-answered
		}
		if _, err := f.a.Exclusive(ctx, record.ID, provider.work(record.RefreshToken)); !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		close(answered)
		until(t, "the next refresh token is stored", func() bool {
			after, err := f.b.Load(t.Context(), record.ID)
			return err == nil && after.RefreshToken == "rt-1"
		})
	})
}

// An instance that is killed keeps the others waiting until its lease runs out, and no longer.
func TestExclusiveWorkGoesOnAfterAKilledInstance(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		provider := newRedeem()
		record, _, _ := f.signIn(t, "alice")
		if _, err := f.stores[0].Lease(t.Context(), record.ID, 6*time.Second); err != nil {
			t.Fatal(err) // the killed instance's
		}
		var group sync.WaitGroup
		var done atomic.Bool
		group.Go(func() {
			after, err := f.b.Exclusive(context.WithoutCancel(t.Context()), record.ID, provider.work(record.RefreshToken))
			done.Store(true)
			if err != nil || after.RefreshToken != "rt-1" {
				t.Errorf("the other instance: %q, %v", after.RefreshToken, err)
			}
		})
		time.Sleep(300 * time.Millisecond)
		if done.Load() {
			t.Error("the other instance did not wait")
		}
		f.advance(6 * time.Second)
		group.Wait()
	})
}

// Who was paused until the lease was another's does not write over what that one stored.
func TestExclusiveWorkOfAPausedInstanceIsDropped(t *testing.T) {
	for name, test := range map[string]struct {
		next func(r *session.Record, by string)
		want string
	}{
		"the refresh token rotates": {want: "refresh there", next: func(r *session.Record, by string) { r.RefreshToken = "refresh " + by }},
		"it does not":               {want: "access there", next: func(r *session.Record, by string) { r.Tokens[""] = session.Token{AccessToken: "access " + by} }},
	} {
		t.Run(name, func(t *testing.T) {
			onFleets(t, func(t *testing.T, f *fleet) {
				record, _, _ := f.signIn(t, "alice")
				by := func(who string, meanwhile func()) session.Work {
					return func(context.Context, session.Record) (func(*session.Record) error, error) {
						meanwhile()
						return func(r *session.Record) error { test.next(r, who); return nil }, nil
					}
				}
				after, err := f.a.Exclusive(t.Context(), record.ID, by("here", func() {
					f.advance(7 * time.Second) // paused; the lease runs out
					if _, err := f.b.Exclusive(t.Context(), record.ID, by("there", func() {})); err != nil {
						t.Errorf("the other instance: %v", err)
					}
				}))
				stored, loadErr := f.b.Load(t.Context(), record.ID)
				if err := errors.Join(err, loadErr); err != nil {
					t.Fatal(err)
				}
				for where, r := range map[string]session.Record{"returned": after, "stored": stored} {
					if got := r.RefreshToken + " " + r.Tokens[""].AccessToken; r.RefreshToken != test.want && r.Tokens[""].AccessToken != test.want {
						t.Errorf("%s: %s", where, got)
					}
				}
				if stored.Version != 2 {
					t.Errorf("version %d", stored.Version)
				}
			})
		})
	}
}

// A write that is faster than the refresh loses nothing and makes the refresh lose nothing.
func TestExclusiveWorkKeepsWhatOthersWroteMeanwhile(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		provider := newRedeem()
		record, _, _ := f.signIn(t, "alice")
		provider.beforeAnswer = func() {
			_, err := f.b.Update(t.Context(), record.ID, func(r *session.Record) error { r.ACR = "written meanwhile"; return nil })
			if err != nil {
				t.Error(err)
			}
		}
		after, err := f.a.Exclusive(t.Context(), record.ID, provider.work(record.RefreshToken))
		if err != nil || after.RefreshToken != "rt-1" || after.ACR != "written meanwhile" || after.Version != 3 {
			t.Errorf("%q %q version %d, %v", after.RefreshToken, after.ACR, after.Version, err)
		}
	})
}

func TestExclusiveWorkOnASessionThatEndsMeanwhile(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		provider := newRedeem()
		record, _, _ := f.signIn(t, "alice")
		provider.beforeAnswer = func() {
			if _, err := f.b.EndBy(t.Context(), record.Issuer, "alice", "", session.Once{}); err != nil {
				t.Error(err)
			}
		}
		if _, err := f.a.Exclusive(t.Context(), record.ID, provider.work(record.RefreshToken)); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("got error %v", err)
		}
		if _, err := f.a.Exclusive(t.Context(), record.ID, provider.work("rt-1")); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("after the end: got error %v", err)
		}
	})
}

func TestExclusiveWorkThatFailsOrPanicsHoldsNobodyUp(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		record, _, _ := f.signIn(t, "alice")
		refusal := errors.New("the provider is down")
		for name, work := range map[string]session.Work{
			"fails":  func(context.Context, session.Record) (func(*session.Record) error, error) { return nil, refusal },
			"panics": func(context.Context, session.Record) (func(*session.Record) error, error) { panic(refusal) },
			"brings what cannot be stored": func(context.Context, session.Record) (func(*session.Record) error, error) {
				return func(r *session.Record) error { r.Claims["odd"] = struct{}{}; return nil }, nil
			},
			"refuses when it changes": func(context.Context, session.Record) (func(*session.Record) error, error) {
				return func(*session.Record) error { return refusal }, nil
			},
		} {
			if _, err := f.a.Exclusive(t.Context(), record.ID, work); err == nil {
				t.Errorf("work that %s: no error", name)
			}
		}
		after, err := f.b.Exclusive(t.Context(), record.ID, newRedeem().work(record.RefreshToken))
		if err != nil || after.RefreshToken != "rt-1" {
			t.Errorf("the next one: %q, %v", after.RefreshToken, err)
		}
	})
}

// Who is paused between its turn's beginning and the redemption has lost the turn, and redeems nothing; without asking the fence
// it would spend a token that another instance has spent.
func TestExclusiveWorkThatIsPausedBeforeItBeginsIsNotDoneTwice(t *testing.T) {
	for name, row := range map[string]struct {
		fence  func(context.Context) error
		reused int
	}{
		"fenced":              {session.Fence, 0},
		"control: not fenced": {func(context.Context) error { return nil }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			onFleets(t, func(t *testing.T, f *fleet) {
				provider := newRedeem()
				record, _, _ := f.signIn(t, "alice")
				rounds := 0
				after, err := f.a.Exclusive(t.Context(), record.ID, func(ctx context.Context, current session.Record) (func(*session.Record) error, error) {
					if rounds++; rounds == 1 {
						f.advance(7 * time.Second) // paused; the lease runs out
						if _, err := f.b.Exclusive(t.Context(), record.ID, provider.work(record.RefreshToken)); err != nil {
							t.Errorf("the other instance: %v", err)
						}
					}
					if err := row.fence(ctx); err != nil {
						return nil, err
					}
					return provider.work(record.RefreshToken)(ctx, current)
				})
				if err != nil || after.RefreshToken != "rt-1" {
					t.Errorf("got %q, %v", after.RefreshToken, err)
				}
				if provider.reused != row.reused || provider.redeemed != 1+row.reused {
					t.Errorf("redeemed %d times, %d of them reuse", provider.redeemed, provider.reused)
				}
			})
		})
	}
}

// A lease that is nearly over but still held is renewed by asking, and the work goes on.
func TestFenceRenewsALeaseThatIsNearlyOver(t *testing.T) {
	onFleets(t, func(t *testing.T, f *fleet) {
		record, _, _ := f.signIn(t, "alice")
		_, err := f.a.Exclusive(t.Context(), record.ID, func(ctx context.Context, _ session.Record) (func(*session.Record) error, error) {
			for range 3 {
				f.advance(4 * time.Second)
				if err := session.Fence(ctx); err != nil {
					return nil, err
				}
			}
			if _, err := f.stores[1].Lease(t.Context(), record.ID, time.Second); !errors.Is(err, session.ErrLeased) {
				t.Errorf("another instance gets the lease: %v", err)
			}
			return nil, nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := session.Fence(t.Context()); err != nil {
			t.Errorf("outside of exclusive work: %v", err)
		}
	})
}
