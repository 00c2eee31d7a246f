package authserver

import (
	"context"
	"net/http"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/trace"
)

// token is the token endpoint (RFC 6749 §3.2). Its phases are shared by all grants, so that none can forget one.
//
// Step 7: the authorization server validates the code, the client and its credential, and the PKCE verifier.
func (s *Server) token(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	// 1. Parse: form-encoded, nothing repeated, nothing in the query.
	p, err := formParams(r)
	if err != nil {
		return err
	}
	trace.From(r.Context()).Within(p.get("grant_type") == oauth.GrantAuthorizationCode)
	// 2. Authenticate the client.
	registered, err := s.authenticateClient(r, iss, p)
	if err != nil {
		return err
	}
	// 3. What the tokens are bound to: the key of the DPoP proof, the client's certificate, or nothing.
	bound, err := s.bindingOf(w, r, iss, registered)
	if err != nil {
		return err
	}
	// 4. The grant: who gets what, and until when.
	grant, err := s.grantFor(p.get("grant_type"), registered)
	if err != nil {
		return err
	}
	issue, err := grant(r.Context(), iss, redeemer{Client: registered, bound: bound}, p)
	if err != nil {
		return err
	}
	// 5. Issue and respond.
	return s.respondWithTokens(w, r, iss, registered, issue)
}

// granter redeems one type of grant: it says what to issue, or why not.
type granter func(ctx context.Context, iss *issuer, c redeemer, p params) (issuance, error)

// redeemer is the client that redeems a grant, and what it has shown besides its credentials.
type redeemer struct {
	*client.Client
	bound binding
}

// grantFor is the table of grants. A type has to be registered for the client (RFC 6749 §5.2, unauthorized_client).
func (s *Server) grantFor(grantType string, c *client.Client) (granter, error) {
	granters := map[string]granter{
		oauth.GrantAuthorizationCode: s.grantCode,
		oauth.GrantRefreshToken:      s.grantRefresh,
		oauth.GrantClientCredentials: s.grantClientCredentials,
	}
	grant, known := granters[grantType]
	switch {
	case grantType == "":
		return nil, oauth.InvalidRequest.Errorf("grant_type is missing")
	case !known:
		return nil, oauth.UnsupportedGrantType.Errorf("grant_type is not supported")
	case !c.MayUse(grantType):
		return nil, oauth.UnauthorizedClient.Errorf("grant_type is not registered for the client")
	}
	return grant, nil
}

// tokenResponse is RFC 6749 §5.1 with OpenID Connect Core §3.1.3.3.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitzero"`
	Scope        string `json:"scope,omitzero"`
	IDToken      string `json:"id_token,omitzero"`
}

// respondWithTokens answers the client. What the answer promises is kept before it is sent.
//
// Step 8a: the authorization server returns the tokens: access, refresh and ID.
func (s *Server) respondWithTokens(w http.ResponseWriter, r *http.Request, iss *issuer, c *client.Client, issue issuance) error {
	response, err := s.issueTokens(r.Context(), iss, c, issue)
	if err != nil {
		return err
	}
	s.audit.Record(r.Context(), audit.TokensIssued, iss.Key(), "client_id", c.ID, "grant", issue.grant.ID, "grant_type", issue.grantType, "audience", issue.target.audience)
	if c.Dynamic {
		s.noteUse(r.Context(), iss, c)
	}
	writeJSON(w, http.StatusOK, response)
	return nil
}
