package bff

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

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
		{api.PathSessions, []string{http.MethodGet, http.MethodDelete}, gateFetch, b.sessionsOfUser},
		{api.PathSessions + "/:handle", []string{http.MethodDelete}, gateFetch, b.endSession},
		{api.PathLogout, post, gateFetchOrForm, b.logout},

		{api.PathAPI + "*", nil, gateFetch, b.serveAPI},

		{"/bff", nil, gatePublic, notFound},
		{"/bff/*", nil, gatePublic, notFound},
		{"/api", nil, gatePublic, notFound},
		{"/*", nil, gatePublic, b.servePage},
	}
}

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

// newRouter is the only place that knows Echo: thin adapters around plain net/http handlers.
func (b *BFF) newRouter() *echo.Echo {
	router := echo.New()
	router.HideBanner, router.HidePort = true, true
	router.Pre(b.admit)
	router.HTTPErrorHandler = func(err error, c echo.Context) { b.writeError(c.Response(), c.Request(), err) }
	for _, e := range b.endpoints() {
		serve := b.guarded(e)
		router.Any(e.path, func(c echo.Context) error { return serve(c.Response(), c.Request()) })
	}
	return router
}

// guarded applies the endpoint's method list and gate, in this order, before its handler.
func (b *BFF) guarded(e endpoint) handler {
	isPage := e.path == "/*"
	return func(w http.ResponseWriter, r *http.Request) error {
		if !isPage {
			b.secure(w.Header())
			if err := checkHeaders(r); err != nil {
				return err
			}
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

// admit is around everything: it checks what every request has to have right, answers errors, survives panics and writes
// the request's line.
func (b *BFF) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := b.now()
		defer b.logRequest(c, start)
		err := errors.Join(checkTarget(c.Request()), b.checkHost(c.Request()), checkMethod(c.Request()))
		if err == nil {
			err = b.survive(c, next)
		}
		if err == nil {
			return nil
		}
		if c.Response().Committed {
			b.log.ErrorContext(c.Request().Context(), "failed after the answer began", "error", err)
			return nil
		}
		b.writeError(c.Response(), c.Request(), fromEcho(err))
		return nil
	}
}

// survive turns a panic into an error, except for the one that tells net/http to cut the connection.
func (b *BFF) survive(c echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		switch caught := recover(); caught {
		case nil:
		case http.ErrAbortHandler: //nolint:errorlint // net/http compares it so too
			panic(caught)
		default:
			b.log.ErrorContext(c.Request().Context(), "panic", "value", caught)
			err = refuse(api.Internal, "something went wrong here")
		}
	}()
	return next(c)
}

// fromEcho maps the router's own error: no route covers the path. The table's catch-alls leave it nothing else to say.
func fromEcho(err error) error {
	if _, ok := errors.AsType[*echo.HTTPError](err); ok {
		return refuse(api.NotFound, "there is nothing at this address").because(err)
	}
	return err
}

// logRequest names the path without its query: that of a callback holds the code.
func (b *BFF) logRequest(c echo.Context, start time.Time) {
	r := c.Request()
	if !b.log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	b.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", c.Response().Status),
		slog.Int64("bytes", c.Response().Size), slog.Duration("duration", b.now().Sub(start)))
}

// lastSegment is what stands for ":name" at the end of a route.
func lastSegment(r *http.Request) string {
	return r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
}
