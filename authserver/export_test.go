package authserver

import (
	"context"
	"net/http"
	"slices"
	"time"

	"cloakroom/authserver/store"
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

// AddFreshSection puts a section in the place of the password that asks for a fresh sign-in, and counts what is changed in it.
func AddFreshSection(s *Server, changes *int) {
	s.sections = slices.DeleteFunc(s.sections, func(section accountSection) bool { return section.name == "password" })
	s.sections = append(s.sections, accountSection{
		name: "password", fresh: true, show: s.profileSection,
		changes: map[string]accountChange{"change": func(http.ResponseWriter, *http.Request, *issuer, *signedIn, params) (changed, error) {
			*changes++
			return changed{done: "changed"}, nil
		}},
	})
}

// AccountToken is the token of an account section's forms for a session cookie.
func AccountToken(cookie, section string) string {
	handle, err := store.ParseHandle(cookie)
	if err != nil {
		return err.Error()
	}
	return csrfToken(handle, accountPurpose(section))
}

// SweepOnce sweeps now.
func SweepOnce(ctx context.Context, s *Server) { s.sweepOnce(ctx) }
