package authserver_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/oauth"
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
          - {name: vault.read, description: Read the vault, resource: "https://vault.example/", access_token_format: opaque}
        clients:
          - id: web
            name: The web app
            uri: https://app.example/
            secret_hash: sha256:$WEB
            redirect_uris: ["https://app.example/callback", "https://app.example/second?keep=this"]
            post_logout_redirect_uris: ["https://app.example/bye"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, profile, email, address, phone, offline_access, notes.read, notes.write, other.read, vault.read]
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
          - id: vault-api
            secret_hash: sha256:$WEB
            resources: ["https://vault.example/"]
          - id: notes-api
            secret_hash: sha256:$WEB
            resources: ["https://api.example/"]
          - id: signed
            token_endpoint_auth_method: client_secret_post
            secret_hash: sha256:$WEB
            redirect_uris: ["https://signed.example/callback"]
            response_modes: [query]
            scopes: [openid, profile]
            userinfo_signed_response_alg: RS256
          - id: native
            name: A public app that proves its key
            token_endpoint_auth_method: none
            redirect_uris: ["https://native.example/callback"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, notes.read]
            dpop_bound_access_tokens: true
          - id: pusher
            token_endpoint_auth_method: client_secret_post
            secret_hash: sha256:$WEB
            redirect_uris: ["https://pusher.example/callback"]
            scopes: [openid]
            require_pushed_authorization_requests: true
          - id: signer
            token_endpoint_auth_method: private_key_jwt
            jwks: {keys: [$SIGNER]}
            redirect_uris: ["https://signer.example/callback"]
            grant_types: [authorization_code, refresh_token, client_credentials]
            scopes: [openid, notes.read]
            default_scopes: [notes.read]
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
          - {username: alice, password: wonderland, claims: {name: Alice Liddell, email: alice@example.test, email_verified: true, phone_number: "+44 1865 000000", address: {locality: Oxford}}}
          - {username: bob, password: builder, claims: {name: Bob}}
      - name: fapi2
        preset: fapi2
        policy: {access_token_signing_alg: ES256, id_token_signing_alg: ES256}
        scopes:
          - {name: notes.read, description: Read your notes, resource: "https://api.example/"}
        clients:
          - id: signer
            name: The bank
            token_endpoint_auth_method: private_key_jwt
            jwks: {keys: [$SIGNER]}
            redirect_uris: ["https://app.example/callback"]
            grant_types: [authorization_code, refresh_token, client_credentials]
            scopes: [openid, profile, notes.read]
            dpop_bound_access_tokens: true
        users:
          - {username: alice, password: wonderland, claims: {name: Alice}}
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

// sealedKeys are the signing keys of every test's first workspace: an RSA key takes longer to make than a test to run.
var sealedKeys = sync.OnceValue(func() (made struct {
	sealingKey oauth.Secret
	records    []store.Key
},
) {
	ctx, st := context.Background(), memory.New(time.Now)
	made.sealingKey = keys.NewSealingKey()
	sealer, err := keys.NewSealer(made.sealingKey)
	if err != nil {
		panic(err)
	}
	if _, err := keys.Open(ctx, st, sealer, "demo/baseline", []jwa.SignatureAlgorithm{jwa.RS256, jwa.ES256}, time.Now); err != nil {
		panic(err)
	}
	if made.records, err = st.Keys(ctx, "demo/baseline"); err != nil {
		panic(err)
	}
	return made
})

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
	text := strings.NewReplacer("$WEB", hex.EncodeToString(sum[:]), "$SIGNER", signerKey().publicJWK()).Replace(configuration)
	environment := map[string]string{authserver.EnvBaseURL: base, authserver.EnvKeyEncryptionKey: sealedKeys().sealingKey.Reveal()}
	for _, key := range sealedKeys().records {
		if err := h.store.AddKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
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
