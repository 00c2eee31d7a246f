package trace

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// maxKept is as much as is looked at of a body; what is longer has no values, only a size.
const maxKept = 64 << 10

var traceparent = regexp.MustCompile(`^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$`)

// noTraceID is not valid (W3C Trace Context §3.2.2.3).
var noTraceID = strings.Repeat("0", 32)

// body is a request's body, of which a copy is kept while it is read.
type body struct {
	io.ReadCloser
	kept kept
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.kept.add(p[:n])
	return n, err
}

// recorder is a response, of which a copy is kept while it is written.
type recorder struct {
	http.ResponseWriter
	exchange *Exchange
	status   int
	kept     kept
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 || r.status < http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.kept.add(p)
	return r.ResponseWriter.Write(p)
}

// FlushError is for http.ResponseController. Who flushes has more to write, for longer than anybody waits: the exchange ends here.
func (r *recorder) FlushError() error {
	r.exchange.End()
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// kept is a copy of a body, up to a limit, and the size of all of it.
type kept struct {
	data bytes.Buffer
	size int64
}

func (k *kept) add(p []byte) {
	k.size += int64(len(p))
	if k.size <= maxKept {
		k.data.Write(p)
	}
}

// text is the whole body, or nothing if it was too long.
func (k *kept) text() string {
	if k.size > maxKept {
		return ""
	}
	return k.data.String()
}
