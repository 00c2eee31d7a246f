package sqlstore

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

const insertRefreshToken = `INSERT INTO refresh_tokens (workspace, id, secret_hash, grant_id, created, expires, rotated, confirmation, parent)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

const selectRefreshToken = `SELECT secret_hash, grant_id, created, expires, rotated, confirmation, parent, succeeded
	FROM refresh_tokens WHERE workspace = $1 AND id = $2`

const insertAccessToken = `INSERT INTO access_tokens (workspace, id, secret_hash, grant_id, scopes, audience, created, expires, revoked, confirmation)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

// IssueRefreshToken keeps the first refresh token of a live grant.
func (s *Store) IssueRefreshToken(ctx context.Context, token store.RefreshToken) error {
	return s.update(ctx, "issue refresh token", func(ctx context.Context, tx *tx) error {
		if err := s.requireGrant(ctx, tx, token.Workspace, token.GrantID); err != nil {
			return err
		}
		return addRefreshToken(ctx, tx, token)
	})
}

func addRefreshToken(ctx context.Context, tx *tx, token store.RefreshToken) error {
	return tx.change(ctx, store.ErrConflict, insertRefreshToken, token.Workspace, token.ID, token.SecretHash[:], token.GrantID,
		millis(token.Created), millis(token.Expires), millis(token.Rotated), token.Confirmation, token.Parent)
}

func addAccessToken(ctx context.Context, tx *tx, token store.AccessToken) error {
	return tx.change(ctx, store.ErrConflict, insertAccessToken, token.Workspace, token.ID, token.SecretHash[:], token.GrantID,
		token.Scopes.String(), token.Audience, millis(token.Created), millis(token.Expires), millis(token.Revoked), token.Confirmation)
}

// keep keeps what was issued for a grant.
func keep(ctx context.Context, tx *tx, workspace, grant string, issued store.Issued) error {
	refresh, access := issued.RefreshToken, issued.AccessToken
	if refresh.ID != "" {
		refresh.Workspace, refresh.GrantID = workspace, grant
		if err := addRefreshToken(ctx, tx, refresh); err != nil {
			return err
		}
	}
	if access.ID == "" {
		return nil
	}
	access.Workspace, access.GrantID = workspace, grant
	return addAccessToken(ctx, tx, access)
}

// RefreshToken returns a live refresh token and its grant.
func (s *Store) RefreshToken(ctx context.Context, workspace string, handle store.Handle) (store.RefreshToken, store.Grant, error) {
	token, grant, err := s.refreshToken(ctx, s, workspace, handle, func(token store.RefreshToken) bool { return token.Rotated.IsZero() })
	return token, grant, answer("load refresh token", err)
}

// RotateRefreshToken marks a token rotated and keeps next in its place.
func (s *Store) RotateRefreshToken(ctx context.Context, workspace string, handle store.Handle, next store.Issued, now time.Time, grace time.Duration) (token store.RefreshToken, grant store.Grant, err error) {
	usable := func(token store.RefreshToken) bool {
		return token.Rotated.IsZero() || (!token.Succeeded && grace > 0 && now.Sub(token.Rotated) < grace)
	}
	err = s.update(ctx, "rotate refresh token", func(ctx context.Context, tx *tx) error {
		if token, grant, err = s.refreshToken(ctx, tx, workspace, handle, usable); err != nil {
			return err
		}
		before := token.Rotated
		if before.IsZero() {
			token.Rotated = time.UnixMilli(millis(now)).UTC()
		}
		if err := rotate(ctx, tx, token, before); err != nil {
			return err
		}
		next.RefreshToken.Parent = token.ID
		return keep(ctx, tx, workspace, token.GrantID, next)
	})
	return token, grant, err
}

