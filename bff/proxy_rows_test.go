package bff

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"cloakroom/bff/session"
)

// P04, P05: neither a query nor a name opens what the path closes.
func TestNothingButASessionOpensAnAPI(t *testing.T) {
	h := open(t)
	b := h.browser()
	for _, row := range []struct{ target, line string }{
		{"/api/notes?path=/api/open", ""},
		{"/api/notes?x=/bff/session&y=/public", ""},
		{"/api/notes", "User-Agent: GoogleHC/1.0"},
		{"/api/notes", "User-Agent: kube-probe/1.30"},
		{"/api/notes", "User-Agent: ELB-HealthChecker/2.0"},
		{"/api/notes", "X-Forwarded-Uri: /api/open"},
		{"/api/notes", "X-Original-Uri: /api/open"},
		{"/api/notes", "X-Auth-Request-Email: root@example.com"},
		{"/api/notes", "Authorization: Bearer stolen"},
	} {
		line := row.line
		if line != "" {
			line += "\r\n"
		}
		if status, body := b.raw("GET " + row.target + " HTTP/1.1\r\nHost: %HOST%\r\n" + line + "%GUARD%\r\n\r\n"); status != 401 {
			t.Errorf("%s, %s: status %d: %s", row.target, row.line, status, body)
		}
	}
	if status, _ := b.raw("GET /healthz/../api/notes HTTP/1.1\r\nHost: %HOST%\r\n%GUARD%\r\n\r\n"); status != 400 {
		t.Errorf("a health path: status %d", status)
	}
	if seen := h.upstream.requests(); len(seen) != 0 {
		t.Errorf("%d requests reached the API", len(seen))
	}
	b.signIn()
	if status, _ := b.raw("GET /api/notes HTTP/1.1\r\nHost: %HOST%\r\n%COOKIE%\r\n%GUARD%\r\n\r\n"); status != 200 {
		t.Errorf("control: status %d", status)
	}
}

// P06: what a request says of its origin changes no answer.
func TestForwardedHeadersSteerNothing(t *testing.T) {
	h := open(t)
	strip := func(location string) string {
		u, err := url.Parse(location)
		if err != nil {
			t.Fatal(err)
		}
		query := u.Query()
		for _, random := range []string{"state", "nonce", "code_challenge"} {
			query.Del(random)
		}
		u.RawQuery = query.Encode()
		return u.String()
	}
	want := strip(h.browser().navigate("/bff/login").Header.Get("Location"))
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-Server", "Forwarded", "X-Original-Host", "X-Host", "X-Real-Ip"} {
		headers := map[string]string{name: "evil.example"}
		if name == "Forwarded" {
			headers[name] = "host=evil.example;proto=http"
		}
		for key, value := range navigation {
			headers[key] = value
		}
		got := h.browser().do(http.MethodGet, "/bff/login", "", headers)
		if location := strip(got.Header.Get("Location")); location != want || strings.Contains(fmt.Sprint(got.Header), "evil.example") {
			t.Errorf("%s: %s, want %s", name, location, want)
		}
	}
}

