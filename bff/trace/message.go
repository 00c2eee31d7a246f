package trace

import (
	"net/http"
	"strings"
	"time"

	"cloakroom/bff/api"
)

// Exchange is a request and its response, between two parties.
type Exchange struct {
	Name api.TraceName
	Step api.Step  // of the request
	Next api.Step  // of the response
	From api.Party // who asks
	To   api.Party
	// Origin and Route are what may be shown of the request's URL; its query is told apart.
	Origin string
	Route  string

	flow *Flow
	id   string
	at   time.Time
}

// Answer is a response as its sender knows it.
type Answer struct {
	Status int
	Header http.Header
	Size   int64  // of the body; -1 if it is not known
	Body   []byte // if it is a JSON object to be told of
	// Name and Code, if they are not empty, are the event's name and the error's code.
	Name api.TraceName
	Code string
}

// Receive tells of a request that came in. The checks that follow are those of it.
func (f *Flow) Receive(x Exchange, r *http.Request, body []byte) *Exchange {
	if f == nil {
		return nil
	}
	x.begin(f)
	f.receive(x.request(r, body))
	return &x
}

// Send tells of a request that goes out.
func (f *Flow) Send(x Exchange, r *http.Request, body []byte) *Exchange {
	if f == nil {
		return nil
	}
	x.begin(f)
	f.tell(x.request(r, body))
	return &x
}

func (x *Exchange) begin(f *Flow) {
	x.flow, x.id, x.at = f, newExchange(), f.tracer.cfg.Now()
}

func (x *Exchange) request(r *http.Request, body []byte) *api.TraceEvent {
	m := x.flow.redactor.begin()
	m.header(r.Header)
	m.query(api.InQuery, r.URL.RawQuery)
	if isForm(r.Header) {
		m.query(api.InForm, string(body))
	}
	x.showTarget(m)
	return &api.TraceEvent{
		Name: x.Name, Step: x.Step, From: x.From, To: x.To, At: x.at, Exchange: x.id,
		Message: &api.TraceMessage{
			Method: r.Method, Origin: x.Origin, Route: x.Route, Size: max(r.ContentLength, 0), Values: m.values, Dropped: m.dropped,
		},
	}
}

// showTarget shows the htu of a proof by the route: a path may name something.
func (x *Exchange) showTarget(m *redacted) {
	for _, v := range m.values {
		if v.Name == "DPoP" && v.Token != nil && v.Token.Claims["htu"] != nil {
			v.Token.Claims["htu"] = x.Origin + x.Route
		}
	}
}

// Answer tells of the response.
func (x *Exchange) Answer(a Answer) {
	if x == nil {
		return
	}
	if a.Code == "" {
		a.Code = x.flow.refusal()
	}
	x.flow.tell(x.response(a, nil))
}

func (x *Exchange) response(a Answer, more []api.TraceValue) *api.TraceEvent {
	m := x.flow.redactor.begin()
	m.header(a.Header)
	if a.Body != nil {
		m.object(a.Body)
	}
	if a.Code != "" && a.Status >= http.StatusBadRequest { // a redirect has it in its address
		m.one(api.InBody, "code", a.Code, asOwnCode)
	}
	name, step := x.Name, x.Next
	if a.Name != "" {
		name = a.Name
	}
	// What a provider refuses is no step further; what an API refuses is its answer. What the BFF refuses ends where it got to.
	switch {
	case a.Status >= http.StatusBadRequest && x.To == api.PartyAuthorizationServer:
		step = x.Step
	case a.Code != "" && x.To == api.PartyBFF:
		step = max(x.Step, x.flow.furthest())
	}
	now := x.flow.tracer.cfg.Now()
	return &api.TraceEvent{
		Name: name, Step: step, From: x.To, To: x.From, At: now, Exchange: x.id, DurationUS: now.Sub(x.at).Microseconds(),
		Message: &api.TraceMessage{Status: a.Status, Size: max(a.Size, 0), Values: append(m.values, more...), Dropped: m.dropped},
	}
}

// failed tells that there was no response.
func (x *Exchange) failed() {
	now := x.flow.tracer.cfg.Now()
	x.flow.tell(&api.TraceEvent{
		Name: x.Name, Step: x.Step, From: x.To, To: x.From, At: now, Exchange: x.id, DurationUS: now.Sub(x.at).Microseconds(),
		Checks: []api.TraceCheck{{Name: "answered", Spec: "RFC 9110 §15.6.3", OK: false}},
	})
}

func isForm(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "application/x-www-form-urlencoded")
}
