package observed

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

// AddFactor is of store.Store.
func (s *Store) AddFactor(ctx context.Context, factor store.Factor) (err error) {
	defer s.took("add_factor", time.Now(), &err)
	return s.next.AddFactor(ctx, factor)
}

// Factor is of store.Store.
func (s *Store) Factor(ctx context.Context, workspace, id string) (_ store.Factor, err error) {
	defer s.took("factor", time.Now(), &err)
	return s.next.Factor(ctx, workspace, id)
}

// Factors is of store.Store.
func (s *Store) Factors(ctx context.Context, workspace, subject string) (_ []store.Factor, err error) {
	defer s.took("factors", time.Now(), &err)
	return s.next.Factors(ctx, workspace, subject)
}

// UseFactor is of store.Store.
func (s *Store) UseFactor(ctx context.Context, workspace, id string, counter int64, now time.Time) (err error) {
	defer s.took("use_factor", time.Now(), &err)
	return s.next.UseFactor(ctx, workspace, id, counter, now)
}

// RenameFactor is of store.Store.
func (s *Store) RenameFactor(ctx context.Context, workspace, subject, id, name string) (err error) {
	defer s.took("rename_factor", time.Now(), &err)
	return s.next.RenameFactor(ctx, workspace, subject, id, name)
}

// RemoveFactor is of store.Store.
func (s *Store) RemoveFactor(ctx context.Context, workspace, subject, id string, keep int) (err error) {
	defer s.took("remove_factor", time.Now(), &err)
	return s.next.RemoveFactor(ctx, workspace, subject, id, keep)
}

// SaveRecoveryCodes is of store.Store.
func (s *Store) SaveRecoveryCodes(ctx context.Context, workspace, subject string, codes []store.Hash) (err error) {
	defer s.took("save_recovery_codes", time.Now(), &err)
	return s.next.SaveRecoveryCodes(ctx, workspace, subject, codes)
}

// ConsumeRecoveryCode is of store.Store.
func (s *Store) ConsumeRecoveryCode(ctx context.Context, workspace, subject string, code store.Hash) (_ int, err error) {
	defer s.took("consume_recovery_code", time.Now(), &err)
	return s.next.ConsumeRecoveryCode(ctx, workspace, subject, code)
}

// RecoveryCodes is of store.Store.
func (s *Store) RecoveryCodes(ctx context.Context, workspace, subject string) (_ int, err error) {
	defer s.took("recovery_codes", time.Now(), &err)
	return s.next.RecoveryCodes(ctx, workspace, subject)
}
