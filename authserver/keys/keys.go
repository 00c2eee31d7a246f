// Package keys owns a workspace's signing keys: it generates them, keeps them sealed in the store, publishes their public
// part, and says which one signs. It knows nothing of tokens; package token signs with what it gives.
//
// Start with [Open], then [Set.Signer].
package keys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"cloakroom/authserver/store"
)

// ErrNoKey means that no key of the set is the one that was asked for.
var ErrNoKey = errors.New("keys: no such key")

// Records keeps keys. UseOnce is how several instances agree on who makes the next one.
type Records interface {
	store.Keys
	UseOnce(ctx context.Context, workspace, use, value string, expires time.Time) error
}

// Set is the keys of one workspace. It is safe for concurrent use.
type Set struct {
	workspace string
	store     Records
	sealer    *Sealer
	wanted    []jwa.SignatureAlgorithm
	now       func() time.Time

	mu   sync.RWMutex
	keys []*Key // in the order in which they begin to sign
}

// Open loads a workspace's keys and generates one for each algorithm that has none. Of several instances that start together, one
// generates and the others wait for it.
func Open(ctx context.Context, keys Records, sealer *Sealer, workspace string, algorithms []jwa.SignatureAlgorithm, now func() time.Time) (*Set, error) {
	set := &Set{workspace: workspace, store: keys, sealer: sealer, wanted: algorithms, now: now}
	if err := set.Reload(ctx); err != nil {
		return nil, err
	}
	for _, algorithm := range algorithms {
		if err := set.first(ctx, algorithm); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// Reload reads the keys again, so that one that another instance generated is known here.
func (s *Set) Reload(ctx context.Context) error {
	records, err := s.store.Keys(ctx, s.workspace)
	if err != nil {
		return fmt.Errorf("load keys of %s: %w", s.workspace, err)
	}
	loaded := make([]*Key, 0, len(records))
	for _, record := range records {
		key, err := s.open(record)
		if err != nil {
			return fmt.Errorf("open key %s of %s: %w", record.ID, s.workspace, err)
		}
		loaded = append(loaded, key)
	}
	slices.SortFunc(loaded, func(a, b *Key) int { return cmp.Or(a.active.Compare(b.active), cmp.Compare(a.ID, b.ID)) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = loaded
	return nil
}

// open opens a record, or takes over the key that is open already: to validate an RSA key costs a hundred signatures.
func (s *Set) open(record store.Key) (*Key, error) {
	known, err := s.Find(record.ID)
	if err != nil {
		return openRecord(record, s.sealer)
	}
	key := *known
	key.active, key.retired, key.expires = record.Active, record.Retired, record.Expires
	return &key, nil
}

// add generates a key that is published now and signs from active on.
func (s *Set) add(ctx context.Context, algorithm jwa.SignatureAlgorithm, active time.Time) error {
	private, err := generate(algorithm)
	if err != nil {
		return fmt.Errorf("generate %s key: %w", algorithm, err)
	}
	key, err := newKey(private, algorithm, s.now(), active)
	if err != nil {
		return err
	}
	record, err := key.record(s.workspace, s.sealer)
	if err != nil {
		return err
	}
	if err := s.store.AddKey(ctx, record); err != nil {
		return fmt.Errorf("keep %s key of %s: %w", algorithm, s.workspace, err)
	}
	return s.Reload(ctx)
}

// Signer is the key that signs with algorithm now: of those that may, the one that began last.
func (s *Set) Signer(algorithm jwa.SignatureAlgorithm) (*Key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.now()
	for _, key := range slices.Backward(s.keys) {
		if key.Algorithm == algorithm && key.state(now) == Active {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w: none signs with %s", ErrNoKey, algorithm)
}

// Find is the key with this kid, for verification.
func (s *Set) Find(id string) (*Key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, key := range s.keys {
		if key.ID == id && live(key.expires, s.now()) {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w: kid unknown", ErrNoKey)
}

// Public is the JWK set that the workspace publishes (RFC 7517): public parts only, each with its own kid.
func (s *Set) Public() (jwk.Set, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	set := jwk.NewSet()
	for _, key := range s.keys {
		if !live(key.expires, s.now()) {
			continue
		}
		if err := set.AddKey(key.public); err != nil {
			return nil, fmt.Errorf("publish key %s: %w", key.ID, err)
		}
	}
	return set, nil
}

func live(end, now time.Time) bool { return end.IsZero() || end.After(now) }
