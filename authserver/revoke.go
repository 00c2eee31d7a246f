package authserver

import (
	"context"
	"errors"
	"net/http"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
)

// revoke revokes a token (RFC 7009). A token that is unknown, or of another client, is as good as revoked to the caller: 200.
// A store that is down is 503 and never a success (§2.2.1).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	p, err := formParams(r)
	if err != nil {
		return err
	}
	registered, err := s.authenticateClient(r, iss, p)
	if err != nil {
		return err
	}
	text := p.get("token")
	if text == "" {
		return oauth.InvalidRequest.Errorf("token is missing")
	}
	// No text is a token of both kinds, so that token_type_hint has nothing to tell (§2.1: it may be ignored).
	if handle, parseErr := store.ParseHandle(text); parseErr == nil {
		if err := s.revokeRefresh(r.Context(), iss, registered, handle); err != nil {
			return err
		}
	}
	if err := s.revokeAccess(r.Context(), iss, registered, text); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// revokeRefresh revokes a refresh token and, as RFC 7009 §2.1 asks, all that was issued with it.
func (s *Server) revokeRefresh(ctx context.Context, iss *issuer, c *client.Client, handle store.Handle) error {
	_, grant, err := s.store.RefreshToken(ctx, iss.Key(), handle)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrRevoked) {
		return nil
	}
	if err != nil && !errors.Is(err, store.ErrConsumed) {
		return storeFailed("load refresh token", err)
	}
	if !trace.Tell(ctx, "token_client", "RFC 7009 §2.1", grant.ClientID == c.ID) {
		return nil
	}
	trace.From(ctx).Correlate(grant.SID)
	s.audit.Record(ctx, audit.TokenRevoked, iss.Key(), "client_id", c.ID, "grant", grant.ID, "token_type", oauth.TokenTypeRefresh)
	return s.revokeGrant(ctx, iss, grant.ID)
}

// revokeAccess revokes one access token and leaves its grant.
func (s *Server) revokeAccess(ctx context.Context, iss *issuer, c *client.Client, text string) error {
	access, grant, err := s.findAccess(ctx, iss, text)
	trace.From(ctx).Correlate(grant.SID)
	if errors.Is(err, oauth.TemporarilyUnavailable) {
		return err
	}
	if err != nil || access.ClientID != c.ID {
		return nil //nolint:nilerr // unknown, expired, revoked or foreign: nothing to revoke
	}
	s.audit.Record(ctx, audit.TokenRevoked, iss.Key(), "client_id", c.ID, "token_type", oauth.TokenTypeAccessToken)
	if err := s.store.RevokeAccessToken(ctx, iss.Key(), access.ID); err != nil && !expected(err) {
		return storeFailed("revoke access token", err)
	}
	return nil
}
