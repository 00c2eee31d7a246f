// Package backend is the page's typed client of the BFF, and its only door to the browser. It owns the requests that the
// page makes, the static header that proves them same-origin, their deadlines, and the typed form of their errors. It
// holds no token, because none ever reaches it, and it keeps no state.
//
// Start with [Client]. Everything but the fetch itself is plain Go, tested without a browser: [Fetcher] is the seam, and
// [Browser] (js/wasm) is what stands behind it in the page.
package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"cloakroom/bff/api"
)

// Timeout is the deadline of one call.
const Timeout = 15 * time.Second

// Fetcher makes one request to the page's own origin. An error means that there is no answer at all: statuses are for the
// caller to judge. It never follows a redirect.
type Fetcher interface {
	Fetch(ctx context.Context, request Request) (Response, error)
	// Early is the answer to the first question, who is signed in, when it was here before anybody asked. It is taken once.
	Early() (response Response, ok bool)
}

// Request is what a [Fetcher] sends.
type Request struct {
	Method string
	Path   string // starts with a single slash
	Header map[string]string
	Body   []byte
}

// Response is what a [Fetcher] brings back.
type Response struct {
	Status      int
	ContentType string
	Body        []byte
	Age         time.Duration // how long it has been here; zero when it has just come
}

// Client calls the BFF.
type Client struct {
	fetcher Fetcher
	timeout time.Duration
}

// New returns a client that calls through fetcher and gives each call [Timeout].
func New(fetcher Fetcher) *Client {
	return &Client{fetcher: fetcher, timeout: Timeout}
}

// Session asks who is signed in. It never extends the session. The server's time in it is the time at which it returns.
func (c *Client) Session(ctx context.Context) (api.Session, error) {
	var session api.Session
	age, err := c.call(ctx, "GET", api.PathSession, nil, &session)
	return asOfNow(session, age), err
}

// First is what is known of the session before the app has asked.
type First struct {
	Session api.Session
	Err     error
}

// First is the answer to the first question, who is signed in, when it was here before the app; otherwise nil.
func (c *Client) First() *First {
	response, ok := c.fetcher.Early()
	if !ok {
		return nil
	}
	var session api.Session
	err := read(response, "GET", api.PathSession, &session)
	return &First{Session: asOfNow(session, response.Age), Err: err}
}

// asOfNow moves the server's time on by the age of its answer.
func asOfNow(session api.Session, age time.Duration) api.Session {
	if session.Expiry != nil {
		session.Expiry.Now = session.Expiry.Now.Add(age)
	}
	return session
}

// Logout ends the session at the BFF. When the answer has a logout URL the page navigates there next, to end the session
// at the provider too.
func (c *Client) Logout(ctx context.Context) (api.LoggedOut, error) {
	var out api.LoggedOut
	err := c.Call(ctx, "POST", api.PathLogout, nil, &out)
	return out, err
}

// Call sends in as JSON, when it is not nil, to a path of this origin, and decodes the answer into out, when it is not
// nil. Its errors are an [*Error] when the server refused, [ErrUnreachable] when there was no answer, and [ErrAnswer]
// when the answer made no sense.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	_, err := c.call(ctx, method, path, in, out)
	return err
}

// call also says how old the answer is.
func (c *Client) call(ctx context.Context, method, path string, in, out any) (age time.Duration, err error) {
	request, err := newRequest(method, path, in)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	response, err := c.fetcher.Fetch(ctx, request)
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w: %w", method, path, ErrUnreachable, err)
	}
	return response.Age, read(response, method, path, out)
}

// read decodes the answer to a request into out, when it is not nil.
func read(response Response, method, path string, out any) error {
	if response.Status < 200 || response.Status > 299 {
		return fmt.Errorf("%s %s: %w", method, path, refusal(response))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(response.Body, out); err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, path, ErrAnswer, err)
	}
	return nil
}

func newRequest(method, path string, in any) (Request, error) {
	// The header and the cookie are for this origin only: "//host" would be another one.
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return Request{}, fmt.Errorf("%s %q: %w", method, path, errPath)
	}
	request := Request{
		Method: method,
		Path:   path,
		Header: map[string]string{"Accept": "application/json", api.CSRFHeader: api.CSRFValue},
	}
	if in == nil {
		return request, nil
	}
	body, err := json.Marshal(in)
	if err != nil {
		return Request{}, fmt.Errorf("%s %s: encode the body: %w", method, path, err)
	}
	request.Header["Content-Type"] = "application/json"
	request.Body = body
	return request, nil
}
