package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cloakroom/authserver/store"
)

type markKey struct{ workspace, use, value string }

// AddKey keeps a signing key.
func (s *Store) AddKey(ctx context.Context, signing store.Key) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return add(s.keys, key{signing.Workspace, signing.ID}, cloneKey(signing))
}

// Keys lists a workspace's signing keys, oldest first.
func (s *Store) Keys(ctx context.Context, workspace string) ([]store.Key, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var keys []store.Key
	for key, signing := range s.keys {
		if key.workspace == workspace {
			keys = append(keys, cloneKey(*signing))
		}
	}
	slices.SortFunc(keys, func(a, b store.Key) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return keys, nil
}

// UpdateKey replaces the instants of a signing key.
func (s *Store) UpdateKey(ctx context.Context, update store.Key) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	signing, found := s.keys[key{update.Workspace, update.ID}]
	if !found {
		return store.ErrNotFound
	}
	signing.Created, signing.Active = update.Created, update.Active
	signing.Retired, signing.Expires = update.Retired, update.Expires
	return nil
}

// UseOnce marks a value as used until expires.
func (s *Store) UseOnce(ctx context.Context, workspace, use, value string, expires time.Time) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	mark := markKey{workspace, use, value}
	if until, marked := s.marks[mark]; marked && s.live(until) {
		return store.ErrConsumed
	}
	s.marks[mark] = expires
	return nil
}

func cloneKey(signing store.Key) store.Key {
	signing.Sealed = slices.Clone(signing.Sealed)
	return signing
}
