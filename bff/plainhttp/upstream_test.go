package plainhttp

import (
	"bufio"
	"context"
	"crypto/rand"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// upstream is a server that says exactly what a test wants it to say.
type upstream struct {
	listener net.Listener
	url      *url.URL
	accepted atomic.Int32
	requests atomic.Int32
	open     sync.WaitGroup
}

// talk is one connection: it gets the requests, as they come, and says what it likes. It ends when the connection does.
type talk struct {
	*upstream
	net.Conn
	reader *bufio.Reader
}

// request reads the next request; false at the connection's end.
func (t *talk) request() (*http.Request, bool) {
	r, err := http.ReadRequest(t.reader)
	if err != nil {
		return nil, false
	}
	_, _ = io.Copy(io.Discard, r.Body)
	t.requests.Add(1)
	return r, true
}

func (t *talk) say(text string) { _, _ = io.WriteString(t, text) }

// newUpstream runs serve for each connection, and closes it after.
func newUpstream(t testing.TB, serve func(*talk)) *upstream {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{listener: listener, url: &url.URL{Scheme: "http", Host: listener.Addr().String()}}
	ctx, end := context.WithCancel(context.Background())
	u.open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			u.accepted.Add(1)
			over := context.AfterFunc(ctx, func() { _ = conn.Close() })
			u.open.Go(func() {
				defer func() { _ = conn.Close() }()
				defer over()
				serve(&talk{u, conn, bufio.NewReader(conn)})
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		end()
		u.open.Wait()
	})
	return u
}

// answering says the same to every request.
func answering(text string) func(*talk) {
	return func(t *talk) {
		for {
			if _, ok := t.request(); !ok {
				return
			}
			t.say(text)
		}
	}
}

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// netHTTP is the transport that ours is compared with, and that does for ours what ours does not.
func netHTTP() *http.Transport {
	return &http.Transport{
		DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, DisableCompression: true, MaxIdleConnsPerHost: 4,
		IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 8 << 10, ResponseHeaderTimeout: 2 * time.Second,
	}
}

// newTransport is ours, for an upstream.
func newTransport(t testing.TB, u *upstream, change func(*http.Transport)) *Transport {
	t.Helper()
	rest := netHTTP()
	if change != nil {
		change(rest)
	}
	ours, ok := New(rest, u.url).(*Transport)
	if !ok {
		t.Fatal("this system's connections cannot be asked")
	}
	t.Cleanup(ours.CloseIdleConnections)
	return ours
}

func (u *upstream) asked(t testing.TB, ctx context.Context, method, path string, body io.Reader) *http.Request { //nolint:revive // t first, as in all helpers
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, u.url.String()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// get is the whole of an answer, or the error that came in its place.
func get(t testing.TB, transport http.RoundTripper, r *http.Request) (status int, text string, err error) {
	t.Helper()
	response, err := transport.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	all, err := io.ReadAll(response.Body)
	return response.StatusCode, string(all), err
}

// anyOf is one of the numbers from 0 to n-1.
func anyOf(n int64) int64 {
	chosen, _ := rand.Int(rand.Reader, big.NewInt(n))
	return chosen.Int64()
}
