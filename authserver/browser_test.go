package authserver_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser keeps cookies and follows redirects within the server, and no further.
type browser struct {
	*house
	client *http.Client
	agent  string // its User-Agent, unless empty
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{house: h, client: &http.Client{
		Transport: h.server.Client().Transport,
		Jar:       jar,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Host != via[0].URL.Host {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}}
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(request *http.Request) answer {
	b.t.Helper()
	if b.agent != "" {
		request.Header.Set("User-Agent", b.agent)
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{Response: response, body: string(body)}
}

func (b *browser) get(address string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(request)
}

func (b *browser) post(address string, form url.Values) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(request)
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)">`)
	csrfField  = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
)

// submit sends the page's form, as a click on a button would.
func (b *browser) submit(page answer, button string, fields url.Values) answer {
	b.t.Helper()
	action, csrf := formAction.FindStringSubmatch(page.body), csrfField.FindStringSubmatch(page.body)
	if action == nil || csrf == nil {
		b.t.Fatalf("%d has no form:\n%s", page.StatusCode, page.body)
	}
	form := url.Values{"csrf": {html.UnescapeString(csrf[1])}, "action": {button}}
	for name, values := range fields {
		form[name] = values
	}
	return b.post(b.server.URL+html.UnescapeString(action[1]), form)
}

func (b *browser) signIn(page answer, username, password string) answer {
	b.t.Helper()
	return b.submit(page, "login", url.Values{"username": {username}, "password": {password}})
}

// location is where an answer sends the browser; it has to be the client's.
func (a answer) location(t *testing.T, prefix string) url.Values {
	t.Helper()
	location := a.Header.Get("Location")
	if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(location, prefix) {
		t.Fatalf("%d, Location %q, want 303 to %s\n%s", a.StatusCode, location, prefix, a.body)
	}
	parsed, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Query()
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is a valid authorization request of the web client.
func request(changes ...func(url.Values)) url.Values {
	query := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {callback}, "scope": {"openid profile notes.read"},
		"state": {"the state"}, "nonce": {"the nonce"}, "code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	for _, change := range changes {
		change(query)
	}
	return query
}

func with(name string, values ...string) func(url.Values) {
	return func(query url.Values) {
		if len(values) == 0 {
			delete(query, name)
			return
		}
		query[name] = values
	}
}

func (h *house) authorizeURL(query url.Values) string {
	return h.issuer + "/oauth2/authorize?" + query.Encode()
}

// code goes through sign-in and consent, where they are asked for, and returns the code.
func (b *browser) code(query url.Values) string {
	b.t.Helper()
	page := b.get(b.authorizeURL(query))
	if strings.Contains(page.body, `id="login"`) {
		page = b.signIn(page, "alice", "wonderland")
	}
	if strings.Contains(page.body, `id="consent_allow"`) {
		page = b.submit(page, "allow", nil)
	}
	code := page.location(b.t, "http").Get("code")
	if code == "" {
		b.t.Fatalf("no code: %s", page.Header.Get("Location"))
	}
	return code
}

// accessLifetime is how long an access token lives in the test's workspace.
func (h *house) accessLifetime() time.Duration { return 5 * time.Minute }
