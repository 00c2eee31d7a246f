package bff

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/plainhttp"
	"cloakroom/bff/session"
	"cloakroom/bff/trace"
)

// of waits for an event of a kind of flow.
func (s *traceReader) of(kind api.FlowKind, name api.TraceName, from, to api.Party) api.TraceEvent {
	s.t.Helper()
	var found api.TraceEvent
	s.until(string(kind)+": "+string(name), func(s *traceReader) bool {
		i := slices.IndexFunc(s.events, func(e api.TraceEvent) bool { return e.Kind == kind && e.Name == name && e.From == from && e.To == to })
		if i >= 0 {
			found = s.events[i]
		}
		return i >= 0
	})
	return found
}

// ends waits for the stream's end.
func (s *traceReader) ends() {
	s.t.Helper()
	s.until("end", func(s *traceReader) bool { return s.over })
}

func TestTraceShowsOnlyTheSessionsOwnFlows(t *testing.T) {
	h := open(t, traced)
	alice, bob := h.browser(), h.browser()
	alice.signIn()
	bob.signIn()
	hers, his := alice.inspect(), bob.inspect()
	alice.fetch(http.MethodGet, "/api/notes", "")
	alice.fetch(http.MethodPost, "/bff/session/refresh", "")
	bob.fetch(http.MethodPost, "/api/notes", "x")
	h.browser().fetch(http.MethodGet, "/api/notes", "")
	h.browser().navigate("/bff/login")
	refreshed := hers.of(api.FlowRefresh, api.TraceTokenEndpoint, api.PartyAuthorizationServer, api.PartyBFF)
	called := his.of(api.FlowAPICall, api.TraceCall, api.PartyBFF, api.PartyBrowser)
	alice.fetch(http.MethodPost, "/bff/logout", "")
	bob.fetch(http.MethodPost, "/bff/logout", "")
	hers.ends()
	his.ends()
	seen := func(s *traceReader, flow string) bool {
		return slices.ContainsFunc(s.events, func(e api.TraceEvent) bool { return e.Flow == flow })
	}
	if seen(his, refreshed.Flow) || seen(hers, called.Flow) {
		t.Error("a session sees another's flow")
	}
	if !seen(hers, refreshed.Flow) || !seen(his, called.Flow) {
		t.Error("control: a session does not see its own flow")
	}
	for _, s := range []*traceReader{hers, his} {
		signIns := map[string]bool{}
		for _, e := range s.events {
			if e.Kind == api.FlowSignIn {
				signIns[e.Flow] = true
			}
		}
		if len(signIns) != 1 {
			t.Errorf("%d sign-ins in one session", len(signIns))
		}
	}
}

// A code that comes back to another browser than it went out from is not that browser's to see, nor its attempt the other's.
func TestTraceDoesNotShowACallbackOfAnotherBrowser(t *testing.T) {
	h := open(t, traced)
	b, thief := h.browser(), h.browser()
	callback := b.startSignIn("")
	thief.navigate(callback)
	b.navigate(callback)
	s := b.inspect()
	s.of(api.FlowSignIn, api.TraceSessionStarted, api.PartyBFF, api.PartyBrowser)
	if callbacks := strings.Count(s.String(), `"name":"callback"`); callbacks != 1 {
		t.Errorf("%d requests of the callback", callbacks)
	}
}

func TestTraceShowsRefreshSignOutAndBackchannelLogout(t *testing.T) {
	h := open(t, traced)
	b := h.browser()
	b.signIn()
	s := b.inspect()
	b.fetch(http.MethodPost, "/bff/session/refresh", "")
	s.of(api.FlowRefresh, api.TraceRefresh, api.PartyBrowser, api.PartyBFF)
	s.of(api.FlowRefresh, api.TraceRefresh, api.PartyBFF, api.PartyBrowser)
	h.clock.advance(5*time.Minute - 10*time.Second) // the token still serves, and is renewed behind the call
	b.fetch(http.MethodGet, "/api/notes", "")
	s.until("renewal in the background", func(s *traceReader) bool {
		flows := map[string]bool{}
		for _, e := range s.events {
			if e.Kind == api.FlowRefresh && e.Name == api.TraceTokenEndpoint && e.Message != nil && e.Message.Status == 200 {
				flows[e.Flow] = true
			}
		}
		return len(flows) == 2
	})
	b.fetch(http.MethodPost, "/bff/logout", "")
	s.of(api.FlowSignOut, api.TraceRevocation, api.PartyAuthorizationServer, api.PartyBFF)
	if out := s.of(api.FlowSignOut, api.TraceLogout, api.PartyBFF, api.PartyBrowser); out.Message.Status != 200 || out.Step != 0 {
		t.Errorf("%+v", out)
	}
	s.ends()

	b.signIn()
	s = b.inspect()
	h.logoutToken(nil, nil)
	if e := s.of(api.FlowBackchannelLogout, api.TraceBackchannelLogout, api.PartyAuthorizationServer, api.PartyBFF); value(e, api.InForm, "logout_token").Token == nil {
		t.Errorf("no logout token in %+v", e)
	}
	if e := s.of(api.FlowBackchannelLogout, api.TraceBackchannelLogout, api.PartyBFF, api.PartyBFF); len(e.Checks) != 2 || !e.Checks[0].OK || !e.Checks[1].OK {
		t.Errorf("%+v", e.Checks)
	}
	s.of(api.FlowBackchannelLogout, api.TraceBackchannelLogout, api.PartyBFF, api.PartyAuthorizationServer)
	s.ends()
}

