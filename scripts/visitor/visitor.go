// Package visitor is a browser without script, for programs that need a person: it follows links and redirects, keeps
// cookies, and fills in forms. It belongs to no side of the flow and shares no code with one.
//
// Start with [Visitor.SignIn].
package visitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Visitor is one browser profile. It is not safe for concurrent use.
type Visitor struct {
	client  http.Client
	cookies map[string]map[string]string // by host name, as browsers keep them: ports do not matter
	// Page is the last page that was loaded, and Address where it came from.
	Page    string
	Address *url.URL
}

// New makes a profile without cookies. Transport may be nil.
func New(transport http.RoundTripper) *Visitor {
	return &Visitor{
		client: http.Client{
			Transport:     transport,
			Timeout:       30 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		cookies: map[string]map[string]string{},
	}
}

// SignIn signs in through the BFF at origin: starts at /bff/login, fills in the form, consents, and comes back.
func (v *Visitor) SignIn(ctx context.Context, origin, provider, username, password string) error {
	if err := v.Visit(ctx, origin+"/bff/login?returnUrl=/&provider="+provider); err != nil {
		return err
	}
	if err := v.Submit(ctx, "login", map[string]string{"username": username, "password": password}); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if !strings.HasPrefix(v.Address.String(), origin) {
		if err := v.Submit(ctx, "consent_allow", nil); err != nil {
			return fmt.Errorf("consent: %w", err)
		}
	}
	if v.Address.String() != origin+"/" {
		return fmt.Errorf("the sign-in ended at %s", v.Address)
	}
	return nil
}

// Visit navigates to an address and follows redirects.
func (v *Visitor) Visit(ctx context.Context, address string) error {
	return v.navigate(ctx, http.MethodGet, address, nil)
}

// Submit presses the button with the id on the page, with its form filled in.
func (v *Visitor) Submit(ctx context.Context, button string, fields map[string]string) error {
	document, err := html.Parse(strings.NewReader(v.Page))
	if err != nil {
		return err
	}
	form, pressed := formOf(document, button)
	if form == nil {
		return fmt.Errorf("%s: there is no button %q", v.Address, button)
	}
	values := inputsOf(form)
	for name, value := range fields {
		values.Set(name, value)
	}
	if name := attribute(pressed, "name"); name != "" {
		values.Set(name, attribute(pressed, "value"))
	}
	action := attribute(form, "action")
	if own := attribute(pressed, "formaction"); own != "" {
		action = own
	}
	target, err := v.Address.Parse(action)
	if err != nil {
		return err
	}
	return v.navigate(ctx, http.MethodPost, target.String(), values)
}

// Cookie is what the visitor sends to a host as its Cookie header.
func (v *Visitor) Cookie(host string) string {
	var pairs []string
	for name, value := range v.cookies[host] {
		pairs = append(pairs, name+"="+value)
	}
	return strings.Join(pairs, "; ")
}

var errRedirects = errors.New("more than twenty redirects")

func (v *Visitor) navigate(ctx context.Context, method, address string, form url.Values) error {
	for range 20 {
		next, err := v.load(ctx, method, address, form)
		if err != nil || next == "" {
			return err
		}
		method, address, form = http.MethodGet, next, nil // after 303
	}
	return errRedirects
}

// load makes one request and returns where it redirects to.
func (v *Visitor) load(ctx context.Context, method, address string, form url.Values) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	v.dress(request, form != nil)
	response, err := v.client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	v.keep(request.URL.Hostname(), response.Cookies())
	page, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if location, err := response.Location(); err == nil {
		return location.String(), nil
	}
	v.Page, v.Address = string(page), request.URL
	if response.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("%s %s: %s", method, address, response.Status)
	}
	return "", nil
}

// dress sets what a browser sends with a navigation.
func (v *Visitor) dress(request *http.Request, post bool) {
	header := request.Header
	header.Set("Sec-Fetch-Mode", "navigate")
	header.Set("Sec-Fetch-Dest", "document")
	header.Set("Sec-Fetch-Site", "same-origin")
	header.Set("Sec-Fetch-User", "?1")
	header.Set("Accept", "text/html")
	if post {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		header.Set("Origin", request.URL.Scheme+"://"+request.URL.Host)
	}
	if cookie := v.Cookie(request.URL.Hostname()); cookie != "" {
		header.Set("Cookie", cookie)
	}
}

func (v *Visitor) keep(host string, cookies []*http.Cookie) {
	if v.cookies[host] == nil {
		v.cookies[host] = map[string]string{}
	}
	for _, cookie := range cookies {
		if cookie.MaxAge < 0 {
			delete(v.cookies[host], cookie.Name)
			continue
		}
		v.cookies[host][cookie.Name] = cookie.Value
	}
}

func formOf(document *html.Node, id string) (form, button *html.Node) {
	for node := range document.Descendants() {
		if attribute(node, "id") != id {
			continue
		}
		for parent := range node.Ancestors() {
			if parent.Data == "form" {
				return parent, node
			}
		}
	}
	return nil, nil
}

func inputsOf(form *html.Node) url.Values {
	values := url.Values{}
	for node := range form.Descendants() {
		if node.Data == "input" && attribute(node, "name") != "" && attribute(node, "type") != "submit" {
			values.Set(attribute(node, "name"), attribute(node, "value"))
		}
	}
	return values
}

func attribute(node *html.Node, name string) string {
	for _, attribute := range node.Attr {
		if attribute.Key == name {
			return attribute.Val
		}
	}
	return ""
}
