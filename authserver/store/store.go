// Package store is the contract between the authorization server and what keeps its records. It owns the records and
// the guarantees of each verb; it knows no SQL and no HTTP. The packages memory and sqlstore keep the contract,
// and storetest.Run is the suite that every backend passes.
//
// There is no verb that reads a single-use record and leaves the marking to its caller: a verb that consumes decides and
// marks in one atomic statement, so that of any number of concurrent calls exactly one wins. What the winner issues is kept in the same
// step, so that a loser who revokes the grant comes after it.
//
// Start with [Store], then [Grant]: everything that is issued hangs on a grant, and revoking the grant revokes it all.
//
// Instants are kept to the millisecond. A record has expired when its end is not after now. A single-use record that was
// used answers ErrConsumed even past its end, for as long as it is kept, so that a late replay is still recognised.
package store

import (
	"context"
	"errors"
	"time"
)

// Retention is how long Sweep keeps pushed requests, interactions and codes past their end: a late replay is recognised, and
// a request can be consumed by a user who took longer at the forms than the request lived to be loaded. No interaction
// may live longer than it.
const Retention = 30 * time.Minute

// What a verb can answer. Anything else means that the store could not do its work: the caller answers 503.
var (
	// ErrNotFound: no such record, or its secret is another, or it has expired.
	ErrNotFound = errors.New("store: not found")
	// ErrConsumed: the single-use record was used before. The record is returned with it.
	ErrConsumed = errors.New("store: consumed before")
	// ErrRevoked: the grant that the record hangs on is revoked or its session ended.
	ErrRevoked = errors.New("store: revoked")
	// ErrConflict: a record with this key exists, or it was changed since it was read.
	ErrConflict = errors.New("store: conflict")
)

// Store keeps the records of all workspaces. Every record names its workspace, and no verb crosses from one to another.
// All verbs are safe for concurrent use, durable when they return, and bounded by their context.
type Store interface {
	Requests
	Codes
	Tokens
	Sessions
	Accounts
	Factors
	Identities
	Keys
	Registry
	// UseOnce marks a value (a jti, a proof) as used until expires and reports ErrConsumed while it is marked.
	UseOnce(ctx context.Context, workspace, use, value string, expires time.Time) error
	// Sweep deletes up to limit records of each kind that are not needed at now any more (those that expired, some only after
	// Retention) and returns how many it deleted.
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)
	// Ping reports whether the store can do its work.
	Ping(ctx context.Context) error
	Close() error
}

// Requests keeps authorization requests: pushed ones (RFC 9126) and those whose user is at the sign-in or consent form.
type Requests interface {
	// PushRequest keeps a pushed authorization request.
	PushRequest(ctx context.Context, request PushedRequest) error
	// PushedRequest returns it, used or not, so that a reloaded page works; ErrConsumed (with the request) if it was used.
	PushedRequest(ctx context.Context, workspace, id string) (PushedRequest, error)
	// ConsumeRequest marks it used, once: at completion, not at first load (FAPI 2.0 §5.3.2.2 note 3). Its end does not
	// matter here: it limits the loading, and the interaction's end limits what comes after.
	ConsumeRequest(ctx context.Context, workspace, id string) (PushedRequest, error)

	// StartInteraction keeps the state of a user's way through the forms.
	StartInteraction(ctx context.Context, interaction Interaction) error
	// Interaction returns it to the browser that holds its secret; ErrConsumed (with the interaction) if it has ended.
	Interaction(ctx context.Context, workspace string, handle Handle) (Interaction, error)
	// UpdateInteraction replaces it, its SecretHash included, if its Version is still the stored one, else ErrConflict; the
	// version then grows by one.
	// It may carry a new SecretHash.
	UpdateInteraction(ctx context.Context, interaction Interaction) error
	// ConsumeInteraction ends it, once: of concurrent calls one returns nil, the others ErrConsumed.
	ConsumeInteraction(ctx context.Context, workspace string, handle Handle) (Interaction, error)
}

// Codes keeps grants and the authorization codes that stand for them.
type Codes interface {
	// IssueCode keeps the grant and its code, both or neither. ErrRevoked: the grant names a session that is there no longer,
	// so that a sign-out is not outrun by a code.
	IssueCode(ctx context.Context, code Code, grant Grant) error
	// RedeemCode marks the code used and keeps what redeem issues for it, as tokens of its grant, in one atomic step: who is told
	// that the code was used finds the winner's tokens kept, and revoking the grant revokes them. It returns the code and its
	// grant. Redeem sees a code that can be used and may issue nothing; the code is used up even so. It has to be pure and
	// quick, and must not call the store: it runs within the step and may run several times, of which the last counts. Handles are made
	// before. Nil issues nothing. A code that was used before is ErrConsumed, with the code, so that the caller can revoke what was
	// issued for it; one whose grant was revoked before it was used is ErrRevoked, with both. A token that exists is ErrConflict,
	// and the code stays usable.
	RedeemCode(ctx context.Context, workspace string, handle Handle, redeem func(Code, Grant) Issued) (Code, Grant, error)
	// StartGrant keeps a grant that came about without a code (client_credentials), and what was issued for it, all or nothing; the zero
	// Issued is nothing. A grant, or a token, that exists is ErrConflict.
	StartGrant(ctx context.Context, grant Grant, issued Issued) error
	// Grant returns a grant; ErrRevoked, with the grant, when it is revoked.
	Grant(ctx context.Context, workspace, id string) (Grant, error)
	// RevokeGrant revokes the grant and all that hangs on it. Revoking twice is no error; an unknown grant is ErrNotFound.
	RevokeGrant(ctx context.Context, workspace, id string) error
	// Grants lists a user's live grants, newest first; clientID narrows it when not empty.
	Grants(ctx context.Context, workspace, subject, clientID string) ([]Grant, error)
}

