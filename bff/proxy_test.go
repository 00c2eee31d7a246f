package bff

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Nothing of these reaches the API: what two parsers may read differently is refused, never repaired.
func TestProxyRefusesAmbiguousTargets(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	send := func(target string) (int, string) {
		return b.raw("GET " + target + " HTTP/1.1\r\nHost: %HOST%\r\n%COOKIE%\r\n%GUARD%\r\n\r\n")
	}
	for _, target := range []string{
		// P01
		"http://evil.example/api/notes", "http://%HOST%/api/notes", "//evil.example/api/notes", "/api/notes@evil.example:80//", "evil.example:80", "*",
		// P02
		"/api/notes/../admin", "/api/notes/..", "/api/notes/%2e%2e/admin", "/api/notes/%2E%2E/admin", "/api/notes/.%2e/admin", "/api/notes/%2e./admin",
		"/api/notes/..%2fadmin", "/api/notes%2f..%2fadmin", "/api/notes/..%5cadmin", `/api/notes/..\admin`, `/api\notes`, "/api/notes/%252e%252e/admin",
		"/api/notes/..;/admin", "/api/notes;x=1", "/api/notes/%3b", "/api//notes", "/api/notes//7", "/api/notes/./7", "/api/notes/%00", "/api/notes/7%0d%0aX:y",
		"/api/notes/%c0%ae%c0%ae/admin", "/api/notes/%c0%af", "/api/notes/%ff", "/api/notes/%", "/api/notes/%2", "/api/notes/%zz", "/api/%6eotes", "/api/notes/%41",
		"/bff/../api/notes", "/./api/notes", "/x/../api/notes", "/api/notes/%7f", "/api/notes/\x80", "/api/notes/<x>", "/api/notes/%25",
		// P03
		"/api/notes#x", "/api/notes%23x", "/api/notes?x#y",
		// P16
		"/api/notes?a=1;b=2", "/api/notes?a=%", "/api/notes?a=%zz", "/api/notes?a=\\", "/api/notes?" + strings.Repeat("a&", 200), "/api/notes?a=\x80",
	} {
		if status, body := send(target); status != 400 && status != 421 {
			t.Errorf("%q: status %d: %s", target, status, body)
		}
	}
	if seen := h.upstream.requests(); len(seen) > 0 {
		t.Fatalf("%d requests reached the API, the first %q", len(seen), seen[0].RequestURI)
	}
	for _, target := range []string{
		"/api/notes", "/api/notes/", "/api/notes/7", "/api/notes/a%20b", "/api/notes/%C3%A9", "/api/notes/a.b..c", "/api/notes?q=a%2Fb&x=..%2f&y=[1]", "/api/notes/a:b@c,d=e+f",
	} {
		before := len(h.upstream.requests())
		status, body := send(target)
		seen := h.upstream.requests()
		if status != 200 || len(seen) != before+1 || seen[before].RequestURI != strings.TrimPrefix(target, "/api") {
			t.Errorf("control %q: status %d, the API got %v: %s", target, status, seen[before:], body)
		}
	}
	for _, target := range []string{"/api/notesmore", "/api/note", "/api/Notes", "/API/notes", "/api/other"} {
		if status, body := send(target); status == 200 && !strings.HasPrefix(body, "page ") {
			t.Errorf("%q: status %d: %s", target, status, body)
		}
	}
}

func TestProxySendsOnlyListedHeaders(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	hostile := []string{
		"Authorization: Bearer stolen", "DPoP: proof", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: ftp", "Forwarded: for=1.2.3.4",
		"X-Forwarded-Uri: /public", "X-Forwarded-User: root", "X-User: root", "Remote-User: root", "X-Original-Url: /admin", "X-Rewrite-Url: /admin", "X-Http-Method-Override: DELETE",
		"Origin: " + h.origin, "Referer: http://evil.example", "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Te: trailers", "Trailer: X-Late",
		"Proxy-Authorization: Basic eDp5", "Keep-Alive: 1", "X-Real-Ip: 1.2.3.4", "Accept: application/json", "Content-Type: application/json", "If-Match: \"1\"",
	}
	status, body := b.raw("GET /api/notes HTTP/1.1\r\nHost: %HOST%\r\n%COOKIE%\r\nX-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\n" + strings.Join(hostile, "\r\n") +
		"\r\nConnection: close, Authorization, Cookie, X-BFF-CSRF, Accept-Language\r\n\r\n")
	if status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	seen := h.upstream.requests()[0]
	if authorization := seen.Header.Values("Authorization"); len(authorization) != 1 || !strings.HasPrefix(authorization[0], "Bearer at-") {
		t.Errorf("Authorization: %q", authorization)
	}
	if seen.Host != strings.TrimPrefix(h.upstream.server.URL, "http://") {
		t.Errorf("Host: %q", seen.Host)
	}
	allowed := map[string]bool{"Authorization": true, "Accept": true, "Content-Type": true, "If-Match": true}
	for name := range seen.Header {
		if !allowed[name] {
			t.Errorf("%s: %q reached the API", name, seen.Header[name])
		}
	}
	for name := range allowed {
		if seen.Header.Get(name) == "" {
			t.Errorf("control: %s did not reach the API", name)
		}
	}
}

