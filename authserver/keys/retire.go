package keys

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloakroom/authserver/store"
)

// Retire ends a key now: it signs no more and is published no more. That is for a key that is no longer safe; the regular way is
// [Set.Rotate]. When it is the one that signs, another that waits begins at once, or a new one is made. Verifiers learn of that one by its
// kid, which they do not have. Other instances follow with their next [Set.Reload].
func (s *Set) Retire(ctx context.Context, id string) error {
	if err := s.Reload(ctx); err != nil {
		return err
	}
	key, err := s.Find(id)
	if err != nil {
		return err
	}
	now := s.now()
	if err := s.succeed(ctx, key); err != nil {
		return err
	}
	err = s.store.UpdateKey(ctx, store.Key{Workspace: s.workspace, ID: key.ID, Created: key.created, Active: earliest(key.active, now), Retired: now, Expires: now})
	if err != nil {
		return fmt.Errorf("retire key %s of %s: %w", id, s.workspace, err)
	}
	return s.Reload(ctx)
}

// succeed makes sure that another key signs with the algorithm of the one that ends, if that one is wanted.
func (s *Set) succeed(ctx context.Context, ending *Key) error {
	if !slices.Contains(s.wanted, ending.Algorithm) {
		return nil
	}
	now := s.now()
	s.mu.RLock()
	var next *Key
	for _, key := range s.keys {
		if key.Algorithm != ending.Algorithm || key.ID == ending.ID || !live(key.retired, now) {
			continue
		}
		if next == nil || key.active.Before(next.active) {
			next = key
		}
	}
	s.mu.RUnlock()
	switch {
	case next == nil:
		return s.add(ctx, ending.Algorithm, now)
	case !next.active.After(now):
		return nil
	}
	err := s.store.UpdateKey(ctx, store.Key{Workspace: s.workspace, ID: next.ID, Created: next.created, Active: now, Retired: next.retired, Expires: next.expires})
	if err != nil {
		return fmt.Errorf("begin key %s of %s: %w", next.ID, s.workspace, err)
	}
	return nil
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
