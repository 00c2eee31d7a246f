package authserver

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/jose"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
)

// authenticateClient finds the client that a back-channel request comes from, and checks its credentials (RFC 6749 §2.3). To
// the client every failure is the same invalid_client: which clients exist, and how they authenticate, is nobody's business.
func (s *Server) authenticateClient(r *http.Request, iss *issuer, p params) (*client.Client, error) {
	credentials, err := presentedCredentials(r, p)
	if err != nil {
		return nil, err
	}
	registered := iss.Find(credentials.ClientID)
	// RFC 8705 §2: with mutual TLS the request says who it comes from by client_id alone, and the connection proves it.
	if credentials.Method == oauth.AuthNone && registered != nil && registered.UsesTLS() {
		credentials.Method, credentials.Certificate = registered.AuthMethod, s.certificates(r)
	}
	expected, err := s.expectedOf(r.Context(), iss, registered, credentials)
	if err != nil {
		return nil, err
	}
	err = registered.Authenticate(credentials, expected)
	if err == nil && credentials.Method == oauth.AuthPrivateKeyJWT {
		err = s.useAssertion(r.Context(), iss, registered, credentials.Assertion)
	}
	if errors.Is(err, oauth.TemporarilyUnavailable) {
		return nil, err
	}
	if !trace.Tell(r.Context(), "client_authentication", "RFC 6749 §2.3", err == nil) {
		s.recordRejectedClient(r.Context(), iss, registered, credentials.Method)
		return nil, oauth.InvalidClient.Errorf("client authentication failed").Because(err)
	}
	noteClient(r.Context(), registered.ID)
	return registered, nil
}

// expectedOf gathers what the credentials are checked against. The keys of a client are fetched only for credentials of its own
// method.
func (s *Server) expectedOf(ctx context.Context, iss *issuer, c *client.Client, credentials client.Credentials) (client.Expected, error) {
	expected := client.Expected{Issuer: iss.Issuer(), Algorithms: iss.ClientAlgorithms(), Roots: s.mutualTLS.roots, Now: s.now(), Trace: trace.From(ctx)}
	if c == nil || c.AuthMethod != credentials.Method {
		return expected, nil
	}
	kid := ""
	if credentials.Method == oauth.AuthPrivateKeyJWT {
		kid = credentials.Assertion.KeyID()
	}
	var err error
	expected.Keys, err = s.keysOf(ctx, c, kid)
	return expected, err
}

// keysOf are the client's registered keys, or those at its jwks_uri.
func (s *Server) keysOf(ctx context.Context, c *client.Client, kid string) ([]jose.Key, error) {
	if c.JWKSURI == "" {
		return c.JWKS, nil
	}
	keys, err := s.clientKeys.Keys(ctx, c.JWKSURI, kid)
	if err != nil {
		return nil, oauth.TemporarilyUnavailable.Errorf("the client's keys are not available").Because(err)
	}
	return keys, nil
}

// useAssertion refuses an assertion that was used before, at whichever endpoint (RFC 7523 §3 (7)).
func (s *Server) useAssertion(ctx context.Context, iss *issuer, c *client.Client, assertion client.Assertion) error {
	err := s.store.UseOnce(ctx, iss.Key(), "client assertion", onceOnly(c.ID, assertion.ID()), assertion.Until())
	if !trace.Tell(ctx, "assertion_unused", "RFC 7523 §3 (7)", !errors.Is(err, store.ErrConsumed)) {
		return err
	}
	if err != nil {
		return storeFailed("mark assertion", err)
	}
	return nil
}

// onceOnly is the name of something that must be used once: of a fixed length, whatever its parts are.
func onceOnly(owner, id string) string {
	sum := sha256.Sum256([]byte(owner + "\x00" + id))
	return base64.RawURLEncoding.EncodeToString(sum[:])
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
	assertion := p.get("client_assertion") != "" || p.get("client_assertion_type") != ""
	methods := len(authorization)
	for _, used := range []bool{secret != "", assertion} {
		if used {
			methods++
		}
	}
	switch {
	case methods > 1:
		return client.Credentials{}, oauth.InvalidRequest.Errorf("more than one client authentication method")
	case assertion:
		return assertedCredentials(p)
	case len(authorization) == 1:
		return basicCredentials(authorization[0], id)
	case secret != "":
		return client.Credentials{Method: oauth.AuthSecretPost, ClientID: id, Secret: oauth.Secret(secret)}, nil
	case id != "":
		return client.Credentials{Method: oauth.AuthNone, ClientID: id}, nil
	default:
		return client.Credentials{}, oauth.InvalidClient.Errorf("client authentication is missing")
	}
}

func basicCredentials(header, id string) (client.Credentials, error) {
	credentials, err := client.ParseBasic(header)
	if err != nil {
		return client.Credentials{}, oauth.InvalidClient.Errorf("the authorization header has no basic credentials").Because(err)
	}
	if id != "" && id != credentials.ClientID {
		return client.Credentials{}, oauth.InvalidRequest.Errorf("client_id differs from the authorization header")
	}
	return credentials, nil
}

// assertedCredentials is RFC 7523 §2.2. A client_id beside the assertion has to be its subject (RFC 7521 §4.2).
func assertedCredentials(p params) (client.Credentials, error) {
	if p.get("client_assertion_type") != oauth.AssertionTypeJWT {
		return client.Credentials{}, oauth.InvalidClient.Errorf("client_assertion_type is missing or not supported")
	}
	assertion, err := client.ParseAssertion(p.get("client_assertion"))
	if err != nil {
		return client.Credentials{}, oauth.InvalidClient.Errorf("client authentication failed").Because(err)
	}
	if id := p.get("client_id"); id != "" && id != assertion.ClientID() {
		return client.Credentials{}, oauth.InvalidClient.Errorf("client_id differs from the client assertion")
	}
	return client.Credentials{Method: oauth.AuthPrivateKeyJWT, ClientID: assertion.ClientID(), Assertion: assertion}, nil
}
