package demoapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// operation answers a user's request. It returns an error or writes an answer, never both.
type operation func(w http.ResponseWriter, r *http.Request, owner user) error

// serve finds the user, and turns an error or a panic into an answer.
func (a *API) serve(do operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		owner, err := userOf(r.Context())
		if err == nil {
			err = protect(do, w, r, owner)
		}
		if err != nil {
			a.writeError(w, r, err)
		}
	})
}

// protect turns a panic into an error, with its stack in the log and nowhere else.
func protect(do operation, w http.ResponseWriter, r *http.Request, owner user) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	return do(w, r, owner)
}

// dispatch chooses by method. A path without methods is not there.
func (a *API) dispatch(methods map[string]http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler := methods[r.Method]; handler != nil {
			handler.ServeHTTP(w, r)
			return
		}
		if methods == nil {
			a.writeError(w, r, &problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is nothing here"})
			return
		}
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
		a.writeError(w, r, &problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: "this cannot be asked for that way"})
	})
}

// observe sets what every answer has, and writes one line per request: no query, no body, no header.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started, id := a.now(), rand.Text()
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("X-Request-Id", id)
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		a.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("request_id", id),
			slog.String("method", r.Method),
			slog.String("route", r.Pattern),
			slog.Int("status", recorder.status),
			slog.Duration("duration", a.now().Sub(started)),
		)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

type stoppingKey struct{}

// stopping is closed when the request's server begins to shut down: a stream would keep it waiting.
func stopping(ctx context.Context) <-chan struct{} {
	stop, _ := ctx.Value(stoppingKey{}).(chan struct{})
	return stop
}

// HTTPServer is an http.Server with the limits that both listeners are to have, and whose streams end when it shuts down. The
// caller listens.
func HTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	stop := make(chan struct{})
	var once sync.Once
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // a stream has deadlines of its own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), stoppingKey{}, stop)
		},
	}
	server.RegisterOnShutdown(func() { once.Do(func() { close(stop) }) })
	return server
}
