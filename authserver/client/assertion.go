package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/jose"
)

// ErrAssertion means that a client assertion is not one. What is wrong with it is for the log: to the client it is invalid_client.
var ErrAssertion = errors.New("client: invalid assertion")

func badAssertion(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrAssertion, fmt.Sprintf(format, args...))
}

const (
	// maxAssertionLife is how far ahead exp may be. Assertions are made for one request.
	maxAssertionLife = time.Minute
	// maxSkew is how far the client's clock may be ahead or behind. FAPI 2.0 §5.3.2.1 (13) has up to 10 seconds accepted, and
	// more than 60 refused.
	maxSkew = 10 * time.Second
	// maxAssertionID bounds what is kept of a jti's owner.
	maxAssertionID = 512
)

// Assertion is a client assertion (RFC 7523 §3) that has been parsed and not verified.
type Assertion struct {
	token  *jose.Token
	claims assertionClaims
}

type assertionClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"`
	ID        string          `json:"jti"`
	Issued    *jose.Date      `json:"iat"`
	NotBefore *jose.Date      `json:"nbf"`
	Expires   *jose.Date      `json:"exp"`
}

// ParseAssertion reads an assertion. Nothing in it is verified, so that it only says whose keys to look for.
func ParseAssertion(text string) (Assertion, error) {
	token, err := jose.Parse(text)
	if err != nil {
		return Assertion{}, fmt.Errorf("%w: %w", ErrAssertion, err)
	}
	assertion := Assertion{token: token}
	if err := token.Claims(&assertion.claims); err != nil {
		return Assertion{}, fmt.Errorf("%w: %w", ErrAssertion, err)
	}
	// RFC 8725 §3.12: none of the JWTs of another kind. Few clients set a type at all.
	if typ := token.Header.Type; typ != "" && !token.Is("JWT") && !token.Is("client-authentication+jwt") {
		return Assertion{}, badAssertion("typ is of another kind")
	}
	if token.Header.JWK != nil {
		return Assertion{}, badAssertion("it brings its own key")
	}
	return assertion, nil
}

// ClientID is the client that the assertion says it comes from.
func (a Assertion) ClientID() string { return a.claims.Subject }

// KeyID and Algorithm are those of its header.
func (a Assertion) KeyID() string { return a.token.Header.KeyID }

// Algorithm is the alg of its header.
func (a Assertion) Algorithm() jwa.SignatureAlgorithm { return a.token.Header.Algorithm }

// ID is its jti: with the client's id, what must not be used twice.
func (a Assertion) ID() string { return a.claims.ID }

// Until is how long its jti has to be remembered.
func (a Assertion) Until() time.Time { return a.claims.Expires.Time().Add(maxSkew) }

// Verify checks the signature with the client's keys, and then the claims. That it was not used before, the caller checks.
func (a Assertion) Verify(c *Client, expected Expected, accepted []jwa.SignatureAlgorithm) error {
	told, err := expected.Trace, a.verifySignature(expected.Keys, accepted)
	if !told.Check("assertion_signature", "RFC 7523 §3 (9)", err == nil) {
		return err
	}
	// RFC 7523 §3 (1) and (2): the client says that it is itself.
	if !told.Check("assertion_issuer", "RFC 7523 §3 (1)", a.claims.Issuer == c.ID && a.claims.Subject == c.ID) {
		return badAssertion("iss and sub are not both the client")
	}
	// RFC 7523 §3 (3), FAPI 2.0 §5.3.2.1 (8): aud is our issuer identifier, as a string. An array, or one of our endpoints, could be
	// meant for somebody else, who sends it on to us.
	var audience string
	if err := json.Unmarshal(a.claims.Audience, &audience); !told.Check("assertion_audience", "RFC 7523 §3 (3)", err == nil && audience == expected.Issuer) {
		return badAssertion("aud is not the issuer as a string")
	}
	if !told.Check("assertion_jti", "RFC 7523 §3 (7)", a.claims.ID != "" && len(a.claims.ID) <= maxAssertionID) {
		return badAssertion("jti is missing or too long")
	}
	err = a.checkTimes(expected.Now)
	told.Check("assertion_exp", "RFC 7523 §3 (4)", err == nil)
	return err
}

// verifySignature tries the keys that have the assertion's kid, or all if it has none.
func (a Assertion) verifySignature(keys []jose.Key, accepted []jwa.SignatureAlgorithm) error {
	err := badAssertion("no key of the client has its kid")
	for _, key := range keys {
		if kid := a.KeyID(); kid != "" && key.ID != "" && kid != key.ID {
			continue
		}
		if err = a.token.Verify(key, accepted); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: %w", ErrAssertion, err)
}

func (a Assertion) checkTimes(now time.Time) error {
	c := a.claims
	switch {
	case c.Expires == nil || c.Issued == nil:
		return badAssertion("exp or iat is missing")
	case !now.Before(c.Expires.Time().Add(maxSkew)):
		return badAssertion("it has expired")
	case c.Expires.Time().After(now.Add(maxAssertionLife + maxSkew)):
		return badAssertion("it lives longer than %s", maxAssertionLife)
	case c.Issued.Time().After(now.Add(maxSkew)):
		return badAssertion("it was issued in the future")
	case c.NotBefore != nil && c.NotBefore.Time().After(now.Add(maxSkew)):
		return badAssertion("it is not valid yet")
	}
	return nil
}
