package authserver

import (
	"context"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// grantClientCredentials gives a client access for itself (RFC 6749 §4.4): to resources, never to a user, and without a
// refresh token.
func (s *Server) grantClientCredentials(ctx context.Context, iss *issuer, c redeemer, p params) (issuance, error) {
	scopes := oauth.ParseScopes(p.get("scope"))
	if len(scopes) == 0 {
		scopes = resourceScopes(iss, c.DefaultScopes)
	}
	if !c.Scopes.Covers(scopes) || len(resourceScopes(iss, scopes)) != len(scopes) {
		return issuance{}, oauth.InvalidScope.Errorf("a scope is unknown, not registered for the client, or about a user")
	}
	for _, resource := range p.resources {
		if !knownResource(iss, resource) {
			return issuance{}, oauth.InvalidTarget.Errorf("resource is unknown")
		}
	}
	now := s.now()
	grant := store.Grant{
		Workspace: iss.Key(),
		ID:        store.NewID(now),
		ClientID:  c.ID,
		Scopes:    scopes,
		Created:   now,
		Expires:   now.Add(iss.Policy.AccessToken),
	}
	chosen, err := targetFor(iss, grant, params{resources: p.resources})
	if err != nil {
		return issuance{}, err
	}
	issue := s.newIssuance(oauth.GrantClientCredentials, c)
	issue.grant, issue.target = grant, chosen
	issue.records = s.recordsOf(iss, c, issue)
	if err := s.store.StartGrant(ctx, grant, issue.records); err != nil {
		return issuance{}, storeFailed("start grant", err)
	}
	issue.kept = true
	return issue, nil
}

// resourceScopes are the scopes that belong to a resource.
func resourceScopes(iss *issuer, scopes oauth.Scopes) oauth.Scopes {
	var kept oauth.Scopes
	for _, name := range scopes {
		if scope, _ := iss.Scope(name); scope.Resource != "" {
			kept = append(kept, name)
		}
	}
	return kept
}
