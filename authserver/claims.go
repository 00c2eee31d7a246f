package authserver

import (
	"maps"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// claimsByScope is OpenID Connect Core §5.4.
var claimsByScope = map[string][]string{
	"profile": {
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
}

// userClaims are the claims about a user that the scopes carry. What no standard scope carries stays here.
func userClaims(account store.Account, scopes oauth.Scopes) map[string]any {
	all := map[string]any{"preferred_username": account.Username, "updated_at": account.Updated.Unix()}
	maps.Copy(all, account.Claims)
	var carried []string
	for _, scope := range scopes {
		carried = append(carried, claimsByScope[scope]...)
	}
	return pick(all, carried)
}

// pick keeps the named claims.
func pick(claims map[string]any, names []string) map[string]any {
	picked := map[string]any{}
	for _, name := range names {
		if value, there := claims[name]; there {
			picked[name] = value
		}
	}
	return picked
}
