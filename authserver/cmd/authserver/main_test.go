package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
)

const adminToken = "a-token-of-the-admin-api-for-this-test"

// example writes the documented configuration and the secrets that it names to a folder.
func example(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"authserver.yaml":            string(text),
		"secrets/key-encryption-key": keys.NewSealingKey().Reveal() + "\n",
		"secrets/web":                "a-secret-for-this-test\n",
		"secrets/admin-token":        adminToken + "\n",
		"secrets/carol":              "a password for this test\n",
		"secrets/corp":               "a-secret-of-this-test\n",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestExampleConfigurationPassesCheck(t *testing.T) {
	folder := example(t)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"check", "--config", filepath.Join(folder, "authserver.yaml")}, environment(nil), &out, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "ok") {
		t.Errorf("said %q", out.String())
	}
}

func TestCheckListsEveryProblem(t *testing.T) {
	folder := example(t)
	path := filepath.Join(folder, "authserver.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.NewReplacer(
		"code_lifetime: 60s", "code_lifetime: 61s",
		"https://phone.example/callback", "http://phone.example/callback",
		"pkce: required", "pkce: sometimes",
		"    workspaces:", "    surprise: 1\n    workspaces:",
	).Replace(string(text))
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "secrets/carol")); err != nil {
		t.Fatal(err)
	}
	err = run(t.Context(), []string{"check", "--config", path}, environment(nil), &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, problem := range []string{
		"unknown key surprise", fmt.Sprintf("line %d", 1+strings.Count(broken[:strings.Index(broken, "surprise")], "\n")), "code_lifetime", `"phone": redirect_uris`, "has to be https", `pkce: "sometimes"`, "secrets/carol",
	} {
		if !strings.Contains(err.Error(), problem) {
			t.Errorf("does not say %q:\n%v", problem, err)
		}
	}
}

var ready = regexp.MustCompile(`"msg":"ready".*"listen":"([^"]+)","admin_listen":"([^"]+)"`)

type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serveExample runs the server until the returned function stops it and returns what run returned.
func serveExample(t *testing.T, folder string) (public, admin string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, done := &log{}, make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"serve", "--config", filepath.Join(folder, "authserver.yaml")}, environment(map[string]string{
			authserver.EnvListen: "127.0.0.1:0", authserver.EnvAdminListen: "127.0.0.1:0", authserver.EnvStore: filepath.Join(folder, "authserver.db"),
		}), out, out)
	}()
	stop = func() error {
		cancel()
		return <-done
	}
	for range 200 {
		if found := ready.FindStringSubmatch(out.String()); found != nil {
			return found[1], found[2], stop
		}
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	t.Fatalf("never ready: %s %v", out.String(), <-done)
	return "", "", nil
}

func body(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", address, response.StatusCode, err)
	}
	return text.String()
}

func TestServeKeepsItsKeysAcrossAStartAndStopsWhenTold(t *testing.T) {
	folder := example(t)
	public, admin, stop := serveExample(t, folder)
	before := body(t, "http://"+public+"/example/main/oauth2/jwks")
	if got := body(t, "http://"+admin+"/readyz"); !strings.Contains(got, "ready") {
		t.Errorf("readyz says %q", got)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	public, _, stop = serveExample(t, folder)
	if after := body(t, "http://"+public+"/example/main/oauth2/jwks"); after != before {
		t.Errorf("other keys after a start:\n%s\n%s", before, after)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestServeNamesATakenPortAndItsOverride(t *testing.T) {
	folder := example(t)
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = run(t.Context(), []string{"serve", "--config", filepath.Join(folder, "authserver.yaml")}, environment(map[string]string{
		authserver.EnvListen: taken.Addr().String(), authserver.EnvStore: filepath.Join(folder, "authserver.db"),
	}), &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), authserver.EnvListen) {
		t.Errorf("said: %v", err)
	}
}
