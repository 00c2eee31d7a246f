// Package sessiontest is the suite that every session store passes: each sentence of the store contract, races included.
// It owns what the contract says and nothing of a single store; what only one of them can do is tested beside it.
//
// Start with [Run].
package sessiontest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// Kind says which of a store's tables a sealed value lies in.
type Kind string

// The kinds of sealed values.
const (
	KindRecord Kind = "record" // by record id
	KindCookie Kind = "cookie" // by cookie hash
)

// Backend is a store under test.
type Backend struct {
	// Open makes an empty store, closed when the test ends.
	Open func(t *testing.T, sealer *session.Sealer, now func() time.Time) session.Store
	// Reopen opens the same data with another sealer. The first store is not used any more.
	Reopen func(t *testing.T, store session.Store, sealer *session.Sealer, now func() time.Time) session.Store
	// Sealed returns what lies at rest, SetSealed replaces it: what who holds the storage can do.
	Sealed    func(t *testing.T, store session.Store, kind Kind, key string) []byte
	SetSealed func(t *testing.T, store session.Store, kind Kind, key string, sealed []byte)
	// Pass lets so much time pass for a store that has a clock of its own beside now.
	Pass func(t *testing.T, store session.Store, d time.Duration)
	// Forgets is how long after its end a store forgets a row by itself; 0 for one that is swept.
	Forgets time.Duration
}

// Run runs the suite on a backend.
func Run(t *testing.T, backend Backend) {
	t.Helper()
	for _, group := range []map[string]func(*testing.T, *bench){
		recordTests, endTests, touchTests, findTests, sealTests, cookieTests, leaseTests, useTests, noticeTests,
	} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) { test(t, newBench(t, backend)) })
		}
	}
}

// Clock is a clock that only the test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that stands at a fixed instant.
func NewClock() *Clock { return &Clock{now: time.Date(2030, time.March, 1, 12, 0, 0, 0, time.UTC)} }

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Key makes a random sealing key.
func Key() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return key
}

// Sealer makes a sealer from keys, or with one random key.
func Sealer(t *testing.T, keys ...[]byte) *session.Sealer {
	t.Helper()
	if len(keys) == 0 {
		keys = [][]byte{Key()}
	}
	sealer, err := session.NewSealer(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// Record makes a record of the user with every field set: seen now, idle in half an hour, over in eight hours.
func Record(id, subject string, now time.Time) session.Record {
	return session.Record{
		ID: id, Version: 1, Handle: "handle-" + id,
		Provider: "demo", Issuer: "https://issuer.test/a", Subject: subject, SID: "sid-" + id,
		Claims:   map[string]any{"name": "Alice", "email_verified": true, "groups": []any{"a", nil, 1.5}, "address": map[string]any{"country": "NL"}},
		AuthTime: now.Add(-time.Minute), ACR: "urn:acr:1", AMR: []string{"canary-amr", "otp"},
		IDToken: "canary-id-token-" + id, RefreshToken: "canary-refresh-" + id, ProofKey: "canary-proof-" + id,
		Tokens: map[string]session.Token{
			"":       {AccessToken: "canary-access-" + id, Type: "Bearer", Scopes: []string{"notes.read"}, Expires: now.Add(5 * time.Minute)},
			"orders": {AccessToken: "canary-orders-" + id, Type: "DPoP"},
		},
		UserAgent: "Mozilla/5.0 (test)",
		Created:   now, Absolute: now.Add(8 * time.Hour), Idle: now.Add(30 * time.Minute), LastSeen: now,
	}
}

// bench is one test's store and clock.
type bench struct {
	Backend
	store  session.Store
	clock  *Clock
	sealer *session.Sealer
}

func newBench(t *testing.T, backend Backend) *bench {
	t.Helper()
	b := &bench{Backend: backend, clock: NewClock(), sealer: Sealer(t)}
	b.store = backend.Open(t, b.sealer, b.clock.Now)
	return b
}

// create stores a record and returns it as it was stored.
func (b *bench) create(t *testing.T, id, subject string) session.Record {
	t.Helper()
	record := Record(id, subject, b.clock.Now())
	if err := b.store.Create(t.Context(), record); err != nil {
		t.Fatalf("create %s: %v", id, err)
	}
	return record
}

func (b *bench) load(t *testing.T, id string) session.Record {
	t.Helper()
	record, err := b.store.Load(t.Context(), id)
	if err != nil {
		t.Fatalf("load %s: %v", id, err)
	}
	return record
}

// pass lets time pass, for the clock and for the store.
func (b *bench) pass(t *testing.T, d time.Duration) {
	t.Helper()
	b.clock.Advance(d)
	if b.Pass != nil {
		b.Pass(t, b.store, d)
	}
}

func wantError(t *testing.T, doing string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", doing, err, want)
	}
}

// wantRecord compares without printing: a record prints as nothing but its handle.
func wantRecord(t *testing.T, doing string, got, want session.Record) {
	t.Helper()
	gotValue, wantValue := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range gotValue.NumField() {
		if !reflect.DeepEqual(gotValue.Field(i).Interface(), wantValue.Field(i).Interface()) {
			t.Errorf("%s: %s is %v, want %v", doing, gotValue.Type().Field(i).Name, gotValue.Field(i).Interface(), wantValue.Field(i).Interface())
		}
	}
}

func ids(records []session.Record) []string {
	list := make([]string, 0, len(records))
	for _, record := range records {
		list = append(list, record.ID)
	}
	return list
}

// together runs work n times at once and returns the errors.
func together(n int, work func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = work(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}

// flip returns sealed with one bit changed at a byte.
func flip(sealed []byte, at int) []byte {
	changed := bytes.Clone(sealed)
	changed[at] ^= 1
	return changed
}

func (b *bench) rotate(ctx context.Context, record session.Record, token string) (session.Record, error) {
	changed := record.Clone()
	changed.RefreshToken = token
	return b.store.Update(ctx, changed)
}
