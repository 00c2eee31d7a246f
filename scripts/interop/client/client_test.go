//go:build interop

package client

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/store/sqlstore"
	"cloakroom/scripts/interop"
)

// TestSomeoneElsesClientsDriveTheServer starts the authorization server and gives it to the checks in *.test.mjs, each of
// which is a line of the output. CHECKS narrows the files, for work on one of them: CHECKS=token.test.mjs.
func TestSomeoneElsesClientsDriveTheServer(t *testing.T) {
	if err := interop.Install(t.Context(), "..", os.Stdout); err != nil {
		t.Fatal(err)
	}
	house := start(t)
	pattern := "*.test.mjs"
	if only := os.Getenv("CHECKS"); only != "" {
		pattern = only
	}
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file is named %s: %v", pattern, err)
	}
	command := interop.Node(t.Context(), house.environment(t), append([]string{"--test", "--test-reporter=spec"}, files...)...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	defer house.keepsNoSecret(t)
	if err := command.Run(); err != nil {
		t.Errorf("a check failed: %v", err)
		if err := os.WriteFile(filepath.Join(os.TempDir(), "interop-authserver.log"), house.log.Bytes(), 0o600); err == nil {
			t.Log("the server's log is interop-authserver.log in the folder for temporary files")
		}
	}
}

// house is the authorization server in this process, as its program would make it, on a SQLite file.
type house struct {
	settings
	log *lockedBuffer
}

// start starts the server on a free port. It is stopped when the test ends.
func start(t *testing.T) *house {
	t.Helper()
	plain, mutual := listen(t), listen(t)
	h := &house{settings: newSettings(t, plain.Addr(), mutual.Addr()), log: &lockedBuffer{}}
	environment := map[string]string{authserver.EnvKeyEncryptionKey: keys.NewSealingKey().Reveal()}
	config, err := authserver.ParseConfig("authserver.yaml", h.fill(t), func(name string) string { return environment[name] })
	if err := errors.Join(err, config.ReadSecrets(os.ReadFile)); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), filepath.Join(h.database, "authserver.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server, err := authserver.New(t.Context(), config, store, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	serve(t, plain, authserver.HTTPServer(server.Handler(), log))
	serve(t, tls.NewListener(mutual, h.Certificates.serverTLS(t, config, h.TLSBase, log)), authserver.HTTPServer(server.Handler(), log))
	return h
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// serve serves until the test ends.
func serve(t *testing.T, listener net.Listener, server *http.Server) {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		shutdown := server.Shutdown(ctx)
		if err := <-served; shutdown != nil || !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v %v", err, shutdown)
		}
	})
}
