package adminapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/store"
	"cloakroom/authserver/store/memory"
)

const (
	adminToken = "a-token-of-the-admin-api-that-is-long"
	otherToken = "a-token-of-somebody-else-entirely-here"
)

const configuration = `
base_url: http://localhost:9000
store: unused
outbound: {allow: [127.0.0.0/8]}
admin:
  tokens:
    - {name: ops, token_file: admin-token}
    - {name: deploy, token_env: DEPLOY_TOKEN}
tenants:
  - name: demo
    workspaces:
      - name: baseline
        policy: {id_token_signing_alg: ES256}
        scopes:
          - {name: notes.read, description: Read your notes, resource: "https://api.example/"}
        clients:
          - {id: web, secret_hash: "sha256:0000000000000000000000000000000000000000000000000000000000000001", redirect_uris: ["https://web.example/"], scopes: [openid]}
        users:
          - {username: carol, password: wonderland}
      - name: fapi2
        preset: fapi2
        policy: {access_token_signing_alg: ES256, id_token_signing_alg: ES256}
`

// panel is an admin listener, and the public one beside it, with a document that everything is held to.
type panel struct {
	t      *testing.T
	server *authserver.Server
	admin  *httptest.Server
	public *httptest.Server
	store  store.Store
	log    *buffer
	router routers.Router
	token  string
}

type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

var sealingKey = sync.OnceValue(keys.NewSealingKey)

func newServer(t *testing.T, text string, st store.Store, log io.Writer) *authserver.Server {
	t.Helper()
	environment := map[string]string{authserver.EnvKeyEncryptionKey: sealingKey().Reveal(), "DEPLOY_TOKEN": otherToken}
	cfg, err := authserver.ParseConfig("test.yaml", []byte(text), func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.ReadSecrets(func(string) ([]byte, error) { return []byte(adminToken + "\n"), nil }); err != nil {
		t.Fatal(err)
	}
	server, err := authserver.New(t.Context(), cfg, st, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func start(t *testing.T) *panel { return startOn(t, memory.New(time.Now)) }

func startOn(t *testing.T, st store.Store) *panel {
	t.Helper()
	p := &panel{t: t, store: st, log: &buffer{}, token: adminToken}
	p.server = newServer(t, configuration, st, p.log)
	p.admin, p.public = httptest.NewServer(p.server.Admin()), httptest.NewServer(p.server.Handler())
	t.Cleanup(p.admin.Close)
	t.Cleanup(p.public.Close)
	response := p.raw(http.MethodGet, "/openapi.json", "", map[string]string{"Authorization": "Bearer " + adminToken})
	doc, err := openapi3.NewLoader().LoadFromData([]byte(response.text))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: p.admin.URL}}
	if p.router, err = gorillamux.NewRouter(doc); err != nil {
		t.Fatal(err)
	}
	return p
}

// reply is an answer that was read.
type reply struct {
	*http.Response
	text string
	body map[string]any
}

func (r reply) etag() string { return r.Header.Get("ETag") }

func (r reply) state() map[string]any {
	state, _ := r.body["state"].(map[string]any)
	return state
}

func (r reply) items() []map[string]any {
	var items []map[string]any
	list, _ := r.body["items"].([]any)
	for _, item := range list {
		one, _ := item.(map[string]any)
		items = append(items, one)
	}
	return items
}

func (p *panel) request(method, path, body string, headers map[string]string) *http.Request {
	p.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.admin.URL+"/admin/v1"+path, reader)
	if err != nil {
		p.t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

// raw sends a request as it is, and holds nothing to the document.
func (p *panel) raw(method, path, body string, headers map[string]string) reply {
	p.t.Helper()
	response, err := p.admin.Client().Do(p.request(method, path, body, headers))
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(response)
}

func (p *panel) read(response *http.Response) reply {
	p.t.Helper()
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	r := reply{Response: response, text: string(text)}
	_ = json.Unmarshal(text, &r.body)
	return r
}

// wrong sends a request that the document may not allow; the answer is held to it all the same.
func (p *panel) wrong(method, path, body string, headers map[string]string) reply {
	p.t.Helper()
	return p.send(method, path, body, headers, false)
}

// call sends a request that the document has to allow, and want has to be the status.
func (p *panel) call(want int, method, path, body string, headers map[string]string) reply {
	p.t.Helper()
	answer := p.send(method, path, body, headers, true)
	if answer.StatusCode != want {
		p.t.Fatalf("%s %s %s: %d %s", method, path, body, answer.StatusCode, answer.text)
	}
	return answer
}

func (p *panel) send(method, path, body string, given map[string]string, allowed bool) reply {
	p.t.Helper()
	headers := map[string]string{"Authorization": "Bearer " + p.token}
	if body != "" {
		headers["Content-Type"] = "application/json"
		if method == http.MethodPatch {
			headers["Content-Type"] = "application/merge-patch+json"
		}
	}
	for name, value := range given {
		headers[name] = value
	}
	described := p.request(method, path, body, headers)
	route, parameters, err := p.router.FindRoute(described)
	if err != nil {
		p.t.Fatalf("%s %s is not in the document: %v", method, path, err)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: described, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateRequest(p.t.Context(), input); err != nil && allowed {
		p.t.Errorf("%s %s: the document does not allow the request: %v", method, path, err)
	}
	answer := p.raw(method, path, body, headers)
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header,
		Body: io.NopCloser(strings.NewReader(answer.text)), Options: input.Options,
	}
	if err := openapi3filter.ValidateResponse(p.t.Context(), output); err != nil {
		p.t.Errorf("%s %s: the document does not allow the answer: %v", method, path, err)
	}
	return answer
}

func ifMatch(etag string) map[string]string { return map[string]string{"If-Match": etag} }

// audited lists the records of changes.
func (p *panel) audited() []map[string]any {
	var records []map[string]any
	for line := range strings.SplitSeq(p.log.String(), "\n") {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil && record["event"] == "admin_changed" {
			records = append(records, record)
		}
	}
	return records
}
