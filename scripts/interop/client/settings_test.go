//go:build interop

package client

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"text/template"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// settings are what authserver.yaml is filled in with, and what the checks are told: nothing of it outlives the run.
type settings struct {
	Base     string // origin of the server
	App      string // origin of the client: where browsers come back to, and where logout tokens are sent
	AppPort  int
	Secret   string
	Password string
	ES256    keyPair
	PS256    keyPair
	// TLSBase is the origin where the server asks clients for their certificates.
	TLSBase      string
	Certificates certificates

	database string // the folder of the server's SQLite file
	canaries string // the file in which the checks note their secrets
}

// keyPair is a client's key, as JSON Web Keys.
type keyPair struct{ Private, Public string }

func newSettings(t *testing.T, plain, mutual net.Addr) settings {
	t.Helper()
	elliptic256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	return settings{
		Base:     fmt.Sprintf("http://localhost:%d", plain.(*net.TCPAddr).Port),
		App:      fmt.Sprintf("http://localhost:%d", port),
		AppPort:  port,
		Secret:   rand.Text(),
		Password: rand.Text(),
		ES256:    pair(t, elliptic256, "ES256"),
		PS256:    pair(t, rsa2048, "PS256"),

		TLSBase:      fmt.Sprintf("https://localhost:%d", mutual.(*net.TCPAddr).Port),
		Certificates: newCertificates(t),
		database:     t.TempDir(),
		canaries:     filepath.Join(t.TempDir(), "canaries"),
	}
}

func pair(t *testing.T, key any, algorithm string) keyPair {
	t.Helper()
	private, err := jwk.FromRaw(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{jwk.KeyIDKey: "client-" + algorithm, jwk.AlgorithmKey: algorithm, jwk.KeyUsageKey: "sig"} {
		if err := private.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	public, err := private.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{Private: encode(t, private), Public: encode(t, public)}
}

func encode(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// freePort is a port that nobody listens on just now; the checks' own server takes it.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// SecretHash is what the registration has of the secret.
func (s settings) SecretHash() string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(s.Secret)))
}

// fill returns the server's configuration, filled in.
func (s settings) fill(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("authserver.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.New("authserver.yaml").Option("missingkey=error").Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var filled bytes.Buffer
	if err := parsed.Execute(&filled, s); err != nil {
		t.Fatal(err)
	}
	return filled.Bytes()
}

// environment is what the checks read (lib/house.mjs).
func (s settings) environment(t *testing.T) []string {
	t.Helper()
	return []string{
		"INTEROP=" + encode(t, map[string]any{
			"base": s.Base, "app": s.App, "appPort": s.AppPort, "secret": s.Secret, "password": s.Password,
			"keys":    map[string]json.RawMessage{"ES256": json.RawMessage(s.ES256.Private), "PS256": json.RawMessage(s.PS256.Private)},
			"tlsBase": s.TLSBase, "certificates": s.Certificates.forChecks(t), "canaries": s.canaries,
		}),
		"NODE_NO_WARNINGS=1",
	}
}
