package trace

import (
	"crypto/rand"
	"slices"
	"time"

	"cloakroom/bff/api"
)

// Flow is one thing that a session's user did, or that happened to the session, with all its messages. What is told before it is
// known whose it is waits in the flow; without a session it is never seen. A flow is used by any number of goroutines.
type Flow struct {
	tracer   *Tracer
	id       string
	kind     api.FlowKind
	began    time.Time
	redactor redactor

	// The rest is guarded by tracer.mu.
	provider string
	open     *api.TraceEvent // takes checks until the next event
	kept     []*api.TraceEvent
	settled  bool      // it is known whose it is, and nothing more is kept
	over     bool      // it is forgotten
	sinks    []*buffer // who sees it
	keys     []string  // in Tracer.known and Tracer.calls
	outcome  string    // why the request was refused
	reached  api.Step  // the furthest that was told
}

// Kind returns what the flow is about; "" without a flow.
func (f *Flow) Kind() api.FlowKind {
	if f == nil {
		return ""
	}
	return f.kind
}

// Provider says whose sign-in service this is about.
func (f *Flow) Provider(id string) {
	if f == nil {
		return
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.provider = id
}

// Show shows the flow to a session that is not its own: the one that a sign-in of the same browser is about to replace.
func (f *Flow) Show(session string) {
	if f == nil || session == "" {
		return
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.attach(f.tracer.buffer(session))
}

// Bind gives the flow to its session. Whoever it was shown to before goes on seeing it, and whoever was in step mode is so still.
func (f *Flow) Bind(session, provider string) {
	if f == nil || session == "" {
		return
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	if provider != "" {
		f.provider = provider
	}
	own := f.tracer.buffer(session)
	if f.kind == api.FlowSignIn && slices.ContainsFunc(f.sinks, func(b *buffer) bool { return b.stepping }) {
		own.stepping = true
	}
	f.attach(own)
	f.kept, f.settled = nil, true
}

// Bound reports whether the flow has its session.
func (f *Flow) Bound() bool {
	if f == nil {
		return false
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	return f.settled
}

// attach shows the buffer what was told so far, and what will be.
func (f *Flow) attach(b *buffer) {
	if f.over || slices.Contains(f.sinks, b) {
		return
	}
	f.sinks = append(f.sinks, b)
	for _, e := range f.kept {
		e.Provider = f.provider
		b.add(e)
	}
}

// Check tells of a check that was just made. It belongs to the message that was told last, if that takes checks.
func (f *Flow) Check(name, spec string, ok bool) {
	if f == nil {
		return
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	if f.open == nil {
		return
	}
	if f.open.At.IsZero() {
		f.open.At = f.tracer.cfg.Now()
	}
	f.open.Checks = append(f.open.Checks, api.TraceCheck{Name: name, Spec: spec, OK: ok})
}

// Carries tells of a parameter of the message that was received last: what its body holds is known later than its headers.
func (f *Flow) Carries(in, name, value string) {
	if f == nil {
		return
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	if f.open == nil || f.open.Message == nil {
		return
	}
	m := f.redactor.begin()
	m.one(in, name, value, parameters[name])
	f.open.Message.Values, f.open.Message.Dropped = append(f.open.Message.Values, m.values...), f.open.Message.Dropped+m.dropped
}

// Judge begins a list of checks of the BFF's own. Without a check it is not told.
func (f *Flow) Judge(name api.TraceName, step api.Step) {
	if f == nil {
		return
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.flush()
	f.open = &api.TraceEvent{Name: name, Step: f.step(step), Emitter: api.PartyBFF, From: api.PartyBFF, To: api.PartyBFF}
}

// receive tells of a message that the following checks are about.
func (f *Flow) receive(e *api.TraceEvent) {
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.flush()
	f.open = f.stamp(e)
}

// tell tells of a message, or of a decision.
func (f *Flow) tell(e *api.TraceEvent) {
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.flush()
	f.publish(f.stamp(e))
}

func (f *Flow) stamp(e *api.TraceEvent) *api.TraceEvent {
	e.Emitter, e.Step = api.PartyBFF, f.step(e.Step)
	if e.At.IsZero() {
		e.At = f.tracer.cfg.Now()
	}
	return e
}

// step is one of the ten in the flows that have them.
func (f *Flow) step(step api.Step) api.Step {
	if f.kind != api.FlowSignIn && f.kind != api.FlowAPICall {
		return 0
	}
	return step
}

// flush publishes the event that took checks. After a message, later checks are told in an event of their own.
func (f *Flow) flush() {
	e := f.open
	if e == nil {
		return
	}
	f.open = nil
	if e.Message == nil {
		again := *e
		again.Checks, again.At = nil, time.Time{}
		f.open = &again
		if len(e.Checks) == 0 {
			return
		}
	}
	f.publish(e)
}

func (f *Flow) publish(e *api.TraceEvent) {
	if f.over {
		return
	}
	f.reached = max(f.reached, e.Step)
	e.Flow, e.Kind, e.Provider = f.id, f.kind, f.provider
	if !f.settled && len(f.kept) < maxEvents {
		f.kept = append(f.kept, e)
	}
	for _, b := range f.sinks {
		b.add(e)
	}
}

// Correlate lets other servers' events, and [Tracer.Find], find the flow by values that only it has.
func (f *Flow) Correlate(values ...string) {
	if f == nil {
		return
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	for _, value := range values {
		if value != "" {
			f.learn(correlation(value))
		}
	}
	f.tracer.retry()
}

func (f *Flow) learn(key string) {
	if f.over {
		return
	}
	f.tracer.known[key] = f
	f.keys = append(f.keys, key)
}

// Refused notes why the request is refused, for the event of its answer.
func (f *Flow) Refused(code string) {
	if f == nil {
		return
	}
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.outcome = code
}

func (f *Flow) refusal() string {
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	return f.outcome
}

func (f *Flow) furthest() api.Step {
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.flush() // what has checks is told, what has none did not happen
	return f.reached
}

func newExchange() string { return rand.Text()[:10] }
