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

func (s *Server) sweepOnce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	s.throttle.sweep()
	if _, err := s.store.Sweep(ctx, s.now(), sweepLimit); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "sweep failed", "error", err)
	}
	for _, iss := range s.issuers {
		if err := iss.keys.Maintain(ctx, iss.Policy.Keys.Schedule()); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "key rotation failed", "workspace", iss.Key(), "error", err)
		}
	}
}
