package bff

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"cloakroom/bff/session"
)

// receiver takes spans by OTLP over HTTP, as a collector does.
type receiver struct {
	server *httptest.Server
	flush  func(context.Context) error
	mu     sync.Mutex
	spans  []*tracepb.Span
	text   strings.Builder // everything that was received, readable, but for the random ids: in base64 they may be any word
}

// tracing has the house's spans exported to a receiver.
func tracing(t *testing.T) (*receiver, func(*Config)) {
	t.Helper()
	got := &receiver{}
	got.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &request); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		got.mu.Lock()
		defer got.mu.Unlock()
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					got.spans = append(got.spans, proto.CloneOf(span))
					span.TraceId, span.SpanId, span.ParentSpanId = nil, nil, nil
				}
			}
		}
		_, _ = got.text.WriteString(protojson.Format(&request))
	}))
	t.Cleanup(got.server.Close)
	exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(got.server.URL+"/v1/traces"))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdk.NewTracerProvider(sdk.WithSyncer(exporter))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	got.flush = provider.ForceFlush
	return got, func(c *Config) { *c = c.WithTracer(provider.Tracer("test")) }
}

// named waits for the spans of a name and returns them.
func (r *receiver) named(t *testing.T, kind tracepb.Span_SpanKind, name string) []*tracepb.Span {
	t.Helper()
	var found []*tracepb.Span
	waitFor(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		found = nil
		for _, span := range r.spans {
			if span.Name == name && span.Kind == kind {
				found = append(found, span)
			}
		}
		return len(found) > 0
	})
	return found
}

const (
	serverSpan = tracepb.Span_SPAN_KIND_SERVER
	clientSpan = tracepb.Span_SPAN_KIND_CLIENT
)

func attributeOf(span *tracepb.Span, key string) string {
	for _, attribute := range span.Attributes {
		if attribute.Key == key {
			return strings.Trim(strings.TrimPrefix(attribute.Value.String(), "string_value:"), `"`)
		}
	}
	return ""
}

func TestEveryRequestAndEveryCallForItHasASpan(t *testing.T) {
	got, on := tracing(t)
	h := open(t, on, func(c *Config) { c.Providers[0].Userinfo = true })
	b := h.browser()
	h.provider.userinfo = map[string]any{"sub": "alice"}
	b.signIn()
	b.fetch(http.MethodGet, "/api/notes/7?q=1", "")
	b.fetch(http.MethodPost, "/bff/session/refresh", "")
	b.fetch(http.MethodPost, "/bff/logout", "")
	for _, name := range []string{"GET /bff/login", "GET /bff/callback/:provider", "GET /api/notes", "POST /bff/session/refresh", "POST /bff/logout"} {
		span := got.named(t, serverSpan, name)[0]
		if len(span.ParentSpanId) != 0 || attributeOf(span, "http.route") != strings.SplitN(name, " ", 2)[1] || attributeOf(span, "http.response.status_code") == "" {
			t.Errorf("%s: %v", name, span)
		}
	}
	for call, parent := range map[string]string{
		"GET discovery": "GET /bff/login", "GET keys": "GET /bff/callback/:provider", "POST token": "GET /bff/callback/:provider",
		"GET userinfo": "GET /bff/callback/:provider", "GET /api/notes": "GET /api/notes", "POST revocation": "POST /bff/logout",
	} {
		span, above := got.named(t, clientSpan, call)[0], got.named(t, serverSpan, parent)[0]
		if string(span.ParentSpanId) != string(above.SpanId) || string(span.TraceId) != string(above.TraceId) {
			t.Errorf("%s is not in the trace of %s", call, parent)
		}
	}
	renewal := got.named(t, clientSpan, "POST token")
	if above := got.named(t, serverSpan, "POST /bff/session/refresh")[0]; len(renewal) != 2 || string(renewal[1].TraceId) != string(above.TraceId) {
		t.Errorf("%d token requests; the renewal is not in its request's trace", len(renewal))
	}
}

func TestPushedRequestsHaveASpan(t *testing.T) {
	got, on := tracing(t)
	h := openStrict(t, on)
	b := h.browser()
	b.signIn()
	call, login := got.named(t, clientSpan, "POST pushed_authorization_request")[0], got.named(t, serverSpan, "GET /bff/login")[0]
	if string(call.ParentSpanId) != string(login.SpanId) || attributeOf(call, "http.response.status_code") != "int_value:201" {
		t.Errorf("%v", call)
	}
	// The proof is for the request as it is sent: a nonce's retry is a call of its own.
	if calls := got.named(t, clientSpan, "POST token"); len(calls) != 2 || attributeOf(calls[0], "error.type") != "400" {
		t.Errorf("%d token requests", len(calls))
	}
}

