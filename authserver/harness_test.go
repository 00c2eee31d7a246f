package authserver_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/store"
	"cloakroom/authserver/store/memory"
)

const (
	callback    = "https://app.example/callback"
	afterLogout = "https://app.example/bye"
	apiResource = "https://api.example/"
	webSecret   = "a-secret-of-the-web-client"
	verifier    = "dBjftJeZ4CVP-mBR92K3oqMA1jD6iqlT9BpHvQy6mX8zabcd"
)

// configuration is the workspace that the tests run against.
const configuration = `
store: unused
tenants:
  - name: demo
    workspaces:
      - name: baseline
        title: The test house
        notice: "Demo users: alice"
        scopes:
          - {name: notes.read, description: Read your notes, resource: "https://api.example/"}
          - {name: notes.write, description: Change your notes, resource: "https://api.example/"}
          - {name: other.read, description: Read the other, resource: "https://other.example/"}
        clients:
          - id: web
            name: The web app
            uri: https://app.example/
            secret_hash: sha256:$WEB
            redirect_uris: ["https://app.example/callback", "https://app.example/second?keep=this"]
            post_logout_redirect_uris: ["https://app.example/bye"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, profile, email, offline_access, notes.read, notes.write, other.read]
            id_token_claims: [name]
          - id: other
            name: Another app
            token_endpoint_auth_method: client_secret_post
            secret_hash: sha256:$WEB
            redirect_uris: ["https://other.example/callback"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, notes.read]
          - id: spa
            name: A public app
            token_endpoint_auth_method: none
            redirect_uris: ["https://spa.example/callback"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, notes.read]
          - id: trusted
            name: The house's own
            trusted: true
            secret_hash: sha256:$WEB
            redirect_uris: ["https://trusted.example/callback"]
            scopes: [openid]
          - id: docs-client
            token_endpoint_auth_method: client_secret_post
            secret_hash: sha256:$WEB
            redirect_uris: ["http://localhost:8080/docs/callback"]
            scopes: [openid, notes.read]
            default_scopes: [openid, notes.read]
            pkce: optional
          - id: machine
            secret_hash: sha256:$WEB
            grant_types: [client_credentials]
            scopes: [openid, notes.read, other.read]
            default_scopes: [notes.read]
        users:
          - {username: alice, password: wonderland, claims: {name: Alice Liddell, email: alice@example.test, email_verified: true}}
          - {username: bob, password: builder, claims: {name: Bob}}
      - name: second
        policy: {id_token_signing_alg: ES256}
        clients:
          - id: web
            secret_hash: sha256:$WEB
            redirect_uris: ["https://app.example/callback"]
            scopes: [openid]
        users:
          - {username: alice, password: wonderland}
`

// house is a running server with a clock that the test sets.
type house struct {
	t      *testing.T
	server *httptest.Server
	issuer string
	store  *memory.Store
	log    *lockedBuffer
	clock  *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func start(t *testing.T) *house { return startWith(t, func(st store.Store) store.Store { return st }) }

// startWith starts a server on a store that the test has wrapped.
func startWith(t *testing.T, wrap func(store.Store) store.Store) *house {
	t.Helper()
	h := &house{t: t, log: &lockedBuffer{}, clock: &clock{now: time.Now()}}
	h.store = memory.New(h.clock.Now)
	h.server = httptest.NewUnstartedServer(nil)
	h.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelError)
	base := "https://" + h.server.Listener.Addr().String()
	h.issuer = base + "/demo/baseline"
	sum := sha256.Sum256([]byte(webSecret))
	text := strings.ReplaceAll(configuration, "$WEB", hex.EncodeToString(sum[:]))
	environment := map[string]string{authserver.EnvBaseURL: base, authserver.EnvKeyEncryptionKey: keys.NewSealingKey().Reveal()}
	cfg, err := authserver.ParseConfig("test.yaml", []byte(text), func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server, err := authserver.NewAt(t.Context(), cfg, wrap(h.store), log, h.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	h.server.Config.Handler = server.Handler()
	h.server.StartTLS()
	t.Cleanup(func() {
		h.server.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// browser keeps cookies and follows redirects within the server, and no further.
type browser struct {
	*house
	client *http.Client
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
