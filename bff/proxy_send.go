package bff

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"cloakroom/bff/session"
)

// errBreakerOpen is answered like any upstream that cannot be reached.
var errBreakerOpen = errors.New("the upstream did not answer several requests in a row and is left alone for a moment")

// send sends the request, and once more with a new token if the API took the old one for dead.
func (p *passage) send(r *http.Request) (*http.Response, error) {
	response, err := p.attempt(r)
	if err != nil || response.StatusCode != http.StatusUnauthorized || !p.mayReplay(r, response) {
		return response, err
	}
	if p.renew(r.Context()) != nil {
		return response, nil // what the API said stands
	}
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
	_ = response.Body.Close()
	again := *r
	again.Header = r.Header.Clone()
	if p.authorization != nil {
		again.Header["Authorization"] = p.authorization
	}
	return p.attempt(&again)
}

// attempt is one request on the wire. A bound token's proof is put on it at the last moment: it is for this one only.
func (p *passage) attempt(r *http.Request) (response *http.Response, err error) {
	if !p.route.breaker.allow(p.bff.now) {
		return nil, errBreakerOpen
	}
	began := time.Now()
	if p.bound != nil {
		response, err = p.bound.roundTrip(p.route.transport, r)
	} else {
		response, err = p.route.transport.RoundTrip(r)
	}
	p.route.timings.observe(response, time.Since(began))
	switch {
	case err == nil:
		p.route.breaker.answered()
	case isUpstreams(r.Context(), err):
		p.route.breaker.failed(p.bff.now())
	}
	return response, err
}

// isUpstreams reports whether it was the upstream that failed, and not the browser: by leaving, or with its body.
func isUpstreams(ctx context.Context, err error) bool {
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	slow := errors.Is(context.Cause(ctx), errUpstreamSlow)
	return slow || (ctx.Err() == nil && !tooLarge && !errors.Is(err, errBodySlow))
}

// replayGrain keeps an API that refuses every token from having a new one issued at every call.
const replayGrain = 2 * time.Second

// mayReplay reports whether the request can be sent again without doing twice what it does (RFC 9110 §9.2.2), and a new
// token could help: the API says that the old one is dead, or nothing (RFC 6750 §3.1). A body is never sent twice.
func (p *passage) mayReplay(r *http.Request, response *http.Response) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
	default:
		return false
	}
	if p.token == "" || (r.Body != nil && r.Body != http.NoBody) || p.bff.now().Sub(p.issued) < replayGrain {
		return false
	}
	for _, parameters := range parseChallenges(response.Header["Www-Authenticate"]) {
		if reason := parameters["error"]; reason != "" && reason != "invalid_token" {
			return false
		}
	}
	return true
}

// renew replaces the token that the API refused, by the way that all renewals go: one at a time.
func (p *passage) renew(ctx context.Context) error {
	if p.session == "" {
		return p.bff.authorizeClient(ctx, p, p.token)
	}
	record, err := p.bff.sessions.Load(ctx, p.session)
	if err != nil {
		return err
	}
	want := p.bff.wanted(record, p.route)
	if record.Tokens[want.key(record)].AccessToken == p.token {
		if record, err = p.bff.renew(ctx, record, want, p.token); err != nil {
			return err
		}
	}
	return p.presentAnother(record, record.Tokens[want.key(record)])
}

func (p *passage) presentAnother(record session.Record, token session.Token) error {
	if token.AccessToken == "" || token.AccessToken == p.token {
		return errors.New("there is no other token")
	}
	return p.present(record, token)
}
