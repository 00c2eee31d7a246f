package bff

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what an operator would alert on. Labels are codes, reasons and configured names: nothing that a request
// holds, so that no request can make a new series.
type metrics struct {
	registry *prometheus.Registry
	events   map[auditEvent]*prometheus.CounterVec
	upstream *prometheus.HistogramVec
	streams  *prometheus.GaugeVec
}

// The kinds of streams.
const (
	streamEvents    = "session_events"
	streamAnswer    = "answer"
	streamWebSocket = "websocket"
)

// opened counts a stream until the returned function is called.
func (m *metrics) opened(kind string) (closed func()) {
	open := m.streams.WithLabelValues(kind)
	open.Inc()
	return open.Dec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), events: map[auditEvent]*prometheus.CounterVec{}}
	for event, described := range map[auditEvent][3]string{
		auditSignIn:       {"bff_sign_ins_total", "Sign-ins that came to an end.", "outcome"},
		auditSessionEnded: {"bff_sessions_ended_total", "Sessions that were ended, without those that expired.", "reason"},
		auditRenewal:      {"bff_token_renewals_total", "Requests for new tokens.", "outcome"},
		auditRefused:      {"bff_refusals_total", "Requests that were refused before anything was done for them.", "code"},
		auditReload:       {"bff_configuration_reloads_total", "Times that the configuration was read again.", "outcome"},
	} {
		counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: described[0], Help: described[1]}, []string{described[2]})
		m.events[event] = counter
		m.registry.MustRegister(counter)
	}
	m.upstream = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "bff_upstream_seconds", Help: "Time until an API began its answer.",
		Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
	}, []string{"route", "outcome"})
	m.streams = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "bff_streams", Help: "Open streams: of session events, and through the proxy answers that go on, and WebSocket connections.",
	}, []string{"kind"})
	for _, kind := range []string{streamEvents, streamAnswer, streamWebSocket} {
		m.streams.WithLabelValues(kind)
	}
	m.registry.MustRegister(m.upstream, m.streams, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// timings are one route's observers, looked up once.
type timings struct {
	byClass [6]prometheus.Observer // by the status's first digit
	failed  prometheus.Observer
}

func (m *metrics) timings(prefix string) timings {
	t := timings{failed: m.upstream.WithLabelValues(prefix, "no_answer")}
	for class := 1; class < len(t.byClass); class++ {
		t.byClass[class] = m.upstream.WithLabelValues(prefix, string(rune('0'+class))+"xx")
	}
	return t
}

func (t *timings) observe(response *http.Response, took time.Duration) {
	observer := t.failed
	if response != nil && response.StatusCode < 600 && response.StatusCode >= 100 {
		observer = t.byClass[response.StatusCode/100]
	}
	observer.Observe(took.Seconds())
}
