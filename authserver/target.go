package authserver

import (
	"slices"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// target is what one access token is for: exactly one audience (RFC 9700 §2.3), and the granted scopes that mean something
// there.
type target struct {
	audience string
	scopes   oauth.Scopes
}

// knownResource reports whether a resource is one of the workspace's.
func knownResource(iss *issuer, resource string) bool {
	return resource == iss.Policy.DefaultAudience || slices.Contains(resourcesOf(iss, allScopes(iss)), resource)
}

func allScopes(iss *issuer) oauth.Scopes {
	var names oauth.Scopes
	for _, scope := range iss.Scopes {
		names = append(names, scope.Name)
	}
	return names
}

// resourcesOf lists the resources that scopes belong to, each once.
func resourcesOf(iss *issuer, scopes oauth.Scopes) []string {
	var resources []string
	for _, name := range scopes {
		scope, _ := iss.Scope(name)
		if scope.Resource != "" && !slices.Contains(resources, scope.Resource) {
			resources = append(resources, scope.Resource)
		}
	}
	return resources
}

// targetFor chooses the audience: the resource that the request names, else the only one that the grant or its scopes speak of,
// else the workspace's default. A request may narrow what was granted and never widen it (RFC 6749 §6, RFC 8707 §2.2).
func targetFor(iss *issuer, grant store.Grant, p params) (target, error) {
	scopes := grant.Scopes
	if requested := oauth.ParseScopes(p.get("scope")); len(requested) > 0 {
		if !grant.Scopes.Covers(requested) {
			return target{}, oauth.InvalidScope.Errorf("scope is more than was granted")
		}
		scopes = requested
	}
	audience, err := chooseAudience(iss, grant, scopes, p.resources)
	if err != nil {
		return target{}, err
	}
	return target{audience: audience, scopes: scopesAt(iss, scopes, audience)}, nil
}

func chooseAudience(iss *issuer, grant store.Grant, scopes oauth.Scopes, requested []string) (string, error) {
	candidates := grant.Resources
	if len(candidates) == 0 {
		candidates = resourcesOf(iss, scopes)
	}
	switch {
	case len(requested) > 1:
		return "", oauth.InvalidTarget.Errorf("an access token has one audience: name one resource")
	case len(requested) == 1:
		if !slices.Contains(candidates, requested[0]) && (len(grant.Resources) > 0 || requested[0] != iss.Policy.DefaultAudience) {
			return "", oauth.InvalidTarget.Errorf("resource is not one that was granted")
		}
		return requested[0], nil
	case len(candidates) == 1:
		return candidates[0], nil
	case len(candidates) == 0, slices.Contains(candidates, iss.Policy.DefaultAudience):
		return iss.Policy.DefaultAudience, nil
	}
	return "", oauth.InvalidTarget.Errorf("the grant is for several resources: name one")
}

// scopesAt are the scopes that belong to the audience, and those that belong to no resource, which userinfo answers.
func scopesAt(iss *issuer, scopes oauth.Scopes, audience string) oauth.Scopes {
	var kept oauth.Scopes
	for _, name := range scopes {
		if scope, _ := iss.Scope(name); scope.Resource == "" || scope.Resource == audience {
			kept = append(kept, name)
		}
	}
	return kept
}
