package authserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/ui/text"
)

// endpoint answers one request for one issuer. It returns an error or writes an answer, never both.
type endpoint func(w http.ResponseWriter, r *http.Request, iss *issuer) error

var errNoPage = &pageError{
	status: http.StatusNotFound,
	title:  text.Of("error.nothing.title"),
	text:   text.Of("error.nothing.text"),
}

var errMethod = &pageError{
	status: http.StatusMethodNotAllowed,
	title:  text.Of("error.method.title"),
	text:   text.Of("error.method.text"),
}

// serve finds the issuer, bounds the body, and writes the endpoint's error in the form that its reader expects.
func (s *Server) serve(handle endpoint, k kind, methods []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.setHeaders(w.Header())
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		iss := s.issuers.find(workspaceOf(r))
		w, r, exchange := s.beginTrace(w, r, iss)
		defer exchange.End()
		var err error
		switch {
		case iss == nil:
			err = errNoPage
		case !slices.Contains(methods, r.Method):
			w.Header().Set("Allow", strings.Join(methods, ", "))
			err = errMethod
		default:
			err = protect(handle, w, r, iss)
		}
		if err != nil {
			s.writeError(w, r, iss, k, err)
		}
	})
}

// setHeaders sets what every answer has. No answer has a CORS header (RFC 9700 §2.6).
func (s *Server) setHeaders(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if s.https {
		header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

func (s *Server) writeError(w http.ResponseWriter, r *http.Request, iss *issuer, k kind, err error) {
	switch {
	case k == page:
		s.writePageError(w, r, iss, err)
	case k == bearer:
		s.writeBearerError(w, r, err)
	default:
		s.writeAPIError(w, r, err)
	}
}

// protect turns a panic into server_error, with its stack in the log and nowhere else.
func protect(handle endpoint, w http.ResponseWriter, r *http.Request, iss *issuer) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		if value == http.ErrAbortHandler { //nolint:errorlint // net/http's own sentinel, compared as net/http does
			panic(value)
		}
		err = oauth.ServerError.Because(fmt.Errorf("panic: %v\n%s", value, debug.Stack()))
	}()
	return handle(w, r, iss)
}

// requestInfo is what the request line says beyond what the request shows.
type requestInfo struct {
	id       string
	clientID string
}

type requestInfoKey struct{}

// observe writes one line per request: no query, no body, no header.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.now()
		info := &requestInfo{id: rand.Text()}
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		r = r.WithContext(context.WithValue(r.Context(), requestInfoKey{}, info))
		w.Header().Set("X-Request-Id", info.id)
		next.ServeHTTP(recorder, r)
		s.metrics.request(r.Pattern, recorder.status, s.now().Sub(started))
		s.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("request_id", info.id),
			slog.String("method", r.Method),
			slog.String("route", r.Pattern),
			slog.String("workspace", workspaceOf(r)),
			slog.String("client_id", info.clientID),
			slog.Int("status", recorder.status),
			slog.Duration("duration", s.now().Sub(started)),
		)
	})
}

func workspaceOf(r *http.Request) string {
	if r.PathValue("tenant") == "" {
		return ""
	}
	return r.PathValue("tenant") + "/" + r.PathValue("workspace")
}

// requestID is the id under which the request is in the log; error pages show it.
func requestID(ctx context.Context) string {
	if info, ok := ctx.Value(requestInfoKey{}).(*requestInfo); ok {
		return info.id
	}
	return ""
}

// noteClient puts a client that is registered into the request line.
func noteClient(ctx context.Context, clientID string) {
	if info, ok := ctx.Value(requestInfoKey{}).(*requestInfo); ok {
		info.clientID = clientID
	}
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
