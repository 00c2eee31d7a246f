package bff

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloakroom/bff/session"
)

// Every row is the valid request with one thing changed; the valid one is the first.
func TestFetchGateDeniesUnlessProvenSameOrigin(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	rows := []struct {
		name  string
		lines string
		want  int
	}{
		{"valid, by Sec-Fetch-Site", "X-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin", 200},
		{"valid, by Origin", "X-BFF-CSRF: 1\r\nOrigin: " + h.origin, 200},
		{"valid, the header's alias", "X-CSRF: 1\r\nSec-Fetch-Site: same-origin", 200},
		{"C01 no static header", "Sec-Fetch-Site: same-origin", 403},
		{"C01 another value of the header", "X-BFF-CSRF: true\r\nSec-Fetch-Site: same-origin", 403},
		{"C01 the header twice", "X-BFF-CSRF: 1\r\nX-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin", 403},
		{"C01 cross-site", "X-BFF-CSRF: 1\r\nSec-Fetch-Site: cross-site", 403},
		{"C02 same-site is not same-origin", "X-BFF-CSRF: 1\r\nSec-Fetch-Site: same-site", 403},
		{"C02 typed by the user", "X-BFF-CSRF: 1\r\nSec-Fetch-Site: none", 403},
		{"C03 nothing proves anything", "X-BFF-CSRF: 1", 403},
		{"C03 Origin null", "X-BFF-CSRF: 1\r\nOrigin: null", 403},
		{"C03 Origin with a suffix", "X-BFF-CSRF: 1\r\nOrigin: " + h.origin + ".evil.example", 403},
		{"C03 Origin with a path", "X-BFF-CSRF: 1\r\nOrigin: " + h.origin + "/", 403},
		{"C03 two Origins", "X-BFF-CSRF: 1\r\nOrigin: " + h.origin + "\r\nOrigin: http://evil.example", 403},
		{"C03 Origin contradicts Sec-Fetch-Site", "X-BFF-CSRF: 1\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: same-origin", 403},
		{"C03 Sec-Fetch-Site contradicts Origin", "X-BFF-CSRF: 1\r\nSec-Fetch-Site: cross-site\r\nOrigin: " + h.origin, 403},
		{"C03 two Sec-Fetch-Site", "X-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site", 403},
		{"P07 underscore", "X-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\nX_Forwarded_User: root", 400},
		{"P08 Connection names the header", "X-BFF-CSRF: 1\r\nSec-Fetch-Site: cross-site\r\nConnection: Sec-Fetch-Site", 403},
	}
	for _, row := range rows {
		before := len(h.upstream.requests())
		status, body := b.raw("GET /api/notes HTTP/1.1\r\nHost: %HOST%\r\n%COOKIE%\r\n" + row.lines + "\r\n\r\n")
		if status != row.want {
			t.Errorf("%s: status %d, want %d: %s", row.name, status, row.want, body)
		}
		if reached := len(h.upstream.requests()) > before; reached != (row.want == 200) {
			t.Errorf("%s: reached the API: %v", row.name, reached)
		}
	}
}

func TestHostIsExactOrMisdirected(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	address := strings.TrimPrefix(h.origin, "http://")
	for _, row := range []struct {
		host string
		want []int
	}{
		{address, []int{200}},
		{"evil.example", []int{421}},
		{"127.0.0.1:81", []int{421}},
		{"127.0.0.1", []int{421}},
		{strings.Replace(address, ":", ".:", 1), []int{421}},
		{"localhost" + address[strings.Index(address, ":"):], []int{421}},
		{address + "/x?", []int{400, 421}},
		{address + "\r\nHost: evil.example", []int{400}},
		{"", []int{400, 421}},
	} {
		for _, path := range []string{"/api/notes", "/bff/session", "/"} {
			status, _ := b.raw("GET " + path + " HTTP/1.1\r\nHost: " + row.host + "\r\n%COOKIE%\r\n%GUARD%\r\n\r\n")
			if !slices.Contains(row.want, status) {
				t.Errorf("Host %q, %s: status %d, want %v", row.host, path, status, row.want)
			}
		}
	}
	if got := len(h.upstream.requests()); got != 1 {
		t.Errorf("%d requests reached the API, want the valid one", got)
	}
}

