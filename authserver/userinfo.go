package authserver

import (
	"errors"
	"net/http"
	"strings"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// userinfo answers with the user's claims (OpenID Connect Core §5.3).
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	text, err := bearerToken(r)
	if err != nil {
		return err
	}
	grant, scopes, err := s.liveAccess(r, iss, text)
	if err != nil {
		return err
	}
	if !scopes.Has(oauth.ScopeOpenID) || grant.Subject == "" {
		return oauth.InsufficientScope.Errorf("the scope openid is needed")
	}
	account, err := s.store.Account(r.Context(), iss.Key(), grant.Subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return storeFailed("load account", err)
	}
	if err != nil || account.Disabled {
		return oauth.InvalidToken.Errorf("the user's account is not active").Because(err)
	}
	claims := userClaims(account, scopes)
	claims["sub"] = account.Subject
	writeJSON(w, http.StatusOK, claims)
	return nil
}

// liveAccess verifies an access token and looks it up: one that was revoked, by itself or with its grant, is no longer one. An
// access token for any of our audiences is good here, because what userinfo tells is what its openid scope was granted for.
func (s *Server) liveAccess(r *http.Request, iss *issuer, text string) (store.Grant, oauth.Scopes, error) {
	access, err := iss.tokens.VerifyAccess(text)
	if err != nil {
		return store.Grant{}, nil, oauth.InvalidToken.Errorf("the access token is invalid or expired").Because(err)
	}
	noteClient(r.Context(), access.ClientID)
	_, grant, err := s.store.AccessToken(r.Context(), iss.Key(), access.ID)
	if expected(err) {
		return store.Grant{}, nil, oauth.InvalidToken.Errorf("the access token is invalid or expired").Because(err)
	}
	if err != nil {
		return store.Grant{}, nil, storeFailed("load access token", err)
	}
	return grant, access.Scopes, nil
}

// errNoToken is a request without any token: its answer carries no error code (RFC 6750 §3.1).
var errNoToken = errors.New("no access token")

const bearerScheme = "bearer "

// bearerToken reads the token from the Authorization header (RFC 6750 §2.1), or from the body of a POST (§2.2). In the query
// it is not looked for (§2.3, RFC 9700 §4.3.2).
func bearerToken(r *http.Request) (string, error) {
	headers, inBody, err := r.Header.Values("Authorization"), "", error(nil)
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		var p params
		if p, err = formParams(r); err != nil {
			return "", err
		}
		inBody = p.get("access_token")
	}
	switch {
	case len(headers) == 0 && inBody == "":
		return "", oauth.InvalidToken.Errorf("an access token is needed").Because(errNoToken)
	case len(headers) > 1, len(headers) == 1 && inBody != "":
		return "", oauth.InvalidRequest.Errorf("more than one access token")
	case inBody != "":
		return inBody, nil
	case len(headers[0]) <= len(bearerScheme), !strings.EqualFold(headers[0][:len(bearerScheme)], bearerScheme):
		return "", oauth.InvalidToken.Errorf("an access token is needed").Because(errNoToken)
	}
	return headers[0][len(bearerScheme):], nil
}
