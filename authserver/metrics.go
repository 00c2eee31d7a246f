package authserver

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cloakroom/authserver/audit"
)

// metrics are what /metrics on the admin listener shows. No label has a value that a request chooses: routes are patterns, and
// workspaces, grant types and events are known ones.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	events    *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	verbs     *prometheus.HistogramVec
	logouts   *prometheus.CounterVec
	swept     prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "authserver_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "authserver_request_duration_seconds", Help: "How long answers took, by route.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}, []string{"route"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "authserver_security_events_total", Help: "Security events by name: sign_in_succeeded, sign_in_rejected, client_rejected, code_replayed …",
		}, []string{"event", "workspace"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "authserver_tokens_issued_total", Help: "Token responses, by grant type.",
		}, []string{"grant_type", "workspace"}),
		verbs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "authserver_store_duration_seconds", Help: "How long the store took, by verb; writes are durable then.", Buckets: prometheus.ExponentialBuckets(0.00005, 2.5, 14),
		}, []string{"verb", "outcome"}),
		logouts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "authserver_backchannel_logouts_total", Help: "Back-channel logouts by outcome: delivered, failed, dropped, abandoned.",
		}, []string{"outcome"}),
		swept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "authserver_swept_records_total", Help: "Expired records that were deleted.",
		}),
	}
	m.registry.MustRegister(m.requests, m.durations, m.events, m.tokens, m.verbs, m.logouts, m.swept,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

func (m *metrics) request(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(route).Observe(took.Seconds())
}

// event counts a security event, and the tokens that it tells of.
func (m *metrics) event(event audit.Event, workspace string, args []any) {
	m.events.WithLabelValues(string(event), workspace).Inc()
	if event != audit.TokensIssued {
		return
	}
	for at := 0; at+1 < len(args); at += 2 {
		if grantType, ok := args[at+1].(string); ok && args[at] == "grant_type" {
			m.tokens.WithLabelValues(grantType, workspace).Inc()
		}
	}
}

// verb counts what a verb of the store came to: an answer, if only that there is no such thing, or a failure.
func (m *metrics) verb(name string, took time.Duration, err error) {
	outcome := "ok"
	if err != nil && !expected(err) && !errors.Is(err, context.Canceled) {
		outcome = "failed"
	}
	m.verbs.WithLabelValues(name, outcome).Observe(took.Seconds())
}

func (m *metrics) logout(outcome string) { m.logouts.WithLabelValues(outcome).Inc() }

// keyAges shows, when it is asked, how old the signing keys are: one that signs for much longer than the policy says is not being
// rotated.
type keyAges struct{ server *Server }

func keyAge() *prometheus.Desc {
	return prometheus.NewDesc("authserver_signing_key_age_seconds", "How long ago the key was published.", []string{"workspace", "alg", "kid", "state"}, nil)
}

// Describe is of prometheus.Collector.
func (k keyAges) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- keyAge() }

// Collect is of prometheus.Collector.
func (k keyAges) Collect(values chan<- prometheus.Metric) {
	for name, iss := range k.server.issuers.all() {
		for _, key := range iss.keys.Status() {
			age := k.server.now().Sub(key.Created).Seconds()
			values <- prometheus.MustNewConstMetric(keyAge(), prometheus.GaugeValue, age, name, key.Algorithm, key.ID, string(key.State))
		}
	}
}
