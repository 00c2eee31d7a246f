package trace

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// treatment is what becomes of a parameter, a member or a claim. The zero value drops it, so that a name that nobody thought of is
// not shown.
type treatment struct {
	// public returns what may be shown of a value, or "" if this one may not.
	public func(value string) string
	// byReference shows that two values are the same, and nothing of them.
	byReference bool
	// secret is byReference, with the length.
	secret bool
	// token is secret, and decoded as far as it may be, if it is a JWT.
	token bool
}

var (
	asText     = treatment{public: text}
	asURI      = treatment{public: uri}
	asNumber   = treatment{public: matching(`^[0-9]{1,15}$`)}
	asScope    = treatment{public: matching(`^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$`)}
	asLevel    = treatment{public: matching(`^[A-Za-z0-9._:/-]{1,80}( [A-Za-z0-9._:/-]{1,80}){0,5}$`)}
	asOwnCode  = treatment{public: matching(`^[a-z_]{1,40}$`)}
	asSame     = treatment{byReference: true}
	asSecret   = treatment{secret: true}
	asToken    = treatment{token: true}
	asErrorOf  = treatment{public: oneOf(errorCodes...)}
	asResource = asURI // RFC 8707: what becomes aud
)

// parameters are those of requests, forms and JSON objects. Their order is that of the rule: public, by reference, by reference
// and length. What is not here is dropped: client_secret, password, id_token_hint's like, login_hint, error_description, state of
// the page, keys, and whatever anybody adds.
var parameters = map[string]treatment{
	"client_id": asText, "redirect_uri": asURI, "post_logout_redirect_uri": asURI, "scope": asScope, "iss": asURI, "aud": asText,
	"resource": asResource, "expires_in": asNumber, "max_age": asNumber, "acr_values": asLevel, "error": asErrorOf,
	"response_type":         {public: oneOf("code")},
	"response_mode":         {public: oneOf("query", "form_post", "fragment", "jwt", "query.jwt", "form_post.jwt")},
	"code_challenge_method": {public: oneOf("S256", "plain")},
	"grant_type":            {public: oneOf("authorization_code", "refresh_token", "client_credentials")},
	"token_type":            {public: oneOf("Bearer", "DPoP", "bearer", "dpop")},
	"token_type_hint":       {public: oneOf("access_token", "refresh_token")},
	"client_assertion_type": {public: oneOf("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")},
	"prompt":                {public: oneOf("none", "login", "consent", "select_account", "create", "login consent")},
	"bff_error":             asOwnCode,

	"state": asSame, "nonce": asSame, "code_challenge": asSame, "request_uri": asSame, "dpop_jkt": asSame, "sid": asSame,
	"code_verifier": asSame,

	"code": asSecret, "refresh_token": asSecret,
	"access_token": asToken, "id_token": asToken, "id_token_hint": asToken, "client_assertion": asToken, "logout_token": asToken,
	"token": asToken, // of a revocation
}

// claims are those of a JWT that may be shown. sub is personal data, and so is what the user told about themselves.
var claims = map[string]treatment{
	"iss": asURI, "aud": asText, "azp": asText, "htu": asURI, "client_id": asText, "scope": asScope, "acr": asLevel, "amr": asLevel,
	"exp": asNumber, "iat": asNumber, "nbf": asNumber, "auth_time": asNumber,
	"htm": {public: oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")},
	"jti": asSame, "nonce": asSame, "sid": asSame,
}

// joseHeader is that of a JWT. The key of a proof is shown as a reference to its thumbprint.
var joseHeader = map[string]treatment{
	"alg": {public: oneOf("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")},
	"typ": {public: oneOf("JWT", "at+jwt", "application/at+jwt", "dpop+jwt", "logout+jwt", "application/logout+jwt")},
	"kid": asSame,
}

// headers are those that may be shown, by their canonical name, and how they are spelt. Authorization, cookies, Location and
// challenges have rules of their own.
var headers = map[string]struct {
	name string
	treatment
}{
	"Content-Type":   {"Content-Type", treatment{public: mediaType}},
	"Dpop":           {"DPoP", asToken},
	"Dpop-Nonce":     {"DPoP-Nonce", asSame},
	"Origin":         {"Origin", asURI},
	"Sec-Fetch-Site": {"Sec-Fetch-Site", treatment{public: oneOf("same-origin", "same-site", "cross-site", "none")}},
	"Sec-Fetch-Mode": {"Sec-Fetch-Mode", treatment{public: oneOf("navigate", "cors", "no-cors", "same-origin", "websocket")}},
	"Sec-Fetch-Dest": {"Sec-Fetch-Dest", treatment{public: oneOf("document", "empty", "iframe", "image", "script", "style", "websocket")}},
	"X-Bff-Csrf":     {"X-BFF-CSRF", treatment{public: oneOf("1")}},
	"X-Csrf":         {"X-CSRF", treatment{public: oneOf("1")}},
}

// errorCodes are those of the specifications. Anything else in an error parameter is somebody's text.
var errorCodes = []string{
	// RFC 6749 §4.1.2.1 and §5.2
	"invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope", "server_error",
	"temporarily_unavailable", "invalid_client", "invalid_grant", "unsupported_grant_type",
	// OpenID Connect Core §3.1.2.6
	"interaction_required", "login_required", "account_selection_required", "consent_required", "invalid_request_uri",
	"invalid_request_object", "request_not_supported", "request_uri_not_supported", "registration_not_supported",
	// RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 8707 §2, RFC 9449 §12.2, RFC 9470 §3
	"invalid_token", "insufficient_scope", "unsupported_token_type", "invalid_target", "invalid_dpop_proof", "use_dpop_nonce",
	"insufficient_user_authentication",
}

const maxText = 512

// text is visible ASCII: a client's id or an audience.
func text(value string) string {
	if len(value) > maxText || strings.ContainsFunc(value, func(c rune) bool { return c < 0x20 || c > 0x7e }) {
		return ""
	}
	return value
}

// uri is a URL without what a URL may hide: user, query and fragment.
func uri(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || text(value) == "" {
		return ""
	}
	u.User, u.RawQuery, u.Fragment, u.RawFragment, u.ForceQuery = nil, "", "", "", false
	return u.String()
}

var mediaTypes = regexp.MustCompile(`^(application|text|image|audio|video|font|multipart)/[a-z0-9.+-]{1,60}$`)

func mediaType(value string) string {
	kind, _, _ := strings.Cut(value, ";")
	return mediaTypes.FindString(strings.TrimSpace(kind))
}

func oneOf(words ...string) func(string) string {
	return func(value string) string {
		if slices.Contains(words, value) {
			return value
		}
		return ""
	}
}

func matching(pattern string) func(string) string {
	whole := regexp.MustCompile(pattern)
	return func(value string) string { return whole.FindString(text(value)) }
}
