package client

import (
	"fmt"
	"slices"
	"strings"

	"cloakroom/authserver/oauth"
)

// MinSecretLength is the shortest secret that a file or the environment may give, in bytes.
const MinSecretLength = 16

// SetDefaults fills in what the registration leaves out.
func (c *Client) SetDefaults() {
	if c.AuthMethod == "" {
		c.AuthMethod = oauth.AuthSecretBasic // RFC 7591 §2
	}
	if len(c.GrantTypes) == 0 && len(c.Resources) == 0 {
		c.GrantTypes = []string{oauth.GrantAuthorizationCode} // RFC 7591 §2
	}
	if len(c.ResponseModes) == 0 {
		c.ResponseModes = ResponseModes()
	}
	if c.PKCE == "" {
		c.PKCE = PKCERequired
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.Secret.IsZero() {
		c.Secret = c.SecretHash
	}
}

// Problems lists all that is wrong with the registration by itself; what it has to do with its workspace, package workspace
// checks.
func (c *Client) Problems() []error {
	var problems []error
	report := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %w", key, fmt.Errorf(format, args...)))
	}
	if c.ID == "" {
		report("id", "is missing")
	}
	if !visible(c.ID) {
		report("id", "has a character that is not visible ASCII (RFC 6749 appendix A.1)")
	}
	if c.ID == "." || c.ID == ".." {
		report("id", "is no name in an address (RFC 3986 §5.2.4), so nobody could change or disable the client")
	}
	if c.PKCE != PKCERequired && c.PKCE != PKCEOptional {
		report("pkce", "%q is neither required nor optional", c.PKCE)
	}
	for _, mode := range c.ResponseModes {
		if !slices.Contains(ResponseModes(), mode) {
			report("response_modes", "%q is neither query nor form_post", mode)
		}
	}
	c.checkCredentials(report)
	c.checkGrants(report)
	c.checkURIs(report)
	if !c.Scopes.Covers(c.DefaultScopes) {
		report("default_scopes", "has a scope that is not in scopes")
	}
	return problems
}

type reporter func(key, format string, args ...any)

func (c *Client) checkCredentials(report reporter) {
	given := 0
	for _, set := range []bool{!c.SecretHash.IsZero(), c.SecretFile != "", c.SecretEnv != ""} {
		if set {
			given++
		}
	}
	if given > 0 && c.Public() {
		report("secret", "a public client has none")
	}
	if given > 0 && !c.Public() && !c.HasSecret() {
		report("secret", "a client with %s has none", c.AuthMethod)
	}
	if err := c.Subject.problem(c.AuthMethod); err != nil {
		report("tls_client_auth", "%w", err)
	}
	c.checkKeys(report)
	switch c.AuthMethod {
	case oauth.AuthPrivateKeyJWT, oauth.AuthTLS, oauth.AuthSelfSignedTLS:
	case oauth.AuthNone:
		// RFC 7636 and RFC 9700 §2.1.1: a public client has nothing but PKCE to protect its codes.
		if c.PKCE == PKCEOptional {
			report("pkce", "is required for a public client")
		}
	case oauth.AuthSecretBasic, oauth.AuthSecretPost:
		if given != 1 && (given != 0 || c.Secret.IsZero()) {
			report("secret", "exactly one of secret_hash, secret_file and secret_env is needed")
		}
	default:
		report("token_endpoint_auth_method", "%q is none of %s", c.AuthMethod, strings.Join(AuthMethods(), ", "))
	}
}

// ResponseModes are the response modes that a client can be registered for.
func ResponseModes() []string { return []string{oauth.ResponseModeQuery, oauth.ResponseModeFormPost} }

// AuthMethods are the authentication methods that a client can be registered for.
func AuthMethods() []string {
	return []string{oauth.AuthNone, oauth.AuthSecretBasic, oauth.AuthSecretPost, oauth.AuthPrivateKeyJWT, oauth.AuthTLS, oauth.AuthSelfSignedTLS}
}

func (c *Client) checkKeys(report reporter) {
	needed := c.AuthMethod == oauth.AuthPrivateKeyJWT || c.AuthMethod == oauth.AuthSelfSignedTLS
	switch {
	case needed && (len(c.JWKS) == 0) == (c.JWKSURI == ""):
		report("jwks", "exactly one of jwks and jwks_uri is needed for %s", c.AuthMethod)
	case !needed && (len(c.JWKS) > 0 || c.JWKSURI != ""):
		report("jwks", "is for clients with %s or %s", oauth.AuthPrivateKeyJWT, oauth.AuthSelfSignedTLS)
	}
	if c.JWKSURI != "" && oauth.CheckURL(c.JWKSURI) != nil {
		report("jwks_uri", "%q %w", c.JWKSURI, oauth.CheckURL(c.JWKSURI))
	}
	if c.AssertionAlgorithm != "" && c.AuthMethod != oauth.AuthPrivateKeyJWT {
		report("token_endpoint_auth_signing_alg", "is for clients with %s", oauth.AuthPrivateKeyJWT)
	}
}

func (c *Client) checkGrants(report reporter) {
	for _, grantType := range c.GrantTypes {
		switch grantType {
		case oauth.GrantAuthorizationCode, oauth.GrantRefreshToken:
		case oauth.GrantClientCredentials:
			if c.Public() {
				report("grant_types", "client_credentials is for confidential clients (RFC 6749 §4.4)")
			}
		default:
			report("grant_types", "%q is not supported", grantType)
		}
	}
	if c.MayUse(oauth.GrantAuthorizationCode) && len(c.RedirectURIs) == 0 {
		report("redirect_uris", "authorization_code needs at least one")
	}
	if c.MayUse(oauth.GrantRefreshToken) && !c.MayUse(oauth.GrantAuthorizationCode) {
		report("grant_types", "refresh_token needs authorization_code")
	}
}

func (c *Client) checkURIs(report reporter) {
	for key, uris := range map[string][]string{"redirect_uris": c.RedirectURIs, "post_logout_redirect_uris": c.PostLogoutRedirectURIs} {
		for position, uri := range uris {
			if err := oauth.CheckURL(uri); err != nil {
				report(key, "%q %w", uri, err)
			}
			if slices.Contains(uris[:position], uri) {
				report(key, "%q is there twice", uri)
			}
		}
	}
	if c.BackchannelLogoutURI != "" && oauth.CheckURL(c.BackchannelLogoutURI) != nil {
		report("backchannel_logout_uri", "%q %w", c.BackchannelLogoutURI, oauth.CheckURL(c.BackchannelLogoutURI))
	}
	if c.BackchannelLogoutSessionRequired && c.BackchannelLogoutURI == "" {
		report("backchannel_logout_session_required", "needs backchannel_logout_uri")
	}
	if c.URI != "" && oauth.CheckURL(c.URI) != nil {
		report("uri", "%q %w", c.URI, oauth.CheckURL(c.URI))
	}
}

func visible(text string) bool {
	return !slices.ContainsFunc([]byte(text), func(b byte) bool { return b < 0x21 || b > 0x7e })
}
