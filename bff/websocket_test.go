package bff

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// echoes accepts any handshake and sends back what it gets.
func echoes(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" {
		w.WriteHeader(http.StatusUpgradeRequired)
		return
	}
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = connection.Close() }()
	_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSet-Cookie: evil=1\r\nServer: secret\r\n\r\n")
	_, _ = io.Copy(connection, buffered)
}

func withStreams(c *Config) { c.Routes[0].WebSocket, c.Routes[0].EventSource = true, true }

// dial opens a connection and sends the handshake, in which old is replaced by changed.
func (b *browser) dial(old, changed string) (net.Conn, *http.Response, *bufio.Reader) {
	b.h.t.Helper()
	connection, reader, err := b.offer(old, changed)
	if err != nil {
		b.h.t.Fatalf("%q: %v", changed, err)
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		b.h.t.Fatalf("%q: %v", changed, err)
	}
	return connection, response, reader
}

// offer is dial until the answer begins.
func (b *browser) offer(old, changed string) (net.Conn, *bufio.Reader, error) {
	b.h.t.Helper()
	address, _ := url.Parse(b.h.origin)
	connection, err := net.Dial("tcp", address.Host)
	if err != nil {
		b.h.t.Fatal(err)
	}
	b.h.t.Cleanup(func() { _ = connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
	handshake := "GET /api/notes/live HTTP/1.1\r\nHost: " + address.Host + "\r\nCookie: " + session.CookieName + "=" + b.cookies[session.CookieName] +
		"\r\nOrigin: " + b.h.origin + "\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if !strings.Contains(handshake, old) {
		b.h.t.Fatalf("%q is not in the handshake", old)
	}
	_, _ = io.WriteString(connection, strings.Replace(handshake, old, changed, 1))
	reader := bufio.NewReader(connection)
	_, err = reader.Peek(1)
	return connection, reader, err
}

func say(t *testing.T, connection net.Conn, reader *bufio.Reader, text string) {
	t.Helper()
	_, _ = io.WriteString(connection, text+"\n")
	if got, err := reader.ReadString('\n'); err != nil || got != text+"\n" {
		t.Fatalf("said %q, heard %q: %v", text, got, err)
	}
}

func TestWebSocketLivesAsLongAsItsSession(t *testing.T) {
	h := open(t, withStreams)
	h.upstream.serve(echoes)
	b := h.browser()
	b.signIn()
	connection, response, reader := b.dial("", "")
	if response.StatusCode != 101 || response.Header.Get("Set-Cookie") != "" || response.Header.Get("Server") != "" || response.Header.Get("Sec-WebSocket-Accept") != "x" {
		t.Fatalf("status %d: %v", response.StatusCode, response.Header)
	}
	seen := h.upstream.requests()[0]
	if !strings.HasPrefix(seen.Header.Get("Authorization"), "Bearer at-") || seen.Header.Get("Cookie") != "" || seen.Header.Get("Origin") != "" {
		t.Errorf("the API got %v", seen.Header)
	}
	say(t, connection, reader, "one")
	other := h.browser()
	other.signIn()
	kept, _, keptReader := other.dial("", "")
	say(t, kept, keptReader, "two")
	if got := b.fetch(http.MethodPost, "/bff/logout", ""); got.StatusCode != 200 {
		t.Fatalf("logout: status %d", got.StatusCode)
	}
	if _, err := reader.ReadString('\n'); err == nil {
		t.Error("the connection outlived its session")
	}
	say(t, kept, keptReader, "control: another session's goes on")
}

func TestWebSocketHasItsOwnGate(t *testing.T) {
	h := open(t, withStreams)
	h.upstream.serve(echoes)
	b := h.browser()
	b.signIn()
	for _, row := range []struct {
		old, changed string
		want         int
	}{
		{"Origin: " + h.origin + "\r\n", "", 403},
		{"Origin: " + h.origin, "Origin: http://evil.example", 403},
		{"Origin: " + h.origin, "Origin: " + h.origin + ".evil.example", 403},
		{"Origin: " + h.origin, "Origin: null", 403},
		{"Origin: " + h.origin, "Origin: " + h.origin + "\r\nOrigin: http://evil.example", 403},
		{"Origin: " + h.origin, "Origin: " + h.origin + "\r\nSec-Fetch-Site: cross-site", 403},
		{"Upgrade: websocket", "Upgrade: h2c", 403},                                        // P10; without the header it is no fetch either
		{"Upgrade: websocket", "Upgrade: h2c\r\nX-BFF-CSRF: 1", 400},                       // P10
		{"Upgrade: websocket", "Upgrade: websocket, h2c\r\nX-BFF-CSRF: 1", 400},            // P10
		{"Upgrade: websocket", "Upgrade: websocket\r\nUpgrade: h2c\r\nX-BFF-CSRF: 1", 400}, // P10
		{"Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8\r\nX-BFF-CSRF: 1", 400},    // RFC 6455 §4.2.1
		{"dGhlIHNhbXBsZSBub25jZQ==", "short\r\nX-BFF-CSRF: 1", 400},                        // RFC 6455 §4.2.1
		{"keep-alive, Upgrade", "keep-alive\r\nX-BFF-CSRF: 1", 400},                        // RFC 6455 §4.2.1
		{"GET ", "POST ", 403}, // RFC 6455 §4.2.1
		{"ZQ==\r\n\r\n", "ZQ==\r\nContent-Length: 5\r\n\r\nxxxxx", 403}, // a body would be the next request
		{"Cookie: ", "Cookie: x", 401},                                  // no session
		{"/api/notes/live", "/api/open/live", 403},                      // a route that does not take them
	} {
		if _, response, _ := b.dial(row.old, row.changed); response.StatusCode != row.want {
			t.Errorf("%q: status %d, want %d", row.changed, response.StatusCode, row.want)
		}
	}
	if seen := h.upstream.requests(); len(seen) != 0 {
		t.Errorf("%d requests reached the API", len(seen))
	}
	if _, response, _ := b.dial("", ""); response.StatusCode != 101 {
		t.Errorf("control: status %d", response.StatusCode)
	}
}

// ticks answers without end.
func ticks(contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for {
			if _, err := fmt.Fprint(w, "data: x\n\n"); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

// stream opens an answer that goes on, and reads its beginning.
func (b *browser) stream(path string, headers map[string]string) *http.Response {
	b.h.t.Helper()
	ctx, cancel := context.WithTimeout(b.h.t.Context(), 20*time.Second)
	b.h.t.Cleanup(cancel)
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, b.h.origin+path, http.NoBody)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	r.AddCookie(&http.Cookie{Name: session.CookieName, Value: b.cookies[session.CookieName]})
	response, err := testTransport.RoundTrip(r)
	if err != nil || response.StatusCode != 200 {
		b.h.t.Fatalf("%v, %v", response, err)
	}
	b.h.t.Cleanup(func() { _ = response.Body.Close() })
	if _, err := io.ReadFull(response.Body, make([]byte, 50)); err != nil {
		b.h.t.Fatalf("control: %v", err)
	}
	return response
}

func TestEventStreamEndsWithItsSession(t *testing.T) {
	h := open(t, withStreams)
	b := h.browser()
	b.signIn()
	h.upstream.serve(ticks("text/event-stream"))
	response := b.stream("/api/notes/events", eventSource)
	b.fetch(http.MethodPost, "/bff/logout", "")
	if _, err := io.Copy(io.Discard, response.Body); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the stream did not end with the session: %v", err)
	}
}

func TestEventSourceIsLetInWhereTheRouteSaysSo(t *testing.T) {
	h := open(t, withStreams)
	b := h.browser()
	b.signIn()
	source := map[string]string{"Accept": "text/event-stream", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
	for _, row := range []struct {
		method, path, header, value string
		want                        int
	}{
		{"GET", "/api/notes/events", "", "", 200},
		{"GET", "/api/notes/events", "Sec-Fetch-Site", "same-site", 403},
		{"GET", "/api/notes/events", "Sec-Fetch-Site", "cross-site", 403},
		{"GET", "/api/notes/events", "Sec-Fetch-Site", "", 403},
		{"GET", "/api/notes/events", "Sec-Fetch-Mode", "no-cors", 403},
		{"GET", "/api/notes/events", "Sec-Fetch-Mode", "navigate", 403},
		{"GET", "/api/notes/events", "Sec-Fetch-Dest", "image", 403},
		{"GET", "/api/notes/events", "Accept", "*/*", 403},
		{"DELETE", "/api/notes/events", "", "", 403},
		{"GET", "/api/open/events", "", "", 403},
	} {
		headers := map[string]string{}
		for name, value := range source {
			headers[name] = value
		}
		if row.header != "" {
			headers[row.header] = row.value
		}
		if row.header != "" && row.value == "" {
			delete(headers, row.header)
		}
		if got := b.do(row.method, row.path, "", headers); got.StatusCode != row.want {
			t.Errorf("%s %s, %s %q: status %d, want %d", row.method, row.path, row.header, row.value, got.StatusCode, row.want)
		}
	}
	if seen := h.upstream.requests(); len(seen) != 1 {
		t.Errorf("%d requests reached the API, want the valid one", len(seen))
	}
}

func TestAPIThatSwitchesToAnotherProtocolIsRefused(t *testing.T) {
	h := open(t, withStreams)
	b := h.browser()
	b.signIn()
	for _, upgrade := range []string{"Upgrade: h2c\r\n", "Upgrade: websocket, h2c\r\n", "Upgrade: websocket\r\nUpgrade: h2c\r\n", ""} {
		h.upstream.serve(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer func() { _ = connection.Close() }()
			_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"+upgrade+"\r\nsecret of the API")
		})
		_, response, reader := b.dial("", "")
		if rest, _ := io.ReadAll(io.LimitReader(reader, response.ContentLength)); response.StatusCode != 502 || strings.Contains(string(rest), "secret") {
			t.Errorf("%q: status %d", upgrade, response.StatusCode)
		}
	}
	h.upstream.serve(echoes)
	if _, response, _ := b.dial("", ""); response.StatusCode != 101 {
		t.Errorf("control: status %d", response.StatusCode)
	}
}

// What is sent before the answer may be read as the end of the handshake here and as something else there (RFC 6455 §4.1).
func TestNothingIsSentAheadOfTheHandshakesAnswer(t *testing.T) {
	h := open(t, withStreams)
	h.upstream.serve(echoes)
	b := h.browser()
	b.signIn()
	connection, _, err := b.offer("ZQ==\r\n\r\n", "ZQ==\r\n\r\nGET /bff/session HTTP/1.1\r\n\r\n")
	if err == nil {
		t.Error("a handshake with something behind it is answered")
	}
	_ = connection.Close()
	if _, response, _ := b.dial("", ""); response.StatusCode != 101 {
		t.Errorf("control: status %d", response.StatusCode)
	}
}
