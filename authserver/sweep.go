package authserver

import (
	"context"
	"time"
)

const (
	sweepEvery = time.Minute
	// sweepLimit bounds one deletion, so that a sweep never holds requests up for long.
	sweepLimit   = 1000
	sweepTimeout = 20 * time.Second
)

// sweep deletes what has expired, and does for the keys what is due, until ctx ends.
func (s *Server) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.sweepOnce(ctx)
		}
	}
}

// sweepRecords deletes until nothing is left that has expired, a bounded number at a time: others' writes go between.
func (s *Server) sweepRecords(ctx context.Context) {
	for {
		swept, err := s.store.Sweep(ctx, s.now(), sweepLimit)
		s.metrics.swept.Add(float64(swept))
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "sweep failed", "error", err)
		}
		if err != nil || swept < sweepLimit {
			return
		}
	}
}

func (s *Server) sweepOnce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	s.throttle.sweep()
	s.limits.sweep()
	s.factors.throttle.sweep()
	s.sweepRecords(ctx)
	s.sweepRegistrations(ctx)
	for _, iss := range s.issuers.all() {
		if err := iss.keys.Maintain(ctx, iss.Policy.Keys.Schedule()); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "key rotation failed", "workspace", iss.Key(), "error", err)
		}
	}
}
