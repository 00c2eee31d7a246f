package bff

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// instance is one process of several on a SQLite file, as far as one process can be several.
func (h *house) instance(name, path string, stored *sync.Map) (*house, *atomic.Bool) {
	h.t.Helper()
	sealer, err := h.bff.cfg.Sealer()
	if err != nil {
		h.t.Fatal(err)
	}
	store, err := session.OpenSQLite(h.t.Context(), path, sealer, h.clock.now)
	if err != nil {
		h.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	cfg, dead := h.bff.cfg, &atomic.Bool{}
	cfg.Origin = "http://" + listener.Addr().String()
	log := slog.New(slog.NewTextHandler(h.logs, nil))
	i := &house{t: h.t, origin: cfg.Origin, provider: h.provider, upstream: h.upstream, logs: h.logs, clock: h.clock}
	if i.bff, err = newBFF(cfg, mortal{store, dead, stored}, http.NotFoundHandler(), log, h.clock.now); err != nil {
		h.t.Fatal(err)
	}
	client := i.bff.providers["baseline"].out.client
	client.Transport = instanceTransport{name, dead, client.Transport}
	i.server = NewServer(i.bff.Handler(), log)
	go func() { _ = i.server.Serve(listener) }()
	h.t.Cleanup(func() {
		_ = i.server.Close()
		_ = i.bff.Close()
		_ = store.Close()
	})
	return i, dead
}

// call makes an API call that may be given up at any time, and returns its status; 0 when it was given up.
func (b *browser) call(ctx context.Context, giveUp time.Duration) int {
	if giveUp > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, giveUp)
		defer cancel()
	}
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, b.h.origin+"/api/notes", http.NoBody)
	for name, value := range fetchHeaders() {
		r.Header.Set(name, value)
	}
	r.AddCookie(&http.Cookie{Name: session.CookieName, Value: b.cookies[session.CookieName]})
	response, err := testTransport.RoundTrip(r)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// Twenty sessions, two instances on one SQLite file, two hundred calls at a time with an expired token, a third of them given
// up at random, a slow provider, and an instance that is killed while it refreshes.
func TestChaosEndsNoSessionButThoseWhoseAnswerWasLostWithItsInstance(t *testing.T) {
	for name, grace := range map[string]bool{"with a grace window": true, "with strict rotation": false} {
		t.Run(name, func(t *testing.T) { chaos(t, grace) })
	}
}

func chaos(t *testing.T, grace bool) {
	h, rotation := open(t), newRotation(grace)
	// Leases run out when the test says so, and not because the machine is busy.
	start := time.Now()
	h.clock.frozen.Store(&start)
	h.provider.change(func() { h.provider.intercept = rotation.intercept })
	path := filepath.Join(t.TempDir(), "sessions.db")
	var stored sync.Map
	a, _ := h.instance("a", path, &stored)
	b, dead := h.instance("b", path, &stored)
	const sessions, calls = 20, 10
	var browsers []*browser
	families := map[*browser]string{}
	for range sessions {
		one := a.browser()
		one.signIn()
		families[one], _ = family(a.record(one).RefreshToken)
		browsers = append(browsers, one)
	}
	rush := func(check func(status int, at *house)) {
		var group sync.WaitGroup
		for nth, one := range browsers {
			for i := range calls {
				at, giveUp := []*house{a, b}[(i+nth)%2], time.Duration(0)
				if anyOf(3) == 0 {
					giveUp = time.Duration(1+anyOf(100)) * time.Millisecond
				}
				group.Go(func() {
					if status := one.at(at).call(t.Context(), giveUp); status != 0 || giveUp == 0 {
						check(status, at)
					}
				})
			}
		}
		group.Wait()
	}
	total := 0
	for round := range 3 {
		rotation.round(nil)
		h.clock.advance(6 * time.Minute)
		rush(func(status int, at *house) {
			if status != 200 {
				t.Errorf("round %d: status %d at %s\n", round, status, at.origin)
			}
		})
		// The clock must not move while a lease is held: it would run out.
		if t.Failed() {
			t.Fatal(h.logs)
		}
		waitFor(t, func() bool { return rotation.count() == sessions && rotation.allStored(&stored) })
		total += rotation.count()
	}

	// b dies with answers under way; some of its redemptions are stored, some are not.
	rotation.round(func(instance string, answers int) {
		if instance == "b" && answers == 4 && dead.CompareAndSwap(false, true) {
			go func() {
				_ = b.server.Close()
				time.Sleep(50 * time.Millisecond)
				h.clock.advance(10 * time.Second) // its leases run out
			}()
		}
	})
	h.clock.advance(6 * time.Minute)
	var ahead sync.WaitGroup
	for _, one := range browsers[:sessions/2] { // these begin at b, whatever the scheduler thinks
		ahead.Go(func() { one.at(b).call(t.Context(), 0) })
	}
	time.Sleep(30 * time.Millisecond)
	rush(func(status int, at *house) {
		if at == a && status != 200 && (grace || status != 401) {
			t.Errorf("after the kill: status %d at the instance that lives", status)
		}
	})
	ahead.Wait()
	if !dead.Load() {
		t.Fatal("control: nobody was killed")
	}
	lost := rotation.unstored(&stored)
	ended := 0
	for _, one := range browsers {
		status, want := one.call(t.Context(), 0), 200
		if !grace && lost[families[one]] {
			want = 401
			ended++
		}
		if status != want {
			t.Errorf("afterwards: status %d, want %d; its last answer was lost with the instance: %v", status, want, lost[families[one]])
		}
	}
	if len(lost)+rotation.replayed == 0 {
		t.Error("control: no answer was lost with the instance")
	}
	t.Logf("%d sessions, %d calls a round, %d redemptions in 3 expiries before the kill; %d answers lost with the instance, %d sessions ended",
		sessions, sessions*calls, total, len(lost)+rotation.replayed, ended)
}
