package authserver

import (
	"maps"

	"cloakroom/authserver/client"
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

// idTokenClaims are the user's claims in the ID token: those that the client is registered to find there, and those that it asked for.
func idTokenClaims(account store.Account, c *client.Client, grant store.Grant) map[string]any {
	claims := pick(userClaims(account, grant.Scopes), c.IDTokenClaims)
	asked, err := parseClaimsRequest(grant.Claims)
	if err != nil { // validated with the request
		return claims
	}
	maps.Copy(claims, requestedClaims(account, c, asked.IDToken))
	return claims
}

// userinfoClaims are the user's claims at userinfo: those that the scopes carry, and those that were asked for.
func userinfoClaims(account store.Account, c *client.Client, grant store.Grant, scopes oauth.Scopes) map[string]any {
	claims := userClaims(account, scopes)
	if asked, err := parseClaimsRequest(grant.Claims); err == nil { // validated with the request
		maps.Copy(claims, requestedClaims(account, c, asked.Userinfo))
	}
	claims["sub"] = account.Subject
	return claims
}