func TestTwoSessionCookiesAreRefusedAndCleared(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	ours := session.CookieName + "=" + b.cookies[session.CookieName]
	planted := session.CookieName + "=planted"
	for _, lines := range []string{
		"Cookie: " + ours + "; " + planted, "Cookie: " + planted + "; " + ours, "Cookie: " + ours + "\r\nCookie: " + planted,
		"Cookie: " + ours + "; " + session.CookieName,
	} {
		for _, path := range []string{"/api/notes", "/bff/session", "/bff/user"} {
			status, body := b.raw("GET " + path + " HTTP/1.1\r\nHost: %HOST%\r\n" + lines + "\r\n%GUARD%\r\n\r\n")
			if status != 400 || !strings.Contains(body, "duplicate_cookie") {
				t.Errorf("%q on %s: status %d: %s", lines, path, status, body)
			}
		}
	}
	headers := fetchHeaders()
	headers["Cookie"] = ours + "; " + planted
	cleared := b.do(http.MethodGet, "/api/notes", "", headers)
	if cookies := cleared.Cookies(); len(cookies) != 1 || cookies[0].MaxAge >= 0 || cookies[0].Name != session.CookieName || !cookies[0].Secure || !cookies[0].HttpOnly {
		t.Errorf("not cleared: %v", cookies)
	}
	if len(h.upstream.requests()) != 0 {
		t.Error("a request with two session cookies reached the API")
	}
	if status, _ := b.raw("GET /api/notes HTTP/1.1\r\nHost: %HOST%\r\nCookie: " + ours + "\r\n%GUARD%\r\n\r\n"); status != 200 {
		t.Errorf("control: one cookie: status %d", status)
	}
}

func TestLoginIsForNavigationsOnly(t *testing.T) {
	h := open(t)
	for _, row := range []struct {
		name    string
		headers map[string]string
		want    int
	}{
		{"navigation", navigation, 303},
		{"an old browser", map[string]string{"Accept": "text/html"}, 303},
		{"fetch", map[string]string{"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 403},
		{"no-cors image", map[string]string{"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403},
		{"frame", map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403},
		{"prefetch", map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender"}, 403},
		{"old prefetch", map[string]string{"Purpose": "prefetch"}, 403},
	} {
		got := h.browser().do(http.MethodGet, "/bff/login", "", row.headers)
		if got.StatusCode != row.want || (got.StatusCode != 303 && len(got.Cookies()) > 0) {
			t.Errorf("%s: status %d, cookies %v", row.name, got.StatusCode, got.Cookies())
		}
	}
}

func TestOutageIsNeverReportedAsSignedOut(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	b.fetch(http.MethodGet, "/bff/session", "")
	h.clock.advance(10e9) // past the cache's lifetime
	h.store.down.Store(true)
	for _, row := range []struct{ method, path string }{
		{"GET", "/bff/session"}, {"GET", "/bff/user"}, {"GET", "/api/notes"}, {"POST", "/bff/session/extend"}, {"POST", "/bff/session/refresh"}, {"POST", "/bff/logout"},
	} {
		got := b.fetch(row.method, row.path, "")
		if got.StatusCode != 503 || !strings.Contains(got.body, "store_unavailable") || strings.Contains(got.body, "10.0.0.7") || len(got.Cookies()) > 0 {
			t.Errorf("%s: status %d, cookies %v: %s", row.path, got.StatusCode, got.Cookies(), got.body)
		}
	}
	h.store.down.Store(false)
	if !sessionOf(t, b).Authenticated {
		t.Error("the outage ended the session")
	}
}
