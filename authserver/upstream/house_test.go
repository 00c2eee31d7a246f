package upstream

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
)

// house is a provider that says what a test has it say.
type house struct {
	*httptest.Server
	key crypto.Signer

	mu       sync.Mutex
	metadata map[string]any
	header   map[string]any
	claims   map[string]any
	tokens   map[string]any
	userinfo map[string]any
	status   map[string]int // by path
	forms    map[string]url.Values
	requests map[string]*http.Request
	count    map[string]int
	signWith any // another key than the published one
}

const (
	redirect = "https://as.example/demo/main/upstream/house/callback"
	nonce    = "the-nonce"
	verifier = "the-verifier"
)

func newHouse(t *testing.T) *house {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{key: key, status: map[string]int{}, forms: map[string]url.Values{}, requests: map[string]*http.Request{}, count: map[string]int{}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	now := time.Now().Unix()
	hash := sha256.Sum256([]byte("the-access-token"))
	h.metadata = map[string]any{
		"issuer": h.URL, "authorization_endpoint": h.URL + "/authorize?fixed=1", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/jwks",
		"userinfo_endpoint": h.URL + "/userinfo",
	}
	h.header = map[string]any{"typ": "JWT"}
	h.claims = map[string]any{
		"iss": h.URL, "sub": "them-1", "aud": "front", "exp": now + 300, "iat": now, "nonce": nonce, "auth_time": now - 5, "acr": "gold", "amr": []string{"pwd", "otp"},
		"name": "Dinah", "at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	}
	h.tokens = map[string]any{"access_token": "the-access-token", "token_type": "bearer", "expires_in": 300}
	h.userinfo = map[string]any{"sub": "them-1", "email": "dinah@example.test"}
	return h
}

func (h *house) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = r.ParseForm()
	h.forms[r.URL.Path], h.requests[r.URL.Path] = r.PostForm, r
	h.count[r.URL.Path]++
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	status, fixed := h.status[r.URL.Path]
	if fixed {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", "error_description": "no"})
		return
	}
	var body any
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		body = h.metadata
	case "/jwks":
		public, err := PublicKey(h.key)
		if err != nil {
			panic(err)
		}
		body = map[string]any{"keys": []any{public}}
	case "/token":
		if _, given := h.tokens["id_token"]; !given {
			h.tokens["id_token"] = h.sign()
			defer delete(h.tokens, "id_token")
		}
		body = h.tokens
	case "/par":
		w.WriteHeader(http.StatusCreated)
		body = map[string]any{"request_uri": "urn:pushed", "expires_in": 60}
	case "/userinfo":
		body = h.userinfo
	}
	_ = json.NewEncoder(w).Encode(body)
}

func (h *house) sign() string {
	public, err := PublicKey(h.key)
	if err != nil {
		panic(err)
	}
	headers := jws.NewHeaders()
	_ = headers.Set("kid", public.KeyID())
	for name, value := range h.header {
		if value == nil {
			_ = headers.Remove(name)
			continue
		}
		_ = headers.Set(name, value)
	}
	payload, err := json.Marshal(h.claims)
	if err != nil {
		panic(err)
	}
	var with any = h.key
	if h.signWith != nil {
		with = h.signWith
	}
	algorithm := jwa.ES256
	if _, shared := with.([]byte); shared {
		algorithm = jwa.HS256
	}
	signed, err := jws.Sign(payload, jws.WithKey(algorithm, with, jws.WithProtectedHeaders(headers)))
	if err != nil {
		panic(err)
	}
	return string(signed)
}

func (h *house) provider(changes ...func(*Config)) *Provider {
	config := Config{
		Issuer: h.URL, ClientID: "front", AuthMethod: oauth.AuthSecretBasic, Secret: "a secret: of 100%", RedirectURI: redirect,
		Scopes: oauth.Scopes{"openid", "profile"},
	}
	for _, change := range changes {
		change(&config)
	}
	return New(config, http.DefaultClient, client.NewRemoteKeys(http.DefaultClient, time.Now), time.Now)
}

func redeem(ctx context.Context, p *Provider) (Identity, error) {
	return p.Redeem(ctx, Answer{Code: "the-code"}, Expected{Nonce: nonce, Verifier: verifier})
}

// unsigned is an ID token with alg none.
func unsigned(h *house) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	payload, _ := json.Marshal(h.claims)
	return header + "." + base64.RawURLEncoding.EncodeToString(payload) + ".AA"
}
