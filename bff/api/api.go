// Package api holds the wire types that the BFF and its front ends share: what /bff/* answers and what it is asked.
// It imports the standard library only, so that the WASM bundle can link it. It holds no behaviour and no token.
//
// Start with [Session], the answer of GET /bff/session.
package api

import "time"

// Paths of the BFF's endpoints, relative to the origin.
const (
	PathLogin          = "/bff/login"
	PathCallback       = "/bff/callback/" // + provider
	PathSession        = "/bff/session"
	PathUser           = "/bff/user"
	PathSessionExtend  = "/bff/session/extend"
	PathSessionRefresh = "/bff/session/refresh"
	// PathSessionExpire is for demonstrations: the BFF takes the session's access tokens for expired from now on (RFC 6749 §5.1,
	// expires_in), so that the next call renews them. It is there only where [PathTrace] is.
	PathSessionExpire = "/bff/session/expire"
	PathSessionEvents = "/bff/session/events"
	PathSessions      = "/bff/sessions"
	PathLogout        = "/bff/logout"
	PathJWKS          = "/bff/jwks.json"
	// PathBackchannelLogout, with the provider's id behind it, is for the provider's server.
	PathBackchannelLogout = "/bff/backchannel-logout/"
	// PathPopup is where a sign-in with mode=popup ends, and PathPopupScript what that page runs.
	PathPopup       = "/bff/popup"
	PathPopupScript = "/bff/popup.js"
	PathAPI         = "/api/"
)

// The static request header that proves a request was made by script of this origin (RFC 10017 §6.1.3.3.2).
const (
	CSRFHeader      = "X-BFF-CSRF"
	CSRFHeaderAlias = "X-CSRF"
	CSRFValue       = "1"
)

// SourceHeader says who wrote an answer: [SourceBFF] or [SourceUpstream].
const (
	SourceHeader   = "BFF-Source"
	SourceBFF      = "bff"
	SourceUpstream = "upstream"
)

// PopupChannel is the BroadcastChannel on which a sign-in with mode=popup tells the page that it is over:
// {type: "sign-in", error: ""}, or with the code of a failure. The page then asks /bff/session.
const PopupChannel = "cloakroom"

// ErrorParameter is the query parameter in which a failed sign-in reaches the page: /?bff_error=access_denied.
const ErrorParameter = "bff_error"

// Session is the answer of GET /bff/session. It is always sent with status 200; 503 means that the store is down.
type Session struct {
	Authenticated bool `json:"authenticated"`
	// Handle names this session in /bff/sessions; it is not the cookie and opens nothing.
	Handle   string         `json:"handle,omitzero"`
	Provider string         `json:"provider,omitzero"`
	Claims   map[string]any `json:"claims,omitzero"` // the allow-listed claims of the ID token
	Auth     *Auth          `json:"auth,omitzero"`
	Expiry   *Expiry        `json:"expiry,omitzero"`
	Links    Links          `json:"links"`
	CSRF     CSRF           `json:"csrf"`
	// Providers are those that a sign-in can be started with, in the configuration's order.
	Providers []Provider `json:"providers"`
}

// Auth says how and when the user authenticated (OpenID Connect Core §2).
type Auth struct {
	Issuer   string    `json:"iss"`
	Subject  string    `json:"sub"`
	AuthTime time.Time `json:"auth_time,omitzero"`
	ACR      string    `json:"acr,omitzero"`
	AMR      []string  `json:"amr,omitzero"`
	Scopes   []string  `json:"scopes,omitzero"`
}

// Expiry holds the instants at which things end, as the server sees them; Now lets a page correct its own clock.
type Expiry struct {
	Now         time.Time `json:"now"`
	CreatedAt   time.Time `json:"created_at"`
	Idle        time.Time `json:"idle"`
	Absolute    time.Time `json:"absolute"`
	AccessToken time.Time `json:"access_token,omitzero"` // the default access token's; refreshed ahead of it
}

// Links are the paths that a page needs, so that it builds none itself.
type Links struct {
	Login    string `json:"login"`
	Logout   string `json:"logout,omitzero"`
	Events   string `json:"events,omitzero"`
	Sessions string `json:"sessions,omitzero"`
	// Expire is [PathSessionExpire], where there is one.
	Expire string `json:"expire,omitzero"`
	// Trace is [PathTrace], where there is one.
	Trace string `json:"trace,omitzero"`
}

// CSRF names the static header that every fetch sends.
type CSRF struct {
	Header string `json:"header"`
	Value  string `json:"value"`
}

// Provider is an OpenID provider that the user can choose.
type Provider struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Login string `json:"login"` // the path that starts a sign-in with it
}

// Claim is one element of GET /bff/user.
type Claim struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// SessionInfo describes one of the user's sessions in GET /bff/sessions.
type SessionInfo struct {
	Handle    string    `json:"handle"`
	Current   bool      `json:"current"`
	Provider  string    `json:"provider"`
	UserAgent string    `json:"user_agent,omitzero"`
	CreatedAt time.Time `json:"created_at"`
	LastSeen  time.Time `json:"last_seen"`
	Expires   time.Time `json:"expires"`
}

// LoggedOut is the answer of POST /bff/logout to fetch. LogoutURL, when not empty, is where the page navigates next to
// end the session at the provider (RP-Initiated Logout §2).
type LoggedOut struct {
	LogoutURL string `json:"logout_url,omitzero"`
}
