package bff

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/api"
)

// otherFeed is another server that tells its side, on its admin listener.
type otherFeed struct {
	server  *httptest.Server
	issuers string // JSON
	mu      sync.Mutex
	readers map[chan string]bool
	silent  atomic.Bool // it has no feed any more
}

func newFeed(t *testing.T, issuers string) *otherFeed {
	t.Helper()
	f := &otherFeed{issuers: issuers, readers: map[chan string]bool{}}
	f.server = httptest.NewServer(f)
	t.Cleanup(func() {
		f.server.CloseClientConnections()
		f.server.Close()
	})
	return f
}

func (f *otherFeed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.silent.Load() {
		http.NotFound(w, r)
		return
	}
	events := make(chan string, 100)
	f.mu.Lock()
	f.readers[events] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.readers, events)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprintf(w, "event: hello\ndata: {\"issuers\":%s}\n\n", f.issuers)
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case data := <-events:
			_, _ = fmt.Fprintf(w, "event: trace\ndata: %s\n\n", data)
		case <-r.Context().Done():
			return
		}
	}
}

func (f *otherFeed) tell(data string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for events := range f.readers {
		events <- data
	}
}

// heard waits until somebody reads the feed.
func (f *otherFeed) heard(t *testing.T) {
	t.Helper()
	for range 2000 {
		f.mu.Lock()
		count := len(f.readers)
		f.mu.Unlock()
		if count > 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("nobody reads the feed")
}

func (f *otherFeed) url() string { return f.server.URL + "/trace" }

func digestOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// tellOf makes the stub and the API tell, by a feed, of every request with a traceparent.
func (h *house) tellOf(f *otherFeed, serve http.Handler, emitter api.Party, path string, name api.TraceName) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if parts := strings.Split(r.Header.Get("Traceparent"), "-"); len(parts) == 4 && r.URL.Path == path {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			f.tell(fmt.Sprintf(`{"step":7,"name":%q,"emitter":%q,"from":"bff","to":%q,"at":%q,"exchange":"theirs","trace_id":%q,"message":{"method":"GET","values":[{"in":"header","name":"Authorization","digest":%q,"length":%d}]},"checks":[{"name":"audience","spec":"RFC 9068 §4","ok":true}]}`,
				name, emitter, emitter, time.Now().UTC().Format(time.RFC3339Nano), parts[1], digestOf(token), len(token)))
		}
		serve.ServeHTTP(w, r)
	})
}

