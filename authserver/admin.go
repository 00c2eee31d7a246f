package authserver

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloakroom/authserver/adminapi"
)

const pingTimeout = 2 * time.Second

// Admin serves the admin listener: /livez says that the process runs, /readyz that it can do its work and if not, why; /metrics has
// the figures, for Prometheus; /trace what the demo shows of every flow, and elsewhere nothing; /admin/v1 is the admin API. It belongs on a
// loopback address and never on the public one.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, http.StatusOK, "live") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
		defer cancel()
		problems := s.problems(ctx)
		if len(problems) > 0 {
			s.log.WarnContext(ctx, "not ready", "problems", problems)
			setRetryAfter(w, http.StatusServiceUnavailable, retryAfter)
			writeHealth(w, http.StatusServiceUnavailable, strings.Join(problems, "\n"))
			return
		}
		writeHealth(w, http.StatusOK, "ready")
	})
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.Handle("GET /trace", s.trace)
	mux.Handle(adminapi.Prefix+"/", s.adminAPI)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isPlain(r.URL) {
			writeHealth(w, http.StatusNotFound, "there is nothing here")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// problems are what keeps the server from its work, in words for the operator and without a secret: the causes are in the log.
func (s *Server) problems(ctx context.Context) []string {
	var problems []string
	if err := s.store.Ping(ctx); err != nil {
		s.log.WarnContext(ctx, "the store does not answer", "error", err)
		problems = append(problems, "the store does not answer")
	}
	for name, iss := range s.issuers.all() {
		for _, algorithm := range iss.Policy.Algorithms() {
			if _, err := iss.keys.Signer(algorithm); err != nil {
				problems = append(problems, "workspace "+name+" has no "+algorithm.String()+" key that signs")
			}
		}
	}
	slices.Sort(problems)
	return problems
}

func writeHealth(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
