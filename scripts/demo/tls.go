//go:debug x509usefallbackroots=1
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// How long the demo's certificates are good. The server's is renewed at a start in its last month.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 397 * 24 * time.Hour // the longest that browsers take
	renewal       = 30 * 24 * time.Hour
)

// makeCertificates makes a certificate authority of this demo's own and a certificate of it for localhost, unless folder has them, and
// makes this process trust it: the three servers call each other by https. Other programs trust it when they are told to.
func makeCertificates(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	authority, err := loadPair(folder, "ca", nil)
	if err == nil && authority == nil {
		authority, err = makePair(folder, "ca", authorityTemplate(), nil)
	}
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	server, err := loadPair(folder, "localhost", roots)
	if err == nil && server == nil {
		_, err = makePair(folder, "localhost", serverTemplate(), authority)
	}
	if err != nil {
		return err
	}
	x509.SetFallbackRoots(roots)
	return nil
}

// loadPair returns a certificate with its key; nil when there is none, or none that is good for another month.
func loadPair(folder, name string, roots *x509.CertPool) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, name+".pem"), filepath.Join(folder, name+".key"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // it is to be made
	}
	if err != nil {
		return nil, fmt.Errorf("the certificate %s in %s: %w; delete it, and it is made anew", name, folder, err)
	}
	if time.Now().Add(renewal).After(pair.Leaf.NotAfter) {
		return nil, nil //nolint:nilnil // it is to be renewed
	}
	if roots != nil {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
			return nil, nil //nolint:nilnil,nilerr // it is of an authority that was made anew
		}
	}
	return &pair, nil
}

// makePair makes a key and a certificate for it, signed by the issuer, or by itself without one.
func makePair(folder, name string, template *x509.Certificate, issuer *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	parent, signer := template, crypto.PrivateKey(key)
	if issuer != nil {
		parent, signer = issuer.Leaf, issuer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	if err := errors.Join(
		os.WriteFile(filepath.Join(folder, name+".pem"), certificate, 0o644), //nolint:gosec // public
		writeKey(filepath.Join(folder, name+".key"), text),
	); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, text)
	return &pair, err
}

// writeKey never leaves a key in a file that somebody else made readable.
func writeKey(path string, text []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// authorityTemplate is of an authority that can speak for this machine's loopback addresses only: who trusts it trusts it with no more.
func authorityTemplate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Cloakroom demo, this machine only"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"},
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}, {IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
}

func serverTemplate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
}

func serial() *big.Int {
	number, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails (crypto/rand)
	return number
}
