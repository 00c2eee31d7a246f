package upstream

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"cloakroom/authserver/jose"
	"cloakroom/authserver/oauth"
)

// assertionLife is how long an assertion is good: for the request that it is made for.
const assertionLife = time.Minute

// authenticate authenticates a request of ours: it returns the header, and adds to the form.
func (p *Provider) authenticate(of metadata, form url.Values) (http.Header, error) {
	header := http.Header{}
	switch p.config.AuthMethod {
	case oauth.AuthSecretBasic:
		// RFC 6749 §2.3.1: both are form-encoded before they are put together.
		basic := http.Request{Header: header}
		basic.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.Secret.Reveal()))
	case oauth.AuthSecretPost:
		form.Set("client_id", p.config.ClientID)
		form.Set("client_secret", p.config.Secret.Reveal())
	case oauth.AuthPrivateKeyJWT:
		assertion, err := p.assertion(of)
		if err != nil {
			return nil, err
		}
		form.Set("client_id", p.config.ClientID)
		form.Set("client_assertion_type", oauth.AssertionTypeJWT)
		form.Set("client_assertion", assertion)
	default:
		return nil, invalid("we have no way to authenticate: %q", p.config.AuthMethod)
	}
	return header, nil
}

// assertion says who we are (RFC 7523 §3, OpenID Connect Core §9). Its audience is the provider's issuer, so that it is good at no
// other provider.
func (p *Provider) assertion(of metadata) (string, error) {
	now := p.now()
	claims, err := jwt.NewBuilder().Issuer(p.config.ClientID).Subject(p.config.ClientID).Audience([]string{of.Issuer}).
		JwtID(rand.Text()).IssuedAt(now).Expiration(now.Add(assertionLife)).Build()
	if err != nil {
		return "", invalid("assertion: %w", err)
	}
	claims.Options().Enable(jwt.FlattenAudience)
	public, err := PublicKey(p.config.Key)
	if err != nil {
		return "", invalid("assertion: %w", err)
	}
	headers := jws.NewHeaders()
	if err := errors.Join(headers.Set(jws.KeyIDKey, public.KeyID()), headers.Set(jws.TypeKey, "JWT")); err != nil {
		return "", invalid("assertion: %w", err)
	}
	signed, err := jwt.Sign(claims, jwt.WithKey(algorithmFor(p.config.Key, of.AssertionAlgorithms), p.config.Key, jws.WithProtectedHeaders(headers)))
	if err != nil {
		return "", invalid("assertion: %w", err)
	}
	return string(signed), nil
}

// algorithmFor is what the key signs with: for an RSA key PS256 unless the provider says that it takes only RS256 (FAPI 2.0 §5.4.1).
func algorithmFor(key crypto.Signer, supported []string) jwa.SignatureAlgorithm {
	switch key.(type) {
	case *rsa.PrivateKey:
		if len(supported) > 0 && !slices.Contains(supported, jwa.PS256.String()) {
			return jwa.RS256
		}
		return jwa.PS256
	case ed25519.PrivateKey:
		return jwa.EdDSA
	default:
		return jwa.ES256
	}
}

// ErrKey means that a text is not a private key that we sign with.
var ErrKey = errors.New("is not a PKCS #8 private key in PEM, of ECDSA P-256, RSA with 2048 bits or more, or Ed25519")

// ParseKey reads the private key that assertions are signed with.
func ParseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, ErrKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, ErrKey
	}
	switch key := parsed.(type) {
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P256() {
			return key, nil
		}
	case *rsa.PrivateKey:
		if key.N.BitLen() >= jose.MinRSABits {
			return key, nil
		}
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, ErrKey
}

// PublicKey is what a provider is given of the key: its kid is its thumbprint (RFC 7638).
func PublicKey(key crypto.Signer) (jwk.Key, error) {
	public, err := jwk.FromRaw(key.Public())
	if err == nil {
		err = errors.Join(jwk.AssignKeyID(public), public.Set(jwk.KeyUsageKey, jwk.ForSignature))
	}
	return public, err
}
