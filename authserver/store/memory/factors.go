package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cloakroom/authserver/store"
)

// AddFactor keeps a factor unless its id is taken.
func (s *Store) AddFactor(ctx context.Context, factor store.Factor) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return add(s.factors, key{factor.Workspace, factor.ID}, cloneFactor(factor))
}

// Factor returns a factor by its id.
func (s *Store) Factor(ctx context.Context, workspace, id string) (store.Factor, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Factor{}, err
	}
	defer unlock()
	factor, found := s.factors[key{workspace, id}]
	if !found {
		return store.Factor{}, store.ErrNotFound
	}
	return cloneFactor(*factor), nil
}

// Factors lists a user's factors, oldest first.
func (s *Store) Factors(ctx context.Context, workspace, subject string) ([]store.Factor, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.factorsOf(workspace, subject), nil
}

func (s *Store) factorsOf(workspace, subject string) []store.Factor {
	var factors []store.Factor
	for key, factor := range s.factors {
		if key.workspace == workspace && factor.Subject == subject {
			factors = append(factors, cloneFactor(*factor))
		}
	}
	slices.SortFunc(factors, func(a, b store.Factor) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return factors
}

// UseFactor moves a factor's counter on.
func (s *Store) UseFactor(ctx context.Context, workspace, id string, counter int64, now time.Time) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	factor, found := s.factors[key{workspace, id}]
	switch {
	case !found:
		return store.ErrNotFound
	case counter <= factor.Counter && (counter != 0 || factor.Counter != 0):
		return store.ErrConsumed
	}
	factor.Counter, factor.Used = counter, now
	return nil
}

// RenameFactor changes the name of a user's factor.
func (s *Store) RenameFactor(ctx context.Context, workspace, subject, id, name string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	factor, found := s.factors[key{workspace, id}]
	if !found || factor.Subject != subject {
		return store.ErrNotFound
	}
	factor.Name = name
	return nil
}

// RemoveFactor deletes a user's factor unless fewer than keep would be left.
func (s *Store) RemoveFactor(ctx context.Context, workspace, subject, id string, keep int) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	factor, found := s.factors[key{workspace, id}]
	if !found || factor.Subject != subject {
		return store.ErrNotFound
	}
	left := len(s.factorsOf(workspace, subject)) - 1
	if left < keep {
		return store.ErrConflict
	}
	delete(s.factors, key{workspace, id})
	if left == 0 {
		delete(s.recoveryCodes, key{workspace, subject})
	}
	return nil
}

// SaveRecoveryCodes replaces a user's recovery codes.
func (s *Store) SaveRecoveryCodes(ctx context.Context, workspace, subject string, codes []store.Hash) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	kept := map[store.Hash]bool{}
	for _, code := range codes {
		kept[code] = true
	}
	s.recoveryCodes[key{workspace, subject}] = kept
	return nil
}

// ConsumeRecoveryCode deletes a recovery code, once.
func (s *Store) ConsumeRecoveryCode(ctx context.Context, workspace, subject string, code store.Hash) (int, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	codes := s.recoveryCodes[key{workspace, subject}]
	if !codes[code] {
		return 0, store.ErrNotFound
	}
	delete(codes, code)
	return len(codes), nil
}

// RecoveryCodes says how many recovery codes a user has left.
func (s *Store) RecoveryCodes(ctx context.Context, workspace, subject string) (int, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	return len(s.recoveryCodes[key{workspace, subject}]), nil
}

func cloneFactor(factor store.Factor) store.Factor {
	factor.Credential = slices.Clone(factor.Credential)
	return factor
}
