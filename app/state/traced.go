package state

import (
	"encoding/json"
	"slices"
	"time"

	"cloakroom/app/backend"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// Happened takes an event of the trace's stream, which came at now by this machine's clock. It reports whether the session
// has to be asked for again, because what closed the stream may have been its end.
func (i *Inspector) Happened(event backend.Event, now time.Time) (ask bool) {
	i.Now = now.Add(i.ahead)
	switch event.Name {
	case backend.EventLost:
		i.Stream = StreamLost
	case backend.EventClosed:
		i.Stream = StreamFailed
		return i.heard
	case api.EventEnded:
		var said api.SessionEvent
		_ = json.Unmarshal([]byte(event.Data), &said) // it is over without a reason, too
		i.why = said.Reason
		return i.Phase == SignedIn // it is the session that is over: of the present one, or of the one before a new sign-in
	case api.EventTraceState:
		var said api.TraceState
		if json.Unmarshal([]byte(event.Data), &said) == nil {
			i.Server, i.Stream, i.heard = said, StreamLive, true
			i.Reached()
		}
	case api.EventTrace:
		var said api.TraceEvent
		if json.Unmarshal([]byte(event.Data), &said) == nil && trace.Validate(said) == nil {
			i.Log.Add(said)
			i.Stream, i.heard = StreamLive, true
		}
	}
	return false
}

// Tick moves the clock. It reports whether it still matters: while something is held.
func (i *Inspector) Tick(now time.Time) (matters bool) {
	i.Now = now.Add(i.ahead)
	return i.Server.Held != ""
}

// HeldFor is how long what is held stays so by itself.
func (i *Inspector) HeldFor() time.Duration { return max(0, i.Server.HeldUntil.Sub(i.Now)) }

// Flows are what can be looked at: of the opened file, or of the log.
func (i *Inspector) Flows() []trace.Flow {
	if i.Opened == nil {
		return i.Log.Flows()
	}
	var log trace.Log
	for _, event := range i.Opened.Events {
		log.Add(event)
	}
	return log.Flows()
}

// Instrumented reports whether the provider's server tells its side.
func (i *Inspector) Instrumented(provider string) bool {
	known := i.Server.Instrumented
	if i.Opened != nil {
		known = i.Opened.Instrumented
	}
	return provider == "" || slices.Contains(known, provider)
}

// Chosen is the flow to show: the user's choice, or the newest. The first call after a sign-in is part of its ten steps.
func (i *Inspector) Chosen(flows []trace.Flow) string {
	if len(flows) == 0 {
		return ""
	}
	if slices.ContainsFunc(flows, func(flow trace.Flow) bool { return flow.ID == i.Flow }) {
		return i.Flow
	}
	if i.Opened != nil { // a file is read from its beginning
		return flows[0].ID
	}
	last := len(flows) - 1
	if last > 0 && flows[last].Kind == api.FlowAPICall && flows[last-1].Kind == api.FlowSignIn {
		return flows[last-1].ID
	}
	return flows[last].ID
}

// Choose chooses a flow to look at.
func (i *Inspector) Choose(flow string) {
	i.Flow, i.Event = flow, ""
}

// ChooseSignIn chooses the newest sign-in, if there is one.
func (i *Inspector) ChooseSignIn() {
	for _, flow := range i.Flows() {
		if flow.Kind == api.FlowSignIn {
			i.Choose(flow.ID)
		}
	}
}

// Toggle opens the detail of a message, or closes it.
func (i *Inspector) Toggle(event string) {
	if i.Event == event {
		event = ""
	}
	i.Event = event
}
