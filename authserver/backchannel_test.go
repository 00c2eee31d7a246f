package authserver_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/authserver"

	"cloakroom/authserver/store/memory"
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

func parseParties(allow, web, other string, environment map[string]string) (authserver.Config, error) {
	sum := sha256.Sum256([]byte(webSecret))
	text := fmt.Sprintf(parties, allow, hex.EncodeToString(sum[:]), web, other)
	return authserver.ParseConfig("test.yaml", []byte(text), func(name string) string { return environment[name] })
}

// startParties runs a server that tells web and other at their addresses.
func startParties(t *testing.T, allow, web, other string) (*house, *authserver.Server) {
	t.Helper()
	h := &house{t: t, log: &lockedBuffer{}, clock: &clock{now: time.Now()}}
	h.store = memory.New(h.clock.Now)
	for _, key := range sealedKeys().records {
		if err := h.store.AddKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	h.server = httptest.NewUnstartedServer(nil)
	h.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelError)
	base := "https://" + h.server.Listener.Addr().String()
	h.issuer = base + "/demo/baseline"
	cfg, err := parseParties(allow, web, other, map[string]string{
		authserver.EnvBaseURL: base, authserver.EnvKeyEncryptionKey: sealedKeys().sealingKey.Reveal(),
	})
	if err != nil {
		t.Fatal(err)
	}
	server, err := authserver.NewAt(t.Context(), cfg, h.store, slog.New(slog.NewJSONHandler(h.log, nil)), h.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	authserver.HurryBackchannel(server)
	h.server.Config.Handler = server.Handler()
	h.server.StartTLS()
	t.Cleanup(func() {
		h.server.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, server
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

func TestLogoutTellsEveryClientOfTheSession(t *testing.T) {
	web, other := newParty(t), newParty(t)
	h, _ := startParties(t, loopback, web.URL+"/logout", other.URL+"/logout")
	b, elsewhere := h.browser(), h.browser()
	hint := b.signInAt("web", callback)
	b.signInAt("other", "https://other.example/callback")
	b.signInAt("silent", "https://silent.example/callback")
	elsewhere.signInAt("other", "https://other.example/callback") // another session of the same user

	out := b.get(h.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}}.Encode())
	out.location(t, afterLogout)
	_, id := logoutClaims(t, hint)
	header, claims := logoutClaims(t, web.token(t))
	h.verifies(claims, header, "web")
	if claims["sub"] != id["sub"] || claims["sid"] != id["sid"] || claims["sid"] == nil {
		t.Errorf("the ID token says %v, the logout token %v", id, claims)
	}
	_, others := logoutClaims(t, other.token(t))
	if others["aud"] != "other" || others["sid"] == claims["sid"] || others["jti"] == claims["jti"] {
		t.Errorf("other: %v", others)
	}
	other.quiet(t) // the other session goes on
	web.quiet(t)
}

// verifies holds a logout token to OpenID Connect Back-Channel Logout 1.0 §2.4.
func (h *house) verifies(claims, header map[string]any, client string) {
	h.t.Helper()
	if header["typ"] != "logout+jwt" || header["alg"] != "RS256" || header["kid"] == nil {
		h.t.Errorf("header %v", header)
	}
	events, _ := claims["events"].(map[string]any)
	event, _ := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	issued, _ := claims["iat"].(float64)
	expires, _ := claims["exp"].(float64)
	_, nonce := claims["nonce"]
	if claims["iss"] != h.issuer || claims["aud"] != client || claims["jti"] == nil || event == nil || len(events) != 1 || nonce ||
		issued == 0 || expires <= issued || expires-issued > 120 {
		h.t.Errorf("claims %v", claims)
	}
}

func TestLogoutTokenVerifiesWithThePublishedKeys(t *testing.T) {
	web, other := newParty(t), newParty(t)
	h, _ := startParties(t, loopback, web.URL, other.URL)
	b := h.browser()
	b.signInAt("web", callback)
	page := b.get(h.issuer + "/oauth2/logout") // the confirmation page tells as well
	web.quiet(t)
	b.submit(page, "yes", nil)
	set, err := jwk.Parse([]byte(b.get(h.issuer + "/oauth2/jwks").body))
	if err != nil {
		t.Fatal(err)
	}
	text := web.token(t)
	if _, err := jws.Verify([]byte(text), jws.WithKeySet(set)); err != nil {
		t.Error(err)
	}
	if _, err := jws.Verify([]byte(text[:len(text)-8]+"AAAAAAAA"), jws.WithKeySet(set)); err == nil {
		t.Error("the control: an altered token verifies")
	}
}

func TestLogoutIsTriedAgainUntilTheClientTookItOrRefused(t *testing.T) {
	for _, row := range []struct {
		name     string
		answers  []int
		attempts int
	}{
		{"taken at once", nil, 1},
		{"taken without content", []int{http.StatusNoContent}, 1},
		{"down twice", []int{http.StatusServiceUnavailable, http.StatusBadGateway}, 3},
		{"too many requests", []int{http.StatusTooManyRequests}, 2},
		{"refused", []int{http.StatusBadRequest}, 1},
		{"a redirect is not followed", []int{http.StatusFound}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			web := newParty(t)
			h, _ := startParties(t, loopback, web.URL, "https://other.example/")
			for _, status := range row.answers {
				web.answers <- status
			}
			b := h.browser()
			hint := b.signInAt("web", callback)
			b.get(h.issuer + "/oauth2/logout?id_token_hint=" + hint)
			seen := map[any]bool{}
			for range row.attempts {
				_, claims := logoutClaims(t, web.token(t))
				seen[claims["jti"]] = true
			}
			if len(seen) != row.attempts {
				t.Errorf("%d attempts had %d different jti", row.attempts, len(seen))
			}
			web.quiet(t)
		})
	}
}

func TestSessionEndsWhateverBecomesOfItsClients(t *testing.T) {
	web := newParty(t)
	h, _ := startParties(t, loopback, web.URL, "https://other.example/")
	web.Close() // nobody listens there
	b := h.browser()
	hint := b.signInAt("web", callback)
	if out := b.get(h.issuer + "/oauth2/logout?id_token_hint=" + hint); !strings.Contains(out.body, "signed out") {
		t.Errorf("%d %s", out.StatusCode, out.body)
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(h.log.String(), "backchannel_logout_not_delivered"); {
		if time.Now().After(deadline) {
			t.Fatal("the log does not say that the client was not told")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if log := h.log.String(); strings.Contains(log, hint) || strings.Contains(log, "logout_token") {
		t.Error("a token is in the log")
	}
}

func TestDiscoverySaysBackchannelLogout(t *testing.T) {
	h, _ := startParties(t, loopback, "https://app.example/logout", "https://other.example/")
	var document map[string]any
	if err := json.Unmarshal([]byte(h.browser().get(h.issuer+"/.well-known/openid-configuration").body), &document); err != nil {
		t.Fatal(err)
	}
	if document["backchannel_logout_supported"] != true || document["backchannel_logout_session_supported"] != true {
		t.Errorf("%v %v", document["backchannel_logout_supported"], document["backchannel_logout_session_supported"])
	}
}
