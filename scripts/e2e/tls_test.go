//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloakroom/scripts/visitor"
)

// startTLS runs the product on https and returns the transport of who trusts its authority, and of who does not.
func startTLS(t *testing.T) (p *product, trusting, doubting *http.Transport) {
	t.Helper()
	ports := freePorts(t, 6)
	p = &product{
		program: binary(t), folder: t.TempDir(), data: t.TempDir(),
		origin: fmt.Sprintf("https://localhost:%d", ports[0]), issuer: fmt.Sprintf("https://localhost:%d/demo/baseline", ports[1]),
	}
	for index, name := range []string{"PORT", "AS_PORT", "API_PORT", "ADMIN_PORT", "AS_ADMIN_PORT", "API_ADMIN_PORT"} {
		p.env = append(p.env, fmt.Sprintf("%s=%d", name, ports[index]))
	}
	p.env = append(p.env, "DATA="+p.data, "TLS=1")
	if line := p.run(t); line != "ready "+p.origin {
		t.Fatalf("start-up ended with %q\n%s", line, p.log.String())
	}
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("the product's log:\n%s", p.log.String())
		}
	})
	authority, err := os.ReadFile(filepath.Join(p.data, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return p, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}, &http.Transport{}
}

func TestTheWholeProductRunsOnHTTPS(t *testing.T) {
	p, trusting, doubting := startTLS(t)
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	if err := visitor.New(doubting).Visit(ctx, p.origin+"/"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the control: who does not trust the authority: %v", err)
	}
	browser := visitor.New(trusting)
	if err := browser.SignIn(ctx, p.origin, "baseline", "alice", "wonderland"); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.origin+"/api/notes", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", browser.Cookie("localhost"))
	request.Header.Set("X-BFF-CSRF", "1")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := trusting.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("BFF-Source") != "upstream" {
		t.Errorf("the API through the BFF: %d %s, %v", response.StatusCode, body, err)
	}
	for _, name := range []string{"ca.key", "localhost.key"} {
		info, err := os.Stat(filepath.Join(p.data, "tls", name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestEveryPublicPortRefusesOldTLSAndCBC(t *testing.T) {
	p, trusting, _ := startTLS(t)
	for _, environment := range p.env[:3] {
		_, port, _ := strings.Cut(environment, "=")
		connect := func(config *tls.Config) error {
			config.RootCAs = trusting.TLSClientConfig.RootCAs
			connection, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", "localhost:"+port)
			if err == nil {
				_ = connection.Close()
			}
			return err
		}
		if err := connect(&tls.Config{}); err != nil {
			t.Errorf("%s, the control: %v", environment, err)
		}
		if connect(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}) == nil {
			t.Errorf("%s takes TLS 1.1", environment)
		}
		if connect(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}}) == nil {
			t.Errorf("%s takes CBC", environment)
		}
	}
}
