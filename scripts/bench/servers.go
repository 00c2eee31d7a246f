package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/store/memory"
	"cloakroom/bff"
	"cloakroom/bff/session"
)

// answer is the upstream: 300 bytes of JSON, and what is large.
func answer() http.Handler {
	body := []byte(`{"notes":"` + strings.Repeat("n", 288) + `"}`)
	mux := http.NewServeMux()
	mux.HandleFunc("/notes/large", large)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	return mux
}

// bareProxy is the yardstick: what anyone would write who knows net/http, with a token that never changes.
func bareProxy(upstream string) (http.Handler, error) {
	target, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	bearer := "Bearer " + strings.Repeat("t", 900)
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 512,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
	return &httputil.ReverseProxy{
		Transport:  transport,
		ErrorLog:   log.New(io.Discard, "", 0), // wrk leaves requests behind when its time is up
		BufferPool: &buffers{pool: sync.Pool{New: func() any { buffer := make([]byte, 32<<10); return &buffer }}},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Authorization", bearer)
		},
	}, nil
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte { return *b.pool.Get().(*[]byte) }

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }

// newBFF is a BFF with an authorization server behind it in the same process, which idles once the user has signed in.
func newBFF(ctx context.Context, role, origin, upstream string) (http.Handler, error) {
	logger := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	issuer, err := startIssuer(ctx, origin, folder, logger)
	if err != nil {
		return nil, err
	}
	config, err := bff.ParseConfig("bench", fmt.Appendf(nil, `
origin: %s
session: {store: %s, path: %s}
providers: [{id: baseline, issuer: %s, client_id: bench, client_secret_env: SECRET, scopes: [openid, offline_access, notes.read]}]
routes: [{prefix: /api/notes, upstream: "%s/notes", methods: [GET, POST], token: user, resource: "https://api.example", scopes: [notes.read], body_limit: 2000000000}]
`, origin, "memory", filepath.Join(folder, "bff.db"), issuer, upstream), environment, os.ReadFile)
	if err != nil {
		return nil, err
	}
	sealer, err := config.Sealer()
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, role, config.Session.Path, sealer)
	if err != nil {
		return nil, err
	}
	made, err := bff.New(ctx, config, store, answer(), logger)
	if err != nil {
		return nil, err
	}
	return made.Handler(), nil
}

func openStore(ctx context.Context, role, path string, sealer *session.Sealer) (session.Store, error) {
	switch role {
	case "bff-sqlite":
		return session.OpenSQLite(ctx, path, sealer, time.Now)
	case "bff-redis":
		return session.OpenRedis(ctx, os.Getenv("BENCH_REDIS_URL"), sealer, time.Now)
	default:
		return session.NewMemory(sealer, time.Now), nil
	}
}

// startIssuer serves an authorization server with one user on a port of its own and returns its issuer.
func startIssuer(ctx context.Context, origin, folder string, logger *slog.Logger) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	base := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	config, err := authserver.ParseConfig("bench", fmt.Appendf(nil, `
base_url: %s
store: %s
tenants:
  - name: bench
    workspaces:
      - name: baseline
        policy: {access_token_lifetime: 1h}
        scopes:
          - {name: openid, description: Know who you are}
          - {name: offline_access, description: Stay signed in}
          - {name: notes.read, description: Read your notes, resource: "https://api.example"}
        clients:
          - id: bench
            name: Bench
            token_endpoint_auth_method: client_secret_basic
            secret_env: SECRET
            redirect_uris: ["%s/bff/callback/baseline"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, offline_access, notes.read]
            trusted: true
        users: [{username: alice, password: wonderland}]
`, base, folder, origin), environment)
	if err != nil {
		return "", err
	}
	server, err := authserver.New(ctx, config, memory.New(time.Now), logger)
	if err != nil {
		return "", err
	}
	public := &http.Server{Handler: server.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = public.Serve(listener) }()
	return base + "/bench/baseline", nil
}

// serveAS is the authorization server of a peer at origin. It says what its issuer is, and ends with its parent's pipe.
func serveAS(ctx context.Context, origin string) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	issuer, err := startIssuer(ctx, origin, folder, slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	fmt.Println(issuer)
	_, _ = os.Stdin.Read([]byte{0})
	return nil
}

// environment holds the secrets of a run that lives for a minute on the loopback address.
func environment(name string) string {
	switch name {
	case "SECRET":
		return strings.Repeat("s", 43)
	case "BFF_SESSION_KEYS", "AUTHSERVER_KEY_ENCRYPTION_KEY":
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	default:
		return ""
	}
}
