package store

import (
	"encoding/json"
	"time"

	"cloakroom/authserver/oauth"
)

// PushedRequest is an authorization request that its client pushed. ID is the last part of the request_uri; it has 128 bits
// of entropy or more and is not a secret beyond its minute.
type PushedRequest struct {
	Workspace string
	ID        string
	ClientID  string
	// Parameters are the request's own, as form encoding.
	Parameters string
	DPoPJKT    string // RFC 9449 §10: the thumbprint of the key that the code is bound to
	Expires    time.Time
}

// Interaction is a user's way from the authorization request to its answer, held by the browser that began it.
type Interaction struct {
	Workspace  string
	ID         string
	SecretHash Hash
	// State is the server's own record of the way so far, as JSON; the store does not look into it.
	State   json.RawMessage
	Version int64
	Expires time.Time
}

// Code is an authorization code, bound to its request (RFC 6749 §4.1.3, RFC 7636 §4.6).
type Code struct {
	Workspace     string
	ID            string
	SecretHash    Hash
	GrantID       string
	ClientID      string
	RedirectURI   string
	RedirectGiven bool // the request named it, so the token request has to as well (RFC 6749 §4.1.3)
	CodeChallenge string
	Nonce         string
	DPoPJKT       string
	Expires       time.Time
}

// Grant is what a user, or a client for itself, was given: the root of a family of tokens.
type Grant struct {
	Workspace string
	ID        string
	ClientID  string
	Subject   string // empty for client_credentials
	SessionID string // the SSO session that it came from
	SID       string // the session's name towards this client (OpenID Connect Back-Channel Logout §2.1)
	Scopes    oauth.Scopes
	Resources []string // RFC 8707
	Claims    string   // the claims request parameter (OpenID Connect Core §5.5), as sent
	AuthTime  time.Time
	ACR       string
	AMR       []string
	// Confirmation is a cnf that all access tokens of the grant have, as JSON; empty when each says for itself.
	Confirmation string
	Offline      bool // offline_access was granted: it outlives the SSO session
	Created      time.Time
	Expires      time.Time // the absolute end of all that hangs on it
	Revoked      time.Time // zero while live
}

// RefreshToken is one refresh token of a grant's family.
type RefreshToken struct {
	Workspace  string
	ID         string
	SecretHash Hash
	GrantID    string
	Created    time.Time
	// Confirmation is the cnf that its holder has to show again, as JSON; empty when the client's authentication is enough.
	Confirmation string
	Expires      time.Time // idle end; never later than the grant's
	Rotated      time.Time // zero while current
	Parent       string    // the token that it was rotated from, empty for a family's first; the store says so
	Succeeded    bool      // a token that it was rotated to was rotated itself
}

// AccessToken is an opaque access token, or the trace of a JWT by its jti.
type AccessToken struct {
	Workspace  string
	ID         string
	SecretHash Hash // zero for a JWT
	GrantID    string
	Scopes     oauth.Scopes
	Audience   string
	// Confirmation is the cnf of the token, as JSON: {"jkt":…} or {"x5t#S256":…}; empty when it is not sender-constrained.
	Confirmation string
	Created      time.Time
	Expires      time.Time
	Revoked      time.Time
}

// Issued is what one redemption keeps: a token without an ID is none. The store says of which workspace and grant they are.
type Issued struct {
	RefreshToken RefreshToken
	AccessToken  AccessToken
}

// Session is an SSO session.
type Session struct {
	Workspace  string
	ID         string
	SecretHash Hash
	Subject    string
	AuthTime   time.Time
	ACR        string
	AMR        []string
	UserAgent  string
	Created    time.Time
	Seen       time.Time
	Idle       time.Time // idle end
	Expires    time.Time // absolute end
}

// Account is a local account.
type Account struct {
	Workspace    string
	Subject      string // never used again after deletion
	Username     string // canonical spelling
	PasswordHash string // PHC string
	Claims       map[string]any
	Disabled     bool
	Version      int64
	Created      time.Time
	Updated      time.Time
}

// Consent is what a user allows a client without being asked again.
type Consent struct {
	Workspace string
	Subject   string
	ClientID  string
	Scopes    oauth.Scopes
	Given     time.Time
}

// Key is a signing key. Its life: published at Created, signs from Active to Retired, verifies until Expires.
type Key struct {
	Workspace string
	ID        string // kid
	Algorithm string // JWS alg
	Sealed    []byte // the private key, sealed by the caller
	Created   time.Time
	Active    time.Time
	Retired   time.Time // zero while not known
	Expires   time.Time // zero while not known
}
