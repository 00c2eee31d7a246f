package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/token"
	"cloakroom/authserver/trace"
)

// introspection is what an introspection answer says (RFC 7662 §2.2). An inactive one says nothing but that.
type introspection struct {
	Active    bool            `json:"active"`
	Scope     string          `json:"scope,omitzero"`
	ClientID  string          `json:"client_id,omitzero"`
	TokenType string          `json:"token_type,omitzero"`
	Expires   int64           `json:"exp,omitzero"`
	Issued    int64           `json:"iat,omitzero"`
	Subject   string          `json:"sub,omitzero"`
	Audience  string          `json:"aud,omitzero"`
	Issuer    string          `json:"iss,omitzero"`
	ID        string          `json:"jti,omitzero"`
	AuthTime  int64           `json:"auth_time,omitzero"` // RFC 9470 §6.2
	ACR       string          `json:"acr,omitzero"`       // RFC 9470 §6.2
	Bound     json.RawMessage `json:"cnf,omitempty"`      // RFC 9449 §6.2, RFC 8705 §3.2
}

// mediaTypeIntrospection is the media type of the signed answer (RFC 9701 §3).
const mediaTypeIntrospection = "application/token-introspection+jwt"

// introspect tells a resource server what a token of its own is worth, or a client its own (RFC 7662). To everybody else, and of every
// token that is not live, it says that it is not active, and no more (§2.2, §4).
func (s *Server) introspect(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	p, err := formParams(r)
	if err != nil {
		return err
	}
	caller, err := s.authenticateClient(r, iss, p)
	if err != nil {
		return err
	}
	// RFC 7662 §2.1: the caller is authenticated, so that nobody can try out tokens.
	if caller.Public() {
		return oauth.InvalidClient.Errorf("a public client cannot introspect")
	}
	text := p.get("token")
	if text == "" {
		return oauth.InvalidRequest.Errorf("token is missing")
	}
	found, err := s.introspection(r.Context(), iss, caller, text)
	if err != nil {
		return err
	}
	if !strings.Contains(r.Header.Get("Accept"), mediaTypeIntrospection) {
		writeJSON(w, http.StatusOK, found)
		return nil
	}
	signed, err := iss.tokens.SignIntrospection(found, caller.ID, s.now())
	if err != nil {
		return err
	}
	writeJWT(w, mediaTypeIntrospection, signed)
	return nil
}

// introspection finds the token, whichever kind it is: no text is one of both, so that token_type_hint has nothing to tell.
func (s *Server) introspection(ctx context.Context, iss *issuer, caller *client.Client, text string) (introspection, error) {
	if handle, ok := opaqueHandle(text); ok {
		found, err := s.introspectRefresh(ctx, iss, caller, handle)
		if err != nil || found.Active {
			return found, err
		}
	}
	access, grant, err := s.findAccess(ctx, iss, text)
	trace.From(ctx).Correlate(grant.SID)
	if errors.Is(err, oauth.InvalidToken) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	// RFC 7662 §4: only the resource server that the token is for, and the client that holds it, learn what it says.
	if access.ClientID != caller.ID && !slices.Contains(caller.Resources, access.Audience) {
		return introspection{}, nil
	}
	if active, err := s.stillStands(ctx, iss, grant); !active {
		return introspection{}, err
	}
	return describe(iss, access)
}

func describe(iss *issuer, access token.Access) (introspection, error) {
	bound, err := parseBinding(string(access.Confirmation))
	if err != nil {
		return introspection{}, err
	}
	found := introspection{
		Active: true, Scope: access.Scopes.String(), ClientID: access.ClientID, TokenType: bound.tokenType(),
		Expires: access.Expires.Unix(), Issued: access.Issued.Unix(), Subject: access.Subject, Audience: access.Audience,
		Issuer: iss.Issuer(), ID: access.ID, ACR: access.ACR, Bound: access.Confirmation,
	}
	if !access.AuthTime.IsZero() {
		found.AuthTime = access.AuthTime.Unix()
	}
	return found, nil
}

// introspectRefresh is for the client that the refresh token was issued to, and for nobody else.
func (s *Server) introspectRefresh(ctx context.Context, iss *issuer, caller *client.Client, handle store.Handle) (introspection, error) {
	found, grant, err := s.store.RefreshToken(ctx, iss.Key(), handle)
	if err != nil && !expected(err) {
		return introspection{}, storeFailed("load refresh token", err)
	}
	now := s.now()
	if err != nil || grant.ClientID != caller.ID || !found.Expires.After(now) || !grant.Expires.After(now) {
		return introspection{}, nil
	}
	if active, err := s.stillStands(ctx, iss, grant); !active {
		return introspection{}, err
	}
	return introspection{
		Active: true, Scope: grant.Scopes.String(), ClientID: grant.ClientID, Expires: earlier(found.Expires, grant.Expires).Unix(),
		Issued: found.Created.Unix(), Subject: grant.Subject, Issuer: iss.Issuer(), Bound: json.RawMessage(found.Confirmation),
	}, nil
}

// stillStands reports whether the client and the user of a grant are still there and enabled (ASVS 7.4.2).
func (s *Server) stillStands(ctx context.Context, iss *issuer, grant store.Grant) (bool, error) {
	if iss.Find(grant.ClientID) == nil {
		return false, nil
	}
	if grant.Subject == "" {
		return true, nil
	}
	_, err := s.grantedAccount(ctx, iss, grant)
	if errors.Is(err, oauth.InvalidGrant) {
		return false, nil
	}
	return err == nil, err
}
