package authserver

import (
	"context"
	"errors"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
)

// grantRefresh redeems a refresh token (RFC 6749 §6). Everything that can be wrong with the request is checked before the token
// is rotated, so that a mistake does not cost the client its token.
func (s *Server) grantRefresh(ctx context.Context, iss *issuer, c redeemer, p params) (issuance, error) {
	if p.get("refresh_token") == "" {
		return issuance{}, oauth.InvalidRequest.Errorf("refresh_token is missing")
	}
	handle, err := store.ParseHandle(p.get("refresh_token"))
	if !trace.Tell(ctx, "refresh_token_known", "RFC 6749 §6", err == nil) {
		return issuance{}, refreshRefused(err)
	}
	// A rotated token is not refused yet: within the grace period it may be used once more, which RotateRefreshToken decides.
	found, grant, err := s.store.RefreshToken(ctx, iss.Key(), handle)
	rotated := errors.Is(err, store.ErrConsumed)
	trace.Tell(ctx, "refresh_token_known", "RFC 6749 §6", err == nil || rotated)
	trace.From(ctx).Correlate(grant.SID)
	if err != nil && !rotated {
		return issuance{}, refreshFailed("load refresh token", err)
	}
	// RFC 6749 §10.4, RFC 9700 §4.14.2: bound to its client.
	if !trace.Tell(ctx, "refresh_token_client", "RFC 9700 §4.14.2", grant.ClientID == c.ID) {
		return issuance{}, refreshRefused(errors.New("issued to another client"))
	}
	// RFC 9449 §5, RFC 8705 §4: what a public client's token is bound to has to be shown again.
	held, err := parseBinding(found.Confirmation)
	if err == nil {
		err = held.check(c.bound)
	}
	if !trace.Tell(ctx, "refresh_token_binding", "RFC 9449 §5", err == nil) {
		return issuance{}, refreshRefused(err)
	}
	if now := s.now(); !trace.Tell(ctx, "refresh_token_unexpired", "RFC 6749 §6", grant.Expires.After(now) && found.Expires.After(now)) {
		return issuance{}, refreshRefused(errors.New("expired"))
	}
	issue := s.newIssuance(oauth.GrantRefreshToken, c)
	issue.grant = grant
	if issue, err = s.identify(ctx, iss, c.Client, issue); err != nil {
		return issuance{}, err
	}
	if issue.target, err = targetFor(iss, grant, p); err != nil {
		return issuance{}, err
	}
	if !iss.Policy.RefreshFor(c.Public()).Rotates() && !rotated {
		issue.records = s.recordsOf(iss, c, issue)
		return issue, nil
	}
	return s.rotate(ctx, iss, c, handle, issue)
}

// rotate replaces the refresh token and keeps the new access token, in one step. One that was used before is in two hands, unless the
// answer was lost a moment ago and what it carried was not used (RFC 9700 §4.14.2).
func (s *Server) rotate(ctx context.Context, iss *issuer, c redeemer, handle store.Handle, issue issuance) (issuance, error) {
	issue.refresh = store.NewHandle(s.now())
	issue.records = s.recordsOf(iss, c, issue)
	_, _, err := s.store.RotateRefreshToken(ctx, iss.Key(), handle, issue.records, s.now(), iss.Policy.RefreshFor(c.Public()).Grace)
	if !trace.Tell(ctx, "refresh_token_unused", "RFC 9700 §4.14.2", !errors.Is(err, store.ErrConsumed)) {
		return issuance{}, s.refreshReplayed(ctx, iss, c.Client, issue.grant)
	}
	if err != nil {
		return issuance{}, refreshFailed("rotate refresh token", err)
	}
	issue.kept = true
	return issue, nil
}

// refreshReplayed revokes the family: one of two holders is a thief, and nobody knows which (RFC 9700 §4.14.2).
func (s *Server) refreshReplayed(ctx context.Context, iss *issuer, c *client.Client, grant store.Grant) error {
	s.audit.Record(ctx, audit.RefreshTokenReplayed, iss.Key(), "client_id", c.ID, "grant", grant.ID)
	if err := s.revokeGrant(ctx, iss, grant.ID); err != nil {
		return err
	}
	return refreshRefused(store.ErrConsumed)
}

func refreshFailed(operation string, err error) error {
	if expected(err) {
		return refreshRefused(err)
	}
	return storeFailed(operation, err)
}

func refreshRefused(cause error) error {
	return oauth.InvalidGrant.Errorf("the refresh token is unknown, expired, used, revoked or not for this client").Because(cause)
}
