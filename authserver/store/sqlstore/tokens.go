package sqlstore

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

const insertRefreshToken = `INSERT INTO refresh_tokens (workspace, id, secret_hash, grant_id, created, expires, rotated, confirmation)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

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
		millis(token.Created), millis(token.Expires), millis(token.Rotated), token.Confirmation)
}

// RefreshToken returns a live refresh token and its grant.
func (s *Store) RefreshToken(ctx context.Context, workspace string, handle store.Handle) (store.RefreshToken, store.Grant, error) {
	token, grant, err := s.refreshToken(ctx, s, workspace, handle, func(rotated time.Time) bool { return rotated.IsZero() })
	return token, grant, answer("load refresh token", err)
}

// RotateRefreshToken marks a token rotated and keeps next in its place.
func (s *Store) RotateRefreshToken(ctx context.Context, workspace string, handle store.Handle, next store.RefreshToken, now time.Time, grace time.Duration) (token store.RefreshToken, grant store.Grant, err error) {
	usable := func(rotated time.Time) bool {
		return rotated.IsZero() || (grace > 0 && now.Sub(rotated) < grace)
	}
	err = s.update(ctx, "rotate refresh token", func(ctx context.Context, tx *tx) error {
		if token, grant, err = s.refreshToken(ctx, tx, workspace, handle, usable); err != nil {
			return err
		}
		if token.Rotated.IsZero() {
			if err := rotate(ctx, tx, token, now); err != nil {
				return err
			}
			token.Rotated = time.UnixMilli(millis(now)).UTC()
		}
		next.Workspace, next.GrantID = workspace, token.GrantID
		return addRefreshToken(ctx, tx, next)
	})
	return token, grant, err
}

// rotate decides who is first to rotate a token.
func rotate(ctx context.Context, tx *tx, token store.RefreshToken, now time.Time) error {
	return tx.change(ctx, store.ErrConsumed,
		`UPDATE refresh_tokens SET rotated = $3 WHERE workspace = $1 AND id = $2 AND rotated = 0`, token.Workspace, token.ID, millis(now))
}

// refreshToken finds a refresh token by its handle, and its grant. usable says whether one that was rotated at an instant, or never,
// still can be used.
func (s *Store) refreshToken(ctx context.Context, from reader, workspace string, handle store.Handle, usable func(rotated time.Time) bool) (store.RefreshToken, store.Grant, error) {
	token := store.RefreshToken{Workspace: workspace, ID: handle.ID}
	err := from.row(ctx, `SELECT secret_hash, grant_id, created, expires, rotated, confirmation FROM refresh_tokens WHERE workspace = $1 AND id = $2`, workspace, handle.ID).
		Scan(digest{&token.SecretHash}, &token.GrantID, instant{&token.Created}, instant{&token.Expires}, instant{&token.Rotated}, &token.Confirmation)
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
	case !usable(token.Rotated):
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
		return tx.change(ctx, store.ErrConflict,
			`INSERT INTO access_tokens (workspace, id, secret_hash, grant_id, scopes, audience, created, expires, revoked, confirmation)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			token.Workspace, token.ID, token.SecretHash[:], token.GrantID, token.Scopes.String(), token.Audience,
			millis(token.Created), millis(token.Expires), millis(token.Revoked), token.Confirmation)
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
