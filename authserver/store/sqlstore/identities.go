package sqlstore

import (
	"context"

	"cloakroom/authserver/store"
)

const selectIdentity = `SELECT workspace, issuer, subject, account, provisioned, created FROM identities `

// ProvisionAccount creates an account and the identity that it is for, both or neither.
func (s *Store) ProvisionAccount(ctx context.Context, account store.Account, identity store.Identity) error {
	account.Version = 0 // it is new
	query, args, err := saveAccount(account)
	if err != nil {
		return answer("encode claims", err)
	}
	return s.update(ctx, "provision account", func(ctx context.Context, tx *tx) error {
		if err := insertIdentity(ctx, tx, identity); err != nil {
			return err
		}
		return tx.change(ctx, store.ErrConflict, query, args...)
	})
}

// LinkIdentity gives an identity an account that exists. Changing nothing in the account's row keeps it there until the transaction
// ends.
func (s *Store) LinkIdentity(ctx context.Context, identity store.Identity) error {
	return s.update(ctx, "link identity", func(ctx context.Context, tx *tx) error {
		if err := tx.change(ctx, store.ErrNotFound,
			`UPDATE accounts SET version = version WHERE workspace = $1 AND subject = $2`, identity.Workspace, identity.Account); err != nil {
			return err
		}
		return insertIdentity(ctx, tx, identity)
	})
}

func insertIdentity(ctx context.Context, tx *tx, identity store.Identity) error {
	return tx.change(ctx, store.ErrConflict,
		`INSERT INTO identities (workspace, issuer, subject, account, provisioned, created) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (workspace, issuer, subject) DO NOTHING`,
		identity.Workspace, identity.Issuer, identity.Subject, identity.Account, flag(identity.Provisioned), millis(identity.Created))
}

// Identity finds who a provider speaks of.
func (s *Store) Identity(ctx context.Context, workspace, issuer, subject string) (store.Identity, error) {
	identity, err := scanIdentity(s.row(ctx, selectIdentity+`WHERE workspace = $1 AND issuer = $2 AND subject = $3`, workspace, issuer, subject))
	return identity, answer("load identity", err)
}

// Identities lists those of an account, oldest first.
func (s *Store) Identities(ctx context.Context, workspace, account string) ([]store.Identity, error) {
	identities, err := list(ctx, s, scanIdentity, selectIdentity+`WHERE workspace = $1 AND account = $2 ORDER BY created, issuer, subject`, workspace, account)
	return identities, answer("list identities", err)
}

// UnlinkIdentity takes an identity from the account that has it, if what is left is enough. The account's row is held from before the look at
// what is left to the end of the transaction: of two calls at once the second sees what the first left.
func (s *Store) UnlinkIdentity(ctx context.Context, workspace, account, issuer, subject string, remains func(store.Account, []store.Identity) bool) error {
	return s.update(ctx, "unlink identity", func(ctx context.Context, tx *tx) error {
		if err := tx.change(ctx, store.ErrNotFound,
			`UPDATE accounts SET version = version + 1 WHERE workspace = $1 AND subject = $2
				AND EXISTS (SELECT 1 FROM identities WHERE workspace = $1 AND account = $2 AND issuer = $3 AND subject = $4)`,
			workspace, account, issuer, subject); err != nil {
			return err
		}
		owner, err := scanAccount(tx.row(ctx, selectAccount+`WHERE workspace = $1 AND subject = $2`, workspace, account))
		if err != nil {
			return err
		}
		left, err := list(ctx, tx, scanIdentity, selectIdentity+`WHERE workspace = $1 AND account = $2 AND NOT (issuer = $3 AND subject = $4)
			ORDER BY created, issuer, subject`, workspace, account, issuer, subject)
		if err != nil {
			return err
		}
		if !remains(owner, left) {
			return store.ErrConflict
		}
		return tx.change(ctx, store.ErrNotFound,
			`DELETE FROM identities WHERE workspace = $1 AND account = $2 AND issuer = $3 AND subject = $4`, workspace, account, issuer, subject)
	})
}

func scanIdentity(from row) (store.Identity, error) {
	var identity store.Identity
	err := from.Scan(&identity.Workspace, &identity.Issuer, &identity.Subject, &identity.Account, &identity.Provisioned, instant{&identity.Created})
	if err != nil {
		return store.Identity{}, err
	}
	return identity, nil
}
