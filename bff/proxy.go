package bff

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"cloakroom/bff/api"
)

// proxy passes /api/* on to the upstreams of a static table. One tuned Transport and one ReverseProxy serve all routes.
type proxy struct {
	routes    []*route // the longest prefix first
	reverse   *httputil.ReverseProxy
	transport *http.Transport
}

// route is a compiled [RouteConfig]. No part of it ever comes from a request.
type route struct {
	cfg      *RouteConfig
	upstream *url.URL
	sent     map[string]bool
	returned map[string]bool
}

// passage is one request on its way through: what Rewrite sends and what the response is judged by.
type passage struct {
	route         *route
	authorization string
	cancel        context.CancelCauseFunc
	deadline      *time.Timer
	answered      bool // the upstream's answer passed the checks
}

type passageKey struct{}

var errUpstreamSlow = errors.New("the upstream did not begin its answer in time")

func newProxy(b *BFF) (*proxy, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	p := &proxy{transport: &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 512, IdleConnTimeout: 90 * time.Second, ExpectContinueTimeout: time.Second,
		MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, WriteBufferSize: 16 << 10, ReadBufferSize: 16 << 10,
	}}
	for i := range b.cfg.Routes {
		cfg := &b.cfg.Routes[i]
		upstream, err := url.Parse(cfg.Upstream)
		if err != nil {
			return nil, err
		}
		upstream.Path = strings.TrimSuffix(upstream.Path, "/")
		p.routes = append(p.routes, &route{
			cfg: cfg, upstream: upstream,
			sent: extended(sentHeaders, cfg.RequestHeaders), returned: extended(returnedHeaders, cfg.ResponseHeaders),
		})
	}
	slices.SortFunc(p.routes, func(a, b *route) int { return len(b.cfg.Prefix) - len(a.cfg.Prefix) })
	p.reverse = &httputil.ReverseProxy{
		Rewrite: rewrite, ModifyResponse: b.judge, ErrorHandler: b.upstreamFailed, Transport: withoutTrailers{p.transport},
		BufferPool: &bufferPool{}, ErrorLog: slog.NewLogLogger(b.log.Handler(), slog.LevelWarn),
	}
	return p, nil
}

// match finds the route whose prefix covers the path by whole segments. The path is in its one plain form already.
func (p *proxy) match(path string) *route {
	for _, candidate := range p.routes {
		if covers(candidate.cfg.Prefix, path) {
			return candidate
		}
	}
	return nil
}

// serveAPI passes a call of the page on to its API. All that can be refused is refused before a byte goes upstream.
func (b *BFF) serveAPI(w http.ResponseWriter, r *http.Request) error {
	matched := b.proxy.match(r.URL.Path)
	if matched == nil {
		return refuse(api.NotFound, "no route leads there")
	}
	if !slices.Contains(matched.cfg.Methods, r.Method) {
		return methodNotAllowed(matched.cfg.Methods)
	}
	// An upgraded connection is no longer ours to check; h2c tunnels past every guard.
	if r.Header["Upgrade"] != nil {
		return refuse(api.InvalidRequest, "connections cannot be upgraded here")
	}
	if r.ContentLength > matched.cfg.BodyLimit {
		return refuse(api.BodyTooLarge, "the body is larger than this API takes")
	}
	pass := &passage{route: matched}
	if matched.cfg.Token == tokenUser {
		if err := b.authorize(r, pass); err != nil {
			return err
		}
	}
	b.forward(w, r, pass)
	return nil
}

// authorize finds the session and its access token for this API.
//
// Step 9: the BFF requests the protected resource, and submits the access token in place of the browser's cookie.
func (b *BFF) authorize(r *http.Request, pass *passage) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	cfg := pass.route.cfg
	token, err := b.accessToken(r.Context(), record, tokenRequest{b.providers[record.Provider], cfg.Resource, cfg.Scopes})
	if err != nil {
		return err
	}
	b.sessions.Seen(record)
	pass.authorization = "Bearer " + token.AccessToken
	return nil
}

// forward sends the request. The deadline is for the beginning of the answer, because an answer may be a stream.
func (b *BFF) forward(w http.ResponseWriter, r *http.Request, pass *passage) {
	ctx, cancel := context.WithCancelCause(context.WithValue(r.Context(), passageKey{}, pass))
	defer cancel(nil)
	pass.cancel = cancel
	pass.deadline = time.AfterFunc(pass.route.cfg.Timeout, func() { cancel(errUpstreamSlow) })
	defer pass.deadline.Stop()
	outgoing := r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		outgoing.Body = http.MaxBytesReader(w, r.Body, pass.route.cfg.BodyLimit)
	}
	b.proxy.reverse.ServeHTTP(&finalWriter{w, b, pass}, outgoing)
}

// rewrite makes the request that the upstream gets: the route's host, the rest of the path as it was, and only headers
// of the list. It runs after hop-by-hop headers are removed, so "Connection: Authorization" takes nothing away.
func rewrite(p *httputil.ProxyRequest) {
	pass := p.In.Context().Value(passageKey{}).(*passage)
	upstream, prefix := pass.route.upstream, len(pass.route.cfg.Prefix)
	target := &url.URL{Scheme: upstream.Scheme, Host: upstream.Host, RawQuery: p.In.URL.RawQuery}
	target.Path = upstream.Path + p.In.URL.Path[prefix:]
	if p.In.URL.RawPath != "" {
		target.RawPath = upstream.EscapedPath() + p.In.URL.RawPath[prefix:]
	}
	p.Out.URL, p.Out.Host = target, upstream.Host
	header := make(http.Header, 8)
	for name, values := range p.Out.Header {
		if pass.route.sent[name] {
			header[name] = values
		}
	}
	if pass.authorization != "" {
		header["Authorization"] = []string{pass.authorization}
	}
	p.Out.Header, p.Out.Trailer = header, nil
}

// finalWriter writes our headers last, so that nothing which went through ReverseProxy stands beside them or instead of
// them, and drops an upstream's 1xx answers: ReverseProxy would pass their headers on unread, and ours would be lost.
type finalWriter struct {
	http.ResponseWriter
	bff  *BFF
	pass *passage
}

func (w *finalWriter) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	if w.pass.answered {
		header := w.Header()
		w.bff.secure(header)
		header[canonicalSource] = fromUpstream
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController, which flushes streams.
func (w *finalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// withoutTrailers hides what follows an answer's body: it would come after the last look at the headers. The body writes
// trailers into the Response that it came with, so ReverseProxy gets another one.
type withoutTrailers struct{ next http.RoundTripper }

func (t withoutTrailers) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	hidden := *response
	hidden.Trailer = nil
	return &hidden, nil
}

// bufferPool lends ReverseProxy its copy buffers.
type bufferPool struct{ pool sync.Pool }

const bufferSize = 32 << 10

func (p *bufferPool) Get() []byte {
	if buffer, ok := p.pool.Get().(*[bufferSize]byte); ok {
		return buffer[:]
	}
	return make([]byte, bufferSize)
}

func (p *bufferPool) Put(buffer []byte) { p.pool.Put((*[bufferSize]byte)(buffer)) }
