package authserver

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/workspace"
)

// TLS says that the public listener ends TLS itself. Without it, base_url is served by a proxy that does, or is http on loopback.
type TLS struct {
	// CertFile and KeyFile name PEM files: the certificate with those that lead to its authority, and its private key. They are read
	// again while the server runs: a certificate that was renewed is served within seconds.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

func (t *TLS) given() bool { return t.CertFile != "" || t.KeyFile != "" }

func (c *Config) tlsProblems() []error {
	var problems []error
	if !c.TLS.given() {
		return nil
	}
	if c.TLS.CertFile == "" || c.TLS.KeyFile == "" {
		problems = append(problems, errors.New("tls: cert_file and key_file need each other"))
	}
	if !strings.HasPrefix(c.BaseURL, "https:") {
		problems = append(problems, fmt.Errorf("tls: base_url %q is not https", c.BaseURL))
	}
	return problems
}

// TLSConfig is what the public listener serves TLS with; nil when the configuration has no tls. Read is os.ReadFile, or what resolves
// relative paths first.
func (c *Config) TLSConfig(read func(path string) ([]byte, error), log *slog.Logger) (*tls.Config, error) {
	if !c.TLS.given() {
		return nil, nil //nolint:nilnil // no TLS, and that is no error
	}
	source := &certificateFiles{files: c.TLS, read: read, log: log, now: time.Now}
	if err := source.load(); err != nil {
		return nil, err
	}
	config := serverTLS(source.certificate)
	asking := config.Clone()
	asking.ClientAuth = tls.RequestClientCert // what it is worth, client authentication finds out (RFC 8705 §2)
	asks := c.asksForCertificates()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if asks(hello.ServerName) {
			return asking, nil
		}
		return config, nil
	}
	return config, nil
}

// serverTLS is TLS 1.2 and later. Of 1.2 only the suites that RFC 9325 §4.2 recommends: forward secrecy and AES-GCM, no CBC. The suites
// of 1.3 are all good, and the standard library has no choice of them.
func serverTLS(certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: certificate,
		NextProtos:     []string{"h2", "http/1.1"},
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		},
	}
}

// asksForCertificates says for which host names clients are asked for a certificate. Browsers bother their users with the question, so
// nobody is asked unless a client is registered that needs it, and with mutual_tls: base_url only who comes to that host.
func (c *Config) asksForCertificates() func(host string) bool {
	needed := c.needsCertificates()
	base, err := url.Parse(c.BaseURL)
	aliases, wrong := url.Parse(c.MutualTLS.BaseURL)
	return func(host string) bool {
		if c.MutualTLS.BaseURL == "" || err != nil || wrong != nil || aliases.Hostname() == base.Hostname() {
			return needed
		}
		return needed && host == aliases.Hostname()
	}
}

// needsCertificates reports whether a client of the configuration has to show one.
func (c *Config) needsCertificates() (needed bool) {
	c.workspaces(func(ws *workspace.Workspace) {
		for _, registered := range ws.Clients {
			needed = needed || showsCertificate(registered)
		}
	})
	return needed
}

func showsCertificate(c client.Client) bool {
	return c.AuthMethod == oauth.AuthTLS || c.AuthMethod == oauth.AuthSelfSignedTLS || c.CertificateBound
}

// reloadEvery is how often the files are looked at, when somebody connects.
const reloadEvery = 5 * time.Second

// certificateFiles serves a certificate from files and notices when they change. What is wrong with new ones is logged, and the old one
// is served on.
type certificateFiles struct {
	files TLS
	read  func(path string) ([]byte, error)
	log   *slog.Logger
	now   func() time.Time

	mu        sync.Mutex
	looked    time.Time
	cert, key []byte
	current   *tls.Certificate
}

func (f *certificateFiles) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now().Sub(f.looked) >= reloadEvery {
		if err := f.load(); err != nil {
			f.log.Warn("the new certificate cannot be used; the old one is served on", "error", err)
		}
	}
	return f.current, nil
}

func (f *certificateFiles) load() error {
	f.looked = f.now()
	cert, err := f.read(f.files.CertFile)
	if err != nil {
		return fmt.Errorf("tls: cert_file: %w", err)
	}
	key, err := f.read(f.files.KeyFile)
	if err != nil {
		return fmt.Errorf("tls: key_file: %w", err)
	}
	if bytes.Equal(cert, f.cert) && bytes.Equal(key, f.key) {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	f.cert, f.key, f.current = cert, key, &pair
	return nil
}
