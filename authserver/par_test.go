package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// push sends an authorization request to the PAR endpoint, as the web client unless an edit says otherwise.
func (b *browser) push(form url.Values, edit ...func(*http.Request)) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.issuer+"/oauth2/par", strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !form.Has("client_secret") {
		request.SetBasicAuth("web", webSecret)
	}
	for _, change := range edit {
		change(request)
	}
	return b.do(request)
}

// pushed pushes a request that is valid, and returns its request_uri.
func (b *browser) pushed(form url.Values) string {
	b.t.Helper()
	answered := b.push(form)
	var body struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}
	if err := json.Unmarshal([]byte(answered.body), &body); err != nil || answered.StatusCode != http.StatusCreated || body.ExpiresIn != 60 {
		b.t.Fatalf("%d %s", answered.StatusCode, answered.body)
	}
	if answered.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(body.RequestURI, "urn:ietf:params:oauth:request_uri:") {
		b.t.Fatalf("%v %s", answered.Header, answered.body)
	}
	return body.RequestURI
}

func reference(requestURI string, changes ...func(url.Values)) url.Values {
	query := url.Values{"client_id": {"web"}, "request_uri": {requestURI}}
	for _, change := range changes {
		change(query)
	}
	return query
}

func errorOf(t *testing.T, got answer) string {
	t.Helper()
	var body struct{ Error string }
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Fatalf("%d %q: %v", got.StatusCode, got.body, err)
	}
	return body.Error
}

func TestPushedRequestIsSpentByItsAnswerAndNotByItsFirstLoad(t *testing.T) {
	h := start(t)
	b := h.browser()
	address := h.authorizeURL(reference(b.pushed(request())))
	for range 2 { // a reload
		if page := b.get(address); !strings.Contains(page.body, `id="login"`) {
			t.Fatalf("%d %s", page.StatusCode, page.body)
		}
	}
	second := b.get(address)
	page := b.signIn(b.get(address), "alice", "wonderland")
	answered := b.submit(page, "allow", nil).location(t, callback)
	if answered.Get("code") == "" || answered.Get("state") != "the state" || answered.Get("iss") != h.issuer {
		t.Fatalf("%v", answered)
	}
	if got := b.exchange(redemption(answered.Get("code"))); got.status != http.StatusOK {
		t.Errorf("code of a pushed request: %d %s", got.status, got.Error)
	}
	if again := b.get(address); again.StatusCode != http.StatusBadRequest || again.Header.Get("Location") != "" {
		t.Errorf("used twice: %d, Location %q", again.StatusCode, again.Header.Get("Location"))
	}
	// R33: another tab that loaded it before does not get a second code either.
	if other := b.get(second.Request.URL.String()); other.StatusCode != http.StatusBadRequest || other.Header.Get("Location") != "" {
		t.Errorf("a second answer: %d, Location %q", other.StatusCode, other.Header.Get("Location"))
	}
}

func TestPushedRequestIsSpentBySilentAnswersToo(t *testing.T) {
	h := start(t)
	b := h.browser()
	address := h.authorizeURL(reference(b.pushed(request(with("prompt", "none")))))
	if got := b.get(address).location(t, callback); got.Get("error") != "login_required" {
		t.Fatalf("%v", got)
	}
	if again := b.get(address); again.StatusCode != http.StatusBadRequest {
		t.Errorf("used twice: %d", again.StatusCode)
	}
	b.code(request())
	address = h.authorizeURL(reference(b.pushed(request())))
	if b.get(address).location(t, callback).Get("code") == "" {
		t.Fatal("control: no code")
	}
	if again := b.get(address); again.StatusCode != http.StatusBadRequest {
		t.Errorf("used twice: %d", again.StatusCode)
	}
}

func TestParametersBesideARequestURIDoNotCount(t *testing.T) {
	h := start(t)
	b := h.browser()
	query := reference(b.pushed(request(with("state"))), with("state", "evil"), with("redirect_uri", "https://evil.example/"),
		with("scope", "openid offline_access notes.write"), with("prompt", "none"))
	page := b.signIn(b.get(h.authorizeURL(query)), "alice", "wonderland")
	if strings.Contains(page.body, "notes.write") {
		t.Error("the scope of the query is asked for")
	}
	if got := b.submit(page, "allow", nil).location(t, callback); got.Has("state") || got.Get("code") == "" {
		t.Errorf("%v", got)
	}
}

