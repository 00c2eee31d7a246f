package sqlstore

import (
	"context"
	"errors"
	"time"

	"cloakroom/authserver/store"
)

const selectRegistration = `SELECT kind, parent, name, document, disabled, deleted, used, version, revision, created, updated FROM registrations `

// SaveRegistration creates or replaces a registration.
func (s *Store) SaveRegistration(ctx context.Context, r store.Registration) error {
	return s.update(ctx, "save registration", func(ctx context.Context, tx *tx) error {
		stored, err := loadRegistration(ctx, tx, r.Kind, r.Parent, r.Name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		var version int64 // of what is not there
		if !stored.Deleted {
			version = stored.Version
		}
		if r.Version != version {
			return store.ErrConflict
		}
		revision, err := nextRevision(ctx, tx)
		if err != nil {
			return err
		}
		if stored.Deleted {
			if err := emptyWorkspace(ctx, tx, stored); err != nil {
				return err
			}
		}
		if version == 0 {
			return tx.change(ctx, store.ErrConflict,
				`INSERT INTO registrations (kind, parent, name, document, disabled, created, updated, revision, deleted, used, version)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 1)
				ON CONFLICT (kind, parent, name) DO UPDATE SET document = excluded.document, disabled = excluded.disabled, created = excluded.created,
					updated = excluded.updated, revision = excluded.revision, deleted = 0, used = 0, version = registrations.version + 1
				WHERE registrations.deleted = 1`,
				string(r.Kind), r.Parent, r.Name, string(r.Document), flag(r.Disabled), millis(r.Created), millis(r.Updated), revision)
		}
		return tx.change(ctx, store.ErrConflict,
			`UPDATE registrations SET document = $4, disabled = $5, created = $6, updated = $7, revision = $8, version = version + 1
			WHERE kind = $1 AND parent = $2 AND name = $3 AND version = $9 AND deleted = 0`,
			string(r.Kind), r.Parent, r.Name, string(r.Document), flag(r.Disabled), millis(r.Created), millis(r.Updated), revision, version)
	})
}

// nextRevision holds the one row of revisions until the end of the transaction: changes of two instances are one after the other, and
// who sees a revision sees all that have smaller ones.
func nextRevision(ctx context.Context, tx *tx) (revision int64, err error) {
	err = tx.returning(ctx, `UPDATE registry_revision SET revision = revision + 1 WHERE one = 1 RETURNING revision`).Scan(&revision)
	return revision, err
}

func loadRegistration(ctx context.Context, from reader, kind store.Kind, parent, name string) (store.Registration, error) {
	registration, err := scanRegistration(from.row(ctx, selectRegistration+`WHERE kind = $1 AND parent = $2 AND name = $3`, string(kind), parent, name))
	return registration, answer("load registration", err)
}

func scanRegistration(from row) (store.Registration, error) {
	var r store.Registration
	var document string
	err := from.Scan(&r.Kind, &r.Parent, &r.Name, &document, &r.Disabled, &r.Deleted, instant{&r.Used}, &r.Version, &r.Revision,
		instant{&r.Created}, instant{&r.Updated})
	if err != nil {
		return store.Registration{}, err
	}
	r.Document = []byte(document)
	return r, nil
}

// DeleteRegistration ends a registration.
func (s *Store) DeleteRegistration(ctx context.Context, kind store.Kind, parent, name string, version int64, now time.Time) error {
	return s.update(ctx, "delete registration", func(ctx context.Context, tx *tx) error {
		stored, err := loadRegistration(ctx, tx, kind, parent, name)
		switch {
		case err != nil:
			return err
		case stored.Deleted:
			return store.ErrNotFound
		case stored.Version != version:
			return store.ErrConflict
		}
		revision, err := nextRevision(ctx, tx)
		if err != nil {
			return err
		}
		if err := emptyWorkspace(ctx, tx, stored); err != nil {
			return err
		}
		return tx.change(ctx, store.ErrConflict,
			`UPDATE registrations SET deleted = 1, updated = $4, revision = $5, version = version + 1
			WHERE kind = $1 AND parent = $2 AND name = $3 AND version = $6 AND deleted = 0`,
			string(kind), parent, name, millis(now), revision, version)
	})
}

// UseRegistration marks a registration as used.
func (s *Store) UseRegistration(ctx context.Context, kind store.Kind, parent, name string, used time.Time) error {
	return s.update(ctx, "use registration", func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrNotFound,
			`UPDATE registrations SET used = CASE WHEN used = 0 THEN $4 ELSE used END WHERE kind = $1 AND parent = $2 AND name = $3 AND deleted = 0`,
			string(kind), parent, name, millis(used))
	})
}

// RegistryRevision is the revision of the last change.
func (s *Store) RegistryRevision(ctx context.Context) (revision int64, err error) {
	err = s.row(ctx, `SELECT revision FROM registry_revision WHERE one = 1`).Scan(&revision)
	return revision, answer("load revision", err)
}

// Registrations lists what was changed after a revision.
func (s *Store) Registrations(ctx context.Context, after int64, limit int) ([]store.Registration, error) {
	registrations, err := list(ctx, s, scanRegistration, selectRegistration+`WHERE revision > $1 ORDER BY revision LIMIT $2`, after, limit)
	return registrations, answer("list registrations", err)
}

// RevokeGrants revokes live grants of a workspace, or of one of its clients.
func (s *Store) RevokeGrants(ctx context.Context, workspace, clientID string, limit int) (grants []store.Grant, err error) {
	err = s.update(ctx, "revoke grants", func(ctx context.Context, tx *tx) error {
		tx.changed = true
		grants, err = list(ctx, tx, scanGrant, revokeGrants+`workspace = $2 AND id IN
			(SELECT id FROM grants WHERE workspace = $2 AND ($3 = '' OR client_id = $3) AND revoked = 0 AND expires > $1 ORDER BY id LIMIT $4)
			RETURNING `+grantColumns, millis(s.now()), workspace, clientID, limit)
		return err
	})
	return grants, err
}

// WorkspaceSessions lists a workspace's sessions.
func (s *Store) WorkspaceSessions(ctx context.Context, workspace, after string, limit int) ([]store.Session, error) {
	sessions, err := list(ctx, s, scanSession, selectSession+`WHERE workspace = $1 AND id > $2 ORDER BY id LIMIT $3`, workspace, after, limit)
	return sessions, answer("list sessions", err)
}

// ListAccounts lists a workspace's accounts by their names, in an order that is the same whatever the language of the database.
func (s *Store) ListAccounts(ctx context.Context, workspace, prefix, after string, limit int) ([]store.Account, error) {
	name := "username" + s.database.bytewise()
	accounts, err := list(ctx, s, scanAccount, selectAccount+`WHERE workspace = $1 AND `+name+` > $2 AND `+name+` >= $3
		AND substr(username, 1, length($3)) = $3 ORDER BY `+name+` LIMIT $4`, workspace, after, prefix, limit)
	return accounts, answer("list accounts", err)
}