// P09, P11: whatever is framed in two ways, or is no method of the table, brings at most its own request upstream, and never
// a second one.
func TestSmugglingNeverMakesASecondRequest(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	const second = "GET /api/notes/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	post := "POST /api/notes HTTP/1.1\r\nHost: %HOST%\r\n%COOKIE%\r\nX-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\n"
	requests := map[string]string{
		"CL.TE":                    post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"TE.CL":                    post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1\r\nx\r\n0\r\n\r\n" + second,
		"TE.TE":                    post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + second,
		"TE list":                  post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + second,
		"TE with a tab":            post + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + second,
		"TE with a vertical tab":   post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + second,
		"TE of another case":       post + "Transfer-Encoding: cHuNkEd\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + second,
		"TE, space before colon":   post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + second,
		"TE folded":                post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + second,
		"CL twice":                 post + "Content-Length: 0\r\nContent-Length: 9\r\n\r\n" + second,
		"CL list":                  post + "Content-Length: 0, 9\r\n\r\n" + second,
		"CL with a sign":           post + "Content-Length: +0\r\n\r\n" + second,
		"CL negative":              post + "Content-Length: -1\r\n\r\n" + second,
		"CL in hex":                post + "Content-Length: 0x0\r\n\r\n" + second,
		"CL.0 on GET":              strings.Replace(post, "POST", "GET", 1) + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(second)) + second,
		"chunk size with a sign":   post + "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + second,
		"chunk size in 0x":         post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + second,
		"chunk extension, bare LF": post + "Transfer-Encoding: chunked\r\n\r\n1;a\nx\r\n0\r\n\r\n" + second,
		"chunk ended by bare LF":   post + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n" + second,
		"bare LF in the head":      strings.Replace(post, "\r\nX-BFF", "\nX-Other: 1\nX-BFF", 1) + "Content-Length: 0\r\n\r\n" + second,
		"bare CR in a value":       post + "X-A: b\rContent-Length: 9\r\n\r\n" + second,
		"NUL in a value":           post + "X-A: b\x00c\r\n\r\n" + second,
		"no version":               "GET /api/notes\r\n\r\n" + second,
		"HTTP/0.9":                 "GET /api/notes HTTP/0.9\r\nHost: %HOST%\r\n\r\n" + second,
		"HTTP/2 preface":           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + second,
		"CONNECT":                  strings.Replace(post, "POST /api/notes", "CONNECT evil.example:80", 1) + "\r\n" + second,
		"CONNECT to a path":        strings.Replace(post, "POST", "CONNECT", 1) + "\r\n" + second,
		"TRACE":                    strings.Replace(post, "POST", "TRACE", 1) + "\r\n" + second,
		"a method of 10 kB":        strings.Replace(post, "POST", strings.Repeat("A", 10_000), 1) + "\r\n" + second,
		"a method in lower case":   strings.Replace(post, "POST", "post", 1) + "\r\n" + second,
		"a method with a space":    strings.Replace(post, "POST ", "POST  ", 1) + "\r\n" + second,
		"Expect":                   post + "Expect: 200-ok\r\nContent-Length: 0\r\n\r\n" + second,
	}
	for name, request := range requests {
		b.raw(request)
		for _, seen := range h.upstream.requests() {
			if seen.RequestURI != "/notes" {
				t.Fatalf("%s: %s %s reached the API", name, seen.Method, seen.RequestURI)
			}
		}
	}
	if seen := len(h.upstream.requests()); seen > len(requests) {
		t.Errorf("%d requests brought %d to the API", len(requests), seen)
	}
	if status, _ := b.raw(post + "Content-Length: 1\r\n\r\nx"); status != 200 {
		t.Errorf("control: status %d", status)
	}
	// A proxy that passed the bytes on would have been seen.
	direct, err := net.Dial("tcp", h.upstream.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = direct.Close() }()
	_, _ = io.WriteString(direct, "POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"+second)
	reader := bufio.NewReader(direct)
	for range 2 {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
	}
	seen := h.upstream.requests()
	if seen[len(seen)-1].RequestURI != "/api/notes/smuggled" {
		t.Error("control: a smuggled request would not have been seen")
	}
}

// P15: a broken API says nothing of itself through us.
func TestBrokenAnswersAreGeneric(t *testing.T) {
	answers := map[string]string{
		"garbage": "\x16\x03\x01garbage\r\n\r\n", "nothing": "", "half a head": "HTTP/1.1 200 OK\r\nContent-Le",
		"a status that is none": "HTTP/1.1 9999 Odd\r\n\r\n", "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = listener.Close() }()
			go func() {
				for {
					connection, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = connection.Read(make([]byte, 4096))
					_, _ = connection.Write([]byte(answer))
					_ = connection.Close()
				}
			}()
			h := open(t, func(c *Config) { c.Routes[0].Upstream = "http://" + listener.Addr().String() })
			b := h.browser()
			b.signIn()
			got := b.fetch(http.MethodGet, "/api/notes", "")
			_, port, _ := net.SplitHostPort(listener.Addr().String())
			if got.StatusCode != 502 || strings.Contains(got.body, port) || strings.Contains(got.body, "malformed") || !strings.Contains(got.body, "upstream_unavailable") {
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
		})
	}
}

// P21: the cache of sessions never takes one user for another.
func TestTwoUsersAtOnceAreNeverSwapped(t *testing.T) {
	h := open(t)
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%x", sha256.Sum256([]byte(r.Header.Get("Authorization"))))
	})
	users := make([]*browser, 2)
	want := make([]string, 2)
	for i := range users {
		users[i] = h.browser()
		users[i].signIn()
		want[i] = users[i].fetch(http.MethodGet, "/api/notes", "").body
	}
	if want[0] == want[1] {
		t.Fatal("control: both users have one token")
	}
	var calls sync.WaitGroup
	for worker := range 20 {
		calls.Go(func() {
			who := worker % 2
			same := &browser{h, map[string]string{session.CookieName: users[who].cookies[session.CookieName]}}
			for range 50 {
				if got := same.fetch(http.MethodGet, "/api/notes", ""); got.body != want[who] {
					t.Errorf("user %d got the answer for another: status %d", who, got.StatusCode)
				}
			}
		})
	}
	calls.Wait()
}