func TestTraceHearsTheOtherServers(t *testing.T) {
	var as, apiFeed *otherFeed
	h := open(t, func(c *Config) {
		as, apiFeed = newFeed(t, `["`+c.Providers[0].Issuer+`"]`), newFeed(t, `[]`)
		c.Trace = TraceConfig{Enabled: true, Feeds: []string{as.url(), apiFeed.url(), "http://127.0.0.1:1/trace"}}
	})
	h.provider.server.Config.Handler = h.tellOf(as, h.provider.server.Config.Handler, api.PartyAuthorizationServer, "/token", api.TraceTokenEndpoint)
	h.upstream.server.Config.Handler = h.tellOf(apiFeed, h.upstream.server.Config.Handler, api.PartyAPI, "/notes", api.TraceCall)
	as.heard(t)
	apiFeed.heard(t)
	b := h.browser()
	callback := b.startSignIn("")
	state := queryOf(t, callback).Get("state")
	as.tell(`{"step":4,"name":"sign_in_form","emitter":"authorization_server","from":"browser","to":"authorization_server","correlations":["` + digestOf(state) + `"],"message":{"method":"POST","dropped":2}}`)
	as.tell(`{"name":"sign_in_form","emitter":"authorization_server","correlations":["` + digestOf("somebody else's") + `"],"message":{"route":"/elsewhere"}}`)
	b.navigate(callback)
	b.fetch(http.MethodGet, "/api/notes", "")
	s := b.inspect()
	s.until("their events", func(s *traceReader) bool {
		told := map[api.TraceName]bool{}
		for _, e := range s.events {
			told[e.Name] = told[e.Name] || e.Emitter != api.PartyBFF
		}
		return told[api.TraceSignInForm] && told[api.TraceTokenEndpoint] && told[api.TraceCall]
	})
	var ours, theirs api.TraceEvent
	var first api.TraceState
	for _, e := range s.until("state", func(s *traceReader) bool {
		if len(s.states) == 0 {
			return false
		}
		first = s.states[0]
		return true
	}) {
		if e.Name == api.TraceCall && e.To == api.PartyAPI && e.Emitter == api.PartyBFF {
			ours = e
		} else if e.Name == api.TraceCall && e.To == api.PartyAPI {
			theirs = e
		}
	}
	if ours.Exchange != theirs.Exchange || ours.Flow != theirs.Flow || value(ours, api.InHeader, "Authorization").Ref != value(theirs, api.InHeader, "Authorization").Ref {
		t.Errorf("ours %+v\ntheirs %+v", ours, theirs)
	}
	if strings.Contains(s.String(), "/elsewhere") || strings.Contains(s.String(), "digest") {
		t.Error("it shows what is not the session's, or a digest")
	}
	if !slices.Equal(first.Instrumented, []string{"baseline"}) {
		t.Errorf("instrumented: %q", first.Instrumented)
	}
	as.silent.Store(true)
	as.server.CloseClientConnections()
	s.until("an authorization server that tells nothing", func(s *traceReader) bool { return len(s.states[len(s.states)-1].Instrumented) == 0 })
	if got := b.fetch(http.MethodPost, "/bff/session/refresh", ""); got.StatusCode != 200 {
		t.Errorf("the product without its feed: status %d", got.StatusCode)
	}
}

func queryOf(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// purse collects every secret that a run mints.
type purse struct {
	mu      sync.Mutex
	secrets map[string]string // what it is, by value
}

func (p *purse) put(what string, values ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, value := range values {
		if len(value) < 8 {
			continue
		}
		p.secrets[value] = what
		if parts := strings.Split(value, "."); len(parts) == 3 {
			p.secrets[parts[1]], p.secrets[parts[2]] = what+"'s payload", what+"'s signature"
		}
	}
}

// watch puts in the purse what goes through a server.
func (p *purse) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		form, _ := url.ParseQuery(string(body))
		for _, values := range []url.Values{form, r.URL.Query()} {
			for _, name := range []string{"code", "state", "nonce", "code_challenge", "code_verifier", "refresh_token", "token", "client_assertion", "request_uri", "id_token_hint", "client_secret", "dpop_jkt"} {
				p.put(name, values[name]...)
			}
		}
		for _, name := range []string{"Authorization", "Dpop"} {
			for _, value := range r.Header[name] {
				_, credentials, _ := strings.Cut(value, " ")
				p.put(name, value, credentials)
			}
		}
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		var members map[string]any
		_ = json.Unmarshal(recorded.Body.Bytes(), &members)
		for _, name := range []string{"access_token", "refresh_token", "id_token", "request_uri"} {
			text, _ := members[name].(string)
			p.put(name, text)
		}
		maps.Copy(w.Header(), recorded.Header())
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	})
}

// found names what the text tells that it must not, in any form.
func (p *purse) found(text string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []string
	for value, what := range p.secrets {
		for _, form := range []string{
			value, url.QueryEscape(value), url.QueryEscape(url.QueryEscape(value)), hex.EncodeToString([]byte(value)),
			base64.RawURLEncoding.EncodeToString([]byte(value)), base64.RawStdEncoding.EncodeToString([]byte(value)),
		} {
			if strings.Contains(text, form) {
				found = append(found, what+": "+form)
				break
			}
		}
	}
	return found
}

