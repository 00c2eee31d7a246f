// Package audit owns the names of security events and writes them to the log: stable names, so that an operator can build
// alerts on them. It decides nothing and keeps nothing.
//
// Start with [Event].
package audit

import (
	"context"
	"log/slog"
)

// Event is the stable name of a security event.
type Event string

// The events, in the order of a flow.
const (
	SignInSucceeded      Event = "sign_in_succeeded"
	SignInRejected       Event = "sign_in_rejected"
	SignInThrottled      Event = "sign_in_throttled"
	SignInCancelled      Event = "sign_in_cancelled"
	AccountCreated       Event = "account_created" // by sign-up, or by a first sign-in at an upstream provider
	SignUpThrottled      Event = "sign_up_throttled"
	UpstreamFailed       Event = "upstream_sign_in_failed"
	IdentityLinked       Event = "identity_linked"
	IdentityUnlinked     Event = "identity_unlinked"
	FactorAccepted       Event = "second_factor_accepted"
	FactorRejected       Event = "second_factor_rejected"
	FactorThrottled      Event = "second_factor_throttled"
	FactorAdded          Event = "second_factor_added"
	FactorRenamed        Event = "second_factor_renamed"
	FactorRemoved        Event = "second_factor_removed"
	RecoveryCodeUsed     Event = "recovery_code_used"
	RecoveryCodesMade    Event = "recovery_codes_made" // those before are of no use any more
	ConsentGiven         Event = "consent_given"
	ConsentDenied        Event = "consent_denied"
	ConsentWithdrawn     Event = "consent_withdrawn" // the client's grants were revoked, offline ones too
	PasswordChanged      Event = "password_changed"  // the user's other sessions were ended
	CodeIssued           Event = "code_issued"
	CodeReplayed         Event = "code_replayed" // the grant was revoked
	ClientRejected       Event = "client_rejected"
	TokensIssued         Event = "tokens_issued"
	RefreshTokenReplayed Event = "refresh_token_replayed" // the grant was revoked
	TokenRevoked         Event = "token_revoked"
	SessionEnded         Event = "session_ended"
	LogoutDelivered      Event = "backchannel_logout_delivered"
	LogoutNotDelivered   Event = "backchannel_logout_not_delivered" // the client keeps its session until its next refresh
	AdminChanged         Event = "admin_changed"                    // through the admin API: who, what, and which members
	AdminRejected        Event = "admin_rejected"                   // a credential of the admin API was wrong
	ClientRegistered     Event = "client_registered"                // a client registered, changed or deleted itself (RFC 7591, RFC 7592)
	FormRejected         Event = "form_rejected"                    // a CSRF token was missing or of another interaction
)

// Log writes events.
type Log struct {
	log   *slog.Logger
	count func(event Event, workspace string, args []any)
}

// New makes a log that writes to log. Count is called for every event; it may be nil.
func New(log *slog.Logger, count func(event Event, workspace string, args []any)) *Log {
	return &Log{log: log.With("audit", true), count: count}
}

// Record writes one event. Args are key-value pairs; no secret is ever among them.
func (l *Log) Record(ctx context.Context, event Event, workspace string, args ...any) {
	if l.count != nil {
		l.count(event, workspace, args)
	}
	l.log.InfoContext(ctx, "security event", append([]any{"event", string(event), "workspace", workspace}, args...)...)
}
