package trace

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"cloakroom/bff/api"
)

// maxAnswer is how much of a provider's answer is looked at.
const maxAnswer = 1 << 20

const traceparent = "Traceparent"

// ToProvider is next, telling of what goes to an authorization server and comes back. It is next itself when the trace is off.
func (t *Tracer) ToProvider(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return &toProvider{t, next}
}

// ToAPI is next, telling of what goes to an API and comes back, by the route that may be shown of a path.
func (t *Tracer) ToAPI(next http.RoundTripper, route func(path string) string) http.RoundTripper {
	if t == nil {
		return next
	}
	return &toAPI{t, next, route}
}

type toProvider struct {
	tracer *Tracer
	next   http.RoundTripper
}

func (p *toProvider) RoundTrip(r *http.Request) (*http.Response, error) {
	flow := Of(r.Context())
	if flow == nil {
		return p.next.RoundTrip(r)
	}
	body, form := readForm(r)
	x := flow.Send(describe(r, form), r, body)
	response, err := p.next.RoundTrip(flow.traced(r, x))
	if err != nil {
		x.failed()
		return nil, err
	}
	answer := Answer{Status: response.StatusCode, Header: response.Header, Size: response.ContentLength}
	if answer.Body, err = peek(response); err != nil {
		x.failed()
		return nil, err
	}
	answer.Size = int64(len(answer.Body))
	flow.learnFrom(x, answer)
	flow.tell(x.response(answer, flow.redeemed(form, answer)))
	return response, nil
}

// readForm returns the form that a request of ours carries; it can be read again.
func readForm(r *http.Request) (body []byte, form url.Values) {
	if r.GetBody == nil || !isForm(r.Header) {
		return nil, nil
	}
	reader, err := r.GetBody()
	if err != nil {
		return nil, nil
	}
	body, _ = io.ReadAll(io.LimitReader(reader, maxAnswer))
	form, _ = url.ParseQuery(string(body))
	return body, form
}

// describe says what a request to a provider is, by what only such a request has.
func describe(r *http.Request, form url.Values) Exchange {
	x := Exchange{
		From: api.PartyBFF, To: api.PartyAuthorizationServer, Origin: r.URL.Scheme + "://" + r.URL.Host, Route: r.URL.Path,
		Step: api.StepTokenResponse, Next: api.StepTokenResponse,
	}
	switch {
	case form.Has("grant_type"):
		x.Name, x.Step = api.TraceTokenEndpoint, api.StepTokenRequest
	case form.Has("response_type"):
		x.Name, x.Step, x.Next = api.TracePAR, api.StepAuthorize, api.StepAuthorize
	case form.Has("token"):
		x.Name, x.Step, x.Next = api.TraceRevocation, 0, 0
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		x.Name, x.Step, x.Next = api.TraceDiscovery, 0, 0
	case r.Header["Authorization"] != nil:
		x.Name = api.TraceUserinfo
	default:
		x.Name = api.TraceJWKS
	}
	return x
}

// peek reads a provider's answer, which is small, and puts it back.
func peek(response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), response.Body), response.Body}
	return body, nil
}

// learnFrom remembers the request_uri, by which the browser's request at the authorization server is found.
func (f *Flow) learnFrom(x *Exchange, a Answer) {
	if x.Name != api.TracePAR {
		return
	}
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	if json.Unmarshal(a.Body, &pushed) == nil {
		f.Correlate(pushed.RequestURI)
	}
}

// redeemed shows the code verifier when the code is redeemed: from then on it is of no use to anybody (RFC 7636 §4.6).
func (f *Flow) redeemed(form url.Values, a Answer) []api.TraceValue {
	verifier := form.Get("code_verifier")
	if a.Status != http.StatusOK || verifier == "" {
		return nil
	}
	return []api.TraceValue{{In: api.InForm, Name: "code_verifier", Value: verifier, Ref: f.redactor.reference(verifier)}}
}

// traced is the request with a traceparent of the call's own (W3C Trace Context §3.2), by which the other server's events are found.
// One that is there was set by this program: no browser's gets so far.
func (f *Flow) traced(r *http.Request, x *Exchange) *http.Request {
	if parts := strings.Split(r.Header.Get(traceparent), "-"); len(parts) == 4 && len(parts[1]) == 32 {
		f.call(parts[1], x)
		return r
	}
	var id [24]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	traceID, spanID := hex.EncodeToString(id[:16]), hex.EncodeToString(id[16:])
	f.call(traceID, x)
	sent := *r
	sent.Header = r.Header.Clone()
	sent.Header[traceparent] = []string{"00-" + traceID + "-" + spanID + "-01"}
	return &sent
}

// call lets events with this trace id find the flow and the exchange.
func (f *Flow) call(traceID string, x *Exchange) {
	f.tracer.mu.Lock()
	defer f.tracer.mu.Unlock()
	f.learn(traceKey(traceID))
	key := traceID + " " + string(x.Name)
	f.tracer.calls[key] = x.id
	f.keys = append(f.keys, key)
}

type toAPI struct {
	tracer *Tracer
	next   http.RoundTripper
	route  func(path string) string
}

func (a *toAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	flow := Of(r.Context())
	if flow == nil {
		return a.next.RoundTrip(r)
	}
	x := flow.Send(Exchange{
		Name: api.TraceCall, Step: api.StepResource, Next: api.StepResourceAnswer, From: api.PartyBFF, To: api.PartyAPI,
		Origin: r.URL.Scheme + "://" + r.URL.Host, Route: a.route(r.URL.Path),
	}, r, nil)
	response, err := a.next.RoundTrip(flow.traced(r, x))
	if err != nil {
		x.failed()
		return nil, err
	}
	x.Answer(Answer{Status: response.StatusCode, Header: response.Header, Size: response.ContentLength})
	return response, nil
}
