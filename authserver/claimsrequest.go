package authserver

import (
	"encoding/json"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// claimsRequest is the claims parameter (OpenID Connect Core §5.5): claims by name that are asked for one by one.
type claimsRequest struct {
	Userinfo map[string]*claimRequest `json:"userinfo"`
	IDToken  map[string]*claimRequest `json:"id_token"`
}

// claimRequest is nil for a claim that is asked for as it is (§5.5.1).
type claimRequest struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// texts are the values that the request names, if it names any.
func (c *claimRequest) texts() []string {
	var texts []string
	for _, value := range append([]any{c.Value}, c.Values...) {
		if named, ok := value.(string); ok {
			texts = append(texts, named)
		}
	}
	return texts
}

func parseClaimsRequest(text string) (claimsRequest, error) {
	var parsed claimsRequest
	if text == "" {
		return parsed, nil
	}
	err := json.Unmarshal([]byte(text), &parsed)
	return parsed, err
}

// OpenID Connect Core §5.5: what the request asks for that we do not have, or may not give, is left out; only a subject and an
// authentication (checkACR) that it insists on can be refused.
func checkClaims(_ *issuer, _ *client.Client, p params, request *authorizationRequest) error {
	parsed, err := parseClaimsRequest(p.get("claims"))
	if err != nil {
		return oauth.InvalidRequest.Errorf("claims is not the json object that openid connect describes").Because(err)
	}
	request.Claims = p.get("claims")
	// §5.5.1: a value for sub names the user that the client expects, as id_token_hint does.
	sub := parsed.IDToken["sub"]
	if sub == nil || sub.Value == nil {
		return nil
	}
	named, isText := sub.Value.(string)
	if !isText || named == "" || (request.HintedSubject != "" && request.HintedSubject != named) {
		return oauth.InvalidRequest.Errorf("claims names a subject that cannot be")
	}
	request.HintedSubject = named
	return nil
}

// carriedBy are the scopes among those given that carry at least one of the claims.
func carriedBy(scopes oauth.Scopes, claims claimsRequest) oauth.Scopes {
	var carriers oauth.Scopes
	for _, scope := range scopes {
		for _, name := range claimsByScope[scope] {
			_, atUserinfo := claims.Userinfo[name]
			_, inIDToken := claims.IDToken[name]
			if (atUserinfo || inIDToken) && !carriers.Has(scope) {
				carriers = append(carriers, scope)
			}
		}
	}
	return carriers
}

// consentScopes is what the user is asked for: the scopes of the request, and those that stand for the claims that it asks for one by
// one.
func (f flow) consentScopes() oauth.Scopes {
	claims, err := parseClaimsRequest(f.request.Claims)
	if err != nil { // validated before
		return f.request.Scopes
	}
	return oauth.ParseScopes(f.request.Scopes.String() + " " + carriedBy(f.client.Scopes, claims).String())
}

// requestedClaims are the user's claims that were asked for one by one and that the client's registered scopes let it have.
func requestedClaims(account store.Account, c *client.Client, asked map[string]*claimRequest) map[string]any {
	names := make([]string, 0, len(asked))
	for name := range asked {
		names = append(names, name)
	}
	return pick(userClaims(account, c.Scopes), names)
}