// Every secret of a run is looked for, in every form, in what the page gets and in the logs. Another server that does not redact
// is the control.
func TestNoSecretIsInTheTraceOrTheLogs(t *testing.T) {
	for name, house := range map[string]func(*testing.T, ...func(*Config)) *house{"baseline": open, "fapi2": openStrict} {
		t.Run(name, func(t *testing.T) {
			careless := newFeed(t, "[]")
			h := house(t, func(c *Config) { c.Trace = TraceConfig{Enabled: true, Feeds: []string{careless.url()}} })
			careless.heard(t)
			p := &purse{secrets: map[string]string{}}
			p.put("what is known from the start", clientSecret, "alice", "Alice Li", "not for the page", "sid-1-of-the-session", "the-id-of-a-note")
			h.provider.change(func() {
				h.provider.claims = func(c map[string]any) {
					c["name"], c["sid"], c["email"] = "Alice Li", "sid-1-of-the-session", "alice@example.org"
				}
			})
			h.provider.server.Config.Handler = p.watch(h.provider.server.Config.Handler)
			h.upstream.server.Config.Handler = p.watch(h.upstream.server.Config.Handler)
			b := h.browser()
			callback := b.startSignIn("?returnUrl=/notes/the-id-of-a-note?q=the-id-of-a-note")
			p.put("transaction cookie", slices.Collect(maps.Values(b.cookies))...)
			p.put("code of the response", queryOf(t, callback)["code"]...)
			b.navigate(callback)
			p.put("session cookie", slices.Collect(maps.Values(b.cookies))...)
			s := b.inspect()
			b.fetch(http.MethodGet, "/api/notes/the-id-of-a-note", "")
			b.fetch(http.MethodPost, "/api/notes", "the-id-of-a-note")
			b.fetch(http.MethodPost, "/bff/session/refresh", "")
			again := b.startSignIn("?login_hint=alice@example.org&returnUrl=/the-id-of-a-note")
			p.put("code of the response", queryOf(t, again)["code"]...)
			token := h.makeLogoutToken(func(c map[string]any) { c["sid"] = "sid-1-of-the-session" }, nil)
			p.put("logout token", token)
			s.of(api.FlowRefresh, api.TraceRefresh, api.PartyBFF, api.PartyBrowser)
			last := s.of(api.FlowAPICall, api.TraceCall, api.PartyBFF, api.PartyBrowser)
			if got := h.sendLogout(url.Values{"logout_token": {token}}.Encode()); got.StatusCode != 200 {
				t.Fatalf("logout: status %d: %s", got.StatusCode, got.body)
			}
			s.ends()
			text, shown := s.String(), 0
			for _, e := range s.events {
				if v := value(e, api.InForm, "code_verifier"); v.Value != "" {
					text, shown = strings.ReplaceAll(text, v.Value, "its value after redemption"), shown+1
				}
			}
			if found := p.found(text); len(found) != 0 || shown != 1 {
				t.Errorf("%d verifiers, and in the trace: %q", shown, found)
			}
			for _, what := range p.found(h.logs.String()) {
				// An operator's log names the subject and the path of a request, and nothing else of these.
				if !strings.Contains(what, "alice") && !strings.Contains(what, "the-id-of-a-note") {
					t.Errorf("in the logs: %s", what)
				}
			}
			if len(p.secrets) < 20 {
				t.Errorf("control: %d secrets", len(p.secrets))
			}
			_ = last
			b.signIn()
			s = b.inspect()
			careless.tell(`{"name":"token","correlations":["` + digestOf("unknown") + `"]}`)
			state := queryOf(t, b.startSignIn("")).Get("state")
			careless.tell(`{"name":"token","correlations":["` + digestOf(state) + `"],"message":{"values":[{"in":"body","name":"access_token","value":"` + clientSecret + `"}]}}`)
			s.until("careless event", func(s *traceReader) bool { return strings.Contains(s.raw.String(), "access_token\",\"value") })
			if found := p.found(s.String()); len(found) == 0 {
				t.Error("control: a server that does not redact goes unnoticed")
			}
		})
	}
}
