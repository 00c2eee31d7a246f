package authserver

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/workspace"
)

// folder is files in memory.
type folder map[string][]byte

func (f folder) read(path string) ([]byte, error) {
	if data, there := f[path]; there {
		return data, nil
	}
	return nil, errors.New("no such file")
}

// issue writes a certificate of its own authority for localhost, with a serial number.
func (f folder) issue(t *testing.T, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f["cert.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	f["key.pem"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

func tlsConfiguration(clients ...client.Client) Config {
	return Config{
		BaseURL: "https://localhost:9000", TLS: TLS{CertFile: "cert.pem", KeyFile: "key.pem"},
		Tenants: []Tenant{{Name: "demo", Workspaces: []workspace.Workspace{{Name: "baseline", Clients: clients}}}},
	}
}

// listen serves TLS with the configuration and returns where.
func listen(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := HTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	server.TLSConfig = config
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

func dial(t *testing.T, address string, config *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	connection, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer connection.Close()
	return connection.(*tls.Conn).ConnectionState(), nil
}

func TestTLSRefusesOldVersionsAndCBC(t *testing.T) {
	files := folder{}
	files.issue(t, 1)
	cfg := tlsConfiguration()
	config, err := cfg.TLSConfig(files.read, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(files["cert.pem"])
	for _, row := range []struct {
		name   string
		config *tls.Config
		want   bool
	}{
		{"TLS 1.3", &tls.Config{MinVersion: tls.VersionTLS13}, true},
		{"TLS 1.2 with AES-GCM", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, true},
		{"TLS 1.2 with CBC", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
		}}, false},
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		{"TLS 1.0", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, false},
	} {
		row.config.RootCAs, row.config.ServerName = roots, "localhost"
		if _, err := dial(t, listen(t, config), row.config); (err == nil) != row.want {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	// The control: a server that is not held to it takes CBC from the same client.
	lax := &tls.Config{GetCertificate: config.GetCertificate, CipherSuites: append(slices.Clone(config.CipherSuites), tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA)}
	old := &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}, RootCAs: roots, ServerName: "localhost"}
	if _, err := dial(t, listen(t, lax), old); err != nil {
		t.Errorf("the control: %v", err)
	}
}

func TestRenewedCertificateIsServedAndABrokenOneIsNot(t *testing.T) {
	files, now := folder{}, time.Now()
	files.issue(t, 1)
	var log bytes.Buffer
	source := &certificateFiles{
		files: TLS{CertFile: "cert.pem", KeyFile: "key.pem"}, read: files.read, log: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now },
	}
	if err := source.load(); err != nil {
		t.Fatal(err)
	}
	serves := func(want int64) {
		t.Helper()
		now = now.Add(reloadEvery)
		certificate, err := source.certificate(nil)
		if err != nil || certificate.Leaf.SerialNumber.Int64() != want {
			t.Errorf("serves %v, %v, want %d", certificate.Leaf.SerialNumber, err, want)
		}
	}
	serves(1)
	files.issue(t, 2)
	serves(2)
	good := files["key.pem"]
	files["key.pem"] = []byte("half a file")
	serves(2)
	delete(files, "key.pem")
	serves(2)
	if !strings.Contains(log.String(), "key_file") || strings.Contains(log.String(), "half a file") {
		t.Errorf("the log: %s", log.String())
	}
	files["key.pem"] = good
	files.issue(t, 3)
	serves(3)
}

func TestClientsAreAskedForCertificatesOnlyWhenOneNeedsIt(t *testing.T) {
	files := folder{}
	files.issue(t, 1)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(files["cert.pem"])
	for _, row := range []struct {
		name    string
		client  client.Client
		aliases string
		host    string
		want    bool
	}{
		{"a client with a secret", client.Client{AuthMethod: oauth.AuthSecretBasic}, "", "localhost", false},
		{"tls_client_auth", client.Client{AuthMethod: oauth.AuthTLS}, "", "localhost", true},
		{"self_signed_tls_client_auth", client.Client{AuthMethod: oauth.AuthSelfSignedTLS}, "", "localhost", true},
		{"bound tokens", client.Client{AuthMethod: oauth.AuthPrivateKeyJWT, CertificateBound: true}, "", "localhost", true},
		{"at the host of the aliases", client.Client{AuthMethod: oauth.AuthTLS}, "https://mtls.localhost:9000", "mtls.localhost", true},
		{"beside the host of the aliases", client.Client{AuthMethod: oauth.AuthTLS}, "https://mtls.localhost:9000", "localhost", false},
	} {
		cfg := tlsConfiguration(row.client)
		cfg.MutualTLS.BaseURL = row.aliases
		config, err := cfg.TLSConfig(files.read, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		asked := false
		_, err = dial(t, listen(t, config), &tls.Config{ServerName: row.host, InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			return new(tls.Certificate), nil // none, which is for client authentication to judge
		}})
		if err != nil || asked != row.want {
			t.Errorf("%s: asked %v, %v", row.name, asked, err)
		}
	}
}

func TestTLSConfigurationSaysWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"need each other":   func(c *Config) { c.TLS.KeyFile = "" },
		"is not https":      func(c *Config) { c.BaseURL = "http://localhost:9000" },
		"no such file":      func(c *Config) { c.TLS.CertFile = "elsewhere.pem" },
		"rather than a key": func(c *Config) { c.TLS.KeyFile = "cert.pem" },
	} {
		files := folder{}
		files.issue(t, 1)
		cfg := tlsConfiguration()
		change(&cfg)
		_, err := cfg.TLSConfig(files.read, slog.New(slog.DiscardHandler))
		if err = errors.Join(errors.Join(cfg.tlsProblems()...), err); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