var traceparent = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-01$`)

func TestTraceparentIsOursAndNeverABrowsers(t *testing.T) {
	const planted = "0af7651916cd43dd8448eb211c80319c"
	got, on := tracing(t)
	h := open(t, on)
	b := h.browser()
	b.signIn()
	headers := fetchHeaders()
	headers["Traceparent"], headers["Tracestate"], headers["Baggage"] = "00-"+planted+"-b7ad6b7169203331-01", "planted=1", "planted=1"
	if answer := b.do(http.MethodGet, "/api/notes", "", headers); answer.StatusCode != 200 || answer.Header.Get("Traceparent") != "" {
		t.Errorf("status %d, traceparent %q", answer.StatusCode, answer.Header.Get("Traceparent"))
	}
	seen := h.upstream.requests()[0].Header
	parts := traceparent.FindStringSubmatch(seen.Get("Traceparent"))
	call := got.named(t, clientSpan, "GET /api/notes")[0]
	if parts == nil || parts[1] != hex.EncodeToString(call.TraceId) || parts[2] != hex.EncodeToString(call.SpanId) {
		t.Errorf("the API got traceparent %q, the span is %x %x", seen.Get("Traceparent"), call.TraceId, call.SpanId)
	}
	if parts != nil && parts[1] == planted || seen.Get("Tracestate") != "" || seen.Get("Baggage") != "" {
		t.Errorf("the browser's context went through: %v", seen)
	}
}

func TestWithoutATracerNoTraceparentIsSentAndNothingIsWrapped(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	headers := fetchHeaders()
	headers["Traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	b.do(http.MethodGet, "/api/notes", "", headers)
	if seen := h.upstream.requests()[0].Header; seen.Get("Traceparent") != "" {
		t.Errorf("the API got traceparent %q", seen.Get("Traceparent"))
	}
	for _, route := range h.bff.proxy.routes {
		if _, wrapped := route.transport.(*spannedTransport); wrapped {
			t.Errorf("%s: the transport is wrapped", route.cfg.Prefix)
		}
	}
}

func TestSpansOfFailuresSayWhatFailed(t *testing.T) {
	got, on := tracing(t)
	h := open(t, on)
	b := h.browser()
	b.signIn()
	h.provider.change(func() { h.provider.refuse = func(url.Values) (int, string) { return 503, "{}" } })
	b.fetch(http.MethodPost, "/bff/session/refresh", "")
	span := got.named(t, serverSpan, "POST /bff/session/refresh")[0]
	if span.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || attributeOf(span, "error.type") != "idp_unavailable" || len(span.Events) != 1 || attributeOf(span, "bff.request_id") == "" {
		t.Errorf("the request: %v", span)
	}
	calls := got.named(t, clientSpan, "POST token")
	if last := calls[len(calls)-1]; last.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || attributeOf(last, "error.type") != "503" {
		t.Errorf("the call: %v", last)
	}
	h.upstream.server.Close()
	b.fetch(http.MethodGet, "/api/notes", "")
	if call := got.named(t, clientSpan, "GET /api/notes")[0]; attributeOf(call, "error.type") != "no_answer" || len(call.Events) != 1 {
		t.Errorf("an API that is down: %v", call)
	}
	b.navigate(b.startSignIn("")) // the provider answers 503 to the code
	if span := got.named(t, serverSpan, "GET /bff/callback/:provider")[1]; attributeOf(span, "error.type") != "token_exchange_failed" {
		t.Errorf("a sign-in that fails: %v", span)
	}
	// A refusal is the caller's fault and no failure of ours.
	b.do(http.MethodGet, "/bff/session", "", crossSite)
	if span := got.named(t, serverSpan, "GET /bff/session")[0]; span.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR || attributeOf(span, "error.type") != "csrf_rejected" {
		t.Errorf("a refusal: %v", span)
	}
}

func TestNoSecretIsInASpan(t *testing.T) {
	got, on := tracing(t)
	h := open(t, on)
	b := h.browser()
	callback := b.startSignIn("?login_hint=hint-canary&returnUrl=/return-canary")
	b.navigate(callback)
	cookie, record := b.cookies[session.CookieName], h.record(b)
	b.fetch(http.MethodGet, "/api/notes/id-canary?q=query-canary", "")
	b.fetch(http.MethodPost, "/api/notes", "body-canary")
	b.fetch(http.MethodDelete, "/bff/sessions/"+record.Handle, "")
	b.navigate(callback) // a code and a state that are spent
	b.do("CANARY", "/canary-path", "", nil)
	b.signIn()
	b.fetch(http.MethodPost, "/bff/session/refresh", "")
	b.fetch(http.MethodPost, "/bff/logout", "")
	got.named(t, serverSpan, "POST /bff/logout")
	sent, _ := url.Parse(callback)
	secrets := []string{
		"at-", "rt-", "eyJ", cookie, clientSecret, sent.Query().Get("code"), sent.Query().Get("state"),
		h.provider.forms[0].Get("code_verifier"), record.ID, record.Handle, "alice", "canary", "CANARY",
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	for _, secret := range secrets {
		if secret == "" || strings.Contains(got.text.String(), secret) {
			t.Errorf("a span holds %q", secret)
		}
	}
	for _, control := range []string{"/bff/sessions/:handle", "/api/notes", "state_mismatch"} {
		if !strings.Contains(got.text.String(), control) {
			t.Errorf("control: no span holds %q: %s", control, got.text.String())
		}
	}
}

// TestSpansThatAreOffCostNothing counts what a call of the proxy allocates around everything that could make a span.
func TestSpansThatAreOffCostNothing(t *testing.T) {
	var off *spans
	r := httptest.NewRequest(http.MethodGet, "/api/notes", http.NoBody)
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	handler, transport := off.server(func(string) string { panic("asked") }, next), off.spanned(quiet{}, "x")
	w := httptest.NewRecorder()
	allocations := func(h http.Handler, tr http.RoundTripper) float64 {
		return testing.AllocsPerRun(1000, func() {
			h.ServeHTTP(w, r)
			_, _ = tr.RoundTrip(r) //nolint:bodyclose // there is none
		})
	}
	if got := allocations(handler, transport); got != 0 {
		t.Errorf("%v allocations", got)
	}
	_, on := tracing(t)
	cfg := Config{}
	on(&cfg)
	traced := newSpans(cfg.tracer)
	if got := allocations(traced.server(func(string) string { return "/" }, next), traced.spanned(quiet{}, "x")); got == 0 {
		t.Error("control: spans that are on allocate nothing")
	}
}

// quiet is a transport that answers at once.
type quiet struct{}

var quietAnswer = &http.Response{StatusCode: http.StatusOK}

func (quiet) RoundTrip(*http.Request) (*http.Response, error) { return quietAnswer, nil }
