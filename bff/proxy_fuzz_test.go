package bff

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// witness is an upstream that remembers each request as one text: method, target, listed headers, body.
type witness struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newWitness(t testing.TB) *witness {
	w := &witness{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // a body that did not come whole: neither side waits to see what becomes of it
		}
		text := fmt.Sprintf("%s %s\n%q %v\n", r.Method, r.RequestURI, body, r.Trailer)
		for _, name := range slices.Sorted(headerNames(r.Header)) {
			text += fmt.Sprintf("%s: %q\n", name, r.Header[name])
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, text)
	}))
	t.Cleanup(w.Close)
	return w
}

func headerNames(h http.Header) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range h {
			if !yield(name) {
				return
			}
		}
	}
}

func (w *witness) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// reference forwards as net/http/httputil does, with the same lists: what anyone would have written in place of forward.
func reference(upstream string) http.Handler {
	target, _ := url.Parse(upstream)
	listed := extended(sentHeaders, nil)
	return &httputil.ReverseProxy{
		Transport:    &http.Transport{DisableCompression: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host, p.Out.Trailer = target.Scheme, target.Host, target.Host, nil
			p.Out.URL.Path, p.Out.URL.RawPath = strings.TrimPrefix(p.In.URL.Path, "/api"), strings.TrimPrefix(p.In.URL.RawPath, "/api")
			for name := range p.Out.Header {
				if !listed[name] {
					p.Out.Header.Del(name)
				}
			}
			if p.Out.Header["User-Agent"] == nil {
				p.Out.Header["User-Agent"] = withoutUserAgent
			}
			p.Out.Header["Authorization"] = []string{"Bearer at"}
		},
	}
}

// FuzzForwardingIsWhatReverseProxyDoes sends the same bytes to the BFF and to httputil.ReverseProxy. Whatever the BFF lets
// through has to reach its upstream exactly as the other's, and nothing else may reach it.
func FuzzForwardingIsWhatReverseProxyDoes(f *testing.F) {
	ours, theirs := newWitness(f), newWitness(f)
	front, cookie := quickBFF(f, ours.URL)
	near, far := httptest.NewServer(front.Handler()), httptest.NewServer(reference(theirs.URL))
	f.Cleanup(near.Close)
	f.Cleanup(far.Close)
	head := "Host: app.example\r\nX-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\nCookie: " + session.CookieName + "=" + cookie + "\r\n"
	for _, seed := range [][4]string{
		{"GET", "", "", ""},
		{"GET", "/7?a=b&c=%20", "Accept: text/html\r\nConnection: close, Authorization\r\nAuthorization: Bearer other\r\n", ""},
		{"POST", "", "Content-Length: 5\r\nContent-Type: text/plain\r\nX-Forwarded-For: 1.2.3.4\r\n", "hello"},
		{"PUT", "/%C3%A9", "Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n", "5\r\nhello\r\n0\r\nX-Late: 1\r\n\r\n"},
		{"PATCH", "/a", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET /api/notes/smuggled HTTP/1.1\r\n\r\n"},
		{"DELETE", "/a", "Expect: 100-continue\r\nContent-Length: 2\r\n", "ok"},
		{"HEAD", "?", "", ""},
		{"HEAD", "?x", "Te: trailers\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n", ""},
		{"GET", "/../admin", "Range: bytes=0-1\r\nIf-None-Match: \"a\"\r\nUser-Agent: \r\n", ""},
		{"GET", "", "Accept: a\r\naccept: b\r\nLast-Event-ID: 7\r\n", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, method, target, headers, body string) {
		request := []byte(method + " /api/notes" + target + " HTTP/1.1\r\n" + head + headers + "\r\n" + body)
		converse(t, near.Listener.Addr(), request)
		converse(t, far.Listener.Addr(), request)
		allowed := theirs.take()
		for _, seen := range ours.take() {
			position := slices.Index(allowed, seen)
			if position < 0 {
				t.Fatalf("%q\nbrought to the API\n%s\nand ReverseProxy brings\n%q", request, seen, allowed)
			}
			allowed = slices.Delete(allowed, position, position+1)
		}
	})
}

// converse sends bytes and reads what comes, until the server closes or nothing comes any more.
func converse(t *testing.T, server net.Addr, request []byte) {
	connection, err := net.Dial("tcp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_, _ = connection.Write(request)
	_ = connection.SetReadDeadline(time.Now().Add(2 * time.Second)) // a body that stays incomplete; no less, as what comes later would be held against the next request
	var answer bytes.Buffer
	_, _ = io.Copy(&answer, connection)
}

// The comparison would see a request that was changed on its way.
func TestTheFuzzedComparisonSeesADifference(t *testing.T) {
	ours, theirs := newWitness(t), newWitness(t)
	front, cookie := quickBFF(t, ours.URL)
	near, far := httptest.NewServer(front.Handler()), httptest.NewServer(reference(theirs.URL))
	t.Cleanup(near.Close)
	t.Cleanup(far.Close)
	request := "POST /api/notes%s HTTP/1.1\r\nHost: app.example\r\nX-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\nCookie: " +
		session.CookieName + "=" + cookie + "\r\nContent-Length: 1\r\n\r\n%s"
	converse(t, near.Listener.Addr(), fmt.Appendf(nil, request, "/7", "a"))
	converse(t, far.Listener.Addr(), fmt.Appendf(nil, request, "/7", "b"))
	one, other := ours.take(), theirs.take()
	if len(one) != 1 || len(other) != 1 || one[0] == other[0] || strings.ReplaceAll(one[0], `"a"`, `"b"`) != other[0] {
		t.Errorf("ours %q, theirs %q", one, other)
	}
}
