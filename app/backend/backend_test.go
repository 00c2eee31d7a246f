package backend

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloakroom/bff/api"
)

// fakeFetcher answers every request with one response, and remembers the last request.
type fakeFetcher struct {
	response Response
	err      error
	hang     bool
	request  Request
	early    bool // the response is here already
}

func (f *fakeFetcher) Early() (Response, bool) { return f.response, f.early }

func (f *fakeFetcher) Fetch(ctx context.Context, request Request) (Response, error) {
	f.request = request
	if f.hang {
		<-ctx.Done()
		return Response{}, ctx.Err()
	}
	return f.response, f.err
}

func answer(status int, contentType, body string) *fakeFetcher {
	return &fakeFetcher{response: Response{Status: status, ContentType: contentType, Body: []byte(body)}}
}

func TestEveryCallCarriesTheStaticHeader(t *testing.T) {
	calls := map[string]func(*Client) error{
		"GET /bff/session":       func(c *Client) error { _, err := c.Session(t.Context()); return err },
		"POST /bff/logout":       func(c *Client) error { _, err := c.Logout(t.Context()); return err },
		"GET /api/notes":         func(c *Client) error { _, err := c.ListNotes(t.Context()); return err },
		"POST /api/notes":        func(c *Client) error { _, err := c.AddNote(t.Context(), "hat"); return err },
		"DELETE /api/notes/a%2F": func(c *Client) error { return c.DeleteNote(t.Context(), "a/") },
	}
	for want, call := range calls {
		t.Run(want, func(t *testing.T) {
			fetcher := answer(200, "application/json", `{}`)
			if err := call(New(fetcher)); err != nil {
				t.Fatal(err)
			}
			if got := fetcher.request.Method + " " + fetcher.request.Path; got != want {
				t.Errorf("sent %s, want %s", got, want)
			}
			if fetcher.request.Header["X-BFF-CSRF"] != "1" {
				t.Errorf("headers are %v: X-BFF-CSRF: 1 is missing", fetcher.request.Header)
			}
		})
	}
}

func TestSessionThatWasHereAlreadyTellsTheServersTimeOfNow(t *testing.T) {
	fetcher := answer(200, "application/json", `{"authenticated":true,"expiry":{"now":"2026-01-02T03:04:05Z"}}`)
	for _, age := range []time.Duration{0, 1500 * time.Millisecond} {
		fetcher.response.Age = age
		session, err := New(fetcher).Session(t.Context())
		want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(age)
		if err != nil || session.Expiry == nil || !session.Expiry.Now.Equal(want) {
			t.Errorf("after %s: %v, %+v, want %s", age, err, session.Expiry, want)
		}
	}
}

func TestFirstAnswerIsWhatWasHereBeforeTheApp(t *testing.T) {
	fetcher := answer(200, "application/json", `{"authenticated":true,"expiry":{"now":"2026-01-02T03:04:05Z"}}`)
	fetcher.response.Age = time.Second
	if first := New(fetcher).First(); first != nil {
		t.Errorf("nothing was here, and the answer is %+v", first)
	}
	fetcher.early = true
	first := New(fetcher).First()
	if first == nil || first.Err != nil || !first.Session.Authenticated || first.Session.Expiry.Now.Second() != 6 {
		t.Errorf("the answer is %+v", first)
	}
	fetcher.response.Status = 503
	if first := New(fetcher).First(); first == nil || !Unreachable(first.Err) {
		t.Errorf("the answer is %+v", first)
	}
	if fetcher.request.Path != "" {
		t.Errorf("%s was asked for", fetcher.request.Path)
	}
}

func TestSessionIsDecoded(t *testing.T) {
	session, err := New(answer(200, "application/json",
		`{"authenticated":true,"claims":{"name":"Alice"},"providers":[{"id":"demo","name":"Demo","login":"/bff/login?provider=demo"}]}`,
	)).Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !session.Authenticated || session.Claims["name"] != "Alice" || session.Providers[0].ID != "demo" {
		t.Errorf("decoded %+v", session)
	}
}

