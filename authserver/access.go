package authserver

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/token"
	"cloakroom/authserver/trace"
)

// findAccess finds an access token of the workspace, JWT or opaque, that is live: one that was revoked, by itself or with its
// grant, is no longer one. Every reason not to be is invalid_token.
func (s *Server) findAccess(ctx context.Context, iss *issuer, text string) (token.Access, store.Grant, error) {
	handle, opaque := opaqueHandle(text)
	id := handle.ID
	if !opaque {
		access, err := iss.tokens.VerifyAccess(text)
		if err != nil {
			return token.Access{}, store.Grant{}, invalidToken(err)
		}
		id = access.ID
	}
	found, grant, err := s.store.AccessToken(ctx, iss.Key(), id)
	if expected(err) {
		return token.Access{}, store.Grant{}, invalidToken(err)
	}
	if err != nil {
		return token.Access{}, store.Grant{}, storeFailed("load access token", err)
	}
	// A JWT is kept without a secret, so that its jti is not an opaque token's handle.
	if opaque && !found.SecretHash.Equal(handle.Hash()) {
		return token.Access{}, store.Grant{}, invalidToken(store.ErrNotFound)
	}
	return accessOf(found, grant), grant, nil
}

func opaqueHandle(text string) (store.Handle, bool) {
	handle, err := store.ParseHandle(text)
	return handle, err == nil
}

func invalidToken(cause error) error {
	return oauth.InvalidToken.Errorf("the access token is invalid or expired").Because(cause)
}

// accessOf is what an access token says, from what is kept of it.
func accessOf(kept store.AccessToken, grant store.Grant) token.Access {
	access := token.Access{
		ID:           kept.ID,
		Subject:      grant.Subject,
		ClientID:     grant.ClientID,
		Audience:     kept.Audience,
		Scopes:       kept.Scopes,
		AuthTime:     grant.AuthTime,
		ACR:          grant.ACR,
		AMR:          grant.AMR,
		Confirmation: json.RawMessage(kept.Confirmation),
		Issued:       kept.Created,
		Expires:      kept.Expires,
	}
	if access.Subject == "" { // RFC 9068 §2.2: without a user, the client is the subject
		access.Subject = grant.ClientID
	}
	return access
}

// presentedAccess finds the access token that a request comes with, and holds it to what it is bound to. An access token for any of
// our audiences is good at our own endpoints, because what they tell is what its openid scope was granted for.
func (s *Server) presentedAccess(w http.ResponseWriter, r *http.Request, iss *issuer) (token.Access, store.Grant, error) {
	scheme, text, err := presentedToken(r)
	// FAPI 2.0 §5.3.4 (1): in the header, and nowhere else.
	if err == nil && iss.FAPI() && r.Header.Get("Authorization") == "" {
		err = oauth.InvalidRequest.Errorf("the access token belongs in the authorization header")
	}
	if err != nil {
		return token.Access{}, store.Grant{}, err
	}
	access, grant, err := s.findAccess(r.Context(), iss, text)
	trace.From(r.Context()).Correlate(grant.SID)
	if !trace.Tell(r.Context(), "access_token", "RFC 6750 §3.1", err == nil) {
		return token.Access{}, store.Grant{}, err
	}
	noteClient(r.Context(), access.ClientID)
	bound, err := parseBinding(string(access.Confirmation))
	if err != nil {
		return token.Access{}, store.Grant{}, invalidToken(err)
	}
	// RFC 9449 §7.2: a token that is bound to a key is never taken as a bearer token, nor one that is not bound as if it were.
	if !trace.Tell(r.Context(), "token_scheme", "RFC 9449 §7.2", bound.tokenType() == scheme) {
		return token.Access{}, store.Grant{}, oauth.InvalidToken.Errorf("the access token is not for this scheme").Because(errScheme)
	}
	var shown binding
	if bound.JKT != "" {
		if shown.JKT, err = s.boundProof(w, r, iss, text); err != nil {
			return token.Access{}, store.Grant{}, err
		}
	}
	if chain := s.certificates(r); len(chain) > 0 {
		shown.Certificate = thumbprint(chain[0])
	}
	if err := bound.check(shown); !trace.Tell(r.Context(), "token_binding", "RFC 9449 §7.1", err == nil) {
		return token.Access{}, store.Grant{}, invalidToken(err)
	}
	return access, grant, nil
}

// boundProof is the key of the proof that has to come with a token that is bound to one.
func (s *Server) boundProof(w http.ResponseWriter, r *http.Request, iss *issuer, text string) (string, error) {
	w.Header().Set("DPoP-Nonce", iss.nonces.Current(s.now()))
	jkt, err := s.proofKey(w, r, iss, text)
	if err == nil && jkt == "" {
		err = oauth.InvalidDPoPProof.Errorf("a dpop proof is needed")
	}
	return jkt, err
}

// presentedToken reads the token and its scheme from the Authorization header (RFC 6750 §2.1, RFC 9449 §7.1), or from the body of a
// POST (RFC 6750 §2.2). In the query it is not looked for (§2.3, RFC 9700 §4.3.2).
func presentedToken(r *http.Request) (scheme, text string, err error) {
	headers, inBody := r.Header.Values("Authorization"), ""
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		p, err := formParams(r)
		if err != nil {
			return "", "", err
		}
		inBody = p.get("access_token")
	}
	switch {
	case len(headers) == 0 && inBody == "":
		return "", "", oauth.InvalidToken.Errorf("an access token is needed").Because(errNoToken)
	case len(headers) > 1, len(headers) == 1 && inBody != "":
		return "", "", oauth.InvalidRequest.Errorf("more than one access token")
	case inBody != "":
		return oauth.TokenTypeBearer, inBody, nil
	}
	given, text, _ := strings.Cut(headers[0], " ")
	for _, known := range []string{oauth.TokenTypeBearer, oauth.TokenTypeDPoP} {
		if strings.EqualFold(given, known) && text != "" {
			return known, text, nil
		}
	}
	return "", "", oauth.InvalidToken.Errorf("an access token is needed").Because(errNoToken)
}
