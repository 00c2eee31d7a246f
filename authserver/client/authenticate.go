package client

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/jose"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/trace"
)

// Credentials is what one request presents to say which client it comes from.
type Credentials struct {
	Method      string // one of oauth.Auth…
	ClientID    string
	Secret      oauth.Secret
	Assertion   Assertion           // for private_key_jwt
	Certificate []*x509.Certificate // for mutual TLS: the client's own first, nil if it presented none
}

// Expected is what credentials are checked against besides the registration.
type Expected struct {
	Issuer     string                   // aud of assertions
	Algorithms []jwa.SignatureAlgorithm // that assertions may be signed with
	Keys       []jose.Key               // the client's, registered or fetched
	Roots      *x509.CertPool           // that the certificates of tls_client_auth have to lead to; nil for none
	Now        time.Time
	Trace      *trace.Exchange // that is told the checks; nil for none
}

// What Authenticate can find. None of it is for the client's eyes: to it, all are invalid_client.
var (
	ErrMethod = errors.New("client: another authentication method is registered")
	ErrSecret = errors.New("client: wrong secret")
	// ErrCertificate means that the certificate is missing, untrusted or another.
	ErrCertificate = errors.New("client: not the registered certificate")
)

// Authenticate checks a request's credentials against what is registered. A nil client, for an unknown client_id, costs the
// same work and never passes. That an assertion was not used before, the caller checks.
func (c *Client) Authenticate(credentials Credentials, expected Expected) error {
	var registered Client
	if c != nil {
		registered = *c
	}
	// The comparison comes first and runs always, on hashes of a fixed length, so that time tells nothing.
	hash := credentials.Secret.Hash()
	same := hash.Equal(oauth.SecretHash(registered.Secret))
	before := hash.Equal(oauth.SecretHash(registered.PreviousSecret)) && !registered.PreviousSecret.IsZero()
	if !expected.Trace.Check("client_auth_method", "RFC 7591 §2", registered.AuthMethod == credentials.Method) {
		return ErrMethod
	}
	switch registered.AuthMethod {
	case oauth.AuthNone:
		return nil
	case oauth.AuthPrivateKeyJWT:
		return credentials.Assertion.Verify(c, expected, registered.assertionAlgorithms(expected.Algorithms))
	case oauth.AuthTLS:
		err := registered.checkSubject(credentials.Certificate, expected)
		expected.Trace.Check("client_certificate", "RFC 8705 §2.1", err == nil)
		return err
	case oauth.AuthSelfSignedTLS:
		err := checkRegistered(credentials.Certificate, expected.Keys)
		expected.Trace.Check("client_certificate", "RFC 8705 §2.2", err == nil)
		return err
	}
	same = same || before && registered.PreviousUntil.After(expected.Now)
	if !expected.Trace.Check("client_secret", "RFC 6749 §2.3.1", !registered.Secret.IsZero() && same) {
		return ErrSecret
	}
	return nil
}

// assertionAlgorithms narrows the algorithms to the one that the client registered (RFC 7591 §2), if it did.
func (c *Client) assertionAlgorithms(accepted []jwa.SignatureAlgorithm) []jwa.SignatureAlgorithm {
	if c.AssertionAlgorithm == "" {
		return accepted
	}
	return []jwa.SignatureAlgorithm{c.AssertionAlgorithm}
}

// ErrBasic means that an Authorization header is not a client's Basic credentials.
var ErrBasic = errors.New("client: not Basic credentials")

const basicScheme = "basic "

// ParseBasic reads the value of an Authorization header with the Basic scheme (RFC 7617). Both parts are form-encoded before
// they are joined (RFC 6749 §2.3.1), so that a colon or a non-ASCII letter in them survives.
func ParseBasic(header string) (Credentials, error) {
	if len(header) < len(basicScheme) || !strings.EqualFold(header[:len(basicScheme)], basicScheme) {
		return Credentials{}, ErrBasic
	}
	text, err := base64.StdEncoding.DecodeString(header[len(basicScheme):])
	if err != nil {
		return Credentials{}, ErrBasic
	}
	encodedID, encodedSecret, ok := strings.Cut(string(text), ":")
	id, idErr := url.QueryUnescape(encodedID)
	secret, secretErr := url.QueryUnescape(encodedSecret)
	if !ok || idErr != nil || secretErr != nil || id == "" {
		return Credentials{}, ErrBasic
	}
	return Credentials{Method: oauth.AuthSecretBasic, ClientID: id, Secret: oauth.Secret(secret)}, nil
}
