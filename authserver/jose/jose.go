// Package jose reads the JWTs that others sign (client assertions, DPoP proofs, and at an API access tokens) strictly: one spelling
// for each, no header that chooses how it is verified, no member twice. It owns the parsing and the public keys; what the claims
// have to say, packages client, dpop and resource know. It makes no JWT.
//
// Start with [Parse], then [Token.Verify].
package jose

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// ErrInvalid means that a text is not a JWT that this package reads, or that its signature is wrong.
var ErrInvalid = errors.New("jose: invalid")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// MaxLength is the longest text in bytes that is looked at (RFC 8725 §3.1, and the parser's own peace).
const MaxLength = 8 << 10

// Token is a JWT in compact serialization, parsed and not verified.
type Token struct {
	Header Header
	text   string
	claims []byte
}

// Header is what a header may say here (RFC 7515 §4.1). The algorithm is believed only after it is found among those that the
// verifier accepts.
type Header struct {
	Algorithm jwa.SignatureAlgorithm `json:"alg"`
	Type      string                 `json:"typ"`
	KeyID     string                 `json:"kid"`
	JWK       json.RawMessage        `json:"jwk"`

	// What would have the verifier use a key of the token's choice, or understand something that it does not.
	JKU         json.RawMessage `json:"jku"`
	X5U         json.RawMessage `json:"x5u"`
	X5C         json.RawMessage `json:"x5c"`
	Critical    json.RawMessage `json:"crit"`
	Unencoded   json.RawMessage `json:"b64"`
	Compression json.RawMessage `json:"zip"`
	Encryption  json.RawMessage `json:"enc"`
}

const maxKeyID = 256

// Parse takes a token apart. Nothing in it is verified yet.
func Parse(text string) (*Token, error) {
	if len(text) > MaxLength || strings.Count(text, ".") != 2 {
		return nil, invalid("not a compact JWS")
	}
	parts := strings.Split(text, ".")
	decoded := make([][]byte, len(parts))
	for position, part := range parts {
		// RFC 7515 §2: base64url without padding, and of the spellings that decode to the same bytes only one.
		data, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || part == "" || strings.ContainsAny(part, "\r\n") {
			return nil, invalid("a part is empty or not base64url")
		}
		decoded[position] = data
	}
	token := &Token{text: text, claims: decoded[1]}
	if err := unmarshal(decoded[0], &token.Header); err != nil {
		return nil, invalid("header: %v", err)
	}
	if err := checkMembers(token.claims); err != nil {
		return nil, invalid("claims: %v", err)
	}
	return token, token.Header.check()
}

func (h Header) check() error {
	// RFC 8725 §3.10, RFC 7515 §4.1.11: keys come from registration; an extension that is critical is not understood.
	for _, member := range []json.RawMessage{h.JKU, h.X5U, h.X5C, h.Critical, h.Unencoded, h.Compression, h.Encryption} {
		if member != nil {
			return invalid("header: a member that is not accepted (jku, x5u, x5c, crit, b64, zip or enc)")
		}
	}
	if len(h.KeyID) > maxKeyID {
		return invalid("header: kid is too long")
	}
	return nil
}

// Is reports whether the token's typ is the media type, compared as RFC 7515 §4.1.9 has it.
func (t *Token) Is(mediaType string) bool {
	return strings.EqualFold(t.Header.Type, mediaType) || strings.EqualFold(t.Header.Type, "application/"+mediaType)
}

// Claims decodes the claims. Until Verify has passed they are only what somebody says.
func (t *Token) Claims(into any) error {
	if err := json.Unmarshal(t.claims, into); err != nil {
		return invalid("claims: %v", err)
	}
	return nil
}

// Verify verifies the signature with a key, by the header's algorithm if the key is for it and it is one of those accepted
// (RFC 8725 §3.1 and §3.2).
func (t *Token) Verify(key Key, accepted []jwa.SignatureAlgorithm) error {
	algorithm := t.Header.Algorithm
	if !slices.Contains(accepted, algorithm) || !slices.Contains(key.Algorithms, algorithm) {
		return invalid("alg %q is not accepted", string(algorithm))
	}
	if _, err := jws.Verify([]byte(t.text), jws.WithKey(algorithm, key.Public), jws.WithCompact()); err != nil {
		return invalid("the signature is wrong")
	}
	return nil
}
