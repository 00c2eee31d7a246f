package authserver

import (
	"errors"
	"io"
	"net/http"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// userinfo answers with the user's claims (OpenID Connect Core §5.3).
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	access, grant, err := s.presentedAccess(w, r, iss)
	if err != nil {
		return err
	}
	scopes := access.Scopes
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
	registered := iss.Find(grant.ClientID)
	if registered == nil {
		return invalidToken(errors.New("the client is gone"))
	}
	return s.writeUserinfo(w, iss, registered, userinfoClaims(account, registered, grant, scopes))
}

// writeUserinfo answers with JSON, or signed if the client registered for that (OpenID Connect Core §5.3.2).
func (s *Server) writeUserinfo(w http.ResponseWriter, iss *issuer, c *client.Client, claims map[string]any) error {
	if c.UserinfoAlgorithm == "" {
		writeJSON(w, http.StatusOK, claims)
		return nil
	}
	text, err := iss.tokens.SignUserinfo(claims, c.ID, c.UserinfoAlgorithm)
	if err != nil {
		return err
	}
	writeJWT(w, "application/jwt", text)
	return nil
}

// writeJWT answers with a JWT that nobody keeps.
func writeJWT(w http.ResponseWriter, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, text)
}

// errNoToken is a request without any token: its answer carries no error code (RFC 6750 §3.1).
var errNoToken = errors.New("no access token")

// errScheme means that a token came under another scheme than its own.
var errScheme = errors.New("another scheme")
