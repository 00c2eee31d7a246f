package authserver

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"regexp"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// grantCode redeems an authorization code (RFC 6749 §4.1.3).
func (s *Server) grantCode(ctx context.Context, iss *issuer, c redeemer, p params) (issuance, error) {
	if p.get("code") == "" {
		return issuance{}, oauth.InvalidRequest.Errorf("code is missing")
	}
	verifier := p.get("code_verifier")
	if verifier != "" && !verifierPattern.MatchString(verifier) {
		return issuance{}, oauth.InvalidRequest.Errorf("code_verifier is not 43 to 128 unreserved characters")
	}
	handle, err := store.ParseHandle(p.get("code"))
	if err != nil {
		return issuance{}, codeRefused(err)
	}
	code, grant, err := s.consumeCode(ctx, iss, c.Client, handle)
	if err != nil {
		return issuance{}, err
	}
	if err := s.checkCode(code, c, p, verifier); err != nil {
		return issuance{}, err
	}
	return s.issuanceFor(ctx, iss, c.Client, p, grant, issuance{grantType: oauth.GrantAuthorizationCode, nonce: code.Nonce})
}

// RFC 7636 §4.1.
var verifierPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// consumeCode uses the code up. One that was used before is in two hands: all that was issued for it is revoked
// (RFC 6749 §4.1.2, RFC 9700 §4.5).
func (s *Server) consumeCode(ctx context.Context, iss *issuer, c *client.Client, handle store.Handle) (store.Code, store.Grant, error) {
	code, grant, err := s.store.ConsumeCode(ctx, iss.Key(), handle)
	switch {
	case err == nil:
		return code, grant, nil
	case errors.Is(err, store.ErrConsumed):
		s.audit.Record(ctx, audit.CodeReplayed, iss.Key(), "client_id", c.ID, "grant", code.GrantID)
		if err := s.revokeGrant(ctx, iss, code.GrantID); err != nil {
			return store.Code{}, store.Grant{}, err
		}
		return store.Code{}, store.Grant{}, codeRefused(err)
	case expected(err):
		return store.Code{}, store.Grant{}, codeRefused(err)
	default:
		return store.Code{}, store.Grant{}, storeFailed("consume code", err)
	}
}

// codeRefused says the same whatever is wrong with a code: which it is helps only who should not have it.
func codeRefused(cause error) error {
	return oauth.InvalidGrant.Errorf("the code is unknown, expired, used or not for this client").Because(cause)
}

// checkCode compares the code with the request that redeems it. The code is used up whatever comes out.
func (s *Server) checkCode(code store.Code, c redeemer, p params, verifier string) error {
	// RFC 6749 §4.1.3: the code was issued to this client.
	if code.ClientID != c.ID {
		return codeRefused(errors.New("issued to another client"))
	}
	// RFC 6749 §4.1.2: it expires shortly after it was issued.
	if !code.Expires.After(s.now()) {
		return codeRefused(errors.New("expired"))
	}
	// RFC 9449 §10: a code that is bound to a key is for who has it.
	if code.DPoPJKT != "" && code.DPoPJKT != c.bound.JKT {
		return codeRefused(errors.New("bound to another dpop key"))
	}
	// RFC 6749 §4.1.3: redirect_uri is there if the authorization request had it, and identical.
	requested := p.get("redirect_uri")
	if (code.RedirectGiven || requested != "") && requested != code.RedirectURI {
		return oauth.InvalidGrant.Errorf("redirect_uri is not that of the authorization request")
	}
	return checkVerifier(code.CodeChallenge, verifier)
}

// checkVerifier is RFC 7636 §4.6. A verifier for a code that has no challenge means that somebody took the challenge away
// (RFC 9700 §2.1.1 and §4.8.2).
func checkVerifier(challenge, verifier string) error {
	if challenge == "" && verifier == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(verifier))
	computed := base64.RawURLEncoding.EncodeToString(sum[:])
	if challenge == "" || verifier == "" || subtle.ConstantTimeCompare([]byte(computed), []byte(challenge)) != 1 {
		return oauth.InvalidGrant.Errorf("code_verifier does not match the code_challenge")
	}
	return nil
}

// issuanceFor completes an issuance for a user's grant: the account still stands, the target is within the grant, and there is
// a refresh token if the client is registered for it.
func (s *Server) issuanceFor(ctx context.Context, iss *issuer, c *client.Client, p params, grant store.Grant, issue issuance) (issuance, error) {
	account, err := s.grantedAccount(ctx, iss, grant)
	if err != nil {
		return issuance{}, err
	}
	issue.grant = grant
	if issue.target, err = targetFor(iss, grant, p); err != nil {
		return issuance{}, err
	}
	issue.idClaims = idTokenClaims(account, c, grant)
	if issue.grantType == oauth.GrantAuthorizationCode && c.MayUse(oauth.GrantRefreshToken) {
		issue.refresh, issue.keep = store.NewHandle(s.now()), true
	}
	return issue, nil
}

// grantedAccount is the account of a grant's user. An account that was disabled meanwhile gets nothing (ASVS 7.4.2).
func (s *Server) grantedAccount(ctx context.Context, iss *issuer, grant store.Grant) (store.Account, error) {
	account, err := s.store.Account(ctx, iss.Key(), grant.Subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Account{}, storeFailed("load account", err)
	}
	if err != nil || account.Disabled {
		return store.Account{}, oauth.InvalidGrant.Errorf("the user's account is not active").Because(err)
	}
	return account, nil
}

func (s *Server) revokeGrant(ctx context.Context, iss *issuer, id string) error {
	if err := s.store.RevokeGrant(ctx, iss.Key(), id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return storeFailed("revoke grant", err)
	}
	return nil
}
