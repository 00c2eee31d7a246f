//go:build interop

package provider

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"

	"cloakroom/scripts/interop"
)

// logs are what programs said, for a test that fails.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// listen opens a port on this machine, once the providers' packages are installed, and returns its origin.
func listen(t *testing.T) (listener net.Listener, origin string) {
	t.Helper()
	if err := interop.Install(t.Context(), "..", os.Stdout); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener, fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
}

// startProviders runs a script until the test ends and returns the issuers of its two providers, by name.
func startProviders(t *testing.T, out *logs, script string, environment ...string) map[string]string {
	t.Helper()
	command := interop.Node(t.Context(), environment, script)
	command.Stderr = out
	said, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	issuers := map[string]string{}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if json.Unmarshal(lines.Bytes(), &issuers) == nil && len(issuers) == 2 {
			return issuers
		}
	}
	t.Fatalf("the providers did not start: %s", out.said())
	return nil
}

// newKey makes a private key, in PEM.
func newKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
