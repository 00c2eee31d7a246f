package bff

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// vite is a development server: files, and a WebSocket for hot reload on the root path.
func vite(t *testing.T) (server *httptest.Server, seen func() []*http.Request) {
	t.Helper()
	recorded := newUpstream(t)
	recorded.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			if r.Header.Get("Origin") != recorded.server.URL {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			echoes(w, r)
			return
		}
		w.Header().Set("Set-Cookie", "vite=1")
		_, _ = fmt.Fprintf(w, "dev %s", r.RequestURI)
	})
	return recorded.server, recorded.requests
}

func TestDevServesTheFrontEndAndItsHotReloadOnOneOrigin(t *testing.T) {
	frontend, seen := vite(t)
	h := open(t)
	page, err := DevPage(h.bff.cfg, frontend.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.bff.page = page
	b := h.browser()
	b.signIn()
	for _, path := range []string{"/", "/src/main.ts?t=1", "/@vite/client", "/node_modules/.vite/deps/react.js?v=abc"} {
		got := b.do(http.MethodGet, path, "", nil)
		if got.StatusCode != 200 || got.body != "dev "+path || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: status %d: %s", path, got.StatusCode, got.body)
		}
	}
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 || got.body != `{"ok":true}` {
		t.Errorf("the API behind it: status %d: %s", got.StatusCode, got.body)
	}
	address, _ := url.Parse(h.origin)
	connection, err := net.Dial("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(connection, "GET /?token=x HTTP/1.1\r\nHost: "+address.Host+"\r\nOrigin: "+h.origin+"\r\nCookie: a=b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: vite-hmr\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != 101 {
		t.Fatalf("hot reload: %v, %v", response, err)
	}
	say(t, connection, reader, "update")
	for _, r := range seen() {
		if r.Header.Get("Cookie") != "" {
			t.Errorf("%s: the development server got %q", r.RequestURI, r.Header.Get("Cookie"))
		}
	}
	frontend.Close()
	if got := b.do(http.MethodGet, "/", "", nil); got.StatusCode != 502 || !strings.Contains(got.body, frontend.URL) {
		t.Errorf("nobody there: status %d: %s", got.StatusCode, got.body)
	}
}

func TestDevIsForLoopbackOnly(t *testing.T) {
	cfg := open(t).config(t)
	for _, frontend := range []string{"http://10.0.0.1:5173", "https://localhost:5173", "localhost:5173", "http://localhost:5173/x", ""} {
		if _, err := DevPage(cfg, frontend); err == nil {
			t.Errorf("%q is accepted", frontend)
		}
	}
	if _, err := DevPage(cfg, "http://localhost:5173"); err != nil {
		t.Errorf("control: %v", err)
	}
	cfg.Origin = "https://app.example"
	if _, err := DevPage(cfg, "http://localhost:5173"); err == nil {
		t.Error("a public origin is accepted")
	}
}
