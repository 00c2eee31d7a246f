//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The command of the README works as it is written, with only the folders and the port replaced by this run's.
func TestTheReadmesAdminCommandListsTheDemosClients(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^\.cache/bin/authserver admin .*$`).FindString(string(text))
	if command == "" {
		t.Fatal("the README has no such command")
	}
	p := start(t)
	run := func(token string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		line := strings.NewReplacer(".cache/bin/", filepath.Dir(binary(t))+"/", ".data/secrets/admin.token", token).Replace(command)
		cmd := exec.CommandContext(ctx, "sh", "-c", line)
		cmd.Env = append(os.Environ(), "AUTHSERVER_ADMIN_URL=http://127.0.0.1:"+p.port("AS_ADMIN_PORT"))
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
	output, err := run(filepath.Join(p.data, "secrets", "admin.token"))
	if err != nil || !regexp.MustCompile(`(?m)^cloakroom +Cloakroom +client_secret_basic +active, managed by the file`).MatchString(output) {
		t.Errorf("%v\n%s", err, output)
	}
	wrong := filepath.Join(t.TempDir(), "token") // the control
	write(t, wrong, "another token, of which nobody knows")
	if output, err := run(wrong); err == nil || !strings.Contains(output, "401") {
		t.Errorf("with another token: %v\n%s", err, output)
	}
}

// port is the port that the product was given for something.
func (p *product) port(variable string) string {
	for _, text := range p.env {
		if port, found := strings.CutPrefix(text, variable+"="); found {
			return port
		}
	}
	return ""
}
