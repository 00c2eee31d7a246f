package authserver

import (
	"context"
	"time"
)

// NewAt is New with a clock.
var NewAt = newServer

// NewOutboundClient is the client that requests leave the server by.
var NewOutboundClient = newOutboundClient

// HurryBackchannel makes the pauses between deliveries short.
func HurryBackchannel(s *Server) {
	for at := range s.backchannel.pauses {
		s.backchannel.pauses[at] = time.Duration(at) * time.Millisecond
	}
}

// SweepOnce sweeps now.
func SweepOnce(ctx context.Context, s *Server) { s.sweepOnce(ctx) }
