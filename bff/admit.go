package bff

import (
	"bufio"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"cloakroom/bff/api"
)

// admit is around everything: it checks what every request has to have right, answers errors, survives panics and writes
// the request's line. Echo routes what it admits, except for /api/*: its table is the proxy's own, and asking the router
// for a prefix would cost each call more than its session does.
func (b *BFF) admit(w http.ResponseWriter, r *http.Request) {
	recorded, start := &recorder{ResponseWriter: w}, b.now()
	defer b.logRequest(recorded, r, start)
	defer b.survive(recorded, r)
	if r.Body != http.NoBody {
		defer b.hurry(recorded, r)
	}
	if err := b.checkRequest(r); err != nil {
		b.fail(recorded, r, err)
		return
	}
	if !strings.HasPrefix(r.URL.Path, api.PathAPI) {
		b.router.ServeHTTP(recorded, r)
		return
	}
	if err := b.serveRoute(recorded, r); err != nil {
		b.fail(recorded, r, err)
	}
}

// hurry is for the rest of a body that nobody read: net/http reads it before it answers, and waits without end if the browser
// never sends it.
func (b *BFF) hurry(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(b.now().Add(bodyPause))
	_ = r.Body.Close()
}

func (b *BFF) checkRequest(r *http.Request) error {
	if err := checkTarget(r); err != nil {
		return err
	}
	if err := b.checkHost(r); err != nil {
		return err
	}
	return checkMethod(r)
}

// fail answers err, unless the answer has begun.
func (b *BFF) fail(w http.ResponseWriter, r *http.Request, err error) {
	if begun(w) {
		b.log.ErrorContext(r.Context(), "failed after the answer began", "error", err)
		return
	}
	b.writeError(w, r, err)
}

// begun looks for the recorder under what a router put around it.
func begun(w http.ResponseWriter) bool {
	for {
		if found, ok := w.(*recorder); ok {
			return found.status != 0
		}
		wrapped, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = wrapped.Unwrap()
	}
}

// survive turns a panic into an answer, except for the one that tells net/http to cut the connection.
func (b *BFF) survive(w *recorder, r *http.Request) {
	switch caught := recover(); caught {
	case nil:
	case http.ErrAbortHandler: //nolint:errorlint // net/http compares it so too
		panic(caught)
	default:
		b.log.ErrorContext(r.Context(), "panic", "value", caught)
		b.fail(w, r, refuse(api.Internal, "something went wrong here"))
	}
}

// logRequest names the path without its query: that of a callback holds the code.
func (b *BFF) logRequest(w *recorder, r *http.Request, start time.Time) {
	if !b.log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	b.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", w.status),
		slog.Int64("bytes", w.size), slog.Duration("duration", b.now().Sub(start)))
}

// recorder is a ResponseWriter that remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	size   int64
}

func (w *recorder) WriteHeader(status int) {
	if status >= http.StatusOK && w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(data)
	w.size += int64(n)
	return n, err
}

// Hijack notes that the connection is no longer HTTP.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.status = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController, which flushes streams.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
