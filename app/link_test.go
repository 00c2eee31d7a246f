//go:build !js

package app

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type listed struct {
	ImportPath string
	Imports    []string
}

// linked lists what is linked into the program of the browser.
func linked(t *testing.T) []listed {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports", "./cmd/app")
	list.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var one listed
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, one)
	}
}

// heavy lists the packages under prefix that import the HTTP client or TLS, which cost a megabyte each on the wire.
func heavy(packages []listed, prefix string) (found []string) {
	for _, one := range packages {
		if !strings.HasPrefix(one.ImportPath, prefix) {
			continue
		}
		for _, banned := range []string{"net/http", "crypto/tls"} {
			if slices.Contains(one.Imports, banned) {
				found = append(found, one.ImportPath+" imports "+banned)
			}
		}
	}
	return found
}

func TestProgramOfTheBrowserLinksNoHTTPClientOfOurs(t *testing.T) {
	packages := linked(t)
	for _, found := range heavy(packages, "cloakroom/") {
		t.Error(found)
	}
	// The control: go-app itself imports net/http, and the search finds it.
	if len(heavy(packages, "github.com/maxence-charriere/go-app")) == 0 {
		t.Error("the search does not find go-app's net/http: it would not find ours")
	}
	for _, one := range packages {
		if strings.HasPrefix(one.ImportPath, "cloakroom/app/shell") {
			t.Error("the server's part is linked into the browser's program")
		}
	}
}

func TestProgramOfTheBrowserCompiles(t *testing.T) {
	output := filepath.Join(t.TempDir(), "app.wasm")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", output, "./cmd/app")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if message, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, message)
	}
	info, err := os.Stat(output)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the program has %d bytes before compression", info.Size())
}
