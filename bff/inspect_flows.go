package bff

import (
	"context"
	"net/http"
	"strings"

	"cloakroom/bff/api"
	"cloakroom/bff/trace"
)

// followed is a kind of request that begins a flow of the trace, or goes on with one.
type followed struct {
	method string // "" is any
	path   string // matched whole, or as the beginning if it ends with "/"
	kind   api.FlowKind
	name   api.TraceName
	step   api.Step // of the request
	next   api.Step // of its answer
}

// followedRequests are the browser's, and the provider's to the BFF.
var followedRequests = []followed{
	{http.MethodGet, api.PathLogin, api.FlowSignIn, api.TraceLogin, api.StepAccess, api.StepAuthorize},
	{http.MethodGet, api.PathCallback, api.FlowSignIn, api.TraceCallback, api.StepCode, api.StepTokenResponse},
	{"", api.PathAPI, api.FlowAPICall, api.TraceCall, api.StepResource, api.StepResourceAnswer},
	{http.MethodPost, api.PathSessionRefresh, api.FlowRefresh, api.TraceRefresh, 0, 0},
	{http.MethodPost, api.PathLogout, api.FlowSignOut, api.TraceLogout, 0, 0},
	{http.MethodDelete, api.PathSessions, api.FlowSignOut, api.TraceLogout, 0, 0},
	{http.MethodDelete, api.PathSessions + "/", api.FlowSignOut, api.TraceLogout, 0, 0},
	{http.MethodPost, api.PathBackchannelLogout, api.FlowBackchannelLogout, api.TraceBackchannelLogout, 0, 0},
}

func (f *followed) covers(r *http.Request) bool {
	if f.method != "" && f.method != r.Method {
		return false
	}
	return r.URL.Path == f.path || (strings.HasSuffix(f.path, "/") && strings.HasPrefix(r.URL.Path, f.path))
}

// inspected tells the trace of what comes in and how it is answered. It is next itself when the trace is off.
func (b *BFF) inspected(next http.Handler) http.Handler {
	if b.inspector == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range followedRequests {
			if f := &followedRequests[i]; f.covers(r) {
				b.live.Load().inspect(w, r, f, next)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (b *BFF) inspect(w http.ResponseWriter, r *http.Request, f *followed, next http.Handler) {
	flow := b.flowOf(r, f)
	sender := api.PartyBrowser
	if f.kind == api.FlowBackchannelLogout {
		sender = api.PartyAuthorizationServer
	}
	x := flow.Receive(trace.Exchange{
		Name: f.name, Step: f.step, Next: f.next, From: sender, To: api.PartyBFF, Origin: b.cfg.Origin, Route: b.routeOf(r, f),
	}, r, nil)
	recorded := &recorder{ResponseWriter: w}
	fresh := flow.Bound()
	defer func() {
		answer := trace.Answer{Status: recorded.status, Header: recorded.Header(), Size: recorded.size}
		if f.path == api.PathCallback && !fresh && flow.Bound() {
			answer.Name = api.TraceSessionStarted
		}
		x.Answer(answer)
	}()
	next.ServeHTTP(recorded, r.WithContext(trace.With(r.Context(), flow)))
}

// withRefreshFlow makes a renewal a flow of its own, unless the page asked for it: then its request began one.
func (b *BFF) withRefreshFlow(ctx context.Context, session, provider string) context.Context {
	if b.inspector == nil || trace.Of(ctx).Kind() == api.FlowRefresh {
		return ctx
	}
	flow := b.inspector.Begin(api.FlowRefresh)
	flow.Bind(session, provider)
	return trace.With(ctx, flow)
}

// flowOf is a new flow, or the one that the browser's sign-in began: it has the transaction's cookie to show for it.
func (b *BFF) flowOf(r *http.Request, f *followed) *trace.Flow {
	if f.path == api.PathCallback {
		state := r.URL.Query().Get("state")
		if found := b.inspector.Find(state); found.Kind() == api.FlowSignIn && len(r.CookiesNamed(transactionName(state))) == 1 {
			return found
		}
	}
	return b.inspector.Begin(f.kind)
}

// routeOf is what may be shown of the request's path: what follows an API's prefix, or names a session, is not.
func (b *BFF) routeOf(r *http.Request, f *followed) string {
	switch {
	case f.kind == api.FlowAPICall:
		if matched := b.proxy.match(r.URL.Path); matched != nil {
			return underPrefix(matched.cfg.Prefix, r.URL.Path)
		}
		return api.PathAPI + "…"
	case f.path == api.PathCallback, f.path == api.PathBackchannelLogout:
		if b.providers[lastSegment(r)] != nil {
			return f.path + lastSegment(r)
		}
	}
	if strings.HasSuffix(f.path, "/") {
		return f.path + "…"
	}
	return f.path
}

// shownPath is what may be shown of the path of a request to the upstream.
func (r *route) shownPath(path string) string { return underPrefix(r.upstream.Path, path) }

// underPrefix shows a path that is longer than its prefix as such, and not by what.
func underPrefix(prefix, path string) string {
	if path == prefix {
		return prefix
	}
	return prefix + "/…"
}
