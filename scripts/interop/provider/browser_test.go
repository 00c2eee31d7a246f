//go:build interop

package provider

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// browser keeps cookies by host, and follows what it is told to.
type browser struct {
	t       *testing.T
	cookies map[string]map[string]string
}

type page struct {
	status   int
	location string
	address  string
	body     string
}

func newBrowser(t *testing.T) *browser { return &browser{t, map[string]map[string]string{}} }

func (b *browser) do(method, target, body string, headers map[string]string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	for name, value := range b.cookies[r.URL.Host] {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.cookies[r.URL.Host] == nil {
		b.cookies[r.URL.Host] = map[string]string{}
	}
	for _, cookie := range response.Cookies() {
		b.cookies[r.URL.Host][cookie.Name] = cookie.Value
		if cookie.Value == "" || cookie.MaxAge < 0 {
			delete(b.cookies[r.URL.Host], cookie.Name)
		}
	}
	location := response.Header.Get("Location")
	if location != "" {
		absolute, err := r.URL.Parse(location)
		if err != nil {
			b.t.Fatal(err)
		}
		location = absolute.String()
	}
	return page{response.StatusCode, location, target, string(data)}
}

// follow goes on until a page is shown, or stop says that the next address is far enough.
func (b *browser) follow(p page, stop func(string) bool) page {
	b.t.Helper()
	for range 20 {
		if p.location == "" || (stop != nil && stop(p.location)) {
			return p
		}
		p = b.do(http.MethodGet, p.location, "", map[string]string{"Accept": "text/html"})
	}
	b.t.Fatal("twenty redirects")
	return p
}

var (
	formAction = regexp.MustCompile(`(?s)<form[^>]*action="([^"]+)"`)
	hidden     = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// submit sends the page's form with its hidden fields and those that are given.
func (b *browser) submit(p page, fields url.Values) page {
	b.t.Helper()
	action := formAction.FindStringSubmatch(p.body)
	if action == nil {
		b.t.Fatalf("no form at %s: status %d: %s", p.address, p.status, p.body)
	}
	for _, found := range hidden.FindAllStringSubmatch(p.body, -1) {
		if !fields.Has(found[1]) {
			fields.Set(found[1], html.UnescapeString(found[2]))
		}
	}
	base, _ := url.Parse(p.address)
	target, err := base.Parse(html.UnescapeString(action[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, target.String(), fields.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
}
