package authserver

import (
	"context"
	"errors"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/token"
)

// issuance is what a grant's redemption comes to: the tokens that are to be issued.
type issuance struct {
	grantType string
	grant     store.Grant
	target    target
	bound     binding
	nonce     string
	// refresh is the refresh token to send; zero for none. Keep says that it is new and has to be kept first.
	refresh store.Handle
	keep    bool
	// idClaims are the user's claims for the ID token.
	idClaims map[string]any
}

func (s *Server) issueTokens(ctx context.Context, iss *issuer, c *client.Client, issue issuance) (tokenResponse, error) {
	kept := aside(func() error { return s.keepRefreshToken(ctx, iss, c, issue) }) // both wait for the same commit
	access, lifetime, err := s.issueAccess(ctx, iss, issue)
	if err := errors.Join(<-kept, err); err != nil {
		return tokenResponse{}, err
	}
	response := tokenResponse{
		AccessToken: access,
		TokenType:   issue.bound.tokenType(),
		ExpiresIn:   int64(lifetime.Seconds()),
		Scope:       issue.target.scopes.String(),
	}
	if issue.refresh != (store.Handle{}) {
		response.RefreshToken = issue.refresh.Reveal()
	}
	if issue.grant.Subject != "" && issue.grant.Scopes.Has(oauth.ScopeOpenID) {
		response.IDToken, err = s.issueID(iss, c, issue, access)
	}
	return response, err
}

// issueAccess makes an access token, and keeps its jti, so that it can be revoked with its grant: a JWT (RFC 9068), or an opaque one
// whose secret is kept as a hash.
func (s *Server) issueAccess(ctx context.Context, iss *issuer, issue issuance) (text string, lifetime time.Duration, err error) {
	now := s.now()
	record := store.AccessToken{
		Workspace:    iss.Key(),
		GrantID:      issue.grant.ID,
		Scopes:       issue.target.scopes,
		Audience:     issue.target.audience,
		Confirmation: issue.bound.text(),
		Created:      now,
		Expires:      earlier(now.Add(iss.Policy.AccessToken), issue.grant.Expires),
	}
	handle := store.NewHandle(now)
	record.ID = handle.ID
	opaque := iss.OpaqueFor(record.Audience)
	if opaque {
		record.SecretHash = handle.Hash()
	}
	if err := s.store.IssueAccessToken(ctx, record); err != nil {
		return "", 0, issueFailed("keep access token", err)
	}
	lifetime = record.Expires.Sub(now)
	if opaque {
		return handle.Reveal(), lifetime, nil
	}
	text, err = iss.tokens.SignAccess(accessOf(record, issue.grant))
	return text, lifetime, err
}

func (s *Server) issueID(iss *issuer, c *client.Client, issue issuance, access string) (string, error) {
	now, grant := s.now(), issue.grant
	return iss.tokens.SignID(token.ID{
		Subject:     grant.Subject,
		ClientID:    c.ID,
		Nonce:       issue.nonce,
		SID:         grant.SID,
		ACR:         grant.ACR,
		AMR:         grant.AMR,
		AuthTime:    grant.AuthTime,
		Issued:      now,
		Expires:     now.Add(iss.Policy.IDToken),
		AccessToken: access,
		Extra:       issue.idClaims,
	})
}

// keepRefreshToken keeps the first refresh token of a family.
func (s *Server) keepRefreshToken(ctx context.Context, iss *issuer, c *client.Client, issue issuance) error {
	if !issue.keep {
		return nil
	}
	if err := s.store.IssueRefreshToken(ctx, s.refreshRecord(iss, redeemer{Client: c, bound: issue.bound}, issue.grant, issue.refresh)); err != nil {
		return issueFailed("keep refresh token", err)
	}
	return nil
}

// refreshRecord is the record of a refresh token. One that is not rotated has nothing to move its idle end with, and lives as
// long as its grant.
func (s *Server) refreshRecord(iss *issuer, c redeemer, grant store.Grant, handle store.Handle) store.RefreshToken {
	now := s.now()
	policy := iss.Policy.RefreshFor(c.Public())
	expires := grant.Expires // RFC 10017 §6.3.2.3: never later than the first one's
	if policy.Rotates() {
		expires = earlier(now.Add(policy.Idle), expires)
	}
	confirmation := "" // a confidential client shows its credentials, and may change its key (RFC 9449 §5)
	if c.Public() {
		confirmation = c.bound.text()
	}
	return store.RefreshToken{
		Workspace:    iss.Key(),
		ID:           handle.ID,
		SecretHash:   handle.Hash(),
		GrantID:      grant.ID,
		Confirmation: confirmation,
		Created:      now,
		Expires:      expires,
	}
}

// issueFailed tells a grant that was revoked while its tokens were made from an outage.
func issueFailed(operation string, err error) error {
	if errors.Is(err, store.ErrRevoked) || errors.Is(err, store.ErrNotFound) {
		return oauth.InvalidGrant.Errorf("the grant was revoked").Because(err)
	}
	return storeFailed(operation, err)
}
