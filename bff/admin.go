package bff

import (
	"context"
	"net/http"
	"time"

	"cloakroom/bff/api"
)

// Admin answers /livez, /readyz and /metrics, for a listener that only operators reach.
func (b *BFF) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, "application/json", http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { b.live.Load().ready(w, r) })
	mux.Handle("GET /metrics", b.metrics.handler())
	return mux
}

// health is the answer of /readyz. It is for operators: it names what is wrong, hosts included.
type health struct {
	Status    string            `json:"status"` // ok, degraded, unavailable
	Store     string            `json:"store"`
	Providers map[string]string `json:"providers"`
	Upstreams map[string]string `json:"upstreams,omitempty"` // those that are left alone for a moment
}

// ready says whether requests can be served, and what is wrong. A provider or an API that is down is no reason to take the
// BFF out: who is signed in stays so, and the other APIs work.
func (b *BFF) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	found := health{Status: "ok", Store: "ok", Providers: map[string]string{}, Upstreams: map[string]string{}}
	for id, p := range b.providers {
		found.Providers[id] = p.health()
		if found.Providers[id] != "ok" && found.Providers[id] != notAsked {
			found.Status = "degraded"
		}
	}
	for host, state := range b.proxy.breakers {
		if state.until.Load() != 0 {
			found.Upstreams[host], found.Status = "did not answer several requests in a row", "degraded"
		}
	}
	status := http.StatusOK
	if err := b.store.Ping(ctx); err != nil {
		b.log.ErrorContext(ctx, "not ready", "error", err)
		found.Store, found.Status, status = err.Error(), "unavailable", statuses[api.StoreUnavailable]
	}
	writeJSON(w, "application/json", status, found)
}

const notAsked = "not asked yet"

// health says what is known of the provider, without asking it.
func (p *provider) health() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.why != nil:
		return p.why.Error()
	case p.known == nil:
		return notAsked
	case p.keys.health() != nil:
		return p.keys.health().Error()
	default:
		return "ok"
	}
}
