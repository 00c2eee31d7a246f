package bff

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// traced turns the trace on.
func traced(c *Config) { c.Trace.Enabled = true }

// traceReader reads a page's stream of the trace.
type traceReader struct {
	t        *testing.T
	response *http.Response
	mu       sync.Mutex
	raw      strings.Builder
	events   []api.TraceEvent
	states   []api.TraceState
	over     bool
	changed  chan struct{}
}

// inspect opens the page's stream of the trace.
func (b *browser) inspect(headers ...string) *traceReader {
	b.h.t.Helper()
	r, err := http.NewRequestWithContext(b.h.t.Context(), http.MethodGet, b.h.origin+api.PathTrace, http.NoBody)
	if err != nil {
		b.h.t.Fatal(err)
	}
	for name, value := range eventSource {
		r.Header.Set(name, value)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.AddCookie(&http.Cookie{Name: session.CookieName, Value: b.cookies[session.CookieName]})
	response, err := testTransport.RoundTrip(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	reader := &traceReader{t: b.h.t, response: response, changed: make(chan struct{}, 1)}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(response.Body)
		b.h.t.Fatalf("trace: status %d, %v: %s", response.StatusCode, response.Header, body)
	}
	go reader.read()
	b.h.t.Cleanup(reader.close)
	return reader
}

func (s *traceReader) close() { _ = s.response.Body.Close() }

func (s *traceReader) read() {
	lines := bufio.NewScanner(s.response.Body)
	lines.Buffer(nil, 1<<20)
	name, data := "", ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		s.mu.Lock()
		_, _ = s.raw.WriteString(lines.Text() + "\n")
		switch field {
		case "event":
			name = value
		case "data":
			data = value
		case "": // the event is complete: what a cut stream left of one is none
			if data != "" {
				s.take(name, []byte(data))
			}
			name, data = "", ""
		}
		s.mu.Unlock()
		s.tell()
	}
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.tell()
}

func (s *traceReader) tell() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *traceReader) take(name string, data []byte) {
	var err error
	switch name {
	case api.EventTrace:
		var e api.TraceEvent
		err = json.Unmarshal(data, &e)
		s.events = append(s.events, e)
	case api.EventTraceState:
		var state api.TraceState
		err = json.Unmarshal(data, &state)
		s.states = append(s.states, state)
	}
	if err != nil {
		s.t.Errorf("%s: %v: %s", name, err, data)
	}
}

// until waits until the condition holds, and returns what was read so far.
func (s *traceReader) until(what string, holds func(*traceReader) bool) []api.TraceEvent {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		done, events := holds(s), append([]api.TraceEvent(nil), s.events...)
		s.mu.Unlock()
		if done {
			return events
		}
		select {
		case <-s.changed:
		case <-deadline:
			s.t.Fatalf("the trace has no %s:\n%s", what, s)
		}
	}
}

