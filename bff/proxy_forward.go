package bff

import (
	"context"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// passage is one request on its way through: what Rewrite sends and what the response is judged by. Its parts are in one
// allocation, and none is used after the request.
type passage struct {
	bff           *BFF
	route         *route
	authorization []string
	bound         *presentation // of a token that is shown with a proof (DPoP)
	token         string        // the access token itself; secret
	issued        time.Time     // when it was asked for
	session       string        // the record's id, where the token is the user's
	header        http.Header   // what the browser sent
	peer          string        // its address
	upgrade       bool          // it opens a WebSocket
	answered      bool          // the upstream's answer passed the checks
	context       passageContext
	writer        finalWriter
}

// passageContext is the request's context, which knows its passage.
type passageContext struct {
	context.Context
	pass *passage
}

type passageKey struct{}

func (c *passageContext) Value(key any) any {
	if key == (passageKey{}) {
		return c.pass
	}
	return c.Context.Value(key)
}

func passageOf(ctx context.Context) *passage { return ctx.Value(passageKey{}).(*passage) }

// forward sends the request. The headers stay behind: ReverseProxy would copy and sift them all, and rewrite takes from
// the original the few that may pass.
func (b *BFF) forward(w http.ResponseWriter, r *http.Request, pass *passage) {
	ctx, body := r.Context(), r.Body
	switch {
	case pass.upgrade:
		bound, end := pass.boundToSession(ctx)
		defer end()
		ctx = bound
	case body != nil && body != http.NoBody:
		watched, bounded, end := newUpload(w, r, pass.route.cfg, b.now)
		defer end()
		ctx, body = bounded, watched
	}
	pass.context, pass.writer, pass.header, pass.peer = passageContext{ctx, pass}, finalWriter{w, pass}, r.Header, r.RemoteAddr
	outgoing := r.WithContext(&pass.context)
	outgoing.Header, outgoing.Body = nil, body
	if pass.upgrade {
		outgoing.Header = webSocketUpgrade
	}
	b.proxy.reverse.ServeHTTP(&pass.writer, outgoing)
}

// withoutUserAgent keeps net/http's own name from upstreams.
var withoutUserAgent = []string{""}

// rewrite makes the request that the upstream gets: the route's host, the rest of the path as it was, and only headers
// of the list. It runs after hop-by-hop headers are removed, so "Connection: Authorization" takes nothing away.
func rewrite(p *httputil.ProxyRequest) {
	pass := passageOf(p.In.Context())
	upstream, prefix, target := pass.route.upstream, len(pass.route.cfg.Prefix), p.Out.URL
	target.Scheme, target.Host, target.RawQuery = upstream.Scheme, upstream.Host, p.In.URL.RawQuery
	target.Path = upstream.Path + p.In.URL.Path[prefix:]
	if p.In.URL.RawPath != "" {
		target.RawPath = upstream.EscapedPath() + p.In.URL.RawPath[prefix:]
	}
	p.Out.Host, p.Out.Trailer = upstream.Host, nil
	header := p.Out.Header
	clear(header)
	for name, values := range pass.header {
		if pass.route.sent[name] {
			header[name] = values
		}
	}
	if header["User-Agent"] == nil {
		header["User-Agent"] = withoutUserAgent
	}
	if pass.authorization != nil {
		header["Authorization"] = pass.authorization
	}
	if pass.upgrade {
		openHandshake(header, pass.header)
	}
	if pass.route.cfg.Forwarded {
		pass.bff.forwardedFor(header, pass.peer)
	}
}

// finalWriter writes our headers last, so that nothing which went through ReverseProxy stands beside them or instead of
// them, and drops an upstream's 1xx answers: ReverseProxy would pass their headers on unread, and ours would be lost.
type finalWriter struct {
	http.ResponseWriter
	pass *passage
}

func (w *finalWriter) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	if w.pass.answered {
		secureAnswer(w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController, which flushes streams.
func (w *finalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

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
