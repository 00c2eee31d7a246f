package state

import "cloakroom/app/trace"

// Density is how much is said, and how: it changes words and detail, never permissions.
type Density string

// The presets.
const (
	Plain     Density = "plain"
	Developer Density = "developer"
	Presenter Density = "presenter"
)

// Densities are all of them, in the order in which they are offered.
var Densities = []Density{Plain, Developer, Presenter}

// ReadDensity takes what was kept; anything else is the developer's.
func ReadDensity(kept string) Density {
	switch Density(kept) {
	case Plain, Presenter:
		return Density(kept)
	default:
		return Developer
	}
}

// View is how the user wants to look at a flow.
type View struct {
	Density Density
	Seat    trace.Seat
	Lit     string // the reference that is pointed at
	Against string // the flow that this one is compared with; "" is none
	Playing bool
}
