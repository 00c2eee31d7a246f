package authserver

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/workspace"
)

// MutualTLS says how clients show their certificates (RFC 8705). Where TLS ends here, they come with the connection; where a proxy
// ends it, in a header, which is believed from trusted proxies only.
type MutualTLS struct {
	// BaseURL is where the endpoints are that ask for a client certificate, published as mtls_endpoint_aliases; empty when they are at
	// base_url itself.
	BaseURL string `yaml:"base_url"`
	// ClientCAFile names a PEM file with the authorities whose certificates tls_client_auth takes.
	ClientCAFile string `yaml:"client_ca_file"`
	// CertificateHeader is the header in which a trusted proxy hands the certificate on: as RFC 9440 has it, or URL-encoded PEM.
	CertificateHeader string `yaml:"certificate_header"`
	// TrustedProxies are the networks, in CIDR notation, from which that header is believed. Danger: whoever can connect from there
	// can be any client. The proxy has to drop the header of requests that it takes.
	TrustedProxies []string `yaml:"trusted_proxies"`

	clientCA []byte // what ClientCAFile has
}

func (m *MutualTLS) problems() []error {
	var problems []error
	if m.BaseURL != "" {
		if err := checkBaseURL(m.BaseURL); err != nil {
			problems = append(problems, fmt.Errorf("mutual_tls: base_url: %q %w", m.BaseURL, err))
		}
	}
	if (m.CertificateHeader == "") != (len(m.TrustedProxies) == 0) {
		problems = append(problems, errors.New("mutual_tls: certificate_header and trusted_proxies need each other"))
	}
	if _, err := parseProxies(m.TrustedProxies); err != nil {
		problems = append(problems, fmt.Errorf("mutual_tls: %w", err))
	}
	return problems
}

// clientProblems lists the clients whose certificates nobody could check.
func (m *MutualTLS) clientProblems(ws *workspace.Workspace) []error {
	var problems []error
	for position := range ws.Clients {
		if registered := &ws.Clients[position]; registered.AuthMethod == oauth.AuthTLS && m.ClientCAFile == "" {
			problems = append(problems, fmt.Errorf("workspace %s: client %q: %s needs mutual_tls: client_ca_file", ws.Key(), registered.ID, oauth.AuthTLS))
		}
	}
	return problems
}

// certificateSource finds the certificate of a request's client.
type certificateSource struct {
	baseURL string         // where the endpoints that ask for one are; empty when they are at the usual place
	roots   *x509.CertPool // for tls_client_auth; nil for none
	header  string
	trusted proxies
}

func newCertificateSource(m MutualTLS) (certificateSource, error) {
	trusted, err := parseProxies(m.TrustedProxies)
	if err != nil {
		return certificateSource{}, fmt.Errorf("mutual_tls: %w", err)
	}
	source := certificateSource{baseURL: m.BaseURL, header: m.CertificateHeader, trusted: trusted}
	if m.ClientCAFile == "" {
		return source, nil
	}
	source.roots = x509.NewCertPool()
	if !source.roots.AppendCertsFromPEM(m.clientCA) {
		return certificateSource{}, errors.New("mutual_tls: client_ca_file has no certificate in PEM")
	}
	return source, nil
}

// certificates are the client's certificate and what came with it; nil if it presented none. A header counts only from a trusted
// proxy, and then the proxy's own connection does not (RFC 9700 §4.13).
func (s *Server) certificates(r *http.Request) []*x509.Certificate {
	if s.mutualTLS.fromProxy(r) {
		return s.mutualTLS.forwarded(r)
	}
	if r.TLS == nil {
		return nil
	}
	return r.TLS.PeerCertificates
}

func (c certificateSource) fromProxy(r *http.Request) bool {
	return c.header != "" && c.trusted.has(peer(r))
}

// forwarded reads the header: RFC 9440's :base64 of DER:, or PEM, URL-encoded as nginx and others do. Two of them are none.
func (c certificateSource) forwarded(r *http.Request) []*x509.Certificate {
	values := r.Header.Values(c.header)
	if len(values) != 1 {
		return nil
	}
	certificate, err := x509.ParseCertificate(derOf(values[0]))
	if err != nil {
		return nil
	}
	return []*x509.Certificate{certificate}
}

func derOf(value string) []byte {
	if encoded, ok := strings.CutPrefix(value, ":"); ok {
		der, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(encoded, ":"))
		if err != nil {
			return nil
		}
		return der
	}
	text, err := url.PathUnescape(value)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil
	}
	return block.Bytes
}

// thumbprint is x5t#S256 (RFC 8705 §3.1).
func thumbprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// boundCertificate is the thumbprint of the certificate that a client's tokens are bound to.
func (s *Server) boundCertificate(r *http.Request) (string, error) {
	chain := s.certificates(r)
	if len(chain) == 0 {
		return "", oauth.InvalidRequest.Errorf("the client's tokens are bound to its certificate, and the connection has none")
	}
	return thumbprint(chain[0]), nil
}
