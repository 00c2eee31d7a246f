//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"cloakroom/scripts/visitor"
)

// The demo is only a composition: the three servers as programs of their own, configured by file and environment, do the same.
func TestTheThreeServersRunAsProgramsOfTheirOwn(t *testing.T) {
	ports := freePorts(t, 6)
	origin := func(index int) string { return fmt.Sprintf("http://localhost:%d", ports[index]) }
	folder := configure(t, ports)
	for _, server := range []struct { // the BFF last: it looks for its providers when it starts
		program, variable string
		port              int
	}{{"authserver", "AUTHSERVER", 1}, {"demoapi", "DEMOAPI", 2}, {"bff", "BFF", 0}} {
		configuration := filepath.Join(folder, server.program+".yaml")
		runProgram(t, server.program, configuration, listening(server.variable, ports[server.port], ports[server.port+3])...)
		answers(t, origin(server.port+3)+"/readyz")
	}
	for _, workspace := range []string{"baseline", "fapi2"} {
		person := visitor.New(nil)
		if err := person.SignIn(t.Context(), origin(0), workspace, "alice", "wonderland"); err != nil {
			t.Fatalf("%s: %v", workspace, err)
		}
		addNote(t, origin(0), person.Cookie("localhost"), "three programs, "+workspace)
	}
}

// configure writes the demo's configurations, filled in with the ports of the app, the two other servers and, behind the BFF's, their admin listeners, and the secrets that they name.
func configure(t *testing.T, ports []int) string {
	t.Helper()
	origin := func(index int) string { return fmt.Sprintf("http://localhost:%d", ports[index]) }
	folder := t.TempDir()
	for _, name := range []string{"client.secret", "authserver.key", "bff.key", "admin.token"} {
		secret := make([]byte, 32)
		_, _ = rand.Read(secret)
		write(t, filepath.Join(folder, "secrets", name), base64.StdEncoding.EncodeToString(secret))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "secrets", "client.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
	pictures, err := filepath.Abs(filepath.Join("..", "demo")) // the demo has its pictures in itself
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"authserver.yaml", "demoapi.yaml", "bff.yaml"} {
		configuration := template.Must(template.ParseFiles(filepath.Join("..", "demo", name)))
		var filled bytes.Buffer
		if err := configuration.Execute(&filled, map[string]any{
			"App": origin(0), "AuthorizationServer": origin(1), "API": origin(2), "AuthServerAdmin": origin(4), "APIAdmin": origin(5), "Data": folder, "TLS": false, "DocsSecretHash": strings.Repeat("ab", 32),
		}); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name), strings.ReplaceAll(filled.String(), "demo:", pictures+string(filepath.Separator)))
	}
	return folder
}

// listening moves a program's listeners by its environment.
func listening(variable string, port, admin int) []string {
	return []string{fmt.Sprintf("%s_LISTEN=127.0.0.1:%d", variable, port), fmt.Sprintf("%s_ADMIN_LISTEN=127.0.0.1:%d", variable, admin)}
}

// addNote calls the API through the BFF, as the page does.
func addNote(t *testing.T, origin, cookie, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, origin+"/api/notes", strings.NewReader(fmt.Sprintf(`{"text":%q}`, text)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Cookie": cookie, "X-BFF-CSRF": "1", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json",
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusCreated || !strings.Contains(string(body), text) {
		t.Errorf("POST /api/notes: %s %s", response.Status, body)
	}
}

// runProgram starts one of the built programs; when the test ends, SIGTERM has to end it well.
func runProgram(t *testing.T, name, configuration string, environment ...string) {
	t.Helper()
	runCommand(t, name, []string{"serve", "--config", configuration}, environment...)
}

func runCommand(t *testing.T, name string, arguments []string, environment ...string) {
	t.Helper()
	log := new(lockedBuffer)
	cmd := exec.Command(filepath.Join(filepath.Dir(binary(t)), name), arguments...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("%s: %v\n%s", name, err, log.String())
		}
	})
}

// answers waits until the address answers 200.
func answers(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if ctx.Err() != nil {
			t.Fatalf("%s does not answer: %v", address, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
