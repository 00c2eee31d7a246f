// Package token owns the JWTs that the authorization server issues: access tokens (RFC 9068) and ID tokens (OpenID Connect
// Core §2). It makes them and verifies its own; what may be issued to whom is decided elsewhere.
//
// Start with [Issuer].
package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/authserver/keys"
)

// ErrInvalid means that a text is not a token of this issuer and this kind, or that it has expired.
var ErrInvalid = errors.New("token: invalid")

// The typ of each kind (RFC 8725 §3.11): a token of one kind is never taken for another.
const (
	typeAccess = "at+jwt"
	typeID     = "JWT"

	typeIntrospection = "token-introspection+jwt" // RFC 9701 §5

	typeUserinfo = "userinfo+jwt" // nobody has registered one; it keeps the answer from being an ID token
)

// maxLength is far above what we issue; anything longer is not ours and is not parsed.
const maxLength = 8 << 10

// Issuer makes and verifies the tokens of one issuer.
type Issuer struct {
	name            string
	keys            *keys.Set
	accessAlgorithm jwa.SignatureAlgorithm
	idAlgorithm     jwa.SignatureAlgorithm
	now             func() time.Time
}

// NewIssuer makes an issuer. Name is the issuer identifier, exactly as discovery publishes it.
func NewIssuer(name string, set *keys.Set, access, id jwa.SignatureAlgorithm, now func() time.Time) *Issuer {
	return &Issuer{name: name, keys: set, accessAlgorithm: access, idAlgorithm: id, now: now}
}

func (i *Issuer) sign(claims any, typ string, algorithm jwa.SignatureAlgorithm) (string, error) {
	key, err := i.keys.Signer(algorithm)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	headers := jws.NewHeaders()
	for name, value := range map[string]string{jws.TypeKey: typ, jws.KeyIDKey: key.ID} {
		if err := headers.Set(name, value); err != nil {
			return "", fmt.Errorf("set %s: %w", name, err)
		}
	}
	signed, err := jws.Sign(payload, jws.WithKey(key.Algorithm, key.Signer(), jws.WithProtectedHeaders(headers)))
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return string(signed), nil
}

// verify checks the signature with the key that the kid names, and with that key's algorithm: neither is taken from the
// token (RFC 8725 §3.1). A jku, x5u or jwk header is ignored.
func (i *Issuer) verify(text, typ string, claims any) error {
	if len(text) > maxLength || strings.Count(text, ".") != 2 {
		return fmt.Errorf("%w: not a compact JWS", ErrInvalid)
	}
	message, err := jws.Parse([]byte(text), jws.WithCompact())
	if err != nil || len(message.Signatures()) != 1 {
		return fmt.Errorf("%w: not a compact JWS", ErrInvalid)
	}
	header := message.Signatures()[0].ProtectedHeaders()
	key, err := i.keys.Find(header.KeyID())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if header.Type() != typ || header.Algorithm() != key.Algorithm || len(header.Critical()) > 0 {
		return fmt.Errorf("%w: typ, alg or crit", ErrInvalid)
	}
	payload, err := jws.Verify([]byte(text), jws.WithKey(key.Algorithm, key.Public()), jws.WithCompact())
	if err != nil {
		return fmt.Errorf("%w: signature", ErrInvalid)
	}
	if err := json.Unmarshal(payload, claims); err != nil {
		return fmt.Errorf("%w: claims", ErrInvalid)
	}
	return nil
}

// seconds is a NumericDate (RFC 7519 §2); zero for no time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
