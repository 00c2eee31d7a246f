//go:build chaos

package chaos

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser keeps cookies by host, and reaches the origin at the address of one process or the other.
type browser struct {
	t       *testing.T
	cookies map[string]map[string]string
	origin  string
	at      string
}

var (
	formAction = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"`)
	hidden     = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
	button     = regexp.MustCompile(`<button[^>]*id="(?:login|consent_allow)"[^>]*>`)
	attribute  = regexp.MustCompile(`(name|value)="([^"]*)"`)
)

// signIn goes through the forms.
func (b *browser) signIn() {
	b.t.Helper()
	method, target, body := http.MethodGet, b.origin+"/bff/login", ""
	for range 12 {
		status, location, page := b.do(method, target, body)
		if location == b.origin+"/" {
			return
		}
		if location != "" {
			method, target, body = http.MethodGet, location, ""
			continue
		}
		action := formAction.FindStringSubmatch(page)
		if action == nil {
			b.t.Fatalf("no form at %s: status %d: %s", target, status, page)
		}
		base, _ := url.Parse(target)
		next, err := base.Parse(html.UnescapeString(action[1]))
		if err != nil {
			b.t.Fatal(err)
		}
		form, _, _ := strings.Cut(page, "</form>") // the first is the one with the password; others have other tokens
		method, target, body = http.MethodPost, next.String(), fields(form).Encode()
	}
	b.t.Fatal("the sign-in does not end")
}

func fields(page string) url.Values {
	form := url.Values{}
	for _, found := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(found[1], html.UnescapeString(found[2]))
	}
	if strings.Contains(page, `id="username"`) {
		form.Set("username", "alice")
		form.Set("password", "wonderland")
	}
	pressed := map[string]string{}
	for _, found := range attribute.FindAllStringSubmatch(button.FindString(page), -1) {
		pressed[found[1]] = found[2]
	}
	if pressed["name"] != "" {
		form.Set(pressed["name"], pressed["value"])
	}
	return form
}

func (b *browser) do(method, target, body string) (status int, location, page string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	}
	host := r.URL.Host
	for name, value := range b.cookies[host] {
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
	if b.cookies[host] == nil {
		b.cookies[host] = map[string]string{}
	}
	for _, cookie := range response.Cookies() {
		b.cookies[host][cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 || cookie.Value == "" {
			delete(b.cookies[host], cookie.Name)
		}
	}
	if location = response.Header.Get("Location"); location != "" {
		absolute, err := r.URL.Parse(location)
		if err != nil {
			b.t.Fatal(err)
		}
		location = absolute.String()
	}
	return response.StatusCode, location, string(data)
}

// call makes an API call at one process; it returns 0 when it was given up or cut off.
func (b *browser) call(ctx context.Context, address string, giveUp time.Duration) int {
	if giveUp > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, giveUp)
		defer cancel()
	}
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/api/notes", http.NoBody)
	r.Host = strings.TrimPrefix(b.origin, "http://")
	r.Header.Set("X-BFF-CSRF", "1")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range b.cookies[r.Host] {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}
