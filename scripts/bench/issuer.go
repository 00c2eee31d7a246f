package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/store/sqlstore"
)

const (
	benchRedirect  = "https://app.example/callback"
	benchVerifier  = "a-code-verifier-that-is-the-same-for-all-and-long-enough"
	benchWorkspace = "bench/baseline"
)

// newIssuer is our authorization server on a SQLite file, each write on the disk before its answer. POST /seed?count=N answers with
// authorization codes, one a line.
func newIssuer(ctx context.Context, origin string) (http.Handler, error) {
	logger := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	config, err := authserver.ParseConfig("bench", fmt.Appendf(nil, `
base_url: %s
store: %s
tenants:
  - name: bench
    workspaces:
      - name: baseline
        policy: {id_token_signing_alg: ES256, code_lifetime: 60s}
        scopes: [{name: notes.read, description: Read your notes, resource: "https://api.example"}]
        clients:
          - id: bench
            secret_env: SECRET
            redirect_uris: [%q]
            grant_types: [authorization_code, refresh_token, client_credentials]
            scopes: [openid, offline_access, notes.read]
            trusted: true
        users: [{username: alice, password: wonderland}]
`, origin, filepath.Join(folder, "authserver.db"), benchRedirect), environment)
	if err != nil {
		return nil, err
	}
	records, err := sqlstore.Open(ctx, config.Store, time.Now)
	if err != nil {
		return nil, err
	}
	server, err := authserver.New(ctx, config, records, logger)
	if err != nil {
		return nil, err
	}
	alice, err := records.AccountByName(ctx, benchWorkspace, "alice")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", server.Handler())
	mux.HandleFunc("POST /seed", func(w http.ResponseWriter, r *http.Request) {
		count, _ := strconv.Atoi(r.FormValue("count"))
		for range count {
			code, err := seedCode(r.Context(), records, alice.Subject)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_, _ = fmt.Fprintln(w, code)
		}
	})
	return mux, nil
}

// seedCode issues a code as the sign-in would.
func seedCode(ctx context.Context, records store.Store, subject string) (string, error) {
	now := time.Now()
	handle := store.NewHandle(now)
	sum := sha256.Sum256([]byte(benchVerifier))
	grant := store.Grant{
		Workspace: benchWorkspace, ID: store.NewID(now), ClientID: "bench", Subject: subject, SID: "sid",
		Scopes: oauth.Scopes{"openid", "offline_access", "notes.read"}, AuthTime: now, Offline: true, Created: now, Expires: now.Add(24 * time.Hour),
	}
	code := store.Code{
		Workspace: benchWorkspace, ID: handle.ID, SecretHash: handle.Hash(), GrantID: grant.ID, ClientID: "bench", RedirectURI: benchRedirect,
		RedirectGiven: true, CodeChallenge: base64.RawURLEncoding.EncodeToString(sum[:]), Nonce: "nonce", Expires: now.Add(10 * time.Minute),
	}
	return handle.Reveal(), records.IssueCode(ctx, code, grant)
}