func TestRequestURIIsForItsClientAndItsMinute(t *testing.T) {
	h := start(t)
	b := h.browser()
	requestURI := b.pushed(request())
	for name, query := range map[string]url.Values{
		"another client's": reference(requestURI, with("client_id", "other")),
		"no client_id":     reference(requestURI, with("client_id")),
		"forged":           reference(requestURI[:len(requestURI)-1] + "x"),
		"empty":            reference("urn:ietf:params:oauth:request_uri:"),
	} {
		if got := b.get(h.authorizeURL(query)); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
			t.Errorf("%s: %d, Location %q", name, got.StatusCode, got.Header.Get("Location"))
		}
	}
	if control := b.get(h.authorizeURL(reference(requestURI))); !strings.Contains(control.body, `id="login"`) {
		t.Errorf("control: %d", control.StatusCode)
	}
	h.clock.advance(61 * time.Second)
	if got := b.get(h.authorizeURL(reference(requestURI))); got.StatusCode != http.StatusBadRequest {
		t.Errorf("expired: %d", got.StatusCode)
	}
}

func TestPushedRequestThatWasLoadedInTimeIsAnsweredLater(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.get(h.authorizeURL(reference(b.pushed(request()))))
	h.clock.advance(5 * time.Minute)
	page = b.signIn(page, "alice", "wonderland")
	if got := b.submit(page, "allow", nil).location(t, callback); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
}

func TestPARRefusesWhatAuthorizeWouldAndMore(t *testing.T) {
	h := start(t)
	b := h.browser()
	for name, test := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"request_uri":               {with("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request"},
		"request":                   {with("request", "e30."), "request_not_supported"},
		"unregistered redirect_uri": {with("redirect_uri", "https://evil.example/"), "invalid_request"},
		"token":                     {with("response_type", "token"), "unsupported_response_type"},
		"unknown scope":             {with("scope", "bogus"), "invalid_scope"},
		"plain":                     {with("code_challenge_method", "plain"), "invalid_request"},
		"no challenge":              {func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, "invalid_request"},
		"two states":                {with("state", "a", "b"), "invalid_request"},
		"another client_id":         {with("client_id", "other"), "invalid_request"},
		"unknown resource":          {with("resource", "https://evil.example/"), "invalid_target"},
	} {
		got := b.push(request(test.change))
		if got.StatusCode != http.StatusBadRequest || errorOf(t, got) != test.want || strings.Contains(got.body, "request_uri:") {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	unauthenticated := b.push(request(), func(r *http.Request) { r.Header.Del("Authorization") })
	if unauthenticated.StatusCode != http.StatusUnauthorized || errorOf(t, unauthenticated) != "invalid_client" {
		t.Errorf("unauthenticated: %d %s", unauthenticated.StatusCode, unauthenticated.body)
	}
	if got := b.get(h.issuer + "/oauth2/par"); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", got.StatusCode)
	}
	b.pushed(request()) // the control
}

func TestClientThatHasToPushDoesNotGetByWithout(t *testing.T) {
	h := start(t)
	b := h.browser()
	pusher := with("client_id", "pusher")
	toPusher := with("redirect_uri", "https://pusher.example/callback")
	scope := with("scope", "openid")
	got := b.get(h.authorizeURL(request(pusher, toPusher, scope))).location(t, "https://pusher.example/callback")
	if got.Get("error") != "invalid_request" || got.Get("iss") != h.issuer {
		t.Errorf("%v", got)
	}
	requestURI := b.pushed(request(pusher, toPusher, scope, with("client_secret", webSecret)))
	if page := b.get(h.authorizeURL(reference(requestURI, pusher))); !strings.Contains(page.body, `id="login"`) {
		t.Errorf("control: %d %s", page.StatusCode, page.body)
	}
	if kept := h.log.String(); strings.Contains(kept, webSecret) {
		t.Error("the client's secret is in the log")
	}
}
