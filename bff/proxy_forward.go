package bff

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// passage is one request on its way through. Its parts are in one allocation, and none is used after the request.
type passage struct {
	bff           *BFF
	route         *route
	authorization []string
	bound         *presentation // of a token that is shown with a proof (DPoP)
	token         string        // the access token itself; secret
	issued        time.Time     // when it was asked for
	session       string        // the record's id, where the token is the user's
	upgrade       bool          // it opens a WebSocket
	target        url.URL       // what the upstream is asked for
}

// forward sends the request to its upstream, and the upstream's answer to the page. httputil.ReverseProxy would copy and sift
// all headers of both; here a message is made from the few that may pass, so that nothing else can.
func (b *BFF) forward(w http.ResponseWriter, r *http.Request, pass *passage) error {
	ctx, body, sent := r.Context(), r.Body, (*upload)(nil)
	switch {
	case pass.upgrade:
		bound, end := pass.boundToSession(ctx)
		defer end()
		ctx = bound
	case body != nil && body != http.NoBody:
		watched, bounded, end := newUpload(w, r, pass.route.cfg, b.now)
		defer end()
		// The transport may still be reading when the answer is complete, and nobody may read after the handler.
		defer watched.end()
		ctx, body, sent = bounded, watched, watched
	}
	response, err := pass.send(pass.outgoing(ctx, r, body))
	if err != nil {
		return upstreamFailed(ctx, sent.blame(err))
	}
	if pass.upgrade && response.StatusCode == http.StatusSwitchingProtocols {
		return pass.tunnel(ctx, w, response)
	}
	return pass.answer(ctx, w, response)
}

// outgoing is the request that the upstream gets: the route's host, the rest of the path as it was, and only headers of the
// list. Hop-by-hop headers are on no list, and "Connection: Authorization" takes nothing away (RFC 9110 §7.6.1).
func (p *passage) outgoing(ctx context.Context, r *http.Request, body io.ReadCloser) *http.Request {
	upstream, prefix := p.route.upstream, len(p.route.cfg.Prefix)
	p.target = url.URL{
		Scheme: upstream.Scheme, Host: upstream.Host, Path: upstream.Path + r.URL.Path[prefix:], RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery,
	}
	if r.URL.RawPath != "" {
		p.target.RawPath = upstream.EscapedPath() + r.URL.RawPath[prefix:]
	}
	out := r.WithContext(ctx)
	out.URL, out.Host, out.RequestURI = &p.target, upstream.Host, ""
	out.Header, out.Body = p.sentHeader(r), body
	out.Trailer, out.TransferEncoding, out.Close = nil, nil, false
	return out
}

// withoutUserAgent keeps net/http's own name from upstreams.
var withoutUserAgent = []string{""}

func (p *passage) sentHeader(r *http.Request) http.Header {
	header := make(http.Header, 8)
	for name, values := range r.Header {
		if p.route.sent[name] {
			header[name] = values
		}
	}
	if header["User-Agent"] == nil {
		header["User-Agent"] = withoutUserAgent
	}
	if p.authorization != nil {
		header["Authorization"] = p.authorization
	}
	if p.upgrade {
		openHandshake(header, r.Header)
	}
	if p.route.cfg.Forwarded {
		p.bff.forwardedFor(header, r)
	}
	return header
}

// answer passes on of the upstream's answer what may pass: the headers of the list, ours after them, and the body. Its 1xx
// answers and trailers have been left behind.
func (p *passage) answer(ctx context.Context, w http.ResponseWriter, response *http.Response) error {
	if err := p.judge(ctx, response); err != nil {
		_ = response.Body.Close()
		return err
	}
	defer func() { _ = response.Body.Close() }()
	header := w.Header()
	for name, values := range response.Header {
		if p.route.returned[name] {
			header[name] = values
		}
	}
	secureAnswer(header)
	w.WriteHeader(response.StatusCode)
	if err := copyBody(w, response); err != nil {
		// Half an answer must not look like a whole one: the connection is cut.
		panic(http.ErrAbortHandler)
	}
	return nil
}

// copyBody copies through one buffer, however long the body is. A stream reaches the page piece by piece, as it comes.
func copyBody(w http.ResponseWriter, response *http.Response) error {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	if response.ContentLength >= 0 && !isEventStream(response) {
		_, err := io.CopyBuffer(w, response.Body, buffer[:])
		return err
	}
	flusher := flushing{w, http.NewResponseController(w)}
	if err := flusher.control.Flush(); err != nil {
		return err
	}
	_, err := io.CopyBuffer(flusher, response.Body, buffer[:])
	return err
}

const bufferSize = 32 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// flushing sends on at once what is written to it.
type flushing struct {
	writer  io.Writer
	control *http.ResponseController
}

func (f flushing) Write(piece []byte) (int, error) {
	n, err := f.writer.Write(piece)
	if err == nil {
		err = f.control.Flush()
	}
	return n, err
}
