package trace

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Route says what the requests to one of our endpoints are.
type Route struct {
	Name Name
	From Party
	// Decides, unless it is empty, names what is checked of the requests: that is told, and not the request, which its sender tells.
	Decides Name
	// Step is the request's, AnswerStep that of an answer that is no error.
	Step, AnswerStep int
	// BackChannel says that a client sends these requests, so that their traceparent is believed. A browser's is not.
	BackChannel bool
	// Form says that they are sent by our own forms, whose action is the user's decision.
	Form bool

	Origin string // of this server
	Path   string // with the pattern's names where it names something
	// Client reports whether an id is a client's: an unknown one could be anything, a secret in the wrong field included.
	Client func(id string) bool
	// Cookie is how a cookie of this server may be called; empty for those of others.
	Cookie func(name string) string
}

// Exchange is a request that is being answered: what End tells of it is gathered here. A nil exchange is one that nobody asked
// for. It is safe for concurrent use.
type Exchange struct {
	feed    *Feed
	route   Route
	request *http.Request
	began   time.Time
	sent    body
	answer  recorder

	mu           sync.Mutex
	checks       []Check
	correlations []string
	answerName   Name
	parameters   url.Values // of a redirect to the client
	location     string
	ended        bool
}

type exchangeKey struct{}

// exchangeLength is the length of an exchange's name: as random as it has to be to name nothing else.
const exchangeLength = 13

// Begin begins to look at an exchange, if somebody reads the feed: the request is to be answered with the writer and the request that it
// returns, and then ended.
func (f *Feed) Begin(w http.ResponseWriter, r *http.Request, route Route) (http.ResponseWriter, *http.Request, *Exchange) {
	if !f.listening() {
		return w, r, nil
	}
	x := &Exchange{feed: f, route: route, began: f.now()}
	x.sent.ReadCloser = r.Body
	x.answer = recorder{ResponseWriter: w, exchange: x}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	r.Body = &x.sent
	x.request = r
	return &x.answer, r, x
}

// On reports whether the feed is on, for a caller that has work to do before Begin.
func (f *Feed) On() bool { return f.listening() }

// From is the exchange that the context is of; nil for none.
func From(ctx context.Context) *Exchange {
	x, _ := ctx.Value(exchangeKey{}).(*Exchange)
	return x
}

// Tell is [Exchange.Check] of the context's exchange.
func Tell(ctx context.Context, name, spec string, ok bool) bool {
	return From(ctx).Check(name, spec, ok)
}

// Checked is [Tell] for what wants no result.
func Checked(ctx context.Context, name, spec string, ok bool) { From(ctx).Check(name, spec, ok) }

// Check tells a check that was made, and returns its result, so that it can stand where the check is made. One that is made again, in
// a transaction that is tried again, is told once.
func (x *Exchange) Check(name, spec string, ok bool) bool {
	if x == nil {
		return ok
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for position := range x.checks {
		if x.checks[position].Name == name {
			x.checks[position].OK = ok
			return ok
		}
	}
	x.checks = append(x.checks, Check{name, spec, ok})
	return ok
}

// maxCorrelations is more than an exchange has.
const maxCorrelations = 8

// Correlate tells what the reader finds the flow by. An empty value is none.
func (x *Exchange) Correlate(value string) {
	if x == nil || value == "" {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.correlations) < maxCorrelations {
		x.correlations = append(x.correlations, Digest(value))
	}
}

// Is names the exchange after what was found to be the matter of it, such as the form that is shown.
func (x *Exchange) Is(name Name) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.route.Name = name
}

// Within says whether the exchange is one of the ten steps after all.
func (x *Exchange) Within(steps bool) {
	if x == nil || steps {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.route.Step, x.route.AnswerStep = 0, 0
}

// Respond tells that the answer is the authorization response, and what it says to the client at location.
func (x *Exchange) Respond(location string, parameters url.Values) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answerName, x.location, x.parameters = AuthorizeResponse, location, parameters
}

// End tells the exchange, once: the request with its checks, and the answer. What they contain that may not be shown ends here.
func (x *Exchange) End() {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return
	}
	x.ended = true
	now := x.feed.now()
	both := Event{Name: x.route.Name, Exchange: rand.Text()[:exchangeLength], Correlations: x.correlations}
	if x.route.BackChannel {
		both.TraceID = traceID(x.request.Header)
	}
	request, answer := both, both
	request.From, request.To, request.Step, request.At = x.route.From, x.feed.emitter, x.route.Step, x.began
	request.Checks = x.checks
	if x.route.Decides == "" {
		request.Message = x.redactRequest()
	} else {
		request.Name, request.From, request.Exchange = x.route.Decides, x.feed.emitter, ""
	}
	x.feed.Emit(request)
	answer.From, answer.To, answer.Step, answer.At = x.feed.emitter, x.route.From, x.answerStep(), now
	answer.DurationUS = now.Sub(x.began).Microseconds()
	answer.Message = x.redactAnswer()
	if x.answerName != "" {
		answer.Name, answer.Step = x.answerName, StepCode
	}
	x.feed.Emit(answer)
}

// answerStep is the step of the answer. An error is no step forward.
func (x *Exchange) answerStep() int {
	if x.answer.code() >= http.StatusBadRequest {
		return x.route.Step
	}
	return x.route.AnswerStep
}

// traceID reads the traceparent of a request that no browser sent.
func traceID(header http.Header) string {
	given := header.Values("Traceparent")
	if len(given) != 1 || header.Get("Sec-Fetch-Site") != "" || header.Get("Origin") != "" {
		return ""
	}
	found := traceparent.FindStringSubmatch(given[0])
	if found == nil || found[1] == noTraceID {
		return ""
	}
	return found[1]
}
