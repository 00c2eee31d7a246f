package authserver

import (
	"context"
	"net/http"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
)

// authenticateClient finds the client that a back-channel request comes from, and checks its credentials (RFC 6749 §2.3). To
// the client every failure is the same invalid_client: which clients exist, and how they authenticate, is nobody's business.
func (s *Server) authenticateClient(r *http.Request, iss *issuer, p params) (*client.Client, error) {
	credentials, err := presentedCredentials(r, p)
	if err != nil {
		return nil, err
	}
	registered := iss.Find(credentials.ClientID)
	if err := registered.Authenticate(credentials); err != nil {
		s.recordRejectedClient(r.Context(), iss, registered, credentials.Method)
		return nil, oauth.InvalidClient.Errorf("client authentication failed").Because(err)
	}
	noteClient(r.Context(), registered.ID)
	return registered, nil
}

// recordRejectedClient names the client if there is one: an unknown id could be anything, a secret in the wrong field included.
func (s *Server) recordRejectedClient(ctx context.Context, iss *issuer, registered *client.Client, method string) {
	clientID := "unknown"
	if registered != nil {
		clientID = registered.ID
	}
	s.audit.Record(ctx, audit.ClientRejected, iss.Key(), "client_id", clientID, "method", method)
}

// presentedCredentials reads the one authentication method that the request uses. RFC 6749 §2.3: not more than one per request.
func presentedCredentials(r *http.Request, p params) (client.Credentials, error) {
	id, secret := p.get("client_id"), p.get("client_secret")
	authorization := r.Header.Values("Authorization")
	if p.get("client_assertion") != "" || p.get("client_assertion_type") != "" {
		return client.Credentials{}, oauth.InvalidClient.Errorf("client assertions are not supported")
	}
	switch {
	case len(authorization) > 1, len(authorization) == 1 && secret != "":
		return client.Credentials{}, oauth.InvalidRequest.Errorf("more than one client authentication method")
	case len(authorization) == 1:
		credentials, err := client.ParseBasic(authorization[0])
		if err != nil {
			return client.Credentials{}, oauth.InvalidClient.Errorf("the authorization header has no basic credentials").Because(err)
		}
		if id != "" && id != credentials.ClientID {
			return client.Credentials{}, oauth.InvalidRequest.Errorf("client_id differs from the authorization header")
		}
		return credentials, nil
	case secret != "":
		return client.Credentials{Method: oauth.AuthSecretPost, ClientID: id, Secret: oauth.Secret(secret)}, nil
	case id != "":
		return client.Credentials{Method: oauth.AuthNone, ClientID: id}, nil
	default:
		return client.Credentials{}, oauth.InvalidClient.Errorf("client authentication is missing")
	}
}
