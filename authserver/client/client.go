// Package client owns what is registered about the clients of a workspace, and the check of their credentials. It reads
// no request and no file: the root package hands it what a request presented.
//
// Start with [Client], then [Client.Authenticate].
package client

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/oauth"
)

// Client is a registered client. The keys are those of RFC 7591 §2 where it has one.
type Client struct {
	ID   string `yaml:"id"`   // client_id
	Name string `yaml:"name"` // client_name: what the user reads
	URI  string `yaml:"uri"`  // client_uri: its home page, where a finished sign-in page leads back to; optional

	// AuthMethod is its one authentication method: none (a public client), client_secret_basic, client_secret_post,
	// private_key_jwt, tls_client_auth or self_signed_tls_client_auth.
	AuthMethod string `yaml:"token_endpoint_auth_method"`
	// JWKS or JWKSURI have the keys of a client with private_key_jwt or self_signed_tls_client_auth: its set, or where that is.
	JWKS    JWKS   `yaml:"jwks"`
	JWKSURI string `yaml:"jwks_uri"`
	// AssertionAlgorithm is the only algorithm that its assertions may be signed with; empty for any that the workspace takes.
	AssertionAlgorithm jwa.SignatureAlgorithm `yaml:"token_endpoint_auth_signing_alg"`
	Subject            Subject                `yaml:",inline"`
	// Exactly one of the next three says the secret of a confidential client. A hash is sha256: and 64 hexadecimal digits.
	SecretHash Digest `yaml:"secret_hash"`
	SecretFile string `yaml:"secret_file"`
	SecretEnv  string `yaml:"secret_env"` // the name of an environment variable
	// Secret is what those three come to, once they are read.
	Secret Digest `yaml:"-"`
	// PreviousSecret is good until PreviousUntil, while the client is told the new one.
	PreviousSecret Digest    `yaml:"-"`
	PreviousUntil  time.Time `yaml:"-"`
	// Dynamic means that it registered itself (RFC 7591): what it says of itself, nobody has checked.
	Dynamic bool `yaml:"-"`

	RedirectURIs           []string `yaml:"redirect_uris"` // compared as whole strings
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris"`
	// BackchannelLogoutURI is told when a session ends that the client has a part in (OpenID Connect Back-Channel Logout 1.0
	// §2.2); optional. Its logout tokens always have a sid, so BackchannelLogoutSessionRequired is met as it is.
	BackchannelLogoutURI             string       `yaml:"backchannel_logout_uri"`
	BackchannelLogoutSessionRequired bool         `yaml:"backchannel_logout_session_required"`
	GrantTypes                       []string     `yaml:"grant_types"`    // default authorization_code
	Scopes                           oauth.Scopes `yaml:"scopes"`         // all that it may ask for
	DefaultScopes                    oauth.Scopes `yaml:"default_scopes"` // what a request without a scope parameter asks for
	// Resources are the resource servers that this client is: it may introspect access tokens for them (RFC 7662). A client that is
	// nothing else needs no grant type.
	Resources []string `yaml:"resources"`
	// ResponseModes are how it may ask for its answers: query and form_post, the default is both.
	ResponseModes []string `yaml:"response_modes"`
	// PKCE is required (default) or optional. Optional is for confidential clients only; with it, a request that sends a
	// challenge is held to it all the same.
	PKCE PKCE `yaml:"pkce"`
	// RequirePAR refuses its authorization requests unless they were pushed (RFC 9126 §6).
	RequirePAR bool `yaml:"require_pushed_authorization_requests"`
	// DPoPBound and CertificateBound refuse the client bearer tokens: its tokens are bound to the key of its DPoP proofs
	// (RFC 9449 §5.2), or to its certificate (RFC 8705 §3.4).
	DPoPBound        bool `yaml:"dpop_bound_access_tokens"`
	CertificateBound bool `yaml:"tls_client_certificate_bound_access_tokens"`
	// UserinfoAlgorithm has its userinfo answers signed (OpenID Connect Core §5.3.2): one of the workspace's own signing algorithms;
	// empty for plain JSON.
	UserinfoAlgorithm jwa.SignatureAlgorithm `yaml:"userinfo_signed_response_alg"`
	// Trusted skips the consent page: for the operator's own applications only.
	Trusted bool `yaml:"trusted"`
	// IDTokenClaims are claims about the user put into the ID token as well, when a granted scope carries them; the default is
	// none: they are at userinfo.
	IDTokenClaims []string `yaml:"id_token_claims"`
}

// PKCE says whether a client has to send a code challenge.
type PKCE string

// The values of PKCE.
const (
	PKCERequired PKCE = "required"
	PKCEOptional PKCE = "optional"
)

// Public reports whether the client has no credentials (RFC 6749 §2.1).
func (c *Client) Public() bool { return c.AuthMethod == oauth.AuthNone }

// HasSecret reports whether the client authenticates by a secret that it shares with us.
func (c *Client) HasSecret() bool {
	return c.AuthMethod == oauth.AuthSecretBasic || c.AuthMethod == oauth.AuthSecretPost
}

// MayUse reports whether a grant type is registered for the client.
func (c *Client) MayUse(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }

// Digest is the SHA-256 of a client's secret. The secrets are random texts of 128 bits and more, so that a plain hash is
// enough and a password hash would only slow the token endpoint down.
type Digest oauth.SecretHash

const digestPrefix = "sha256:"

// ErrDigest means that a text is not a digest.
var ErrDigest = errors.New("is not sha256: followed by 64 hexadecimal digits")

// UnmarshalText reads sha256: and 64 hexadecimal digits.
func (d *Digest) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), digestPrefix)
	sum, err := hex.DecodeString(digits)
	if !ok || err != nil || len(sum) != len(d) {
		return ErrDigest
	}
	copy(d[:], sum)
	return nil
}

// MarshalText is what UnmarshalText reads.
func (d Digest) MarshalText() ([]byte, error) {
	return []byte(digestPrefix + hex.EncodeToString(d[:])), nil
}

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// DigestOf is the digest of a secret.
func DigestOf(secret oauth.Secret) Digest { return Digest(secret.Hash()) }
