// Package memory keeps the authorization server's records in memory, for tests and for trying things out. It owns the
// plainest reading of the store's contract: one lock, one map a kind. It does not survive the process and is no
// choice for several instances: that is package sqlstore.
//
// Start with [New]; what the verbs guarantee is said in package store.
package memory

import (
	"context"
	"errors"
	"sync"
	"time"

	"cloakroom/authserver/store"
)

// errClosed is what every verb answers after Close.
var errClosed = errors.New("memory store: closed")

// key names a record within its kind. Every look-up goes through it, so no verb crosses workspaces.
type key struct{ workspace, id string }

// single is a record that is used once.
type single[T any] struct {
	record T
	used   bool
}

// Store keeps records in memory. It is safe for concurrent use.
type Store struct {
	now func() time.Time

	mu            sync.Mutex
	closed        bool
	requests      map[key]*single[store.PushedRequest]
	interactions  map[key]*single[store.Interaction]
	codes         map[key]*single[store.Code]
	grants        map[key]*store.Grant
	refreshTokens map[key]*store.RefreshToken
	accessTokens  map[key]*store.AccessToken
	sessions      map[key]*store.Session
	accounts      map[key]*store.Account
	consents      map[consentKey]*store.Consent
	factors       map[key]*store.Factor
	recoveryCodes map[key]map[store.Hash]bool // by subject
	identities    map[identityKey]*store.Identity
	keys          map[key]*store.Key
	marks         map[markKey]time.Time
	registrations map[registrationKey]*store.Registration
	revision      int64
}

var _ store.Store = (*Store)(nil)

// New makes an empty store. Records expire by now.
func New(now func() time.Time) *Store {
	return &Store{
		now:           now,
		requests:      map[key]*single[store.PushedRequest]{},
		interactions:  map[key]*single[store.Interaction]{},
		codes:         map[key]*single[store.Code]{},
		grants:        map[key]*store.Grant{},
		refreshTokens: map[key]*store.RefreshToken{},
		accessTokens:  map[key]*store.AccessToken{},
		sessions:      map[key]*store.Session{},
		accounts:      map[key]*store.Account{},
		consents:      map[consentKey]*store.Consent{},
		factors:       map[key]*store.Factor{},
		recoveryCodes: map[key]map[store.Hash]bool{},
		identities:    map[identityKey]*store.Identity{},
		keys:          map[key]*store.Key{},
		marks:         map[markKey]time.Time{},
		registrations: map[registrationKey]*store.Registration{},
	}
}

// lock begins a verb: it takes the lock unless the store is closed or the caller gave up. The returned function ends it.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errClosed
	}
	return s.mu.Unlock, nil
}

// live reports whether a record that ends at expires has not ended.
func (s *Store) live(expires time.Time) bool { return expires.After(s.now()) }

// Ping reports whether the store is open.
func (s *Store) Ping(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	unlock()
	return nil
}

// Close makes every later verb fail.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// add keeps a record unless its key is taken.
func add[K comparable, T any](records map[K]*T, key K, record T) error {
	if _, taken := records[key]; taken {
		return store.ErrConflict
	}
	records[key] = &record
	return nil
}
