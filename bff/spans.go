package bff

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"cloakroom/bff/api"
)

// spans tells an operator's tracing (OpenTelemetry) how long a request took and where: one span for each request of a
// browser, and one for each request that the BFF makes for it. Spans hold methods, statuses, codes and what is configured;
// no path's ids, no query, no header and no body, so that there is no secret in them. A nil *spans makes none.
type spans struct {
	tracer trace.Tracer
	w3c    propagation.TraceContext
}

func newSpans(tracer trace.Tracer) *spans {
	if tracer == nil {
		return nil
	}
	return &spans{tracer: tracer}
}

// The names of the OpenTelemetry semantic conventions for HTTP.
const (
	attributeMethod  = attribute.Key("http.request.method")
	attributeRoute   = attribute.Key("http.route")
	attributeStatus  = attribute.Key("http.response.status_code")
	attributeError   = attribute.Key("error.type")
	attributeAddress = attribute.Key("server.address")
	attributeRequest = attribute.Key("bff.request_id")
	attributeCall    = attribute.Key("bff.call")
)

// server makes a span of each request. A traceparent of the browser is nobody's word: every trace begins here.
func (s *spans) server(pattern func(path string) string, next http.Handler) http.Handler {
	if s == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, route := methodName(r.Method), pattern(r.URL.Path)
		ctx, span := s.tracer.Start(r.Context(), method+" "+route, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attributeMethod.String(method), attributeRoute.String(route)))
		recorded := &recorder{ResponseWriter: w}
		defer func() {
			span.SetAttributes(attributeStatus.Int(recorded.status))
			if recorded.status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}()
		next.ServeHTTP(recorded, r.WithContext(ctx))
	})
}

// methodName keeps methods that nobody knows out of names.
func methodName(method string) string {
	if slices.Contains(routableMethods, method) || method == http.MethodOptions {
		return method
	}
	return "HTTP"
}

// pattern names the route that a path leads to, without what stands in the path for one session, provider or thing.
func (b *BFF) pattern(path string) string {
	if strings.HasPrefix(path, api.PathAPI) {
		if matched := b.proxy.match(path); matched != nil {
			return matched.cfg.Prefix
		}
		return api.PathAPI + "*"
	}
	for _, pattern := range b.patterns {
		if leadsTo(pattern, path) {
			return pattern
		}
	}
	return "/*"
}

func leadsTo(pattern, path string) bool {
	if prefix, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(path, prefix)
	}
	prefix, _, named := strings.Cut(pattern, ":")
	rest, below := strings.CutPrefix(path, prefix)
	return below && (rest == "" || (named && !strings.Contains(rest, "/")))
}

func patternsOf(endpoints []endpoint) []string {
	patterns := make([]string, 0, len(endpoints))
	for _, e := range endpoints {
		patterns = append(patterns, e.path)
	}
	return patterns
}

// call begins the span of a request that we make, and returns the request that carries its traceparent. end takes how it
// went: when the answer began, or why there is none.
func (s *spans) call(r *http.Request, name string) (sent *http.Request, end func(*http.Response, error)) {
	if s == nil {
		return r, func(*http.Response, error) {}
	}
	ctx, span := s.tracer.Start(r.Context(), r.Method+" "+name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attributeMethod.String(r.Method), attributeAddress.String(r.URL.Host), attributeCall.String(name)))
	sent = r.WithContext(ctx)
	sent.Header = maps.Clone(r.Header)
	s.w3c.Inject(ctx, propagation.HeaderCarrier(sent.Header))
	return sent, func(response *http.Response, err error) {
		defer span.End()
		if err != nil {
			fail(span, err)
			return
		}
		span.SetAttributes(attributeStatus.Int(response.StatusCode))
		if response.StatusCode >= http.StatusBadRequest {
			span.SetAttributes(attributeError.String(strconv.Itoa(response.StatusCode)))
			span.SetStatus(codes.Error, "")
		}
	}
}

// fail notes why a call has no answer, without the URL that net/http puts in front.
func fail(span trace.Span, err error) {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	kind := "no_answer"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		kind = "timeout"
	case errors.Is(err, context.Canceled):
		kind = "canceled"
	}
	span.SetAttributes(attributeError.String(kind))
	span.RecordError(err)
	span.SetStatus(codes.Error, "")
}

// refusedIn notes in the request's span what was answered: the code and what people are told. The cause is for the log,
// which the request's id leads to, if the answer has one.
func refusedIn(ctx context.Context, refused *refusal, requestID string) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attributeError.String(string(refused.code)))
	if requestID != "" {
		span.SetAttributes(attributeRequest.String(requestID))
	}
	span.RecordError(&refusal{code: refused.code, detail: refused.detail})
}

// spanned is a transport that makes a span of each request. Without spans it is the transport.
func (s *spans) spanned(next http.RoundTripper, name string) http.RoundTripper {
	if s == nil {
		return next
	}
	return &spannedTransport{next, s, name}
}

type spannedTransport struct {
	next  http.RoundTripper
	spans *spans
	name  string
}

// RoundTrip implements [http.RoundTripper].
func (t *spannedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, end := t.spans.call(r, t.name)
	response, err := t.next.RoundTrip(sent)
	end(response, err)
	return response, err
}
