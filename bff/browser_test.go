package bff

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloakroom/bff/session"
)

// browser is a person's browser: it keeps cookies and says what kind of request it makes.
type browser struct {
	h       *house
	cookies map[string]string
}

func (h *house) browser() *browser { return &browser{h: h, cookies: map[string]string{}} }

type result struct {
	*http.Response
	body string
}

func (b *browser) do(method, target, body string, headers map[string]string) result {
	b.h.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.h.origin + target
	}
	r, err := http.NewRequestWithContext(b.h.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		b.h.t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	if strings.HasPrefix(target, b.h.origin) && r.Header.Get("Cookie") == "" {
		for name, value := range b.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	response, err := testTransport.RoundTrip(r)
	if err != nil {
		b.h.t.Fatalf("%s %s: %v", method, target, err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if strings.HasPrefix(target, b.h.origin) {
		b.keep(response.Cookies())
	}
	return result{response, string(data)}
}

func (b *browser) keep(cookies []*http.Cookie) {
	for _, cookie := range cookies {
		if cookie.MaxAge < 0 || cookie.Value == "" {
			delete(b.cookies, cookie.Name)
			continue
		}
		b.cookies[cookie.Name] = cookie.Value
	}
}

var testTransport = &http.Transport{DisableCompression: true}

var navigation = map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}

func fetchHeaders() map[string]string {
	return map[string]string{"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin", "X-BFF-CSRF": "1"}
}

func (b *browser) navigate(target string) result {
	b.h.t.Helper()
	return b.do(http.MethodGet, target, "", navigation)
}

func (b *browser) fetch(method, target, body string) result {
	b.h.t.Helper()
	return b.do(method, target, body, fetchHeaders())
}

// startSignIn goes to the provider and returns the callback's URL, unvisited.
func (b *browser) startSignIn(query string) string {
	b.h.t.Helper()
	login := b.navigate("/bff/login" + query)
	if login.StatusCode != http.StatusSeeOther {
		b.h.t.Fatalf("login: status %d: %s", login.StatusCode, login.body)
	}
	authorize := b.do(http.MethodGet, login.Header.Get("Location"), "", nil)
	return authorize.Header.Get("Location")
}

// signIn signs in and expects success.
func (b *browser) signIn() {
	b.h.t.Helper()
	done := b.navigate(b.startSignIn(""))
	if done.StatusCode != http.StatusSeeOther || done.Header.Get("Location") != "/" || b.cookies[session.CookieName] == "" {
		b.h.t.Fatalf("callback: status %d, location %q: %s\n%s", done.StatusCode, done.Header.Get("Location"), done.body, b.h.logs)
	}
}

// raw sends bytes as they are, with %HOST%, %COOKIE% and %GUARD% filled in, and returns the status.
func (b *browser) raw(request string) (status int, body string) {
	b.h.t.Helper()
	address, _ := url.Parse(b.h.origin)
	connection, err := net.Dial("tcp", address.Host)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	guard := "X-BFF-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\nConnection: close"
	cookie := "Cookie: " + session.CookieName + "=" + b.cookies[session.CookieName]
	request = strings.NewReplacer("%HOST%", address.Host, "%COOKIE%", cookie, "%GUARD%", guard).Replace(request)
	if _, err := io.WriteString(connection, request); err != nil {
		b.h.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	data, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(data)
}
