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
	"cloakroom/authserver/trace"
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
	if !trace.Tell(ctx, "code_known", "RFC 6749 §4.1.3", err == nil) {
		return issuance{}, codeRefused(err)
	}
	issue := s.newIssuance(oauth.GrantAuthorizationCode, c)
	if c.MayUse(oauth.GrantRefreshToken) {
		issue.refresh = store.NewHandle(s.now())
	}
	var refused error
	err = s.redeemCode(ctx, iss, c.Client, handle, func(code store.Code, grant store.Grant) store.Issued {
		issue.grant, issue.nonce = grant, code.Nonce
		trace.From(ctx).Correlate(grant.SID)
		if refused = s.checkCode(ctx, code, c, p, verifier); refused != nil {
			return store.Issued{}
		}
		if issue.target, refused = targetFor(iss, grant, p); refused != nil {
			return store.Issued{}
		}
		issue.records = s.recordsOf(iss, c, issue)
		return issue.records
	})
	if err := errors.Join(err, refused); err != nil {
		return issuance{}, err
	}
	issue.kept = true
	// What was kept for a user who is refused is not sent to anybody.
	return s.identify(ctx, iss, c.Client, issue)
}

// RFC 7636 §4.1.
var verifierPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// redeemCode uses the code up and keeps what redeem issues for it, in one step: otherwise a replay's revocation could come between
// the two. A code that was used before is in two hands: all that was issued for it is revoked (RFC 6749 §4.1.2, RFC 9700 §4.5).
func (s *Server) redeemCode(ctx context.Context, iss *issuer, c *client.Client, handle store.Handle, redeem func(store.Code, store.Grant) store.Issued) error {
	code, _, err := s.store.RedeemCode(ctx, iss.Key(), handle, redeem)
	if expected(err) {
		trace.Tell(ctx, "code_known", "RFC 6749 §4.1.3", errors.Is(err, store.ErrConsumed))
		trace.Tell(ctx, "code_unused", "RFC 6749 §4.1.2", !errors.Is(err, store.ErrConsumed))
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrConsumed):
		s.audit.Record(ctx, audit.CodeReplayed, iss.Key(), "client_id", c.ID, "grant", code.GrantID)
		if err := s.revokeGrant(ctx, iss, code.GrantID); err != nil {
			return err
		}
		return codeRefused(err)
	case expected(err):
		return codeRefused(err)
	default:
		return storeFailed("redeem code", err)
	}
}

// codeRefused says the same whatever is wrong with a code: which it is helps only who should not have it.
func codeRefused(cause error) error {
	return oauth.InvalidGrant.Errorf("the code is unknown, expired, used or not for this client").Because(cause)
}

// checkCode compares the code with the request that redeems it. The code is used up whatever comes out.
func (s *Server) checkCode(ctx context.Context, code store.Code, c redeemer, p params, verifier string) error {
	told := trace.From(ctx)
	told.Check("code_unused", "RFC 6749 §4.1.2", true) // or the store would not have handed it out
	// RFC 6749 §4.1.3: the code was issued to this client.
	if !told.Check("code_client", "RFC 6749 §4.1.3", code.ClientID == c.ID) {
		return codeRefused(errors.New("issued to another client"))
	}
	// RFC 6749 §4.1.2: it expires shortly after it was issued.
	if !told.Check("code_unexpired", "RFC 6749 §4.1.2", code.Expires.After(s.now())) {
		return codeRefused(errors.New("expired"))
	}
	// RFC 9449 §10: a code that is bound to a key is for who has it.
	if code.DPoPJKT != "" && !told.Check("code_dpop_key", "RFC 9449 §10", code.DPoPJKT == c.bound.JKT) {
		return codeRefused(errors.New("bound to another dpop key"))
	}
	// RFC 6749 §4.1.3: redirect_uri is there if the authorization request had it, and identical.
	requested := p.get("redirect_uri")
	if (code.RedirectGiven || requested != "") && !told.Check("redirect_uri", "RFC 6749 §4.1.3", requested == code.RedirectURI) {
		return oauth.InvalidGrant.Errorf("redirect_uri is not that of the authorization request")
	}
	err := checkVerifier(code.CodeChallenge, verifier)
	told.Check("pkce", "RFC 7636 §4.6", err == nil)
	return err
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

// identify completes an issuance for a user's grant, whose account still has to stand.
func (s *Server) identify(ctx context.Context, iss *issuer, c *client.Client, issue issuance) (issuance, error) {
	account, err := s.grantedAccount(ctx, iss, issue.grant)
	if err != nil {
		return issuance{}, err
	}
	issue.idClaims = idTokenClaims(account, c, issue.grant)
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
