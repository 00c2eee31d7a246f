package demoapi

import (
	"context"
	"net/http"
	"time"

	"cloakroom/authserver/trace"
)

// newTrace makes the feed of the trace and what is told the checks of access tokens; nothing, unless the configuration has it on.
func newTrace(cfg Config) (*trace.Feed, func(ctx context.Context, name, spec string, ok bool)) {
	if !cfg.Trace {
		return nil, nil
	}
	return trace.New(trace.API, nil, time.Now), trace.Checked
}

// traced tells a request, if the trace is on and somebody reads it: what was checked of its token, and the answer.
func (a *API) traced(next http.Handler) http.Handler {
	if a.trace == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w, r, exchange := a.trace.Begin(w, r, trace.Route{
			Name: trace.Call, Decides: trace.AccessToken, From: trace.BFF, BackChannel: true,
			Step: trace.StepResourceAnswer, AnswerStep: trace.StepResourceAnswer, Origin: a.audience, Path: r.Pattern,
		})
		defer exchange.End()
		next.ServeHTTP(w, r)
	})
}