func TestLogoutReturnsWhereToGoNext(t *testing.T) {
	out, err := New(answer(200, "application/json", `{"logout_url":"https://op.example/logout"}`)).Logout(t.Context())
	if err != nil || out.LogoutURL != "https://op.example/logout" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestAddNoteSendsTheTextAsJSON(t *testing.T) {
	fetcher := answer(201, "application/json", `{"id":"7","text":"a \"hat\"","created_at":"2026-01-02T03:04:05Z"}`)
	note, err := New(fetcher).AddNote(t.Context(), `a "hat"`)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(fetcher.request.Body); got != `{"text":"a \"hat\""}` {
		t.Errorf("sent %s", got)
	}
	if fetcher.request.Header["Content-Type"] != "application/json" {
		t.Errorf("headers are %v", fetcher.request.Header)
	}
	if note.ID != "7" || note.Text != `a "hat"` || note.CreatedAt.IsZero() {
		t.Errorf("decoded %+v", note)
	}
}

func TestNoContentNeedsNoBody(t *testing.T) {
	if err := New(answer(204, "", "")).DeleteNote(t.Context(), "7"); err != nil {
		t.Error(err)
	}
}

func TestErrorsAreTypedByWhatTheyMean(t *testing.T) {
	const problem = "application/problem+json"
	for name, row := range map[string]struct {
		fetcher     *fakeFetcher
		code        api.Code
		signedOut   bool
		unreachable bool
	}{
		"expired session":      {answer(401, problem, `{"status":401,"code":"session_expired"}`), api.SessionExpired, true, false},
		"revoked session":      {answer(401, problem+"; charset=utf-8", `{"code":"session_revoked"}`), api.SessionRevoked, true, false},
		"missing session":      {answer(401, problem, `{"code":"session_missing"}`), api.SessionMissing, true, false},
		"step-up is a session": {answer(401, problem, `{"code":"step_up_required"}`), api.StepUpRequired, false, false},
		"the API's own 401":    {answer(401, "application/json", `{"code":"session_expired"}`), "", false, false},
		"refused":              {answer(403, problem, `{"code":"csrf_rejected"}`), api.CSRFRejected, false, false},
		"store down":           {answer(503, problem, `{"code":"store_unavailable"}`), api.StoreUnavailable, false, true},
		"proxy in between":     {answer(502, "text/html", `<h1>Bad Gateway</h1>`), "", false, true},
		"status member lies":   {answer(503, problem, `{"status":401,"code":"idp_unavailable"}`), api.IDPUnavailable, false, true},
		"broken problem":       {answer(400, problem, `{"code":`), "", false, false},
		"network down":         {&fakeFetcher{err: errors.New("offline")}, "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(row.fetcher).Session(t.Context())
			if err == nil {
				t.Fatal("no error")
			}
			if refused, ok := errors.AsType[*Error](err); ok && refused.Problem.Code != row.code {
				t.Errorf("code is %q, want %q", refused.Problem.Code, row.code)
			}
			if got := SignedOut(err); got != row.signedOut {
				t.Errorf("SignedOut = %t", got)
			}
			if got := Unreachable(err); got != row.unreachable {
				t.Errorf("Unreachable = %t", got)
			}
		})
	}
}

func TestAnswerThatIsNotJSONIsAnError(t *testing.T) {
	_, err := New(answer(200, "text/html", "<!doctype html>")).Session(t.Context())
	if !errors.Is(err, ErrAnswer) || SignedOut(err) {
		t.Errorf("got %v", err)
	}
}

func TestCallThatHangsEndsAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := New(&fakeFetcher{hang: true}).Session(t.Context())
		if !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if got := time.Since(began); got != Timeout {
			t.Errorf("ended after %s, want %s", got, Timeout)
		}
	})
}

func TestCallNeverLeavesTheOrigin(t *testing.T) {
	for _, path := range []string{"//evil.example/", "https://evil.example/", "api/notes", ""} {
		fetcher := answer(200, "application/json", `{}`)
		if err := New(fetcher).Call(t.Context(), "GET", path, nil, nil); err == nil || fetcher.request.Path != "" {
			t.Errorf("%q: sent %+v, error %v", path, fetcher.request, err)
		}
	}
	// The control: a path of this origin goes out.
	fetcher := answer(200, "application/json", `{}`)
	if err := New(fetcher).Call(t.Context(), "GET", "/api/notes", nil, nil); err != nil || fetcher.request.Path != "/api/notes" {
		t.Errorf("the control was not sent: %v", err)
	}
}

func TestErrorNamesStatusCodeAndRequest(t *testing.T) {
	_, err := New(answer(401, "application/problem+json", `{"code":"session_expired","request_id":"r1"}`)).Session(t.Context())
	for _, part := range []string{"GET /bff/session", "401", "session_expired", "r1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %s", err, part)
		}
	}
}
