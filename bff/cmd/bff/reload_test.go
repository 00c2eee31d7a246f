package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cloakroom/bff"
)

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// await waits until the log holds all of the words.
func (b *lockedBuffer) await(t *testing.T, words ...string) {
	t.Helper()
	for range 1000 {
		b.mu.Lock()
		text := b.text.String()
		b.text.Reset()
		b.mu.Unlock()
		missing := 0
		for _, word := range words {
			if !strings.Contains(text, word) {
				missing++
			}
		}
		if missing == 0 {
			return
		}
		if text != "" {
			t.Fatalf("the log says %q, want %q", text, words)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the log says nothing of %q", words)
}

func TestHangupReloadsAGoodConfigurationAndKeepsTheOldOneOtherwise(t *testing.T) {
	workspace(t, bytes.Replace(example, []byte("path: .data/bff.db"), []byte("store: memory"), 1))
	args := []string{"--config", "bff.yaml"}
	data, _ := os.ReadFile("bff.yaml")
	cfg, err := bff.ParseConfig("bff.yaml", data, os.Getenv, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	store, err := cfg.OpenStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	front, err := bff.New(t.Context(), cfg, store, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = front.Close() }()
	logs := &lockedBuffer{}
	stop := onHangup(t.Context(), func() { reload(t.Context(), front, args, slog.New(slog.NewTextHandler(logs, nil))) })
	defer stop()
	hangup := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGHUP) }
	hangup()
	logs.await(t, "configuration reloaded")
	_ = os.WriteFile("bff.yaml", bytes.Replace(data, []byte("methods: [GET"), []byte("methods: [TRACE"), 1), 0o600)
	hangup()
	logs.await(t, "not reloaded", "TRACE")
	_ = os.WriteFile("bff.yaml", []byte("nonsense: 1"), 0o600)
	hangup()
	logs.await(t, "not reloaded", "nonsense")
}
