package memory

import (
	"context"
	"slices"
	"time"

	"cloakroom/authserver/store"
)

// IssueRefreshToken keeps the first refresh token of a live grant.
func (s *Store) IssueRefreshToken(ctx context.Context, token store.RefreshToken) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.grant(token.Workspace, token.GrantID); err != nil {
		return err
	}
	return add(s.refreshTokens, key{token.Workspace, token.ID}, token)
}

// RefreshToken returns a live refresh token and its grant.
func (s *Store) RefreshToken(ctx context.Context, workspace string, handle store.Handle) (store.RefreshToken, store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.RefreshToken{}, store.Grant{}, err
	}
	defer unlock()
	token, grant, err := s.refreshToken(workspace, handle)
	switch {
	case token == nil:
		return store.RefreshToken{}, store.Grant{}, err
	case err != nil:
		return *token, grant, err
	case !token.Rotated.IsZero():
		return *token, grant, store.ErrConsumed
	case !s.live(token.Expires):
		return store.RefreshToken{}, store.Grant{}, store.ErrNotFound
	default:
		return *token, grant, nil
	}
}

// RotateRefreshToken marks a token rotated and keeps next in its place.
func (s *Store) RotateRefreshToken(ctx context.Context, workspace string, handle store.Handle, next store.Issued, now time.Time, grace time.Duration) (store.RefreshToken, store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.RefreshToken{}, store.Grant{}, err
	}
	defer unlock()
	token, grant, err := s.refreshToken(workspace, handle)
	switch {
	case token == nil:
		return store.RefreshToken{}, store.Grant{}, err
	case err != nil:
		return *token, grant, err
	case !token.Rotated.IsZero() && (token.Succeeded || grace <= 0 || now.Sub(token.Rotated) >= grace):
		return *token, grant, store.ErrConsumed
	case !s.live(token.Expires):
		return store.RefreshToken{}, store.Grant{}, store.ErrNotFound
	}
	next.RefreshToken.Parent = token.ID
	if err := s.keep(workspace, token.GrantID, next); err != nil {
		return store.RefreshToken{}, store.Grant{}, err
	}
	if token.Rotated.IsZero() {
		token.Rotated = now
	}
	if parent := s.refreshTokens[key{workspace, token.Parent}]; parent != nil {
		parent.Succeeded = true
	}
	return *token, grant, nil
}

// keep keeps what was issued for a grant, all or nothing.
func (s *Store) keep(workspace, grant string, issued store.Issued) error {
	refresh, access := issued.RefreshToken, issued.AccessToken
	if s.refreshTokens[key{workspace, refresh.ID}] != nil || s.accessTokens[key{workspace, access.ID}] != nil {
		return store.ErrConflict
	}
	if refresh.ID != "" {
		refresh.Workspace, refresh.GrantID = workspace, grant
		s.refreshTokens[key{workspace, refresh.ID}] = &refresh
	}
	if access.ID != "" {
		access.Workspace, access.GrantID, access.Scopes = workspace, grant, slices.Clone(access.Scopes)
		s.accessTokens[key{workspace, access.ID}] = &access
	}
	return nil
}

// refreshToken finds a refresh token by its handle, whatever its state, and its grant. The token is nil when there is nothing
// to show to the caller.
func (s *Store) refreshToken(workspace string, handle store.Handle) (*store.RefreshToken, store.Grant, error) {
	token, found := s.refreshTokens[key{workspace, handle.ID}]
	if !found || !token.SecretHash.Equal(handle.Hash()) {
		return nil, store.Grant{}, store.ErrNotFound
	}
	grant, err := s.grant(workspace, token.GrantID)
	if grant.ID == "" {
		return nil, store.Grant{}, err
	}
	return token, grant, err
}

// IssueAccessToken keeps an access token of a live grant.
func (s *Store) IssueAccessToken(ctx context.Context, token store.AccessToken) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.grant(token.Workspace, token.GrantID); err != nil {
		return err
	}
	token.Scopes = slices.Clone(token.Scopes)
	return add(s.accessTokens, key{token.Workspace, token.ID}, token)
}

// AccessToken returns a live access token and its grant.
func (s *Store) AccessToken(ctx context.Context, workspace, id string) (store.AccessToken, store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.AccessToken{}, store.Grant{}, err
	}
	defer unlock()
	token, found := s.accessTokens[key{workspace, id}]
	if !found || !s.live(token.Expires) {
		return store.AccessToken{}, store.Grant{}, store.ErrNotFound
	}
	grant, err := s.grant(workspace, token.GrantID)
	if grant.ID == "" {
		return store.AccessToken{}, store.Grant{}, err
	}
	if !token.Revoked.IsZero() {
		err = store.ErrRevoked
	}
	copied := *token
	copied.Scopes = slices.Clone(token.Scopes)
	return copied, grant, err
}

// RevokeAccessToken revokes one access token.
func (s *Store) RevokeAccessToken(ctx context.Context, workspace, id string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	token, found := s.accessTokens[key{workspace, id}]
	if !found {
		return store.ErrNotFound
	}
	if token.Revoked.IsZero() {
		token.Revoked = s.now()
	}
	return nil
}
