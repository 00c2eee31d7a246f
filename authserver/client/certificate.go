package client

import (
	"bytes"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"cloakroom/authserver/jose"
	"cloakroom/authserver/oauth"
)

// Subject is what the certificate of a client with tls_client_auth has to say: exactly one of these (RFC 8705 §2.1.2).
type Subject struct {
	DN    string `yaml:"tls_client_auth_subject_dn"` // RFC 4514: CN=client,O=Example
	DNS   string `yaml:"tls_client_auth_san_dns"`
	URI   string `yaml:"tls_client_auth_san_uri"`
	IP    string `yaml:"tls_client_auth_san_ip"`
	Email string `yaml:"tls_client_auth_san_email"`
}

// UsesTLS reports whether the client authenticates by its certificate.
func (c *Client) UsesTLS() bool {
	return c.AuthMethod == oauth.AuthTLS || c.AuthMethod == oauth.AuthSelfSignedTLS
}

// checkSubject is RFC 8705 §2.1: the chain leads to one of our roots, and the certificate's subject is the registered one.
func (c *Client) checkSubject(chain []*x509.Certificate, expected Expected) error {
	if len(chain) == 0 || expected.Roots == nil {
		return ErrCertificate
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: expected.Roots, Intermediates: intermediates, CurrentTime: expected.Now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if !c.Subject.matches(chain[0]) {
		return fmt.Errorf("%w: its subject is another", ErrCertificate)
	}
	return nil
}

func (s Subject) matches(certificate *x509.Certificate) bool {
	switch {
	case s.DN != "":
		return sameDN(s.DN, certificate.Subject.String())
	case s.DNS != "":
		return slices.ContainsFunc(certificate.DNSNames, func(name string) bool { return strings.EqualFold(name, s.DNS) })
	case s.URI != "":
		for _, uri := range certificate.URIs {
			if uri.String() == s.URI {
				return true
			}
		}
		return false
	case s.IP != "":
		return slices.ContainsFunc(certificate.IPAddresses, net.ParseIP(s.IP).Equal)
	default:
		return s.Email != "" && slices.Contains(certificate.EmailAddresses, s.Email)
	}
}

// sameDN compares the texts of two distinguished names (RFC 4514): attribute types in any case, spaces after the commas or none.
func sameDN(registered, presented string) bool {
	return slices.Equal(attributes(registered), attributes(presented))
}

// attributes splits a distinguished name at the commas that are not escaped.
func attributes(dn string) []string {
	var parts []string
	start := 0
	for position := range len(dn) {
		if dn[position] == ',' && (position == 0 || dn[position-1] != '\\') {
			parts = append(parts, dn[start:position])
			start = position + 1
		}
	}
	parts = append(parts, dn[start:])
	for position, part := range parts {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[position] = strings.ToUpper(strings.TrimSpace(name)) + "=" + strings.TrimSpace(value)
	}
	return parts
}

// checkRegistered is RFC 8705 §2.2: the certificate, or at least its key, is one that the client registered. TLS has proved that the
// client holds the key.
func checkRegistered(chain []*x509.Certificate, keys []jose.Key) error {
	if len(chain) == 0 {
		return ErrCertificate
	}
	for _, key := range keys {
		if key.Certificate != nil && subtle.ConstantTimeCompare(key.Certificate, chain[0].Raw) == 1 {
			return nil
		}
		if key.Certificate == nil && sameKey(key.Public, chain[0]) {
			return nil
		}
	}
	return ErrCertificate
}

func sameKey(public any, certificate *x509.Certificate) bool {
	encoded, err := x509.MarshalPKIXPublicKey(public)
	return err == nil && bytes.Equal(encoded, certificate.RawSubjectPublicKeyInfo)
}

var errSubject = errors.New("exactly one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip and _san_email is needed")

func (s Subject) problem(method string) error {
	given := 0
	for _, text := range []string{s.DN, s.DNS, s.URI, s.IP, s.Email} {
		if text != "" {
			given++
		}
	}
	switch {
	case method != oauth.AuthTLS && given > 0:
		return errors.New("is for clients with " + oauth.AuthTLS)
	case method == oauth.AuthTLS && given != 1:
		return errSubject
	case s.IP != "" && net.ParseIP(s.IP) == nil:
		return fmt.Errorf("%q is not an IP address", s.IP)
	}
	return nil
}
