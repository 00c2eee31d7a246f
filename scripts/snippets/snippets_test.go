package snippets

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cloakroom/app/snippet"
	"cloakroom/bff"
)

// secrets stands in for the files that a snippet names.
func secrets(name string) ([]byte, error) {
	if strings.HasSuffix(name, ".key") {
		return []byte(strings.Repeat("0f", 32)), nil
	}
	return []byte("a secret of the provider"), nil
}

func nothing(string) string { return "" }

func TestEveryConfigurationThatIsOfferedIsAccepted(t *testing.T) {
	for name, yaml := range map[string]string{
		"https://acme.us.authz.cloudentity.io/acme/customers":                         snippet.SecureAuth,
		"https://id.example.com/realms/customers":                                     snippet.Keycloak,
		"https://acme.eu.auth0.com/":                                                  snippet.Auth0,
		"https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0": snippet.Entra,
	} {
		config, err := bff.ParseConfig("bff.yaml", []byte(yaml), nothing, secrets)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if config.Providers[0].Issuer != name || len(config.Routes) != 1 {
			t.Errorf("%s is read as %+v", name, config)
		}
		// The control: a key that does not exist is refused.
		if _, err := bff.ParseConfig("bff.yaml", []byte(strings.Replace(yaml, "client_id:", "clientid:", 1)), nothing, secrets); err == nil {
			t.Errorf("%s: a misspelt key is accepted", name)
		}
	}
}

// A reader who makes the key as the configuration says has one that is accepted.
func TestEveryConfigurationSaysHowItsKeyIsMade(t *testing.T) {
	for name, yaml := range map[string]string{
		"secureauth": snippet.SecureAuth, "keycloak": snippet.Keycloak, "auth0": snippet.Auth0, "entra": snippet.Entra,
	} {
		comment, _, found := strings.Cut(yaml, "\n  key_files: [/etc/bff/session.key]")
		_, command, commented := strings.Cut(comment[strings.LastIndex(comment, "\n")+1:], "# ")
		if !found || !commented {
			t.Errorf("%s does not say it", name)
			continue
		}
		folder := t.TempDir()
		run := exec.CommandContext(t.Context(), "sh", "-c", command)
		run.Dir = folder
		if output, err := run.CombinedOutput(); err != nil {
			t.Errorf("%s: %q: %v\n%s", name, command, err, output)
			continue
		}
		made := func(path string) ([]byte, error) {
			if filepath.Base(path) == "session.key" {
				return os.ReadFile(filepath.Join(folder, "session.key"))
			}
			return secrets(path)
		}
		if _, err := bff.ParseConfig("bff.yaml", []byte(yaml), nothing, made); err != nil {
			t.Errorf("%s: with the key of %q: %v", name, command, err)
		}
	}
}

func TestTheGoCodeThatIsOfferedCompilesForTheBrowser(t *testing.T) {
	if message, err := compile(t, snippet.Client); err != nil {
		t.Errorf("%v\n%s", err, message)
	}
	// The control: a call that the client does not have is found.
	if _, err := compile(t, strings.Replace(snippet.Client, "client.Call(", "client.Cool(", 1)); err == nil {
		t.Error("code that cannot work compiles")
	}
}

// compile builds a program as if it stood in this module.
func compile(t *testing.T, source string) (message string, err error) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	real, overlay := filepath.Join(folder, "main.go"), filepath.Join(folder, "overlay.json")
	mapping, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(root, "app", "snippet", "copied", "main.go"): real,
	}})
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{real: []byte(source), overlay: mapping} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", filepath.Join(folder, "a.wasm"), "./app/snippet/copied")
	build.Dir, build.Env = root, append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	output, err := build.CombinedOutput()
	return string(output), err
}