// has waits for an event of that name from one party to the other.
func (s *traceReader) has(name api.TraceName, from, to api.Party) api.TraceEvent {
	s.t.Helper()
	var found api.TraceEvent
	s.until(string(name)+" "+string(from)+" → "+string(to), func(s *traceReader) bool {
		for _, e := range s.events {
			if e.Name == name && e.From == from && e.To == to {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

func (s *traceReader) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

func value(e api.TraceEvent, in, name string) api.TraceValue {
	if e.Message == nil {
		return api.TraceValue{}
	}
	for _, v := range e.Message.Values {
		if v.In == in && v.Name == name {
			return v
		}
	}
	return api.TraceValue{}
}

func TestTraceShowsASignInAndAnAPICall(t *testing.T) {
	h := open(t, traced)
	b := h.browser()
	b.signIn()
	if got := b.fetch(http.MethodGet, "/api/notes/my-secret-note?x=1", ""); got.StatusCode != 200 {
		t.Fatalf("status %d", got.StatusCode)
	}
	s := b.inspect()
	s.has(api.TraceCall, api.PartyBFF, api.PartyBrowser)
	last := api.Step(0)
	events := s.until("state", func(s *traceReader) bool { return len(s.states) > 0 })
	for _, e := range events {
		if e.Step != 0 && e.Step < last {
			t.Errorf("step %d after %d", e.Step, last)
		}
		last = max(last, e.Step)
	}
	login, callback := s.has(api.TraceLogin, api.PartyBFF, api.PartyBrowser), s.has(api.TraceCallback, api.PartyBrowser, api.PartyBFF)
	if state := value(login, api.InQuery, "state"); len(state.Ref) != 6 || state.Ref != value(callback, api.InQuery, "state").Ref || state.Value != "" {
		t.Errorf("state %+v", state)
	}
	request, answer := s.has(api.TraceTokenEndpoint, api.PartyBFF, api.PartyAuthorizationServer), s.has(api.TraceTokenEndpoint, api.PartyAuthorizationServer, api.PartyBFF)
	if code := value(request, api.InForm, "code"); code.Ref != value(callback, api.InQuery, "code").Ref || code.Length != 26 || code.Value != "" {
		t.Errorf("code %+v", code)
	}
	if value(request, api.InForm, "code_verifier").Value != "" || len(value(answer, api.InForm, "code_verifier").Value) != 43 {
		t.Error("the verifier is not shown after redemption, or before")
	}
	call := s.has(api.TraceCall, api.PartyBFF, api.PartyAPI)
	if token := value(call, api.InHeader, "Authorization"); token.Value != "Bearer" || len(token.Ref) != 6 || token.Length != value(answer, api.InBody, "access_token").Length {
		t.Errorf("access token %+v", token)
	}
	if idToken := value(answer, api.InBody, "id_token").Token; idToken == nil || idToken.Claims["aud"] != "cloak room" || idToken.Claims["sub"] != nil || idToken.Claims["nonce"] == nil {
		t.Errorf("ID token %+v", idToken)
	}
	if text := s.String(); strings.Contains(text, "my-secret-note") || strings.Contains(text, "Alice") || !strings.Contains(text, `"/api/notes/…"`) {
		t.Errorf("it says too much, or too little: %s", text)
	}
	checked := map[string]bool{}
	for _, e := range events {
		for _, c := range e.Checks {
			checked[c.Name] = c.OK
		}
	}
	for _, name := range []string{"host", "navigation", "transaction", "state", "state_once", "issuer", "no_error", "signature", "audience", "nonce", "at_hash", "expiry", "static_header", "same_origin"} {
		if !checked[name] {
			t.Errorf("no check %q in %v", name, checked)
		}
	}
}

func TestTraceIsNotThereUnlessItIsOn(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	for _, path := range []string{api.PathTrace, api.PathTraceStep, api.PathSessionExpire} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := b.fetch(method, path, "{}"); got.StatusCode != 404 {
				t.Errorf("%s %s: status %d", method, path, got.StatusCode)
			}
		}
	}
	on := open(t, traced)
	b = on.browser()
	if got := b.do(http.MethodGet, api.PathTrace, "", eventSource); got.StatusCode != 401 {
		t.Errorf("without a session: status %d", got.StatusCode)
	}
	if got := b.fetch(http.MethodPost, api.PathTraceStep, "{}"); got.StatusCode != 401 {
		t.Errorf("without a session: status %d", got.StatusCode)
	}
	b.signIn()
	b.inspect().until("state", func(s *traceReader) bool { return len(s.states) > 0 && s.states[0].Instrumented != nil })
}

func TestSessionDocumentNamesTheTraceWhereThereIsOne(t *testing.T) {
	for want, configure := range map[string]func(*Config){api.PathTrace: traced, "": func(*Config) {}} {
		b := open(t, configure).browser()
		if got := sessionOf(t, b).Links.Trace; got != "" {
			t.Errorf("nobody is signed in, and the document names %q", got)
		}
		b.signIn()
		if got := sessionOf(t, b).Links.Trace; got != want {
			t.Errorf("the document names %q, want %q", got, want)
		}
	}
}

func TestTraceSaysWhenItIsTheLastAndWhy(t *testing.T) {
	h := open(t, traced)
	for reason, end := range map[api.Reason]func(b *browser){
		api.EndedBySignOut: func(b *browser) { b.fetch(http.MethodPost, api.PathLogout, "") },
		api.EndedByProvider: func(*browser) {
			if got := h.logoutToken(nil, nil); got.StatusCode != 200 {
				t.Errorf("back-channel logout: status %d: %s", got.StatusCode, got.body)
			}
		},
	} {
		b := h.browser()
		b.signIn()
		reader := b.inspect()
		end(b)
		reader.until("end", func(s *traceReader) bool { return s.over })
		if reason == api.EndedBySignOut {
			reader.has(api.TraceLogout, api.PartyBFF, api.PartyBrowser)
		}
		if said := reader.String(); !strings.HasSuffix(said, "event: ended\ndata: {\"reason\":\""+string(reason)+"\"}\n\n") {
			t.Errorf("a page would reconnect, or not know why, after\n%s", said)
		}
	}
}
