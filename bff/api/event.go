package api

// The events of GET /bff/session/events (server-sent events, named), and how often the stream says that it is alive.
const (
	EventHello     = "hello"     // first: the session as it is now
	EventExpiring  = "expiring"  // the session ends soon unless the user extends it, or for good at its absolute end
	EventExtended  = "extended"  // the idle end moved
	EventRefreshed = "refreshed" // the access token was renewed
	EventDegraded  = "degraded"  // the server cannot tell at the moment; the session may be fine
	EventEnded     = "ended"     // last: the session is over, with the reason
)

// SessionEvent is the data of each event, as JSON. It holds what changed and no token.
type SessionEvent struct {
	Reason Reason  `json:"reason,omitzero"` // of ended
	Expiry *Expiry `json:"expiry,omitzero"` // of hello, expiring, extended and refreshed
}

// Reason says why a session ended.
type Reason string

// The reasons.
const (
	EndedByIdle        Reason = "idle"        // nothing happened for too long
	EndedByAbsolute    Reason = "absolute"    // its longest life is over
	EndedBySignOut     Reason = "signed_out"  // the user signed out, in another tab
	EndedByUser        Reason = "ended"       // the user ended it from another of their sessions
	EndedByProvider    Reason = "provider"    // the provider said so (back-channel logout)
	EndedByRefresh     Reason = "refresh"     // the provider refused to renew the tokens
	EndedByReplacement Reason = "new_sign_in" // a new sign-in in the same browser took its place
)
