package bff

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"cloakroom/bff/api"
)

// The canonical forms of our headers, as net/http keys them.
const (
	canonicalCSRF      = "X-Bff-Csrf"
	canonicalCSRFAlias = "X-Csrf"
	canonicalSource    = "Bff-Source"
)

// handler answers a request or returns the error that [BFF.writeError] answers.
type handler func(w http.ResponseWriter, r *http.Request) error

// endpoint is one line of the routing table. Without methods it answers all of them.
type endpoint struct {
	path    string
	methods []string
	gate    gate
	serve   handler
}

// endpoints is every route of the public listener, each with what a request has to prove to reach it. The page comes
// last, and nothing under /bff/ or /api/ falls through to it.
func (b *BFF) endpoints() []endpoint {
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	return []endpoint{
		{api.PathLogin, get, gateNavigation, b.login},
		{api.PathCallback + ":provider", []string{http.MethodGet, http.MethodPost}, gateCallback, b.callback},
		{api.PathSession, get, gateFetch, b.session},
		{api.PathUser, get, gateFetch, b.user},
		{api.PathSessionExtend, post, gateFetch, b.extendSession},
		{api.PathSessionRefresh, post, gateFetch, b.refreshSession},
		{api.PathSessionExpire, post, gateFetch, b.expireAccessTokens},
		{api.PathSessionEvents, get, gateStream, b.events},
		{api.PathSessions, []string{http.MethodGet, http.MethodDelete}, gateFetch, toItsEnd(b.sessionsOfUser)},
		{api.PathSessions + "/:handle", []string{http.MethodDelete}, gateFetch, toItsEnd(b.endSession)},
		{api.PathLogout, post, gateFetchOrForm, toItsEnd(b.logout)},
		{api.PathBackchannelLogout + ":provider", post, gateServer, b.backchannelLogout},
		{api.PathPopup, get, gateNavigation, b.popup},
		{api.PathPopupScript, get, gatePublic, b.popupScript},
		{api.PathJWKS, get, gatePublic, b.jwks},

		{api.PathTrace, get, gateStream, b.trace},
		{api.PathTraceStep, post, gateFetch, b.traceStep},

		b.apiEndpoint(),

		{"/bff", nil, gatePublic, notFound},
		{"/bff/*", nil, gatePublic, notFound},
		{"/api", nil, gatePublic, notFound},
		{"/*", nil, gatePublic, b.servePage},
	}
}

// isDemonstration says which endpoints there are only where the configuration has the trace.
func isDemonstration(path string) bool {
	return path == api.PathSessionExpire || strings.HasPrefix(path, api.PathTrace)
}

// apiEndpoint is the proxy. Its routes have methods and gates of their own.
func (b *BFF) apiEndpoint() endpoint { return endpoint{api.PathAPI + "*", nil, gateAPI, b.serveAPI} }

func notFound(http.ResponseWriter, *http.Request) error {
	return refuse(api.NotFound, "there is nothing at this address")
}

// servePage hands the request to the page, which has its own headers.
func (b *BFF) servePage(w http.ResponseWriter, r *http.Request) error {
	if b.hsts {
		w.Header()["Strict-Transport-Security"] = hstsHeader
	}
	b.page.ServeHTTP(w, r)
	return nil
}

// newRouter is the only place that knows Echo: thin adapters around plain net/http handlers. admit.go is in front of it.
func (b *BFF) newRouter() *echo.Echo {
	router := echo.New()
	router.HideBanner, router.HidePort = true, true
	router.HTTPErrorHandler = func(err error, c echo.Context) { b.fail(c.Response(), c.Request(), fromEcho(err)) }
	for _, e := range b.endpoints() {
		if b.inspector == nil && isDemonstration(e.path) {
			continue // there is nothing at this address
		}
		serve := b.guarded(e)
		router.Any(e.path, func(c echo.Context) error {
			if !e.covers(c.Request().URL.Path) {
				return notFound(c.Response(), c.Request())
			}
			return serve(c.Response(), c.Request())
		})
	}
	return router
}

// guarded applies the endpoint's method list and gate, in this order, before its handler.
func (b *BFF) guarded(e endpoint) handler {
	isPage, isAPI := e.path == "/*", e.gate == gateAPI
	return func(w http.ResponseWriter, r *http.Request) error {
		if !isPage {
			if err := checkHeaders(r); err != nil {
				return err
			}
		}
		// What comes from an upstream gets its headers when they are complete: see judge.
		if !isPage && !isAPI {
			b.secure(w.Header())
		}
		if e.methods != nil && !slices.Contains(e.methods, r.Method) {
			return methodNotAllowed(e.methods)
		}
		if err := b.pass(e.gate, r); err != nil {
			return err
		}
		return e.serve(w, r)
	}
}

// covers reports whether the path has as many segments as the route: the router gives the last name all of the rest, and
// /bff/callback/x/demo is nobody's callback (security row S10).
func (e endpoint) covers(path string) bool {
	return !strings.Contains(e.path, ":") || strings.Count(e.path, "/") == strings.Count(path, "/")
}

// fromEcho maps the router's own error: no route covers the path. The table's catch-alls leave it nothing else to say.
func fromEcho(err error) error {
	if _, ok := errors.AsType[*echo.HTTPError](err); ok {
		return refuse(api.NotFound, "there is nothing at this address").because(err)
	}
	return err
}

// checkMethod refuses methods that the router has no name for; the table decides about the others.
func checkMethod(r *http.Request) error {
	switch r.Method {
	case http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return nil
	}
	if slices.Contains(routableMethods, r.Method) {
		return nil
	}
	return methodNotAllowed(routableMethods)
}

func methodNotAllowed(allow []string) error {
	refused := refuse(api.MethodNotAllowed, "this address does not take this method")
	refused.allow = allow
	return refused
}

// lastSegment is what stands for ":name" at the end of a route.
func lastSegment(r *http.Request) string {
	return r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
}
