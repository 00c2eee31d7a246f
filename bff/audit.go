package bff

import (
	"context"
	"log/slog"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// auditEvent names what a security team wants to find in the log years later, and an operator in a graph: the names and
// their outcomes are stable. Each is one line with the message "audit", and counts in a metric.
type auditEvent string

const (
	// auditSignIn: a sign-in came to its end. Its outcome is "ok" or the code that the page got.
	auditSignIn auditEvent = "sign_in"
	// auditSessionEnded: a session is over. Its outcome is the reason.
	auditSessionEnded auditEvent = "session_ended"
	// auditRenewal: the provider was asked for new tokens. Its outcome is "ok" or the code that the page got.
	auditRenewal auditEvent = "token_renewal"
	// auditRefused: a request was refused before anything was done for it. Its outcome is the code.
	auditRefused auditEvent = "request_refused"
	// auditReload: the configuration was read again. Its outcome is "ok" or "kept".
	auditReload auditEvent = "configuration_reload"
)

const auditOK = "ok"

func (b *BFF) audit(ctx context.Context, event auditEvent, outcome string, attributes ...slog.Attr) {
	b.metrics.events[event].WithLabelValues(outcome).Inc()
	level := slog.LevelInfo
	if outcome != auditOK && event != auditSessionEnded {
		level = slog.LevelWarn
	}
	attributes = append([]slog.Attr{slog.String("event", string(event)), slog.String("outcome", outcome)}, attributes...)
	b.log.LogAttrs(ctx, level, "audit", attributes...)
}

// auditSession is audit with the session's handle, provider and subject, and none of its secrets or claims.
func (b *BFF) auditSession(ctx context.Context, event auditEvent, outcome string, record session.Record) {
	b.audit(ctx, event, outcome, slog.String("session", record.Handle), slog.String("provider", record.Provider), slog.String("subject", record.Subject))
}

// guardCodes are those of requests that nobody's page makes by itself.
var guardCodes = map[api.Code]bool{
	api.InvalidPath: true, api.DuplicateCookie: true, api.CSRFRejected: true, api.NavigationRequired: true, api.WrongHost: true,
	api.MethodNotAllowed: true, api.BodyTooLarge: true, api.BodyTooSlow: true, api.InvalidReturnURL: true, api.LoginLoop: true,
	api.TooManyStreams: true, api.InvalidRequest: true,
}

// outcomeOf is the code that an error is answered with.
func outcomeOf(err error) string {
	if err == nil {
		return auditOK
	}
	return string(asRefusal(err).code)
}
