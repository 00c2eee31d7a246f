package authserver

import (
	"net/url"
	"slices"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
	"cloakroom/authserver/workspace"
)

// scopeGroups puts scopes in words, by what they are for: the user, each resource, and how long. What is not among given is new, when
// something has been given before.
func scopeGroups(iss *issuer, scopes, given oauth.Scopes) []ui.ScopeGroup {
	var order []string
	groups := map[string][]ui.ConsentScope{}
	for _, name := range scopes {
		scope, known := iss.Scope(name)
		if !known { // it was one when the user consented
			continue
		}
		at := groupOf(scope)
		if !slices.Contains(order, at) {
			order = append(order, at)
		}
		groups[at] = append(groups[at], ui.ConsentScope{
			Name: name, Description: scopeInWords(scope), New: len(given) > 0 && !given.Has(name),
		})
	}
	slices.SortStableFunc(order, func(a, b string) int { return rankOf(a) - rankOf(b) })
	made := make([]ui.ScopeGroup, 0, len(order))
	for _, at := range order {
		made = append(made, ui.ScopeGroup{Title: groupInWords(at), Scopes: groups[at]})
	}
	return made
}

// The groups of scopes that are for no resource.
const (
	groupUser    = ""
	groupOffline = oauth.ScopeOfflineAccess
)

func groupOf(scope workspace.Scope) string {
	if scope.Name == oauth.ScopeOfflineAccess {
		return groupOffline
	}
	return scope.Resource
}

// rankOf has what is about the user first, and how long last.
func rankOf(group string) int {
	switch group {
	case groupUser:
		return 0
	case groupOffline:
		return 2
	default:
		return 1
	}
}

func groupInWords(group string) text.Message {
	switch group {
	case groupUser:
		return text.Of("consent.group.user")
	case groupOffline:
		return text.Of("consent.group.offline")
	}
	if resource, err := url.Parse(group); err == nil && resource.Host != "" {
		return text.Of("consent.group.resource", "resource", resource.Host)
	}
	return text.Of("consent.group.resource", "resource", group)
}

// scopeInWords is what the workspace says about a scope, or what we say about those that every workspace has.
func scopeInWords(scope workspace.Scope) text.Message {
	if scope.Description == "" {
		return text.Of("scope." + scope.Name)
	}
	return text.Verbatim(scope.Description)
}
