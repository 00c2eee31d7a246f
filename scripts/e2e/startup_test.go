//go:build e2e

package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestATakenPortIsAnErrorThatNamesPortAndOverride(t *testing.T) {
	for _, override := range []string{"PORT", "AS_PORT", "API_PORT", "ADMIN_PORT", "AS_ADMIN_PORT", "API_ADMIN_PORT"} {
		t.Run(override, func(t *testing.T) {
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			_, port, _ := net.SplitHostPort(listener.Addr().String())
			output := fails(t, []string{override + "=" + port, "DATA=" + t.TempDir()})
			if !strings.Contains(output, port) || !strings.Contains(output, override+"=") {
				t.Errorf("the error does not name %s and %s:\n%s", port, override, output)
			}
		})
	}
}

func TestACorruptedDataFileIsAnErrorThatSaysWhich(t *testing.T) {
	p := start(t)
	p.stop(t)
	files, err := filepath.Glob(filepath.Join(p.data, "*.db"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no data files in %s: %v", p.data, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			defer os.WriteFile(file, whole, 0o600)
			if err := os.WriteFile(file, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
				t.Fatal(err)
			}
			if output := fails(t, p.env); !strings.Contains(output, filepath.Base(file)) {
				t.Errorf("the error does not name %s:\n%s", filepath.Base(file), output)
			}
		})
	}
	if line := p.run(t); line != "ready "+p.origin { // the control: with its data whole it starts
		t.Errorf("with whole data: %q", line)
	}
}

// fails runs the product, expects that it ends with an error, and returns what it printed.
func fails(t *testing.T, environment []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t))
	cmd.Dir = t.TempDir()
	given := strings.Join(environment, " ")
	for _, name := range []string{"PORT", "AS_PORT", "API_PORT", "ADMIN_PORT", "AS_ADMIN_PORT", "API_ADMIN_PORT"} {
		if !strings.Contains(" "+given, " "+name+"=") {
			environment = append(environment, name+"=0")
		}
	}
	cmd.Env = append(os.Environ(), environment...)
	output, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Fatalf("the product did not refuse to start: %v\n%s", err, output)
	}
	return string(output)
}

func TestTheFirstAnswerIsARealPage(t *testing.T) {
	p := start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.origin+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page := new(strings.Builder)
	if _, err := io.Copy(page, response.Body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(page.String(), `href="/bff/login`) {
		t.Errorf("GET /: %d without a link to /bff/login\n%s", response.StatusCode, page)
	}
}

func TestTheSourceDocumentsSampleCallsGetAToken(t *testing.T) {
	p := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "../sample-calls.sh")
	cmd.Env = append(os.Environ(), "ISSUER="+p.issuer)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if !strings.Contains(string(output), `"access_token"`) {
		t.Errorf("no token came back:\n%s", output)
	}
	cmd = exec.CommandContext(ctx, "sh", "../sample-calls.sh") // the control: another secret gets none
	cmd.Env = append(os.Environ(), "ISSUER="+p.issuer, "CLIENT_SECRET=another")
	if output, err := cmd.CombinedOutput(); err == nil || strings.Contains(string(output), `"access_token":`) {
		t.Errorf("a wrong secret got a token:\n%s", output)
	}
}
