//go:build interop

package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/cert"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"cloakroom/authserver"
)

// certificates are those of the run: an authority, the server's, and clients' (RFC 8705).
type certificates struct {
	AuthorityFile string
	authority     certified
	server        certified
	// Client and Impostor are by the authority, for two subjects. SelfSigned is by nobody, and so is Forged, which has the
	// subject of Client.
	client, impostor, selfSigned, forged certified
	SelfSignedJWK                        string
}

// certified is a certificate with its key.
type certified struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newCertificates(t *testing.T) certificates {
	t.Helper()
	authority := certify(t, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, certified{})
	c := certificates{
		AuthorityFile: filepath.Join(t.TempDir(), "authority.pem"),
		authority:     authority,
		server:        certify(t, &x509.Certificate{DNSNames: []string{"localhost"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, authority),
		client:        certify(t, clientTemplate("tls-client"), authority),
		impostor:      certify(t, clientTemplate("somebody else"), authority),
		selfSigned:    certify(t, clientTemplate("self-signed"), certified{}),
		forged:        certify(t, clientTemplate("tls-client"), certified{}),
	}
	if err := os.WriteFile(c.AuthorityFile, authority.pem(), 0o600); err != nil {
		t.Fatal(err)
	}
	c.SelfSignedJWK = c.selfSigned.jwk(t)
	return c
}

func clientTemplate(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: []string{"Interop"}}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
}

// certify makes a certificate by the issuer, or by itself if that is zero.
func certify(t *testing.T, template *x509.Certificate, issuer certified) certified {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	if issuer.key == nil {
		issuer = certified{certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, key.Public(), issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certified{certificate: certificate, key: key}
}

func (c certified) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.certificate.Raw})
}

func (c certified) keyPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// jwk is how a client registers a certificate of its own (RFC 8705 §2.2.2).
func (c certified) jwk(t *testing.T) string {
	t.Helper()
	public, err := jwk.FromRaw(c.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	var chain cert.Chain
	if err := chain.AddString(base64.StdEncoding.EncodeToString(c.certificate.Raw)); err != nil {
		t.Fatal(err)
	}
	if err := public.Set(jwk.X509CertChainKey, &chain); err != nil {
		t.Fatal(err)
	}
	return encode(t, public)
}

// forChecks is what the checks connect with.
func (c certificates) forChecks(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{"authority": string(c.authority.pem())}
	for name, each := range map[string]certified{"client": c.client, "impostor": c.impostor, "selfSigned": c.selfSigned, "forged": c.forged} {
		all[name] = map[string]string{"cert": string(each.pem()), "key": string(each.keyPEM(t))}
	}
	return all
}

// serverTLS is how the authorization server ends TLS itself when its configuration has a certificate.
func (c certificates) serverTLS(t *testing.T, config authserver.Config, base string, log *slog.Logger) *tls.Config {
	t.Helper()
	folder := t.TempDir()
	config.BaseURL = base
	config.TLS = authserver.TLS{CertFile: filepath.Join(folder, "server.pem"), KeyFile: filepath.Join(folder, "server.key")}
	for name, content := range map[string][]byte{config.TLS.CertFile: c.server.pem(), config.TLS.KeyFile: c.server.keyPEM(t)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := config.TLSConfig(os.ReadFile, log)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
