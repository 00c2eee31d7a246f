package demoapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// world is a running API and the issuer of its tokens.
type world struct {
	t      *testing.T
	api    *API
	url    string
	issuer string
	key    jwk.Key
	path   string // of the database
}

func newWorld(t *testing.T, changes ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "notes.db")}
	w.startIssuer()
	cfg, err := ParseConfig("test", nil, func(variable string) string {
		return map[string]string{EnvIssuers: w.issuer, EnvDatabase: w.path}[variable]
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(&cfg)
	}
	w.api, err = New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = HTTPServer(w.api.Handler(), slog.New(slog.DiscardHandler))
	server.Start()
	w.url = server.URL
	t.Cleanup(func() {
		if err := w.api.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return w
}

// startIssuer serves metadata and one key.
func (w *world) startIssuer() {
	w.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.key, err = jwk.FromRaw(private); err != nil {
		w.t.Fatal(err)
	}
	if err := w.key.Set(jwk.KeyIDKey, "kid-1"); err != nil {
		w.t.Fatal(err)
	}
	public, err := w.key.PublicKey()
	if err != nil {
		w.t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/keys") {
			_ = json.NewEncoder(rw).Encode(map[string]any{"keys": []any{public}})
			return
		}
		_ = json.NewEncoder(rw).Encode(map[string]string{"issuer": w.issuer, "jwks_uri": w.issuer + "/keys"})
	}))
	w.t.Cleanup(server.Close)
	w.issuer = server.URL
}

// token is an access token of a user, with claims that are different from the usual ones.
func (w *world) token(subject string, different ...map[string]any) string {
	w.t.Helper()
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": w.issuer, "sub": subject, "aud": "http://localhost:9001", "client_id": "web", "jti": rand.Text(),
		"scope": "notes.read notes.write", "iat": now, "exp": now + 300, "auth_time": now,
	}
	for _, change := range different {
		maps.Copy(claims, change)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		w.t.Fatal(err)
	}
	headers := jws.NewHeaders()
	if err := headers.Set(jws.TypeKey, "at+jwt"); err != nil {
		w.t.Fatal(err)
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.ES256, w.key, jws.WithProtectedHeaders(headers)))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(signed)
}

// call sends a request with a token, and a JSON body unless that is empty.
func (w *world) call(token, method, path, body string) *http.Response {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return w.do(request)
}

func (w *world) do(request *http.Request) *http.Response {
	w.t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// add adds a note and returns it.
func (w *world) add(token, text string) Note {
	w.t.Helper()
	body, _ := json.Marshal(map[string]string{"text": text})
	return answered[Note](w, w.call(token, http.MethodPost, "/notes", string(body)), http.StatusCreated)
}

// list returns the notes that a token shows.
func (w *world) list(token string) []Note {
	w.t.Helper()
	return answered[struct {
		Notes []Note `json:"notes"`
	}](w, w.call(token, http.MethodGet, "/notes", ""), http.StatusOK).Notes
}

// answered reads an answer of the wanted status.
func answered[T any](w *world, response *http.Response, status int) T {
	w.t.Helper()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var body T
	if response.StatusCode != status {
		w.t.Fatalf("%s: %s, want %d", response.Status, data, status)
	}
	if len(data) == 0 {
		return body
	}
	if err := json.Unmarshal(data, &body); err != nil {
		w.t.Fatalf("%s: %v", data, err)
	}
	return body
}

// refused reads an error of the wanted status and code.
func refused(w *world, response *http.Response, status int, code string) {
	w.t.Helper()
	if told := answered[problem](w, response, status); told.Code != code || told.Status != status || told.Title == "" {
		w.t.Errorf("told %+v, want %s", told, code)
	}
	if mediaType := response.Header.Get("Content-Type"); mediaType != "application/problem+json" {
		w.t.Errorf("content type %q", mediaType)
	}
}