func TestTraceTellsTheChecksThatFail(t *testing.T) {
	h := open(t, traced)
	b := h.browser()
	b.signIn()
	h.provider.change(func() { h.provider.claims = func(c map[string]any) { c["nonce"] = "another" } })
	s := b.inspect()
	callback := b.startSignIn("")
	b.navigate(callback)
	s.until("nonce that does not hold", func(s *traceReader) bool {
		return slices.ContainsFunc(s.events, func(e api.TraceEvent) bool {
			return slices.Contains(e.Checks, api.TraceCheck{Name: "nonce", Spec: "OpenID Connect Core §3.1.3.7 item 11"})
		})
	})
	failed := s.until("answer", func(s *traceReader) bool {
		return slices.ContainsFunc(s.events, func(e api.TraceEvent) bool { return value(e, api.InQuery, "bff_error").Value == "id_token_invalid" })
	})
	if len(failed) == 0 || strings.Contains(s.String(), `"session_started"`) && strings.Count(s.String(), `"session_started"`) != 1 {
		t.Errorf("%s", s)
	}
	crossed := fetchHeaders()
	crossed["Sec-Fetch-Site"] = "same-site"
	b.do(http.MethodPost, "/bff/logout", "", crossed)
	if strings.Contains(s.String(), `"sign_out"`) {
		t.Error("a request that proves nothing is shown as the session's own")
	}
}

// The step of an answer says what has happened: nobody has a token, or a session, of a sign-in that was refused before.
func TestTraceOfARefusedSignInGoesNoFurtherThanItDid(t *testing.T) {
	h := open(t, traced)
	b := h.browser()
	b.signIn()
	s := b.inspect()
	ended := func(code string, want api.Step) {
		t.Helper()
		last := s.has(api.TraceCallback, api.PartyBFF, api.PartyBrowser)
		if location := value(last, api.InHeader, "Location"); last.Step != want {
			t.Errorf("%s: the answer is of step %d, not %d: %+v", code, last.Step, want, location)
		}
	}
	sent, err := url.Parse(b.startSignIn(""))
	if err != nil {
		t.Fatal(err)
	}
	query := sent.Query()
	query.Del("code")
	query.Set("error", "access_denied")
	sent.RawQuery = query.Encode()
	b.navigate(sent.String())
	ended("access_denied", api.StepCode)

	h.provider.change(func() { h.provider.claims = func(c map[string]any) { c["nonce"] = "another" } })
	b.navigate(b.startSignIn(""))
	s.until("the second answer", func(s *traceReader) bool {
		return slices.ContainsFunc(s.events, func(e api.TraceEvent) bool {
			return e.Name == api.TraceCallback && e.To == api.PartyBrowser && e.Step == api.StepTokenResponse
		})
	})
}

func TestStepModeHoldsASignInAndACall(t *testing.T) {
	h := open(t, traced)
	b := h.browser()
	b.signIn()
	s := b.inspect()
	step := func(body string) {
		t.Helper()
		if got := b.fetch(http.MethodPost, api.PathTraceStep, body); got.StatusCode != 200 || !strings.Contains(got.body, `"stepping":`) {
			t.Fatalf("step %s: status %d: %s", body, got.StatusCode, got.body)
		}
	}
	waits := func(place api.Hold) {
		t.Helper()
		s.until(string(place), func(s *traceReader) bool {
			if len(s.states) == 0 {
				return false
			}
			last := s.states[len(s.states)-1]
			return last.Held == place && !last.HeldUntil.IsZero()
		})
	}
	step(`{"stepping":true}`)
	got := make(chan result, 1)
	go func() { got <- b.fetch(http.MethodGet, "/api/notes", "") }()
	waits(api.HoldAPICall)
	if len(h.upstream.requests()) != 0 {
		t.Error("the call was not held")
	}
	step("")
	if r := <-got; r.StatusCode != 200 {
		t.Errorf("the call: status %d", r.StatusCode)
	}
	popup := &browser{h, map[string]string{session.CookieName: b.cookies[session.CookieName]}}
	go func() { got <- popup.navigate("/bff/login?mode=popup") }()
	waits(api.HoldRedirect)
	step("{}")
	login := <-got
	callback := popup.do(http.MethodGet, login.Header.Get("Location"), "", nil).Header.Get("Location")
	// The session cookie is Strict and does not come along from the provider's site.
	delete(popup.cookies, session.CookieName)
	tokens := h.provider.count("/token")
	go func() { got <- popup.navigate(callback) }()
	waits(api.HoldTokenRequest)
	if h.provider.count("/token") != tokens {
		t.Error("the token request was not held")
	}
	step("{}")
	if r := <-got; r.StatusCode != 303 || r.Header.Get("Location") != api.PathPopup {
		t.Errorf("the sign-in: status %d, %s", r.StatusCode, r.Header.Get("Location"))
	}
	s.ends()
	again := popup.inspect()
	again.until("step mode", func(s *traceReader) bool { return len(s.states) > 0 && s.states[0].Stepping })
	if got := popup.fetch(http.MethodPost, api.PathTraceStep, `{"nonsense":1}`); got.StatusCode != 400 {
		t.Errorf("nonsense: status %d", got.StatusCode)
	}
}

