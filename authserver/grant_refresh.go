package authserver

import (
	"context"
	"errors"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// grantRefresh redeems a refresh token (RFC 6749 §6). Everything that can be wrong with the request is checked before the token
// is rotated, so that a mistake does not cost the client its token.
func (s *Server) grantRefresh(ctx context.Context, iss *issuer, c redeemer, p params) (issuance, error) {
	if p.get("refresh_token") == "" {
		return issuance{}, oauth.InvalidRequest.Errorf("refresh_token is missing")
	}
	handle, err := store.ParseHandle(p.get("refresh_token"))
	if err != nil {
		return issuance{}, refreshRefused(err)
	}
	// A rotated token is not refused yet: within the grace period it may be used once more, which RotateRefreshToken decides.
	found, grant, err := s.store.RefreshToken(ctx, iss.Key(), handle)
	rotated := errors.Is(err, store.ErrConsumed)
	if err != nil && !rotated {
		return issuance{}, refreshFailed("load refresh token", err)
	}
	// RFC 6749 §10.4, RFC 9700 §4.14.2: bound to its client.
	if grant.ClientID != c.ID {
		return issuance{}, refreshRefused(errors.New("issued to another client"))
	}
	// RFC 9449 §5, RFC 8705 §4: what a public client's token is bound to has to be shown again.
	held, err := parseBinding(found.Confirmation)
	if err == nil {
		err = held.check(c.bound)
	}
	if err != nil {
		return issuance{}, refreshRefused(err)
	}
	if now := s.now(); !grant.Expires.After(now) || !found.Expires.After(now) {
		return issuance{}, refreshRefused(errors.New("expired"))
	}
	issue, err := s.issuanceFor(ctx, iss, c.Client, p, grant, issuance{grantType: oauth.GrantRefreshToken})
	if err != nil {
		return issuance{}, err
	}
	policy := iss.Policy.RefreshFor(c.Public())
	if !policy.Rotates() && !rotated {
		return issue, nil
	}
	issue.refresh = store.NewHandle(s.now())
	next := s.refreshRecord(iss, c, grant, issue.refresh)
	_, _, err = s.store.RotateRefreshToken(ctx, iss.Key(), handle, next, s.now(), policy.Grace)
	if errors.Is(err, store.ErrConsumed) {
		return issuance{}, s.refreshReplayed(ctx, iss, c.Client, grant)
	}
	if err != nil {
		return issuance{}, refreshFailed("rotate refresh token", err)
	}
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
