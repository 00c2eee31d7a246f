package bff

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cloakroom/bff/session"
)

const (
	// countEvery bounds how often the store is asked for the number of sessions, however often and by whomever it is read.
	countEvery   = 15 * time.Second
	countTimeout = 2 * time.Second
)

// liveSessions is a gauge that asks the store when it is read. While the store cannot answer in time there is no value: an
// old one would look like a store that is fine.
type liveSessions struct {
	store session.Store
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex // one question at a time
	counted int
	known   bool
	asked   time.Time
}

var sessionsGauge = prometheus.NewDesc("bff_sessions",
	"Live sessions in the store. Instances that share a store show the same: take the maximum, not the sum.", nil, nil)

// Describe implements [prometheus.Collector].
func (*liveSessions) Describe(all chan<- *prometheus.Desc) { all <- sessionsGauge }

// Collect implements [prometheus.Collector].
func (l *liveSessions) Collect(all chan<- prometheus.Metric) {
	if live, known := l.count(); known {
		all <- prometheus.MustNewConstMetric(sessionsGauge, prometheus.GaugeValue, float64(live))
	}
}

func (l *liveSessions) count() (live int, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); l.asked.IsZero() || now.Sub(l.asked) >= countEvery {
		ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
		defer cancel()
		counted, err := l.store.Count(ctx)
		if err != nil {
			l.log.Warn("sessions not counted", "error", err)
		}
		l.counted, l.known, l.asked = counted, err == nil, now
	}
	return l.counted, l.known
}
