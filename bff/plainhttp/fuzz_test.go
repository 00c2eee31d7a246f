package plainhttp

import (
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// FuzzAnswersAreReadAsNetHTTPReadsThem lets an upstream say anything, and compares what comes of it with what net/http makes
// of it. And whatever it said: the next request gets its own answer.
func FuzzAnswersAreReadAsNetHTTPReadsThem(f *testing.F) {
	const ok = "HTTP/1.1 200 OK\r\n"
	log.SetOutput(io.Discard) // net/http tells of what it did not ask for
	for _, answer := range []string{
		hello, "", "x", "HTTP/1.1", ok, ok + "\r\n", "HTTP/1.0 200 OK\r\n\r\nuntil the end", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
		ok + "Content-Length: 5\r\n\r\nhello" + hello, ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", ok + "Content-Length: 5, 5\r\n\r\nhello",
		ok + "Content-Length: +5\r\n\r\nhello", ok + "Content-Length: -1\r\n\r\nhello", ok + "Content-Length: 99\r\n\r\nhello", ok + "Content-Length : 5\r\n\r\nhello",
		ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\nrest",
		ok + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n", ok + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		ok + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nx", ok + "Transfer-Encoding: gzip\r\n\r\nx",
		"HTTP/1.1 100 Continue\r\n\r\n" + hello, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + hello, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nx",
		"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello" + hello, "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n",
		ok + "Connection: close\r\nContent-Length: 5\r\n\r\nhello", ok + " folded: x\r\n\r\n", ok + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", ok + "X\x00: a\r\n\r\n",
		"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "\r\n" + hello, "ICY 200 OK\r\n\r\n", ok + "\nX: y\n\n", "HTTP/1.1 -20 X\r\n\r\n",
	} {
		for _, head := range []bool{false, true} {
			f.Add([]byte(answer), uint8(7), head)
		}
	}
	var answer atomic.Pointer[[]byte]
	var pause atomic.Int32
	u := newUpstream(f, func(c *talk) {
		for {
			r, ok := c.request()
			if !ok {
				return
			}
			if r.URL.Path == "/next" {
				c.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
				continue
			}
			said := *answer.Load()
			first := min(int(pause.Load()), len(said))
			c.say(string(said[:first]))
			c.say(string(said[first:]))
			// What is incomplete ends here; a connection that is used again lives on.
			_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			if _, err := c.reader.Peek(1); err != nil {
				return
			}
			_ = c.SetReadDeadline(time.Time{})
		}
	})
	f.Fuzz(func(t *testing.T, said []byte, cut uint8, head bool) {
		answer.Store(&said)
		pause.Store(int32(cut))
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		ours, theirs := newTransport(t, u, nil), netHTTP()
		defer ours.CloseIdleConnections()
		defer theirs.CloseIdleConnections()
		r := u.asked(t, t.Context(), method, "/", nil)
		if got, want := outcome(ours, r), outcome(theirs, r.Clone(t.Context())); got != want {
			t.Errorf("%s %q\n   ours: %s\nnet/http: %s", method, said, got, want)
		}
		if _, text, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/next", nil)); text != "next" || err != nil {
			t.Errorf("after %s %q, the next request got %q, %v", method, said, text, err)
		}
	})
}

// outcome is what a caller sees of an answer, as one text. Why there is none, or none to the end, is not compared.
func outcome(transport http.RoundTripper, r *http.Request) string {
	response, err := transport.RoundTrip(r)
	if err != nil {
		return "no answer"
	}
	defer func() { _ = response.Body.Close() }()
	text := fmt.Sprintf("%s %d %d %v", response.Status, response.StatusCode, response.ContentLength, response.TransferEncoding)
	for _, name := range slices.Sorted(maps.Keys(response.Header)) {
		text += fmt.Sprintf(" %s: %q", name, response.Header[name])
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return text // net/http hands the connection out as the body; nobody here asked for one
	}
	body, err := io.ReadAll(response.Body)
	return text + fmt.Sprintf(" %q whole: %v %v", body, err == nil, response.Trailer)
}
