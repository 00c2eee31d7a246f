package trace

import (
	"strings"

	"cloakroom/bff/api"
)

// Seat is a place that a flow can be watched from.
type Seat string

// The seats. Everywhere is the inspector's own: all parties tell it what they saw.
const (
	Everywhere              Seat = ""
	SeatScript              Seat = "script"
	SeatBrowser             Seat = "browser"
	SeatNetwork             Seat = "network"
	SeatBFF                 Seat = "bff"
	SeatAuthorizationServer Seat = "authorization_server"
	SeatAPI                 Seat = "api"
)

// Seats are all of them, in the order in which they are offered.
var Seats = []Seat{Everywhere, SeatScript, SeatBrowser, SeatNetwork, SeatBFF, SeatAuthorizationServer, SeatAPI}

// Lock is why a seat does not see an event.
type Lock string

// The reasons. An encrypted message is seen to pass: who talks to whom, when, and how much.
const (
	Open            Lock = ""
	LockNavigation  Lock = "navigation"   // the browser goes there by itself: no script of the page runs meanwhile
	LockOtherOrigin Lock = "other_origin" // another site's page
	LockBackChannel Lock = "back_channel" // between servers
	LockInside      Lock = "inside"       // within one party
	LockElsewhere   Lock = "elsewhere"    // between others
	LockEncrypted   Lock = "encrypted"
)

// Outline reports whether the seat at least sees that the message passes.
func (l Lock) Outline() bool { return l == LockEncrypted }

// fetched are the messages that script of the page sends and reads itself; the browser's others are navigations.
var fetched = map[api.TraceName]bool{
	api.TraceCall: true, api.TraceRefresh: true, api.TraceLogout: true,
}

// See says whether somebody in the seat sees the event, or why not.
func See(seat Seat, event api.TraceEvent) Lock {
	inside := event.From == event.To
	browser := event.From == api.PartyBrowser || event.To == api.PartyBrowser
	switch seat {
	case Everywhere:
		return Open
	case SeatScript, SeatBrowser:
		switch {
		case inside && event.From != api.PartyBrowser:
			return LockInside
		case !browser:
			return LockBackChannel
		case seat == SeatBrowser || fetched[event.Name] && between(event, api.PartyBrowser, api.PartyBFF):
			return Open
		case between(event, api.PartyBrowser, api.PartyAuthorizationServer):
			return LockOtherOrigin
		default:
			return LockNavigation
		}
	case SeatNetwork:
		if inside {
			return LockInside
		}
		return LockEncrypted
	default:
		party := api.Party(seat) // the servers' seats have the parties' names
		switch {
		case event.From == party || event.To == party:
			return Open
		case inside:
			return LockInside
		default:
			return LockElsewhere
		}
	}
}

func between(event api.TraceEvent, one, other api.Party) bool {
	return event.From == one && event.To == other || event.From == other && event.To == one
}

// hiddenHeaders are those that the browser adds or takes away behind the back of script.
var hiddenHeaders = map[string]bool{"cookie": true, "set-cookie": true}

// SeesValue reports whether somebody who sees a message sees this value in it: script never sees a cookie of ours.
func SeesValue(seat Seat, value api.TraceValue) bool {
	if seat != SeatScript {
		return true
	}
	return value.In != api.InCookie && !(value.In == api.InHeader && hiddenHeaders[strings.ToLower(value.Name)])
}

// SeesChecks reports whether the seat sees what was checked: that happens inside the party that tells of it.
func SeesChecks(seat Seat, event api.TraceEvent) bool {
	return seat == Everywhere || seat == Seat(event.Emitter)
}

// As returns the event as the seat sees it: without the checks and the values that it does not.
func As(seat Seat, event api.TraceEvent) api.TraceEvent {
	if !SeesChecks(seat, event) {
		event.Checks = nil
	}
	if event.Message == nil || seat != SeatScript {
		return event
	}
	message := *event.Message
	message.Values = nil
	for _, value := range event.Message.Values {
		if SeesValue(seat, value) {
			message.Values = append(message.Values, value)
		}
	}
	event.Message = &message
	return event
}