func TestProxyRefusesUpgradesAndLargeBodies(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	for _, upgrade := range []string{"h2c", "websocket", "TLS/1.0", ""} {
		status, _ := b.raw("GET /api/notes HTTP/1.1\r\nHost: %HOST%\r\n%COOKIE%\r\nX-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: " + upgrade + "\r\n\r\n")
		if status != 400 {
			t.Errorf("Upgrade %q: status %d", upgrade, status)
		}
	}
	if got := b.fetch(http.MethodPost, "/api/notes", strings.Repeat("x", 1001)); got.StatusCode != 413 {
		t.Errorf("a declared large body: status %d", got.StatusCode)
	}
	if len(h.upstream.requests()) > 0 {
		t.Error("a refused request reached the API")
	}
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprint(w, len(data))
	})
	chunk := "3e8\r\n" + strings.Repeat("x", 1000) + "\r\n"
	status, body := b.raw("POST /api/notes HTTP/1.1\r\nHost: %HOST%\r\n%COOKIE%\r\n%GUARD%\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n")
	if status != 413 {
		t.Errorf("an undeclared large body: status %d: %s", status, body)
	}
	if got := b.fetch(http.MethodPost, "/api/notes", strings.Repeat("x", 1000)); got.StatusCode != 200 || got.body != "1000" {
		t.Errorf("control: status %d: %s", got.StatusCode, got.body)
	}
}

func TestProxyRefusesSmuggling(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	smuggled := "GET /api/notes/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, headers := range map[string]string{
		"CL.TE":              fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", len(smuggled)+5, smuggled),
		"TE.TE":              "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
		"obfuscated TE":      "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
		"two lengths":        "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + smuggled,
		"space before colon": "Content-Length : 0\r\n\r\n" + smuggled,
		"folded":             "X-A: b\r\n Content-Length: 5\r\n\r\n" + smuggled,
		"bare LF in chunk":   "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n" + smuggled,
	} {
		b.raw("POST /api/notes HTTP/1.1\r\nHost: %HOST%\r\n%COOKIE%\r\nX-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\n" + headers)
		for _, seen := range h.upstream.requests() {
			if strings.Contains(seen.RequestURI, "smuggled") {
				t.Errorf("%s: a smuggled request reached the API", name)
			}
		}
	}
	if got := b.fetch(http.MethodPost, "/api/notes", "x"); got.StatusCode != 200 {
		t.Errorf("control: status %d", got.StatusCode)
	}
}

func TestProxyStreamsEventsAsTheyCome(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	next := make(chan string)
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for event := range next {
			_, _ = fmt.Fprintf(w, "data: %s\n\n", event)
			_ = http.NewResponseController(w).Flush()
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, h.origin+"/api/notes/events", http.NoBody)
	for name, value := range fetchHeaders() {
		r.Header.Set(name, value)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	go func() { next <- "one" }()
	response, err := testTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for _, event := range []string{"one", "two", "three"} {
		if event != "one" {
			next <- event // sent only after the one before was read: nothing is held back
		}
		for lines.Scan() && lines.Text() == "" {
		}
		if lines.Text() != "data: "+event {
			t.Fatalf("read %q, want %q", lines.Text(), event)
		}
	}
	close(next)
}

func TestRouteWithoutTokenSendsNone(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	if got := b.fetch(http.MethodGet, "/api/open/x", ""); got.StatusCode != 200 {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	if seen := h.upstream.requests()[0]; seen.Header.Get("Authorization") != "" || seen.Header.Get("Cookie") != "" || seen.RequestURI != "/open/x" {
		t.Errorf("the API got %s %v", seen.RequestURI, seen.Header)
	}
}
