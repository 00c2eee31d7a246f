package sqlstore

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

const selectFactor = `SELECT workspace, id, subject, kind, name, credential, counter, created, used FROM factors `

// AddFactor keeps a factor unless its id is taken.
func (s *Store) AddFactor(ctx context.Context, factor store.Factor) error {
	return s.insert(ctx, "add factor", `INSERT INTO factors (workspace, id, subject, kind, name, credential, counter, created, used)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, factor.Workspace, factor.ID, factor.Subject, string(factor.Kind), factor.Name,
		factor.Credential, factor.Counter, millis(factor.Created), millis(factor.Used))
}

// Factor returns a factor by its id.
func (s *Store) Factor(ctx context.Context, workspace, id string) (store.Factor, error) {
	factor, err := scanFactor(s.row(ctx, selectFactor+`WHERE workspace = $1 AND id = $2`, workspace, id))
	return factor, answer("load factor", err)
}

// Factors lists a user's factors, oldest first.
func (s *Store) Factors(ctx context.Context, workspace, subject string) ([]store.Factor, error) {
	factors, err := list(ctx, s, scanFactor, selectFactor+`WHERE workspace = $1 AND subject = $2 ORDER BY created, id`, workspace, subject)
	return factors, answer("list factors", err)
}

func scanFactor(from row) (store.Factor, error) {
	var factor store.Factor
	err := from.Scan(&factor.Workspace, &factor.ID, &factor.Subject, &factor.Kind, &factor.Name, &factor.Credential, &factor.Counter,
		instant{&factor.Created}, instant{&factor.Used})
	if err != nil {
		return store.Factor{}, err
	}
	return factor, nil
}

// UseFactor moves a factor's counter on. The condition of the UPDATE decides; what it did not find is looked at before.
func (s *Store) UseFactor(ctx context.Context, workspace, id string, counter int64, now time.Time) error {
	return s.update(ctx, "use factor", func(ctx context.Context, tx *tx) error {
		if _, err := scanFactor(tx.row(ctx, selectFactor+`WHERE workspace = $1 AND id = $2`, workspace, id)); err != nil {
			return err
		}
		return tx.change(ctx, store.ErrConsumed, `UPDATE factors SET counter = $3, used = $4
			WHERE workspace = $1 AND id = $2 AND (counter < $3 OR (counter = 0 AND $3 = 0))`, workspace, id, counter, millis(now))
	})
}

// RenameFactor changes the name of a user's factor.
func (s *Store) RenameFactor(ctx context.Context, workspace, subject, id, name string) error {
	return s.update(ctx, "rename factor", func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrNotFound,
			`UPDATE factors SET name = $4 WHERE workspace = $1 AND subject = $2 AND id = $3`, workspace, subject, id, name)
	})
}

// RemoveFactor deletes a user's factor unless fewer than keep would be left. Changing nothing in the user's rows takes their locks in
// every database, so that of two removals at once the second counts what the first left.
func (s *Store) RemoveFactor(ctx context.Context, workspace, subject, id string, keep int) error {
	return s.update(ctx, "remove factor", func(ctx context.Context, tx *tx) error {
		if _, err := scanFactor(tx.row(ctx, selectFactor+`WHERE workspace = $1 AND subject = $2 AND id = $3`, workspace, subject, id)); err != nil {
			return err
		}
		held, err := tx.exec(ctx, `UPDATE factors SET name = name WHERE workspace = $1 AND subject = $2`, workspace, subject)
		if err != nil {
			return err
		}
		left := int(held) - 1
		if left < keep {
			return store.ErrConflict
		}
		if err := tx.change(ctx, store.ErrNotFound,
			`DELETE FROM factors WHERE workspace = $1 AND subject = $2 AND id = $3`, workspace, subject, id); err != nil || left > 0 {
			return err
		}
		_, err = tx.exec(ctx, `DELETE FROM recovery_codes WHERE workspace = $1 AND subject = $2`, workspace, subject)
		return err
	})
}

// SaveRecoveryCodes replaces a user's recovery codes.
func (s *Store) SaveRecoveryCodes(ctx context.Context, workspace, subject string, codes []store.Hash) error {
	return s.update(ctx, "save recovery codes", func(ctx context.Context, tx *tx) error {
		if _, err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE workspace = $1 AND subject = $2`, workspace, subject); err != nil {
			return err
		}
		for _, code := range codes {
			if err := tx.change(ctx, store.ErrConflict,
				`INSERT INTO recovery_codes (workspace, subject, code_hash) VALUES ($1, $2, $3)`, workspace, subject, code[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

const countRecoveryCodes = `SELECT COUNT(*) FROM recovery_codes WHERE workspace = $1 AND subject = $2`

// ConsumeRecoveryCode deletes a recovery code, once.
func (s *Store) ConsumeRecoveryCode(ctx context.Context, workspace, subject string, code store.Hash) (left int, err error) {
	err = s.update(ctx, "consume recovery code", func(ctx context.Context, tx *tx) error {
		if err := tx.change(ctx, store.ErrNotFound,
			`DELETE FROM recovery_codes WHERE workspace = $1 AND subject = $2 AND code_hash = $3`, workspace, subject, code[:]); err != nil {
			return err
		}
		return tx.row(ctx, countRecoveryCodes, workspace, subject).Scan(&left)
	})
	return left, err
}

// RecoveryCodes says how many recovery codes a user has left.
func (s *Store) RecoveryCodes(ctx context.Context, workspace, subject string) (int, error) {
	var left int
	err := s.row(ctx, countRecoveryCodes, workspace, subject).Scan(&left)
	return left, answer("count recovery codes", err)
}
