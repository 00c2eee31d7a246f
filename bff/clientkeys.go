package bff

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// clientKey is a key that the BFF authenticates with at a provider (OpenID Connect Core §9, private_key_jwt). The public
// part is what providers read from /bff/jwks.json.
type clientKey struct {
	kid     string
	alg     string // what the JWK file says; empty leaves the choice for an RSA key to the provider's metadata
	private any
	public  jwk.Key
}

// parseClientKey reads a private key in PEM (PKCS #8, PKCS #1 or SEC 1) or as a JWK. It never repeats its input.
func parseClientKey(data []byte) (*clientKey, error) {
	key, err := jwk.ParseKey(data, jwk.WithPEM(bytes.Contains(data, []byte("-----BEGIN"))))
	if err != nil {
		return nil, errors.New("it is neither a private key in PEM nor a JWK")
	}
	var private any
	if err := key.Raw(&private); err != nil {
		return nil, errors.New("the key cannot be used")
	}
	kind, err := algOf(private)
	if err != nil {
		return nil, err
	}
	alg := key.Algorithm().String()
	if _, isRSA := private.(*rsa.PrivateKey); isRSA && (alg == "" || alg == "PS256" || alg == "RS256") {
		kind = alg
	}
	if alg != "" && alg != kind {
		return nil, fmt.Errorf("its alg is %q, which it cannot sign with here", alg)
	}
	return newClientKey(key, private, kind)
}

func newClientKey(key jwk.Key, private any, alg string) (*clientKey, error) {
	public, err := key.PublicKey()
	if err != nil {
		return nil, errors.New("it has no public part")
	}
	kid := key.KeyID()
	if kid == "" {
		thumbprint, err := public.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, errors.New("it has no thumbprint")
		}
		kid = base64.RawURLEncoding.EncodeToString(thumbprint)
	}
	members := map[string]any{jwk.KeyIDKey: kid, jwk.KeyUsageKey: "sig"}
	if alg != "" {
		members[jwk.AlgorithmKey] = jwa.SignatureAlgorithm(alg)
	}
	for name, value := range members {
		if err := public.Set(name, value); err != nil {
			return nil, fmt.Errorf("its member %s: %w", name, err)
		}
	}
	return &clientKey{kid: kid, alg: alg, private: private, public: public}, nil
}

// algOf returns the algorithm of a private key that is strong enough.
func algOf(private any) (string, error) {
	switch key := private.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < minRSABits {
			return "", fmt.Errorf("an RSA key has at least %d bits", minRSABits)
		}
		return "PS256", nil
	case *ecdsa.PrivateKey:
		if key.Curve != elliptic.P256() {
			return "", errors.New("an EC key is on P-256")
		}
		return "ES256", nil
	case ed25519.PrivateKey:
		return "EdDSA", nil
	default:
		return "", errors.New("it is no private RSA, EC or Ed25519 key")
	}
}

// signingAlg is the key's own algorithm. An RSA key that names none signs with PS256, or with RS256 where the provider
// does not know PS256.
func (k *clientKey) signingAlg(supported []string) jwa.SignatureAlgorithm {
	if k.alg != "" {
		return jwa.SignatureAlgorithm(k.alg)
	}
	if supported != nil && !slices.Contains(supported, "PS256") && slices.Contains(supported, "RS256") {
		return jwa.RS256
	}
	return jwa.PS256
}

// jwks publishes the public keys of all providers, the same to everybody. A new key stands behind the first until every
// provider has read it; then it is put in front, and the old one is taken out later.
func (b *BFF) jwks(w http.ResponseWriter, _ *http.Request) error {
	set, seen := jwk.NewSet(), map[string]bool{}
	for i := range b.cfg.Providers {
		for _, key := range b.cfg.Providers[i].keys {
			if seen[key.kid] {
				continue
			}
			seen[key.kid] = true
			if err := set.AddKey(key.public); err != nil {
				return err
			}
		}
	}
	writeJSON(w, "application/jwk-set+json", http.StatusOK, set)
	return nil
}
