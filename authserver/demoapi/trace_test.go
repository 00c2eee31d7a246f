package demoapi

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/trace"
)

// traced is a world whose API traces, and what reads the next event of it.
func newTracedWorld(t *testing.T) (w *world, next func() trace.Event, raw *strings.Builder) {
	t.Helper()
	w = newWorld(t, func(cfg *Config) { cfg.Trace = true })
	admin := httptest.NewServer(w.api.Admin())
	ctx, leave := context.WithTimeout(t.Context(), time.Minute) // a missing event fails the test
	t.Cleanup(func() {
		leave()
		admin.Close()
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, admin.URL+"/trace", nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(w.do(request).Body)
	lines.Buffer(nil, 1<<20)
	raw = &strings.Builder{}
	data := func() string {
		t.Helper()
		for lines.Scan() {
			raw.WriteString(lines.Text() + "\n")
			if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
				return data
			}
		}
		t.Fatalf("the feed ended: %v", lines.Err())
		return ""
	}
	if hello := data(); hello != `{"issuers":[]}` {
		t.Fatal(hello)
	}
	return w, func() trace.Event {
		t.Helper()
		var event trace.Event
		if err := json.Unmarshal([]byte(data()), &event); err != nil {
			t.Fatal(err)
		}
		return event
	}, raw
}

func made(event trace.Event) (names []string, passed bool) {
	passed = true
	for _, check := range event.Checks {
		names, passed = append(names, check.Name), passed && check.OK
	}
	return names, passed
}

func TestTraceTellsTheChecksOfATokenAndTheAnswer(t *testing.T) {
	w, next, raw := newTracedWorld(t)
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	token := w.token("user-of-the-canary", map[string]any{"email": "canary@example.org"})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/notes?canary=canary", strings.NewReader(`{"text":"the canary's note"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	if response := w.do(request); response.StatusCode != http.StatusCreated {
		t.Fatal(response.Status)
	}
	checks, answer := next(), next()
	names, passed := made(checks)
	want := []string{"token_present", "jwt", "alg", "typ", "kid", "signature", "iss", "aud", "claims", "exp", "token_scheme", "scope"}
	if !slices.Equal(names, want) || !passed {
		t.Errorf("checks %+v, want %v", checks.Checks, want)
	}
	if checks.Step != 10 || checks.Name != trace.AccessToken || checks.Emitter != trace.API || checks.From != trace.API || checks.To != trace.API || checks.Message != nil || checks.TraceID != traceID {
		t.Errorf("%+v", checks)
	}
	if answer.Step != 10 || answer.Name != trace.Call || answer.From != trace.API || answer.To != trace.BFF || answer.Message.Status != http.StatusCreated ||
		answer.TraceID != traceID || answer.Message.Size == 0 {
		t.Errorf("%+v %+v", answer, answer.Message)
	}
	w.call(token, http.MethodGet, "/notes", "")
	again, _ := next(), next()
	if names, _ := made(again); !slices.Contains(names, "verified_before") || slices.Contains(names, "signature") {
		t.Errorf("a token that was verified before: %v", names)
	}
	signature := token[strings.LastIndexByte(token, '.')+1:]
	for _, secret := range []string{"canary", "note", token, signature, base64.RawURLEncoding.EncodeToString([]byte(token)), "user-of"} {
		text := strings.ReplaceAll(raw.String(), "/notes", "")
		if strings.Contains(text, secret) {
			t.Errorf("%q is told:\n%s", secret, text)
		}
	}
	if !strings.Contains(raw.String(), traceID) { // the control
		t.Error("nothing would be found in it")
	}
}

func TestTraceTellsWhatWasRefused(t *testing.T) {
	w, next, _ := newTracedWorld(t)
	for name, row := range map[string]struct {
		token, method string
		status        int
	}{
		"scope":     {w.token("alice", map[string]any{"scope": "notes.read"}), http.MethodPost, http.StatusForbidden},
		"aud":       {w.token("alice", map[string]any{"aud": "https://other.example"}), http.MethodGet, http.StatusUnauthorized},
		"exp":       {w.token("alice", map[string]any{"exp": time.Now().Unix() - 60}), http.MethodGet, http.StatusUnauthorized},
		"auth_time": {w.token("alice", map[string]any{"auth_time": time.Now().Add(-time.Hour).Unix()}), http.MethodDelete, http.StatusUnauthorized},
	} {
		w.call(row.token, row.method, "/notes", "")
		checks, answer := next(), next()
		last := checks.Checks[len(checks.Checks)-1]
		if last.Name != name || last.OK || answer.Message.Status != row.status {
			t.Errorf("%s: %+v, then %d", name, checks.Checks, answer.Message.Status)
		}
		if told := answer.Message.Values; len(told) != 1 || told[0].Name != "WWW-Authenticate" || !strings.Contains(told[0].Value, "error=") {
			t.Errorf("%s: challenge %+v", name, told)
		}
	}
}

// TestTraceTellsAStreamWhenItBegins: nobody waits for its end.
func TestTraceTellsAStreamWhenItBegins(t *testing.T) {
	w, next, _ := newTracedWorld(t)
	w.call(w.token("alice"), http.MethodGet, "/notes/events", "")
	if checks, answer := next(), next(); checks.Name != trace.AccessToken || answer.Message.Status != http.StatusOK {
		t.Errorf("%+v, %+v", checks, answer)
	}
}

func TestTraceIsNotThereUnlessItIsConfigured(t *testing.T) {
	w := newWorld(t)
	recorder := httptest.NewRecorder()
	w.api.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/trace", nil))
	if recorder.Code != http.StatusNotFound {
		t.Errorf("%d", recorder.Code)
	}
	_, err := ParseConfig("test", []byte("trace: true\naudience: https://api.example\n"), noEnvironment)
	if err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("for the world: %v", err)
	}
	if _, err := ParseConfig("test", []byte("trace: true\n"), noEnvironment); err != nil {
		t.Errorf("control: %v", err)
	}
}

// TestTraceThatIsOffCostsARequestNothing compares the handler with what it is around.
func TestTraceThatIsOffCostsARequestNothing(t *testing.T) {
	off := &API{log: slog.New(slog.DiscardHandler)}
	inner := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	recorder, request := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/notes", nil)
	handler := off.traced(inner)
	if count := testing.AllocsPerRun(1000, func() { handler.ServeHTTP(recorder, request) }); count != 0 {
		t.Errorf("%v allocations", count)
	}
}
