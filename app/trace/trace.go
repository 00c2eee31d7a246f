// Package trace is what the inspector does with the events of GET /bff/trace: it gathers them into flows and steps, says
// which seat sees what, compares two runs, and writes and reads files. It owns no markup and no words, and it touches
// neither the browser nor the network, so that all of it is tested as plain functions.
//
// The events come redacted: nothing here could undo that, and nothing here relies on it either. Whatever stands in an event
// is text from someone else, and each export writes it so that it stays text.
//
// Start with [Log], then [Flow].
package trace

import (
	"cmp"
	"slices"
	"time"

	"cloakroom/bff/api"
)

// Most is how many events a log keeps. The server's buffer is smaller; a page that stays open sees more than one of them.
const Most = 1000

// Log holds the events of the session's flows, as they came.
type Log struct {
	events []api.TraceEvent
	known  map[key]bool
	// Forgotten counts the events that were dropped because there were too many.
	Forgotten int
}

// key tells events apart. Their ids rise within one session, and a new sign-in begins a new one.
type key struct {
	flow string
	id   uint64
}

// Add takes an event. It reports whether it is a new one: a stream that reconnects may repeat itself.
func (l *Log) Add(event api.TraceEvent) bool {
	this := key{event.Flow, event.ID}
	if l.known[this] {
		return false
	}
	if l.known == nil {
		l.known = map[key]bool{}
	}
	l.known[this] = true
	l.events = append(l.events, event)
	if len(l.events) > Most {
		l.dropOldestFlow()
	}
	return true
}

// dropOldestFlow drops a whole flow, as half of one explains nothing; of a flow that is all there is, its oldest event.
func (l *Log) dropOldestFlow() {
	oldest, before := l.events[0].Flow, len(l.events)
	if l.events[before-1].Flow == oldest {
		l.events = l.events[1:]
	} else {
		l.events = slices.DeleteFunc(l.events, func(event api.TraceEvent) bool { return event.Flow == oldest })
	}
	l.Forgotten += before - len(l.events)
}

// Events returns all events, in the order in which they came.
func (l *Log) Events() []api.TraceEvent { return l.events }

// Flow is one thing that happened, such as a sign-in, with all its messages.
type Flow struct {
	ID       string
	Kind     api.FlowKind
	Provider string
	Began    time.Time
	Events   []api.TraceEvent // in the order in which they happened
}

// Flows returns the flows of the log, the oldest first.
func (l *Log) Flows() []Flow {
	var flows []Flow
	index := map[string]int{}
	for _, event := range l.events {
		at, ok := index[event.Flow]
		if !ok {
			at = len(flows)
			index[event.Flow] = at
			flows = append(flows, Flow{ID: event.Flow, Kind: event.Kind})
		}
		flow := &flows[at]
		flow.Events = append(flow.Events, event)
		flow.Provider = cmp.Or(flow.Provider, event.Provider)
	}
	for i := range flows {
		slices.SortStableFunc(flows[i].Events, func(a, b api.TraceEvent) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
		})
		flows[i].Began = flows[i].Events[0].At
	}
	slices.SortStableFunc(flows, func(a, b Flow) int { return a.Began.Compare(b.Began) })
	return flows
}

// IsRequest reports whether the event is a request, IsResponse whether it is a response; what is neither was decided by
// one party.
func IsRequest(event api.TraceEvent) bool { return event.Message != nil && event.Message.Method != "" }

// IsResponse reports whether the event is a response.
func IsResponse(event api.TraceEvent) bool { return event.Message != nil && event.Message.Status != 0 }

// Key names an event within a page, for the address bar and for lists.
func Key(event api.TraceEvent) string { return event.Flow + "-" + number(event.ID) }