// Tokens keeps refresh tokens and opaque access tokens.
type Tokens interface {
	// IssueRefreshToken keeps the first refresh token of a grant; ErrRevoked when the grant was revoked meanwhile.
	IssueRefreshToken(ctx context.Context, token RefreshToken) error
	// RefreshToken returns a live token and its grant without using it up (no rotation; introspection). A rotated token is
	// ErrConsumed (with both), one whose grant is revoked ErrRevoked.
	RefreshToken(ctx context.Context, workspace string, handle Handle) (RefreshToken, Grant, error)
	// RotateRefreshToken marks the token rotated at now and keeps next in its place, as tokens of the same grant, in one atomic
	// step. A token that was first rotated less than grace before now may be rotated again, for an answer that was lost on its
	// way, while none of its successors was rotated itself: who used one has had the answer. Otherwise it is ErrConsumed, with
	// the token and its grant, so that the caller can revoke the family (RFC 9700 §4.14.2).
	RotateRefreshToken(ctx context.Context, workspace string, handle Handle, next Issued, now time.Time, grace time.Duration) (RefreshToken, Grant, error)
	// IssueAccessToken keeps an opaque access token, or the jti of a JWT, so that it can be found and revoked; ErrRevoked when the
	// grant was revoked meanwhile.
	IssueAccessToken(ctx context.Context, token AccessToken) error
	// AccessToken returns a live access token and its grant by its id; ErrRevoked when either is revoked. For an opaque token the
	// caller compares SecretHash in constant time.
	AccessToken(ctx context.Context, workspace, id string) (AccessToken, Grant, error)
	// RevokeAccessToken revokes one access token and not its grant. Revoking twice is no error.
	RevokeAccessToken(ctx context.Context, workspace, id string) error
}

// Sessions keeps SSO sessions: that a browser's user has authenticated here.
type Sessions interface {
	StartSession(ctx context.Context, session Session) error
	// Session returns a live session to the browser that holds its secret.
	Session(ctx context.Context, workspace string, handle Handle) (Session, error)
	// ReplaceSession ends the session old (if not empty) and starts next, both or neither: a new secret after each
	// authentication. Grants of old go on as grants of next when their subject is the same; otherwise they end with it.
	ReplaceSession(ctx context.Context, old string, next Session) error
	// TouchSession moves the idle expiry of a live session, to its absolute end at most.
	TouchSession(ctx context.Context, workspace, id string, seen, idleExpires time.Time) error
	// EndSession ends it, live or expired, revokes its grants except offline ones, and returns the grants that were live, offline
	// ones too: their clients are told. Ending it twice is ErrNotFound.
	EndSession(ctx context.Context, workspace, id string) (Session, []Grant, error)
	// SignOut ends sessions of a user at the user's own wish: the session only, when it is not empty, or all except one, when that is
	// not, or all. It revokes the grants that came from them, offline ones too; without only, also those whose session has ended
	// before. It returns the sessions and the grants that were live.
	SignOut(ctx context.Context, workspace, subject, only, except string) ([]Session, []Grant, error)
	// Sessions lists a user's live sessions, newest first.
	Sessions(ctx context.Context, workspace, subject string) ([]Session, error)
}

// Accounts keeps local accounts and what their users consented to.
type Accounts interface {
	// SaveAccount creates (Version 0) or replaces (Version is the stored one) an account; ErrConflict otherwise, and when another
	// account has the name. The version then grows by one.
	SaveAccount(ctx context.Context, account Account) error
	Account(ctx context.Context, workspace, subject string) (Account, error)
	// DeleteAccount deletes an account whose version is the stored one, ErrConflict otherwise, and in the same step what it has: factors and
	// recovery codes, identities, consents and sessions. Its grants are revoked. Nobody has its subject ever again; its name is free.
	DeleteAccount(ctx context.Context, workspace, subject string, version int64) error
	// AccountByName finds an account by its canonical user name.
	AccountByName(ctx context.Context, workspace, username string) (Account, error)
	// SaveConsent keeps what a user consented to, replacing what was kept for the same client.
	SaveConsent(ctx context.Context, consent Consent) error
	Consent(ctx context.Context, workspace, subject, clientID string) (Consent, error)
	Consents(ctx context.Context, workspace, subject string) ([]Consent, error)
	// WithdrawConsent deletes it and revokes the user's grants to the client, offline ones too, and returns those that were live: the
	// client is told. There need be no consent: a trusted client's user was never asked.
	WithdrawConsent(ctx context.Context, workspace, subject, clientID string) ([]Grant, error)
}

// Keys keeps signing keys, their private part sealed by the caller.
type Keys interface {
	// AddKey keeps a key unless one with its id exists: ErrConflict, so that of several instances one key is kept.
	AddKey(ctx context.Context, key Key) error
	Keys(ctx context.Context, workspace string) ([]Key, error)
	// UpdateKey replaces the instants of a key.
	UpdateKey(ctx context.Context, key Key) error
}
