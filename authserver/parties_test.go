package authserver_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver"
)

// party is a client's back-channel logout endpoint. It answers with the statuses of answers, in turn, and then with 200.
type party struct {
	*httptest.Server
	tokens  chan string
	answers chan int
}

func newParty(t *testing.T) *party {
	t.Helper()
	p := &party{tokens: make(chan string, 20), answers: make(chan int, 20)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("%s with %q", r.Method, r.Header.Get("Content-Type"))
		}
		status := http.StatusOK
		select {
		case status = <-p.answers:
		default:
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		p.tokens <- r.FormValue("logout_token")
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *party) token(t *testing.T) string {
	t.Helper()
	select {
	case text := <-p.tokens:
		return text
	case <-time.After(10 * time.Second):
		t.Fatal("no logout token came")
		return ""
	}
}

func (p *party) quiet(t *testing.T) {
	t.Helper()
	select {
	case text := <-p.tokens:
		t.Errorf("a logout token came: %s", text)
	case <-time.After(300 * time.Millisecond):
	}
}

// parties is a server with two clients that want to be told, one that does not, and one that is at address.
const parties = `
store: unused
outbound: {allow: [%s]}
tenants:
  - name: demo
    workspaces:
      - name: baseline
        clients:
          - {id: web, secret_hash: "sha256:%[2]s", redirect_uris: ["https://app.example/callback"], scopes: [openid], trusted: true, post_logout_redirect_uris: ["https://app.example/bye"], backchannel_logout_uri: "%[3]s", backchannel_logout_session_required: true}
          - {id: other, secret_hash: "sha256:%[2]s", redirect_uris: ["https://other.example/callback"], scopes: [openid], trusted: true, backchannel_logout_uri: "%[4]s"}
          - {id: silent, secret_hash: "sha256:%[2]s", redirect_uris: ["https://silent.example/callback"], scopes: [openid], trusted: true}
        users:
          - {username: alice, password: wonderland}
`

func partiesText(allow, web, other string) string {
	sum := sha256.Sum256([]byte(webSecret))
	return fmt.Sprintf(parties, allow, hex.EncodeToString(sum[:]), web, other)
}

func parseParties(allow, web, other string, environment map[string]string) (authserver.Config, error) {
	return authserver.ParseConfig("test.yaml", []byte(partiesText(allow, web, other)), func(name string) string { return environment[name] })
}

// startParties runs a server that tells web and other at their addresses.
func startParties(t *testing.T, allow, web, other string) *house {
	t.Helper()
	h := startAs(t, setup{text: partiesText(allow, web, other)})
	authserver.HurryBackchannel(h.as)
	return h
}

const loopback = `127.0.0.0/8, "::1/128"`

// signInAt gives a client a part in the browser's session and returns its ID token.
func (b *browser) signInAt(client, redirect string) string {
	b.t.Helper()
	code := b.code(request(with("client_id", client), with("redirect_uri", redirect), with("scope", "openid")))
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, webSecret)
	var issued struct {
		IDToken string `json:"id_token"`
	}
	answer := b.do(r)
	if err := json.Unmarshal([]byte(answer.body), &issued); err != nil || issued.IDToken == "" {
		b.t.Fatalf("%d %s", answer.StatusCode, answer.body)
	}
	return issued.IDToken
}

func logoutClaims(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWS: %q", token)
	}
	for at, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[at])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}
