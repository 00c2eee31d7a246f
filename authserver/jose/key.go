package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// Key is a public key that verifies signatures.
type Key struct {
	ID         string // kid; may be empty
	Algorithms []jwa.SignatureAlgorithm
	Public     any    // *ecdsa.PublicKey, *rsa.PublicKey or ed25519.PublicKey
	Thumbprint string // RFC 7638, SHA-256
	// Certificate is the first of x5c, in DER; empty without. It proves nothing here: it is what a client registers that
	// authenticates by a certificate of its own making (RFC 8705 §2.2.2).
	Certificate []byte
}

// MinRSABits is the size of the smallest RSA key that is taken (FAPI 2.0 §5.4.1).
const MinRSABits = 2048

// ParseKey reads a JWK (RFC 7517 §4). It refuses one that is symmetric, private, too short, off its curve, or not for signatures.
func ParseKey(text []byte) (Key, error) {
	if err := checkMembers(text); err != nil {
		return Key{}, invalid("key: %v", err)
	}
	parsed, err := jwk.ParseKey(text)
	if err != nil {
		return Key{}, invalid("key: not a JWK")
	}
	if private, err := jwk.IsPrivateKey(parsed); err != nil || private {
		return Key{}, invalid("key: it is private or symmetric")
	}
	if usage := parsed.KeyUsage(); usage != "" && usage != string(jwk.ForSignature) {
		return Key{}, invalid("key: it is not for signatures")
	}
	key := Key{ID: parsed.KeyID()}
	if err := parsed.Raw(&key.Public); err != nil {
		return Key{}, invalid("key: not a public key")
	}
	key.Algorithms = algorithmsOf(key.Public)
	if declared := parsed.Algorithm().String(); declared != "" {
		key.Algorithms = slices.DeleteFunc(key.Algorithms, func(a jwa.SignatureAlgorithm) bool { return a.String() != declared })
	}
	if len(key.Algorithms) == 0 {
		return Key{}, invalid("key: it is of a kind or size that is not accepted")
	}
	thumbprint, err := parsed.Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, invalid("key: no thumbprint")
	}
	key.Thumbprint = base64.RawURLEncoding.EncodeToString(thumbprint)
	if chain := parsed.X509CertChain(); chain != nil && chain.Len() > 0 {
		encoded, _ := chain.Get(0)
		if key.Certificate, err = base64.StdEncoding.DecodeString(string(encoded)); err != nil {
			return Key{}, invalid("key: x5c")
		}
	}
	return key, nil
}

// algorithmsOf are the algorithms that a public key can verify (RFC 7518 §3, RFC 8037 §3.1), of those that anybody accepts here.
func algorithmsOf(public any) []jwa.SignatureAlgorithm {
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		if _, err := public.ECDH(); err != nil || public.Params().Name != "P-256" { // off the curve, or another
			return nil
		}
		return []jwa.SignatureAlgorithm{jwa.ES256}
	case *rsa.PublicKey:
		if public.N.BitLen() < MinRSABits || public.E < 3 || public.E%2 == 0 {
			return nil
		}
		return []jwa.SignatureAlgorithm{jwa.PS256, jwa.RS256}
	case ed25519.PublicKey:
		if len(public) != ed25519.PublicKeySize {
			return nil
		}
		return []jwa.SignatureAlgorithm{jwa.EdDSA}
	default:
		return nil
	}
}

// ParseSet reads a JWK Set (RFC 7517 §5). Skip leaves out the keys that cannot be used, which is how a set that somebody publishes is
// read; without it they are an error, which is how a registration is.
func ParseSet(text []byte, skip bool) ([]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := unmarshal(text, &set); err != nil || set.Keys == nil {
		return nil, invalid("not a JWK Set")
	}
	var keys []Key
	for _, one := range set.Keys {
		key, err := ParseKey(one)
		if err != nil && !skip {
			return nil, err
		}
		if err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, invalid("the JWK Set has no key that can be used")
	}
	return keys, nil
}
