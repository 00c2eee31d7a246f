package bff

import (
	"maps"
	"net/http"
	"net/textproto"

	"cloakroom/bff/api"
)

// sentHeaders are the request headers that reach an upstream. What is not here does not: Cookie, Authorization, DPoP,
// Forwarded and X-Forwarded-*, traceparent, Sec-*, Origin and Referer among the rest.
var sentHeaders = headerSet(
	"Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Content-Language", "Content-Type",
	"Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
	"Last-Event-Id", "Prefer", "Range", "User-Agent",
)

// returnedHeaders are the response headers that reach the page. What is not here does not: Set-Cookie, Access-Control-*,
// Strict-Transport-Security, Clear-Site-Data, Content-Security-Policy, Location, Refresh, Server and WWW-Authenticate
// among the rest.
var returnedHeaders = headerSet(
	"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Range",
	"Content-Type", "Deprecation", "Etag", "Last-Modified", "Preference-Applied", "Ratelimit", "Ratelimit-Policy",
	"Retry-After", "Sunset",
)

// secureAnswer is secure for what an upstream answered. Such an answer is never a document of ours, and its policy forbids
// frames and script, so that it needs neither Cross-Origin-Opener-Policy nor X-Frame-Options; Strict-Transport-Security comes
// with the page and every answer of our own. With them the map of headers would grow in every call.
func secureAnswer(h http.Header) {
	for name, values := range answerHeaders {
		h[name] = values
	}
}

// answerHeaders are shared by all answers and never appended to.
var answerHeaders = map[string][]string{
	"Cache-Control":                ownHeaders["Cache-Control"],
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'; sandbox"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Referrer-Policy":              {"no-referrer"},
	"X-Content-Type-Options":       {"nosniff"},
	canonicalSource:                {api.SourceUpstream},
}

// neverSent and neverReturned cannot be configured either.
var (
	neverSent = headerSet(
		"Authorization", "Connection", "Cookie", "Dpop", "Forwarded", "Host", "Keep-Alive", "Origin", "Proxy-Authorization",
		"Proxy-Connection", "Referer", "Te", "Trailer", "Traceparent", "Tracestate", "Transfer-Encoding", "Upgrade",
		canonicalCSRF, canonicalCSRFAlias,
	)
	neverReturned = headerSet(
		"Alt-Svc", "Cache-Control", "Clear-Site-Data", "Connection", "Content-Security-Policy",
		"Content-Security-Policy-Report-Only", "Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy",
		"Cross-Origin-Resource-Policy", "Keep-Alive", "Link", "Location", "Nel", "Origin-Agent-Cluster",
		"Permissions-Policy", "Proxy-Authenticate", "Public-Key-Pins", "Referrer-Policy", "Refresh", "Report-To",
		"Reporting-Endpoints", "Service-Worker-Allowed", "Set-Cookie", "Sourcemap", "Strict-Transport-Security", "Trailer",
		"Transfer-Encoding", "Upgrade", "Www-Authenticate", "X-Content-Type-Options", "X-Frame-Options", canonicalSource,
	)
)

func headerSet(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[textproto.CanonicalMIMEHeaderKey(name)] = true
	}
	return set
}

// extended adds a route's own names to a built-in list.
func extended(set map[string]bool, names []string) map[string]bool {
	if len(names) == 0 {
		return set
	}
	wider := maps.Clone(set)
	maps.Copy(wider, headerSet(names...))
	return wider
}
