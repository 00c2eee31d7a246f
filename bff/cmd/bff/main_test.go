package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"cloakroom/bff"
)

// workspace is a folder with the example and the files that it names.
func workspace(t *testing.T, config []byte) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.Mkdir(".data", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"bff.yaml": string(config), ".data/bff.key": strings.Repeat("0f", 32), ".data/client_secret": "secret"} {
		if err := os.WriteFile(filepath.FromSlash(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckAcceptsTheExample(t *testing.T) {
	workspace(t, example)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"check", "--config", "bff.yaml"}, &out, &out); err != nil || !strings.HasPrefix(out.String(), "ok:") {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestCheckAcceptsTheExampleWithItsDefaultsWrittenOut(t *testing.T) {
	commented := regexp.MustCompile(`(?m)^(\s*)# ([a-z_]+: )`)
	full := commented.ReplaceAll(example, []byte("$1$2"))
	full = regexp.MustCompile(`(?m)^.*(client_secret_env|client_key_files|redis_url_file).*$`).ReplaceAll(full, nil) // they exclude another key
	workspace(t, full)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"check", "--config", "bff.yaml"}, &out, &out); err != nil {
		t.Error(err)
	}
	if bytes.Equal(full, example) {
		t.Error("control: nothing was written out")
	}
}

func TestExampleDocumentsEveryKey(t *testing.T) {
	var visit func(reflect.Type)
	visit = func(kind reflect.Type) {
		for kind.Kind() == reflect.Slice {
			kind = kind.Elem()
		}
		if kind.Kind() != reflect.Struct {
			return
		}
		for field := range kind.Fields() {
			key := field.Tag.Get("yaml")
			if !field.IsExported() {
				continue
			}
			if !regexp.MustCompile(`(?m)^[\s#-]*` + key + `:`).Match(example) {
				t.Errorf("%s is not in example.yaml", key)
			}
			visit(field.Type)
		}
	}
	visit(reflect.TypeFor[bff.Config]())
}

func TestCheckReportsEveryProblemAndFails(t *testing.T) {
	workspace(t, []byte("origin: ftp://x\nproviders: [{id: A}]\n"))
	var out bytes.Buffer
	err := run(t.Context(), []string{"check"}, &out, &out)
	for _, want := range []string{"bff.yaml", "origin", "providers[0].id", "session.key_files"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestExplainNeedsAMethodAndAPath(t *testing.T) {
	workspace(t, example)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"explain", "DELETE", "/api/notes/7", "--config", "bff.yaml"}, &out, &out); err != nil || !strings.Contains(out.String(), "http://localhost:9001/notes/7") {
		t.Errorf("%q, %v", out.String(), err)
	}
	if run(t.Context(), []string{"explain"}, &out, &out) == nil || run(t.Context(), []string{"nonsense"}, &out, &out) == nil || run(t.Context(), nil, &out, &out) == nil {
		t.Error("a wrong command is accepted")
	}
}

func TestATakenPortNamesItselfAndItsOverride(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	address := taken.Addr().String()
	err = listenAndServe(t.Context(), slog.New(slog.DiscardHandler), []face{{"listen", "BFF_LISTEN", address, http.NotFoundHandler(), nil}}, func() { t.Error("ready") })
	if err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "BFF_LISTEN") {
		t.Error(err)
	}
}

func TestServersEndGracefully(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	address := freeAddress(t)
	began, release := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-release
		w.WriteHeader(http.StatusNoContent)
	})
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- listenAndServe(ctx, slog.New(slog.DiscardHandler), []face{{"listen", "BFF_LISTEN", address, handler, nil}}, func() { close(ready) })
	}()
	<-ready
	status := make(chan int, 1)
	go func() {
		client := &http.Client{Timeout: 20 * time.Second}
		response, err := client.Get("http://" + address)
		if err != nil {
			status <- 0
			return
		}
		_ = response.Body.Close()
		status <- response.StatusCode
	}()
	<-began
	stop()
	close(release)
	if got := <-status; got != http.StatusNoContent {
		t.Errorf("the running request: status %d", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
