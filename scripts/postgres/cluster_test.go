//go:build postgres

package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/scripts/visitor"
)

const (
	clientSecret = "the secret of the test's client"
	adminToken   = "the admin token of the test, which is long"
	verifier     = "dBjftJeZ4CVP-mBR92K3oqMA1jD6iqlT9BpHvQy6mX8zabcd"
)

// cluster is two authorization servers, each a process of its own, on one database and with one issuer, and a client.
type cluster struct {
	t         *testing.T
	addresses [2]string
	admin     [2]string // their admin listeners
	issuer    string
	callback  string
	codes     chan string
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, codes: make(chan string, 1)}
	client := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { c.codes <- r.FormValue("code") }))
	t.Cleanup(client.Close)
	c.callback = client.URL + "/callback"
	folder, dsn := t.TempDir(), schema(t)
	program := filepath.Join(folder, "authserver")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "cloakroom/authserver/cmd/authserver")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for at := range c.addresses {
		c.addresses[at], c.admin[at] = freeAddress(t), freeAddress(t)
	}
	_, port, _ := net.SplitHostPort(c.addresses[0])
	base := "http://localhost:" + port
	c.issuer = base + "/demo/baseline"
	sum := sha256.Sum256([]byte(clientSecret))
	config := fmt.Sprintf(`
base_url: %s
tenants:
  - name: demo
    workspaces:
      - name: baseline
        policy: {refresh_confidential: {grace: 1ms}}
        clients:
          - id: web
            secret_hash: sha256:%s
            redirect_uris: ["%s"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, profile]
        users: [{username: alice, password: wonderland}]
`, base, hex.EncodeToString(sum[:]), c.callback)
	path := filepath.Join(folder, "authserver.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	sealing := make([]byte, 32)
	_, _ = rand.Read(sealing)
	for at, address := range c.addresses { // both at once: they have to agree on schema and keys
		startProcess(t, program, path, []string{
			"AUTHSERVER_STORE=" + dsn, "AUTHSERVER_LISTEN=" + address, "AUTHSERVER_ADMIN_LISTEN=" + c.admin[at], "AUTHSERVER_ADMIN_TOKEN=" + adminToken,
			"AUTHSERVER_KEY_ENCRYPTION_KEY=" + base64.StdEncoding.EncodeToString(sealing),
		})
	}
	for _, address := range c.addresses {
		c.await(address)
	}
	return c
}

func startProcess(t *testing.T, program, config string, environment []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve", "--config", config)
	cmd.Env = append(os.Environ(), environment...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Log(log.String())
		}
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (c *cluster) await(address string) {
	c.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if connection, err := new(net.Dialer).DialContext(c.t.Context(), "tcp", address); err == nil {
			_ = connection.Close()
			return
		}
	}
	c.t.Fatalf("%s does not answer", address)
}

// transport sends every request for the issuer to the process that choose names, on a connection of its own.
func (c *cluster) transport(choose func() int) http.RoundTripper {
	issuer, _ := url.Parse(c.issuer)
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == issuer.Host {
				address = c.addresses[choose()]
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
}

// code signs in: every second request goes to the other process.
func (c *cluster) code() string {
	c.t.Helper()
	var turn atomic.Int64
	browser := visitor.New(c.transport(func() int { return int(turn.Add(1) % 2) }))
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {c.callback}, "scope": {"openid profile"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if err := browser.Visit(c.t.Context(), c.issuer+"/oauth2/authorize?"+query.Encode()); err != nil {
		c.t.Fatal(err)
	}
	if err := browser.Submit(c.t.Context(), "login", map[string]string{"username": "alice", "password": "wonderland"}); err != nil {
		c.t.Fatal(err)
	}
	if strings.HasPrefix(browser.Address.String(), c.issuer) {
		if err := browser.Submit(c.t.Context(), "consent_allow", nil); err != nil {
			c.t.Fatal(err)
		}
	}
	return <-c.codes
}

type tokens struct {
	status       int
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Error        string `json:"error"`
}

// token asks one of the processes.
func (c *cluster) token(process int, form url.Values) (answer tokens) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("web", url.QueryEscape(clientSecret))
	body, status := c.do(process, request)
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		c.t.Errorf("%d %s: %v", status, body, err)
	}
	answer.status = status
	return answer
}

func (c *cluster) redeem(process int, code string) tokens {
	c.t.Helper()
	return c.token(process, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.callback}, "code_verifier": {verifier}})
}

func (c *cluster) refresh(process int, token string) tokens {
	c.t.Helper()
	return c.token(process, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// userinfo is the status that a process answers an access token with.
func (c *cluster) userinfo(process int, token string) int {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.issuer+"/oauth2/userinfo", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	_, status := c.do(process, request)
	return status
}

func (c *cluster) do(process int, request *http.Request) (body string, status int) {
	c.t.Helper()
	response, err := c.transport(func() int { return process }).RoundTrip(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text), response.StatusCode
}

func (c *cluster) keySet(process int) string {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.issuer+"/oauth2/jwks", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	body, _ := c.do(process, request)
	return body
}
