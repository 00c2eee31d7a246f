package authserver

import (
	"errors"
	"net/http"
	"net/url"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/document"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/registry"
)

// manageRegistration lets a client read, replace and delete its own registration, by the token that it got for that (RFC 7592).
func (s *Server) manageRegistration(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	if !iss.Registration.On() {
		return errNoPage
	}
	c, token, err := registeredCaller(r, iss)
	if err != nil {
		return err
	}
	noteClient(r.Context(), c.ID)
	switch r.Method {
	case http.MethodPut:
		return s.replaceRegistration(w, r, iss, c)
	case http.MethodDelete:
		if err := s.registry.DeleteClient(r.Context(), iss.Key(), c.ID, c.Version); err != nil {
			return registrationFailed(err)
		}
		s.audit.Record(r.Context(), audit.ClientRegistered, iss.Key(), "client_id", c.ID, "action", "delete")
		w.WriteHeader(http.StatusNoContent) // RFC 7592 §2.3
		return nil
	default:
		writeJSON(w, http.StatusOK, registrationAnswer(iss, c, "", token))
		return nil
	}
}

// registeredCaller is the client of the path, if the token is its own. A client that is not there, not in force, or did not register
// itself, and a token of another: all are the same refusal (RFC 7592 §2.1).
func registeredCaller(r *http.Request, iss *issuer) (*registry.Client, oauth.Secret, error) {
	token, err := bearerOf(r)
	if err != nil {
		return nil, "", err
	}
	var expected oauth.SecretHash
	c := iss.registered.Client(r.PathValue("client"))
	known := c != nil && c.Dynamic != nil && iss.Find(c.ID) != nil
	if known {
		expected = oauth.SecretHash(c.Dynamic.TokenHash)
	}
	if !expected.Equal(token.Hash()) || !known {
		return nil, "", oauth.InvalidToken.Errorf("the registration access token is not that of a client here")
	}
	return c, token, nil
}

// replaceRegistration replaces all that a client said of itself, and its token with it (RFC 7592 §2.2).
func (s *Server) replaceRegistration(w http.ResponseWriter, r *http.Request, iss *issuer, c *registry.Client) error {
	given, err := registrationBody(r)
	if err != nil {
		return err
	}
	if err := given.checkReplacement(c); err != nil {
		return err
	}
	data, err := given.document(iss)
	if err != nil {
		return err
	}
	changed, secret, token, err := s.registry.Reregister(r.Context(), iss.Key(), c.ID, c.Version, data)
	if errors.Is(err, registry.ErrStale) {
		return oauth.InvalidToken.Errorf("the registration was changed meanwhile").Because(err)
	}
	if err != nil {
		return registrationFailed(err)
	}
	s.audit.Record(r.Context(), audit.ClientRegistered, iss.Key(), "client_id", c.ID, "action", "replace")
	writeJSON(w, http.StatusOK, registrationAnswer(iss, changed, secret, token))
	return nil
}

func registrationAddress(iss *issuer, id string) string {
	return registrationEndpoint(iss) + "/" + url.PathEscape(id)
}

// checkReplacement is RFC 7592 §2.2: the client says which it is, does not choose its own secret, and does not send what the server gives.
func (m *clientMetadata) checkReplacement(c *registry.Client) error {
	switch {
	case m.ClientID != c.ID:
		return oauth.InvalidRequest.Errorf("client_id is missing or another")
	case m.RegistrationToken != nil || m.RegistrationURI != nil || m.SecretExpires != nil || m.ClientIDIssued != nil:
		return oauth.InvalidRequest.Errorf("registration_access_token, registration_client_uri, client_secret_expires_at and client_id_issued_at are given by the server")
	case m.ClientSecret != nil && (c.Secret.IsZero() || !oauth.SecretHash(c.Secret).Equal(m.ClientSecret.Hash())):
		return oauth.InvalidRequest.Errorf("client_secret is not the one that was given")
	default:
		return nil
	}
}

// registrationAnswer is the client information response (RFC 7591 §3.2.1, RFC 7592 §3). Of a secret there is only the hash, so it is in the
// answer that makes one and in no other.
func registrationAnswer(iss *issuer, c *registry.Client, secret, token oauth.Secret) map[string]any {
	answer := map[string]any{
		"client_id":                 c.ID,
		"client_id_issued_at":       c.Dynamic.Issued.Unix(),
		"registration_access_token": token.Reveal(),
		"registration_client_uri":   registrationAddress(iss, c.ID),
		"scope":                     c.Scopes.String(),
		"response_types":            []string{"code"},
		"subject_type":              "public",
	}
	for name, value := range document.Encode(*c.Client) {
		switch name {
		case "id", "scopes", "default_scopes", "response_modes", "pkce": // spelt otherwise above, or our own
		case "name":
			answer["client_name"] = value
		case "uri":
			answer["client_uri"] = value
		default:
			answer[name] = value
		}
	}
	answer["id_token_signed_response_alg"] = iss.Policy.IDTokenAlgorithm.String()
	if secret != "" {
		answer["client_secret"], answer["client_secret_expires_at"] = secret.Reveal(), 0
	}
	return answer
}
