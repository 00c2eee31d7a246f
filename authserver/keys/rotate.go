package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/store"
)

// Rotation is how the keys of a workspace follow each other. A key is published, signs after Lead, signs until its successor does,
// and is published for Keep after that, so that at every moment every verifier has the key of every token that lives.
type Rotation struct {
	Every time.Duration // how long a key signs
	Lead  time.Duration // how long it is published before it signs; longer than verifiers cache the JWK set
	Keep  time.Duration // how long it is published after; at least the life of what it signed
}

// State is where a key is in its life.
type State string

// The states, in the order of a life.
const (
	Published State = "published" // verifiers can get it; it does not sign yet
	Active    State = "active"    // it signs, unless a newer one does
	Retired   State = "retired"   // it only verifies
	Expired   State = "expired"   // it is not published any more
)

func (k *Key) state(now time.Time) State {
	switch {
	case !live(k.expires, now):
		return Expired
	case !live(k.retired, now):
		return Retired
	case k.active.After(now):
		return Published
	default:
		return Active
	}
}

// Status describes a key without its private part.
type Status struct {
	ID        string
	Algorithm string
	State     State
	Created   time.Time
	Active    time.Time
	Retired   time.Time // zero while not known
	Expires   time.Time // zero while not known
}

// Status lists the keys in the order in which they sign.
func (s *Set) Status() []Status {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []Status
	for _, key := range s.keys {
		all = append(all, key.status(s.now()))
	}
	return all
}

func (k *Key) status(now time.Time) Status {
	return Status{
		ID: k.ID, Algorithm: k.Algorithm.String(), State: k.state(now),
		Created: k.created, Active: k.active, Retired: k.retired, Expires: k.expires,
	}
}

// How instances agree: who marks the place of a key makes it. Should it fail, the place is free again after a while, and another
// tries; those who need the key wait for it.
const (
	placeOf   = "signing key"
	placeHeld = 30 * time.Second
	placePoll = 50 * time.Millisecond
)

// first makes sure that a key signs with algorithm. It signs at once: there is no other, and no token of it.
func (s *Set) first(ctx context.Context, algorithm jwa.SignatureAlgorithm) error {
	for {
		if _, err := s.Signer(algorithm); err == nil {
			return nil
		}
		err := s.store.UseOnce(ctx, s.workspace, placeOf, algorithm.String(), s.now().Add(placeHeld))
		switch {
		case err == nil:
			return s.add(ctx, algorithm, s.now())
		case !errors.Is(err, store.ErrConsumed):
			return fmt.Errorf("agree on a %s key of %s: %w", algorithm, s.workspace, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the %s key of %s: %w", algorithm, s.workspace, ctx.Err())
		case <-time.After(placePoll):
		}
		if err := s.Reload(ctx); err != nil {
			return err
		}
	}
}

// Maintain does what is due: it makes the successors of keys that have signed for long enough, and says of those that have one when
// they end. Every instance calls it, and calls it again and again; one does what is due.
func (s *Set) Maintain(ctx context.Context, rotation Rotation) error {
	if err := s.Reload(ctx); err != nil {
		return err
	}
	for _, algorithm := range s.wanted {
		last := s.last(algorithm)
		if last != nil && last.active.Add(rotation.Every-rotation.Lead).After(s.now()) {
			continue
		}
		if _, err := s.Rotate(ctx, algorithm, rotation); err != nil {
			return err
		}
	}
	return s.retire(ctx, rotation)
}

// Rotate publishes the successor of the key that signs with algorithm, which signs after the lead. If a successor is published
// already, that is it.
func (s *Set) Rotate(ctx context.Context, algorithm jwa.SignatureAlgorithm, rotation Rotation) (Status, error) {
	if err := s.Reload(ctx); err != nil {
		return Status{}, err
	}
	last := s.last(algorithm)
	if last == nil {
		return Status{}, fmt.Errorf("%w: none signs with %s", ErrNoKey, algorithm)
	}
	now := s.now()
	if last.active.After(now) {
		return last.status(now), nil
	}
	err := s.store.UseOnce(ctx, s.workspace, placeOf, algorithm.String()+" after "+last.ID, now.Add(placeHeld))
	if errors.Is(err, store.ErrConsumed) { // another instance is at it
		return last.status(now), nil
	}
	if err != nil {
		return Status{}, fmt.Errorf("agree on the next %s key of %s: %w", algorithm, s.workspace, err)
	}
	if err := s.add(ctx, algorithm, now.Add(rotation.Lead)); err != nil {
		return Status{}, err
	}
	return s.last(algorithm).status(now), s.retire(ctx, rotation)
}

// retire gives an end to each key that has a successor. It comes to the same whoever does it.
func (s *Set) retire(ctx context.Context, rotation Rotation) error {
	for _, record := range s.superseded(rotation) {
		if err := s.store.UpdateKey(ctx, record); err != nil && !errors.Is(err, store.ErrNotFound) { // swept meanwhile
			return fmt.Errorf("retire key %s of %s: %w", record.ID, s.workspace, err)
		}
	}
	return s.Reload(ctx)
}

func (s *Set) superseded(rotation Rotation) []store.Key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var records []store.Key
	for at, key := range s.keys {
		following := slices.IndexFunc(s.keys[at+1:], func(next *Key) bool { return next.Algorithm == key.Algorithm })
		if following < 0 || !key.retired.IsZero() {
			continue
		}
		retired := s.keys[at+1+following].active
		records = append(records, store.Key{
			Workspace: s.workspace, ID: key.ID, Created: key.created, Active: key.active,
			Retired: retired, Expires: retired.Add(rotation.Keep),
		})
	}
	return records
}

// last is the key that begins to sign last, nil if there is none.
func (s *Set) last(algorithm jwa.SignatureAlgorithm) *Key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, key := range slices.Backward(s.keys) {
		if key.Algorithm == algorithm {
			return key
		}
	}
	return nil
}