func TestTraceResumesAndSurvivesAReload(t *testing.T) {
	h := open(t, traced)
	b := h.browser()
	b.signIn()
	b.fetch(http.MethodGet, "/api/notes", "")
	events := b.inspect().until("answer", func(s *traceReader) bool {
		return len(s.events) > 0 && s.events[len(s.events)-1].Step == api.StepResourceAnswer && s.events[len(s.events)-1].To == api.PartyBrowser
	})
	next := h.config(t)
	traced(&next)
	next.Routes[0].Timeout = time.Second
	if err := h.bff.Reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	middle := events[len(events)/2]
	b.fetch(http.MethodGet, "/api/notes", "")
	resumed := b.inspect("Last-Event-ID", idOf(middle)).until("the later call", func(s *traceReader) bool {
		return len(s.events) > 0 && s.events[len(s.events)-1].Flow != events[len(events)-1].Flow
	})
	if resumed[0].ID != events[len(events)/2+1].ID {
		t.Errorf("it resumes at %d after %d", resumed[0].ID, middle.ID)
	}
}

func TestASessionHasTwoStreamsOfTheTraceAtMost(t *testing.T) {
	h := open(t, traced)
	b := h.browser()
	b.signIn()
	b.inspect()
	b.inspect()
	if got := b.do(http.MethodGet, api.PathTrace, "", eventSource); got.StatusCode != 429 || !strings.Contains(got.body, "too_many_streams") {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	crossed := map[string]string{"Sec-Fetch-Site": "cross-site"}
	if got := b.do(http.MethodGet, api.PathTrace, "", crossed); got.StatusCode != 403 {
		t.Errorf("from another site: status %d", got.StatusCode)
	}
	if got := b.do(http.MethodPost, api.PathTraceStep, "{}", map[string]string{"Sec-Fetch-Site": "same-origin"}); got.StatusCode != 403 {
		t.Errorf("without the header: status %d", got.StatusCode)
	}
}

// Goal P22: what a request goes through is the same as if there were no trace, and the emitters cost nothing.
func TestATraceThatIsOffIsNotThere(t *testing.T) {
	h, on := open(t), open(t, traced)
	wrapped := func(h *house) int {
		count := 0
		if _, plain := h.bff.out.client.Transport.(*http.Transport); !plain {
			count++
		}
		if _, plain := h.bff.proxy.routes[0].transport.(plainhttp.RoundTripper); !plain {
			count++
		}
		return count
	}
	if h.bff.inspector != nil || wrapped(h) != 0 || wrapped(on) != 2 {
		t.Errorf("off: %d, on: %d", wrapped(h), wrapped(on))
	}
	marker := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	r := httptest.NewRequest(http.MethodGet, h.origin+"/api/notes", http.NoBody)
	r.Header = http.Header{"Sec-Fetch-Site": {"same-origin"}, canonicalCSRF: {"1"}}
	emit := func(h *house) func() {
		handler := h.bff.inspected(marker)
		ctx, inFlow := r.Context(), r
		if flow := h.bff.inspector.Begin(api.FlowAPICall); flow != nil {
			ctx = trace.With(ctx, flow)
			inFlow = r.WithContext(ctx)
		}
		return func() {
			handler.ServeHTTP(nil, inFlow)
			_ = h.bff.checkHost(inFlow)
			_ = h.bff.checkFetch(inFlow)
			h.bff.flow(ctx).Bind("s", "p")
			h.bff.flow(ctx).Hold(ctx, api.HoldAPICall)
			_ = h.bff.withRefreshFlow(ctx, "s", "p")
			_ = h.bff.out.flow(ctx)
		}
	}
	if allocations := testing.AllocsPerRun(1000, emit(h)); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	recorded := func() { on.bff.inspected(marker).ServeHTTP(httptest.NewRecorder(), r) }
	if testing.AllocsPerRun(100, recorded) == 0 {
		t.Error("control: a trace that is on costs nothing either")
	}
}

func idOf(e api.TraceEvent) string { return strconv.FormatUint(e.ID, 10) }
