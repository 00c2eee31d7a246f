package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"cloakroom/authserver/demoapi"
)

func noEnvironment(string) string { return "" }

func TestExampleDocumentsEveryKeyWithItsDefault(t *testing.T) {
	data, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	example, err := demoapi.ParseConfig("example.yaml", data, noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := demoapi.ParseConfig("nothing", nil, noEnvironment)
	if err != nil || !reflect.DeepEqual(example, defaults) {
		t.Errorf("the example says %+v, the defaults are %+v (%v)", example, defaults, err)
	}
	var keys map[string]any
	if err := yaml.Unmarshal(data, &keys); err != nil {
		t.Fatal(err)
	}
	for field := range reflect.TypeFor[demoapi.Config]().Fields() {
		if _, found := keys[field.Tag.Get("yaml")]; !found {
			t.Errorf("%s is not in the example", field.Name)
		}
	}
}

func TestCheckTellsEveryProblem(t *testing.T) {
	folder := t.TempDir()
	good, bad := filepath.Join(folder, "good.yaml"), filepath.Join(folder, "bad.yaml")
	for path, text := range map[string]string{good: "listen: 127.0.0.1:0\n", bad: "listen: nowhere\nisuers: []\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout bytes.Buffer
	if err := run(t.Context(), []string{"check", "--config", good}, noEnvironment, &stdout, io.Discard); err != nil || stdout.String() != "ok\n" {
		t.Errorf("good: %q, %v", stdout.String(), err)
	}
	err := run(t.Context(), []string{"check", "--config", bad}, noEnvironment, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "nowhere") || !strings.Contains(err.Error(), "unknown key isuers") {
		t.Errorf("bad: %v", err)
	}
	for _, args := range [][]string{nil, {"fly"}, {"serve", "extra"}, {"check", "--config"}, {"check", "--config", filepath.Join(folder, "absent")}} {
		if err := run(t.Context(), args, noEnvironment, io.Discard, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestServeNamesTheTakenPortAndItsOverride(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // a test
	for variable, other := range map[string]string{demoapi.EnvListen: demoapi.EnvAdminListen, demoapi.EnvAdminListen: demoapi.EnvListen} {
		environment := map[string]string{
			variable: taken.Addr().String(), other: "127.0.0.1:0", demoapi.EnvDatabase: filepath.Join(t.TempDir(), "notes.db"),
		}
		err := run(t.Context(), []string{"serve"}, func(name string) string { return environment[name] }, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s: %v", variable, err)
		}
	}
}

func TestServeAnswersAndStopsWhenItIsTold(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	environment := map[string]string{
		demoapi.EnvListen: "127.0.0.1:0", demoapi.EnvAdminListen: "127.0.0.1:0", demoapi.EnvDatabase: filepath.Join(t.TempDir(), "notes.db"),
	}
	log, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve"}, func(name string) string { return environment[name] }, io.Discard, writer)
		_ = writer.Close()
	}()
	var ready struct {
		Listen      string `json:"listen"`
		AdminListen string `json:"admin_listen"`
	}
	line, err := bufio.NewReader(log).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &ready) != nil {
		t.Fatalf("first line %q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	for url, want := range map[string]int{
		"http://" + ready.Listen + "/notes": http.StatusUnauthorized, "http://" + ready.AdminListen + "/readyz": http.StatusOK,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request) //nolint:forbidigo // a test
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %s", url, response.Status)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}
