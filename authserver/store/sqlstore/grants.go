package sqlstore

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

const insertGrantRow = `INSERT INTO grants (workspace, id, client_id, subject, session_id, sid, scopes, resources, claims, auth_time,
	acr, amr, confirmation, offline, created, expires, revoked)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`

const grantColumns = `workspace, id, client_id, subject, session_id, sid, scopes, resources, claims, auth_time,
	acr, amr, confirmation, offline, created, expires, revoked`

const selectGrant = `SELECT ` + grantColumns + ` FROM grants `

const revokeGrants = `UPDATE grants SET revoked = $1 WHERE revoked = 0 AND `

// StartGrant keeps a grant that came about without a code, and what was issued for it.
func (s *Store) StartGrant(ctx context.Context, grant store.Grant, issued store.Issued) error {
	return s.update(ctx, "start grant", func(ctx context.Context, tx *tx) error {
		if err := insertGrant(ctx, tx, grant); err != nil {
			return err
		}
		return keep(ctx, tx, grant.Workspace, grant.ID, issued)
	})
}

func insertGrant(ctx context.Context, tx *tx, grant store.Grant) error {
	return tx.change(ctx, store.ErrConflict, insertGrantRow, grant.Workspace, grant.ID, grant.ClientID, grant.Subject, grant.SessionID,
		grant.SID, grant.Scopes.String(), names(grant.Resources), grant.Claims, millis(grant.AuthTime), grant.ACR, names(grant.AMR),
		grant.Confirmation, flag(grant.Offline), millis(grant.Created), millis(grant.Expires), millis(grant.Revoked))
}

// Grant returns a grant that has not expired.
func (s *Store) Grant(ctx context.Context, workspace, id string) (store.Grant, error) {
	grant, err := s.liveGrant(ctx, s, workspace, id)
	return grant, answer("load grant", err)
}

// liveGrant returns a grant: ErrNotFound when it has expired, ErrRevoked with it when it is revoked.
func (s *Store) liveGrant(ctx context.Context, from reader, workspace, id string) (store.Grant, error) {
	grant, err := loadGrant(ctx, from, workspace, id)
	switch {
	case err != nil:
		return store.Grant{}, err
	case !grant.Expires.After(s.now()):
		return store.Grant{}, store.ErrNotFound
	case !grant.Revoked.IsZero():
		return grant, store.ErrRevoked
	default:
		return grant, nil
	}
}

// requireGrant is liveGrant for a caller that does not want the grant.
func (s *Store) requireGrant(ctx context.Context, tx *tx, workspace, id string) error {
	var expires, revoked int64
	err := tx.row(ctx, `SELECT expires, revoked FROM grants WHERE workspace = $1 AND id = $2`, workspace, id).Scan(&expires, &revoked)
	switch {
	case err != nil:
		return err
	case expires <= millis(s.now()):
		return store.ErrNotFound
	case revoked != 0:
		return store.ErrRevoked
	default:
		return nil
	}
}

func loadGrant(ctx context.Context, from reader, workspace, id string) (store.Grant, error) {
	return scanGrant(from.row(ctx, selectGrant+`WHERE workspace = $1 AND id = $2`, workspace, id))
}

// RevokeGrant revokes a grant. What hangs on it is read with it, so nothing else is to be marked.
func (s *Store) RevokeGrant(ctx context.Context, workspace, id string) error {
	return s.update(ctx, "revoke grant", func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrNotFound,
			`UPDATE grants SET revoked = CASE WHEN revoked = 0 THEN $1 ELSE revoked END WHERE workspace = $2 AND id = $3`,
			millis(s.now()), workspace, id)
	})
}

// Grants lists a user's live grants, newest first.
func (s *Store) Grants(ctx context.Context, workspace, subject, clientID string) ([]store.Grant, error) {
	grants, err := list(ctx, s, scanGrant, selectGrant+`WHERE workspace = $1 AND subject = $2 AND subject <> '' AND ($3 = '' OR client_id = $3)
		AND revoked = 0 AND expires > $4 ORDER BY created DESC, id DESC`, workspace, subject, clientID, millis(s.now()))
	return grants, answer("list grants", err)
}

// sessionGrants lists the live grants that came from a session, newest first.
func sessionGrants(ctx context.Context, tx *tx, workspace, sessionID string, now time.Time) ([]store.Grant, error) {
	return list(ctx, tx, scanGrant, selectGrant+`WHERE workspace = $1 AND session_id = $2 AND session_id <> ''
		AND revoked = 0 AND expires > $3 ORDER BY created DESC, id DESC`, workspace, sessionID, millis(now))
}

func scanGrant(from row) (store.Grant, error) {
	var grant store.Grant
	err := from.Scan(&grant.Workspace, &grant.ID, &grant.ClientID, &grant.Subject, &grant.SessionID, &grant.SID, scopes{&grant.Scopes},
		decoded[[]string]{&grant.Resources}, &grant.Claims, instant{&grant.AuthTime}, &grant.ACR, decoded[[]string]{&grant.AMR},
		&grant.Confirmation, &grant.Offline, instant{&grant.Created}, instant{&grant.Expires}, instant{&grant.Revoked})
	if err != nil {
		return store.Grant{}, err
	}
	return grant, nil
}
