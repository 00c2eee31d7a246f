//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
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

// operator runs authserver admin with the demo's token.
func (p *product) operator(t *testing.T, document string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args = append([]string{"admin"}, append(args, "--token-file", filepath.Join(p.data, "secrets", "admin.token"), "--file", "-")...)
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(binary(t)), "authserver"), args...)
	cmd.Env = append(os.Environ(), "AUTHSERVER_ADMIN_URL=http://127.0.0.1:"+p.port("AS_ADMIN_PORT"))
	cmd.Stdin = strings.NewReader(document)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, output)
	}
}

// A workspace that the command makes is in force at once; a client registers itself in it, and its user reads that nobody has checked it.
func TestConsentSaysOfAClientThatItRegisteredItself(t *testing.T) {
	p := start(t)
	p.operator(t, "{name: open, title: Open to everybody, registration: {mode: open, loopback_redirects: true}}", "workspaces", "create", "--tenant", "demo")
	p.operator(t, "{username: dora, password: down the rabbit hole, claims: {name: Dora}}", "users", "create", "--tenant", "demo", "--workspace", "open")
	issuer := strings.TrimSuffix(p.issuer, "baseline") + "open"
	callback := p.origin + "/somewhere"
	response, err := http.Post(issuer+"/oauth2/register", "application/json", strings.NewReader(`{"client_name":"A stranger's application","redirect_uris":["`+callback+`"]}`)) //nolint:noctx // of a test
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var client struct {
		ID string `json:"client_id"`
	}
	if err := json.NewDecoder(response.Body).Decode(&client); err != nil || client.ID == "" {
		t.Fatalf("%s: %v", response.Status, err)
	}
	b := open(t)
	for turn := range 2 {
		b.visit(issuer + "/oauth2/authorize?" + url.Values{
			"response_type": {"code"}, "client_id": {client.ID}, "redirect_uri": {callback}, "scope": {"openid profile"},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
		}.Encode())
		if turn == 0 {
			b.fill("username", "dora")
			b.fill("password", "down the rabbit hole")
			b.click("login")
		}
		b.see("consent_unverified", "Nobody here has checked its name")
		if turn == 0 {
			b.looks("consent-unverified")
		}
		b.click("consent_allow")
		b.arrive(callback + "?")
		b.forgive("404") // of the page that the stranger's would be
	}
}
