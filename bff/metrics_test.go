package bff

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func (h *house) admin(path string) (int, string) {
	w := httptest.NewRecorder()
	h.bff.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w.Code, w.Body.String()
}

func TestMetricsAndAuditSayWhatHappened(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	b.fetch(http.MethodGet, "/api/notes", "")
	h.clock.advance(6 * time.Minute)
	b.fetch(http.MethodGet, "/api/notes", "")
	b.do(http.MethodGet, "/api/notes?secret=query", "", nil)
	h.browser().navigate("/bff/callback/baseline?state=nobody&code=secret-code&iss=" + h.provider.issuer())
	b.fetch(http.MethodPost, "/bff/logout", "")
	_, text := h.admin("/metrics")
	for _, want := range []string{
		`bff_sign_ins_total{outcome="ok"} 1`, `bff_sign_ins_total{outcome="state_mismatch"} 1`, `bff_token_renewals_total{outcome="ok"} 1`,
		`bff_refusals_total{code="csrf_rejected"} 1`, `bff_sessions_ended_total{reason="signed_out"} 1`,
		`bff_upstream_seconds_count{outcome="2xx",route="/api/notes"} 2`, `bff_streams{kind="answer"} 0`, `bff_sessions 0`, "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in the metrics", want)
		}
	}
	for _, want := range []string{
		"msg=audit event=sign_in outcome=ok session=", "subject=alice", "event=request_refused outcome=csrf_rejected", "event=session_ended outcome=signed_out", "event=token_renewal outcome=ok",
	} {
		if !h.logs.holds(want) {
			t.Errorf("%s is not in the log", want)
		}
	}
	for _, secret := range []string{"secret-code", "secret=query", "rt-", "Bearer"} {
		if h.logs.holds(secret) || strings.Contains(text, secret) {
			t.Errorf("%q is in the log or the metrics", secret)
		}
	}
}

func (h *house) metric(name string) string {
	_, text := h.admin("/metrics")
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func TestEveryOpenStreamIsCounted(t *testing.T) {
	h := open(t, withStreams)
	counts := func() [3]string {
		return [3]string{h.metric(`bff_streams{kind="session_events"}`), h.metric(`bff_streams{kind="answer"}`), h.metric(`bff_streams{kind="websocket"}`)}
	}
	wait := func(want ...string) {
		t.Helper()
		waitFor(t, func() bool { return counts() == [3]string(want) })
	}
	wait("0", "0", "0")
	b := h.browser()
	b.signIn()
	events := b.listen()
	wait("1", "0", "0")
	h.upstream.serve(ticks("text/event-stream"))
	bound, unbound := b.stream("/api/notes/events", eventSource), b.stream("/api/open/events", fetchHeaders())
	wait("1", "2", "0")
	h.upstream.serve(echoes)
	connection, _, _ := b.dial("", "")
	wait("1", "2", "1")
	_ = unbound.Body.Close()
	wait("1", "1", "1")
	_, _ = connection.Close(), bound.Body.Close()
	events.stop()
	wait("0", "0", "0")
}

func TestLiveSessionsAreAGaugeThatAsksTheStoreNowAndThen(t *testing.T) {
	h := open(t)
	if got := h.metric("bff_sessions"); got != "0" {
		t.Errorf("%q sessions", got)
	}
	alice, bob := h.browser(), h.browser()
	alice.signIn()
	bob.signIn()
	if got := h.metric("bff_sessions"); got != "0" {
		t.Errorf("%q sessions a moment later: every scrape asks the store", got)
	}
	h.clock.advance(countEvery)
	if got := h.metric("bff_sessions"); got != "2" {
		t.Errorf("%q sessions", got)
	}
	alice.fetch(http.MethodPost, "/bff/logout", "")
	h.clock.advance(countEvery)
	if got := h.metric("bff_sessions"); got != "1" {
		t.Errorf("%q sessions after a sign-out", got)
	}
	h.store.down.Store(true)
	h.clock.advance(countEvery)
	if status, text := h.admin("/metrics"); status != 200 || h.metric("bff_sessions") != "" || !strings.Contains(text, "bff_streams") {
		t.Errorf("store down: status %d, %q sessions", status, h.metric("bff_sessions"))
	}
	h.store.down.Store(false)
	h.clock.advance(countEvery)
	if got := h.metric("bff_sessions"); got != "1" {
		t.Errorf("%q sessions after the outage", got)
	}
}

func TestReadyzSaysWhatIsWrong(t *testing.T) {
	h := open(t)
	if status, text := h.admin("/readyz"); status != 200 || !strings.Contains(text, `"baseline":"not asked yet"`) {
		t.Errorf("status %d: %s", status, text)
	}
	b := h.browser()
	b.signIn()
	if status, text := h.admin("/readyz"); status != 200 || !strings.Contains(text, `"status":"ok"`) || !strings.Contains(text, `"baseline":"ok"`) {
		t.Errorf("status %d: %s", status, text)
	}
	h.upstream.serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for range breakerLimit {
		b.fetch(http.MethodPost, "/api/notes", "x")
	}
	if status, text := h.admin("/readyz"); status != 200 || !strings.Contains(text, `"degraded"`) || !strings.Contains(text, h.upstream.server.URL) {
		t.Errorf("an API is down: status %d: %s", status, text)
	}
	h.store.down.Store(true)
	if status, text := h.admin("/readyz"); status != 503 || !strings.Contains(text, errDown.Error()) {
		t.Errorf("the store is down: status %d: %s", status, text)
	}
	if status, _ := h.admin("/livez"); status != 200 {
		t.Error("a store that is down is no reason to be killed")
	}
}

func TestConformanceNamesEveryRequirement(t *testing.T) {
	var out strings.Builder
	cfg := open(t).config(t)
	cfg.Routes[0].WebSocket = true
	if err := cfg.WriteConformance(&out); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 47 {
		t.Errorf("%d lines, want the head and the 46 requirements", lines)
	}
	for _, want := range []string{cfg.Routes[0].Upstream, "attention: client_secret_basic and bearer tokens", "attention: sessions are in memory", "exact Origin in place of the header for EventSource or WebSocket on /api/notes", "idle 30m0s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(out.String(), clientSecret) {
		t.Error("the secret is in it")
	}
}
