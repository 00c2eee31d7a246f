package bff

import (
	"context"
	"net/http"
	"net/http/httputil"
	"sync"
)

// passage is one request on its way through: what Rewrite sends and what the response is judged by. Its parts are in one
// allocation, and none is used after the request.
type passage struct {
	bff           *BFF
	route         *route
	authorization []string
	bound         *presentation // of a token that is shown with a proof (DPoP)
	header        http.Header   // what the browser sent
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
func (b *BFF) forward(w http.ResponseWriter, r *http.Request, pass *passage) error {
	pass.context = passageContext{r.Context(), pass}
	pass.writer = finalWriter{w, pass}
	outgoing := r.WithContext(&pass.context)
	outgoing.Header = nil
	pass.header = r.Header
	if r.Body != nil && r.Body != http.NoBody {
		outgoing.Body = http.MaxBytesReader(w, r.Body, pass.route.cfg.BodyLimit)
	}
	b.proxy.reverse.ServeHTTP(&pass.writer, outgoing)
	return nil
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
}

// sender sends a passage's request by its route's transport, and hides what follows an answer's body: it would come after
// the last look at the headers.
type sender struct{}

func (sender) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := passageOf(r.Context()).send(r)
	// RFC 9112 §7.1.2: trailers come with chunked coding only.
	if err != nil || (response.ContentLength >= 0 && response.ProtoMajor == 1) {
		return response, err
	}
	// The body writes trailers into the Response that it came with, so ReverseProxy gets another one.
	hidden := *response
	hidden.Trailer = nil
	return &hidden, nil
}

// send puts the proof of a bound token on the request at the last moment: it is for this request and no other.
func (p *passage) send(r *http.Request) (*http.Response, error) {
	if p.bound != nil {
		return p.bound.roundTrip(p.route.transport, r)
	}
	return p.route.transport.RoundTrip(r)
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
