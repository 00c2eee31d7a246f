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

// Propagation is how long a new key is published before it signs, while an older one can: within it every instance of the
// server and every verifier that caches the JWKS has seen it.
const Propagation = 10 * time.Minute

// Set is the keys of one workspace. It is safe for concurrent use.
type Set struct {
	workspace string
	store     store.Keys
	sealer    *Sealer
	now       func() time.Time

	mu   sync.RWMutex
	keys []*Key // oldest first
}

// Open loads a workspace's keys and generates one for each algorithm that has none.
func Open(ctx context.Context, keys store.Keys, sealer *Sealer, workspace string, algorithms []jwa.SignatureAlgorithm, now func() time.Time) (*Set, error) {
	set := &Set{workspace: workspace, store: keys, sealer: sealer, now: now}
	if err := set.Reload(ctx); err != nil {
		return nil, err
	}
	for _, algorithm := range algorithms {
		if _, err := set.Signer(algorithm); err == nil {
			continue
		}
		if err := set.add(ctx, algorithm); err != nil {
			return nil, err
		}
	}
	return set, set.Reload(ctx)
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
	slices.SortFunc(loaded, func(a, b *Key) int { return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.ID, b.ID)) })
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

func (s *Set) add(ctx context.Context, algorithm jwa.SignatureAlgorithm) error {
	private, err := generate(algorithm)
	if err != nil {
		return fmt.Errorf("generate %s key: %w", algorithm, err)
	}
	now := s.now()
	key, err := newKey(private, algorithm, now, now)
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

// Signer is the key that signs with algorithm now: the newest that has been published long enough. At first start none
// has, and the oldest signs, so that instances that start together agree.
func (s *Set) Signer(algorithm jwa.SignatureAlgorithm) (*Key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.now()
	var signer *Key
	for _, key := range s.keys {
		if key.Algorithm != algorithm || key.active.After(now) || !live(key.retired, now) {
			continue
		}
		if signer == nil || !key.created.Add(Propagation).After(now) {
			signer = key
		}
	}
	if signer == nil {
		return nil, fmt.Errorf("%w: none signs with %s", ErrNoKey, algorithm)
	}
	return signer, nil
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
