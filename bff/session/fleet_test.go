package session_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

// fleet is two instances on one store, on a clock that only the test moves: what is cached never gets too old, so that what one
// instance learns of the other it has been told.
type fleet struct {
	a, b   *session.Manager
	stores [2]session.Store
	clock  *sessiontest.Clock
	// pass lets time pass for a store that has a clock of its own.
	pass func(d time.Duration)
	// mute says that the instances hear each other only while somebody watches.
	mute bool
	// disk says that every change waits for a disk.
	disk bool
}

const patience = 30 * time.Second

// openFleet makes the stores of two instances.
type openFleet func(t *testing.T, sealer *session.Sealer, now func() time.Time) *fleet

// fleets are the stores that need nothing installed; installedFleets are those that do, behind their tags.
var fleets = map[string]openFleet{
	"memory": func(_ *testing.T, sealer *session.Sealer, now func() time.Time) *fleet {
		store := session.NewMemory(sealer, now)
		return &fleet{stores: [2]session.Store{store, store}}
	},
	"sqlite": func(t *testing.T, sealer *session.Sealer, now func() time.Time) *fleet {
		t.Helper()
		store := openSQLite(t, filepath.Join(t.TempDir(), "sessions.db"), sealer, now)
		return &fleet{disk: true, stores: [2]session.Store{store, store}}
	},
	"sqlite of two processes": func(t *testing.T, sealer *session.Sealer, now func() time.Time) *fleet {
		t.Helper()
		path := filepath.Join(t.TempDir(), "sessions.db")
		return &fleet{mute: true, disk: true, stores: [2]session.Store{openSQLite(t, path, sealer, now), openSQLite(t, path, sealer, now)}}
	},
}

// onFleets runs a test on every kind of store.
func onFleets(t *testing.T, test func(t *testing.T, f *fleet)) {
	t.Helper()
	for _, kinds := range []map[string]openFleet{fleets, installedFleets} {
		for name, open := range kinds {
			t.Run(name, func(t *testing.T) { test(t, newFleet(t, open)) })
		}
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newFleet(t *testing.T, open openFleet) *fleet {
	t.Helper()
	clock := sessiontest.NewClock()
	f := open(t, sessiontest.Sealer(t), clock.Now)
	f.clock = clock
	if f.pass == nil {
		f.pass = func(time.Duration) {}
	}
	f.a, f.b = f.manager(t, 0), f.manager(t, 1)
	return f
}

func (f *fleet) manager(t *testing.T, store int) *session.Manager {
	t.Helper()
	config := session.ManagerConfig{Idle: idle, Absolute: absolute, CacheLifetime: time.Minute, FlushInterval: 15 * time.Minute}
	manager, err := session.NewManager(f.stores[store], config, f.clock.Now, discard())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = manager.Close() })
	return manager
}

func (f *fleet) advance(d time.Duration) {
	f.clock.Advance(d)
	f.pass(d)
}

// signIn signs in at the first instance and returns the browser as each of both sees it.
func (f *fleet) signIn(t *testing.T, subject string) (record session.Record, atA, atB *browser) {
	t.Helper()
	atA = &browser{}
	record = (&site{Manager: f.a, clock: f.clock}).signIn(t, atA, subject)
	atB = &browser{site: &site{Manager: f.b, clock: f.clock}, cookie: atA.cookie}
	return record, atA, atB
}

// watch watches a session at both instances until the test ends.
func (f *fleet) watch(t *testing.T, id string) (atA, atB <-chan session.Event) {
	t.Helper()
	return f.a.Watch(t.Context(), id), f.b.Watch(t.Context(), id)
}

// eventually asks until the error is the wanted one.
func (b *browser) eventually(t *testing.T, when string, want error) session.Record {
	t.Helper()
	var record session.Record
	until(t, when, func() bool {
		var err error
		record, err = b.site.Current(b.request())
		return (want == nil && err == nil) || (want != nil && err != nil && err.Error() == want.Error())
	})
	return record
}

// until fails the test when ok does not come true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: it does not come", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// wantEvent takes the next event that is not of the passed-over kinds.
func wantEvent(t *testing.T, events <-chan session.Event, want session.Event, passOver ...session.Kind) {
	t.Helper()
	for {
		select {
		case event, open := <-events:
			if !open {
				t.Errorf("the channel is closed, want %v", want)
				return
			}
			if event == want {
				return
			}
			if len(passOver) == 0 || passOver[0] != event.Kind {
				t.Errorf("got %v, want %v", event, want)
				return
			}
		case <-time.After(patience):
			t.Fatalf("%v does not come", want)
		}
	}
}

func wantClosed(t *testing.T, events <-chan session.Event) {
	t.Helper()
	select {
	case event, open := <-events:
		if open {
			t.Errorf("got %v, want a closed channel", event)
		}
	case <-time.After(patience):
		t.Fatal("the channel stays open")
	}
}
