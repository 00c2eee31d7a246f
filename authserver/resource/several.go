package resource

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Several are the verifiers of an API that takes tokens of more than one issuer. Each verifies its own issuer's tokens whole, so
// no issuer can speak for another; a token of none of them is the first one's to refuse.
type Several []*Verifier

// Require is [Verifier.Require] of the verifier whose issuer the token names.
func (s Several) Require(scopes ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		guarded := make([]http.Handler, len(s))
		for index, verifier := range s {
			guarded[index] = verifier.Require(scopes...)(next)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claimed := claimedIssuer(r.Header.Get("Authorization"))
			index := slices.IndexFunc(s, func(v *Verifier) bool { return v.config.Issuer == claimed })
			guarded[max(index, 0)].ServeHTTP(w, r)
		})
	}
}

// claimedIssuer is what an access token says of its issuer. Nothing has been verified: it only chooses who verifies.
func claimedIssuer(authorization string) string {
	_, token, _ := strings.Cut(authorization, " ")
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Issuer
}
