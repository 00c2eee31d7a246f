package trace

import (
	"crypto/rand"
	"net/http"
	"time"
)

// Outgoing is a request that this server makes to a client. Nil is one that nobody asked for.
type Outgoing struct {
	feed  *Feed
	began time.Time
	both  Event
}

// Send tells a request with a form, to a client on the back channel, and what it is found by.
func (f *Feed) Send(name Name, r *http.Request, form string, client func(id string) bool, found string) *Outgoing {
	if !f.listening() {
		return nil
	}
	both := Event{Name: name, Exchange: rand.Text()[:exchangeLength], Correlations: []string{Digest(found)}}
	m := &message{client: client}
	m.Method, m.Origin, m.Route, m.Size = r.Method, r.URL.Scheme+"://"+r.URL.Host, r.URL.Path, int64(len(form))
	m.parameters(inForm, form)
	request := both
	request.From, request.To, request.At, request.Message = f.emitter, BFF, f.now(), &m.Message
	f.Emit(request)
	return &Outgoing{f, request.At, both}
}

// Answered tells the answer: its status.
func (o *Outgoing) Answered(status int) {
	if o == nil {
		return
	}
	answer := o.both
	answer.From, answer.To, answer.At, answer.Message = BFF, o.feed.emitter, o.feed.now(), &Message{Status: status}
	answer.DurationUS = answer.At.Sub(o.began).Microseconds()
	o.feed.Emit(answer)
}
