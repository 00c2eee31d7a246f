// Package oauth is the vocabulary of the authorization server: error codes, scopes, and the names that the
// specifications give to things. It imports the standard library only and decides nothing.
//
// Start with [Code]: a code is itself an error.
package oauth

import (
	"slices"
	"strings"
)

// Grant types (RFC 6749 §4.1.3, §6 and §4.4.2).
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
)

// Client authentication methods (OpenID Connect Core §9, RFC 8705 §2).
const (
	AuthNone             = "none"
	AuthSecretBasic      = "client_secret_basic"
	AuthSecretPost       = "client_secret_post"
	AuthPrivateKeyJWT    = "private_key_jwt"
	AuthTLS              = "tls_client_auth"
	AuthSelfSignedTLS    = "self_signed_tls_client_auth"
	AssertionTypeJWT     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523 §2.2
	RequestURIPrefix     = "urn:ietf:params:oauth:request_uri:"                     // RFC 9126 §2.2
	ChallengeMethodS256  = "S256"                                                   // RFC 7636 §4.2
	ScopeOpenID          = "openid"                                                 // OpenID Connect Core §3.1.2.1
	ScopeOfflineAccess   = "offline_access"                                         // OpenID Connect Core §11
	ResponseModeQuery    = "query"                                                  // OAuth 2.0 Multiple Response Types §2.1
	ResponseModeFormPost = "form_post"                                              // OAuth 2.0 Form Post Response Mode §2
	TokenTypeBearer      = "Bearer"                                                 // RFC 6750
	TokenTypeDPoP        = "DPoP"                                                   // RFC 9449 §5
	TokenTypeAccessToken = "access_token"                                           // RFC 7009 §2.1
	TokenTypeRefresh     = "refresh_token"                                          // RFC 7009 §2.1
)

// Scopes is an ordered set of scope values (RFC 6749 §3.3).
type Scopes []string

// ParseScopes splits a space-delimited scope parameter and drops repetitions, keeping the order.
func ParseScopes(parameter string) Scopes {
	var scopes Scopes
	for value := range strings.FieldsSeq(parameter) {
		if !slices.Contains(scopes, value) {
			scopes = append(scopes, value)
		}
	}
	return scopes
}

// Has reports whether value is in the set.
func (s Scopes) Has(value string) bool { return slices.Contains(s, value) }

// Covers reports whether every value of other is in the set.
func (s Scopes) Covers(other Scopes) bool {
	return !slices.ContainsFunc(other, func(value string) bool { return !s.Has(value) })
}

// String is the scope parameter: the values in order, separated by one space.
func (s Scopes) String() string { return strings.Join(s, " ") }
