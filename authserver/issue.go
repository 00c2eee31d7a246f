package authserver

import (
	"context"
	"errors"

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
	// access and refresh are the handles of the tokens to send; refresh is zero for none.
	access, refresh store.Handle
	// records is what the store keeps of them; kept says that it does already.
	records store.Issued
	kept    bool
	// idClaims are the user's claims for the ID token.
	idClaims map[string]any
}

// newIssuance makes what does not depend on the grant.
func (s *Server) newIssuance(grantType string, c redeemer) issuance {
	return issuance{grantType: grantType, bound: c.bound, access: store.NewHandle(s.now())}
}

func (s *Server) issueTokens(ctx context.Context, iss *issuer, c *client.Client, issue issuance) (tokenResponse, error) {
	record := issue.records.AccessToken
	if !issue.kept {
		if err := s.store.IssueAccessToken(ctx, record); err != nil {
			return tokenResponse{}, issueFailed("keep access token", err)
		}
	}
	access, err := s.accessToken(iss, issue)
	if err != nil {
		return tokenResponse{}, err
	}
	response := tokenResponse{
		AccessToken: access,
		TokenType:   issue.bound.tokenType(),
		ExpiresIn:   int64(record.Expires.Sub(record.Created).Seconds()),
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

// accessToken is the text of an access token: a JWT (RFC 9068), or an opaque one whose secret is kept as a hash.
func (s *Server) accessToken(iss *issuer, issue issuance) (string, error) {
	if iss.OpaqueFor(issue.target.audience) {
		return issue.access.Reveal(), nil
	}
	return iss.tokens.SignAccess(accessOf(issue.records.AccessToken, issue.grant))
}

// recordsOf is what is kept of an issuance's tokens. The jti of a JWT is kept so that it can be revoked with its grant.
func (s *Server) recordsOf(iss *issuer, c redeemer, issue issuance) store.Issued {
	now := s.now()
	records := store.Issued{AccessToken: store.AccessToken{
		Workspace:    iss.Key(),
		ID:           issue.access.ID,
		GrantID:      issue.grant.ID,
		Scopes:       issue.target.scopes,
		Audience:     issue.target.audience,
		Confirmation: issue.bound.text(),
		Created:      now,
		Expires:      earlier(now.Add(iss.Policy.AccessToken), issue.grant.Expires),
	}}
	if iss.OpaqueFor(issue.target.audience) {
		records.AccessToken.SecretHash = issue.access.Hash()
	}
	if issue.refresh != (store.Handle{}) {
		records.RefreshToken = s.refreshRecord(iss, c, issue.grant, issue.refresh)
	}
	return records
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