// rotate decides who is first to rotate a token, and whether one that was rotated before comes before its successor. From then on
// the token that it came from is dead, grace or not.
func rotate(ctx context.Context, tx *tx, token store.RefreshToken, before time.Time) error {
	err := tx.change(ctx, store.ErrConsumed,
		`UPDATE refresh_tokens SET rotated = $3 WHERE workspace = $1 AND id = $2 AND rotated = $4 AND succeeded = 0`,
		token.Workspace, token.ID, millis(token.Rotated), millis(before))
	if err != nil || token.Parent == "" {
		return err
	}
	// The parent may have been swept.
	_, err = tx.exec(ctx, `UPDATE refresh_tokens SET succeeded = 1 WHERE workspace = $1 AND id = $2 AND succeeded = 0`, token.Workspace, token.Parent)
	return err
}

// refreshToken finds a refresh token by its handle, and its grant. Usable says whether one that was rotated, or never was, still can
// be used.
func (s *Store) refreshToken(ctx context.Context, from reader, workspace string, handle store.Handle, usable func(store.RefreshToken) bool) (store.RefreshToken, store.Grant, error) {
	token := store.RefreshToken{Workspace: workspace, ID: handle.ID}
	err := from.row(ctx, selectRefreshToken, workspace, handle.ID).Scan(digest{&token.SecretHash}, &token.GrantID, instant{&token.Created},
		instant{&token.Expires}, instant{&token.Rotated}, &token.Confirmation, &token.Parent, &token.Succeeded)
	if err != nil {
		return store.RefreshToken{}, store.Grant{}, err
	}
	if !token.SecretHash.Equal(handle.Hash()) {
		return store.RefreshToken{}, store.Grant{}, store.ErrNotFound
	}
	grant, err := s.liveGrant(ctx, from, workspace, token.GrantID)
	switch {
	case err != nil && grant.ID == "":
		return store.RefreshToken{}, store.Grant{}, err
	case err != nil:
		return token, grant, err
	case !usable(token):
		return token, grant, store.ErrConsumed
	case !token.Expires.After(s.now()):
		return store.RefreshToken{}, store.Grant{}, store.ErrNotFound
	default:
		return token, grant, nil
	}
}

// IssueAccessToken keeps an access token of a live grant.
func (s *Store) IssueAccessToken(ctx context.Context, token store.AccessToken) error {
	return s.update(ctx, "issue access token", func(ctx context.Context, tx *tx) error {
		if err := s.requireGrant(ctx, tx, token.Workspace, token.GrantID); err != nil {
			return err
		}
		return addAccessToken(ctx, tx, token)
	})
}

// AccessToken returns a live access token and its grant.
func (s *Store) AccessToken(ctx context.Context, workspace, id string) (store.AccessToken, store.Grant, error) {
	token, grant, err := s.accessToken(ctx, workspace, id)
	return token, grant, answer("load access token", err)
}

func (s *Store) accessToken(ctx context.Context, workspace, id string) (store.AccessToken, store.Grant, error) {
	token := store.AccessToken{Workspace: workspace, ID: id}
	err := s.row(ctx, `SELECT secret_hash, grant_id, scopes, audience, created, expires, revoked, confirmation FROM access_tokens
		WHERE workspace = $1 AND id = $2`, workspace, id).
		Scan(digest{&token.SecretHash}, &token.GrantID, scopes{&token.Scopes}, &token.Audience,
			instant{&token.Created}, instant{&token.Expires}, instant{&token.Revoked}, &token.Confirmation)
	if err != nil {
		return store.AccessToken{}, store.Grant{}, err
	}
	if !token.Expires.After(s.now()) {
		return store.AccessToken{}, store.Grant{}, store.ErrNotFound
	}
	grant, err := s.liveGrant(ctx, s, workspace, token.GrantID)
	switch {
	case err != nil && grant.ID == "":
		return store.AccessToken{}, store.Grant{}, err
	case err == nil && !token.Revoked.IsZero():
		return token, grant, store.ErrRevoked
	default:
		return token, grant, err
	}
}

// RevokeAccessToken revokes one access token.
func (s *Store) RevokeAccessToken(ctx context.Context, workspace, id string) error {
	return s.update(ctx, "revoke access token", func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrNotFound,
			`UPDATE access_tokens SET revoked = CASE WHEN revoked = 0 THEN $1 ELSE revoked END WHERE workspace = $2 AND id = $3`,
			millis(s.now()), workspace, id)
	})
}
