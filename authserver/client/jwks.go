package client

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/lestrrat-go/jwx/v2/cert"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"cloakroom/authserver/jose"
)

// JWKS is the key set of a client that its registration holds (RFC 7591 §2, jwks).
type JWKS []jose.Key

// UnmarshalYAML reads a JWK Set that is written as YAML: {keys: [{kty: EC, …}]}. A key that cannot be used is an error.
func (j *JWKS) UnmarshalYAML(decode func(any) error) error {
	var set map[string]any
	if err := decode(&set); err != nil {
		return err
	}
	text, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("jwks: %w", err)
	}
	keys, err := jose.ParseSet(text, false)
	*j = keys
	return err
}

// MarshalJSON writes the JWK Set back, the public keys only.
func (j JWKS) MarshalJSON() ([]byte, error) {
	keys := make([]jwk.Key, 0, len(j))
	for _, key := range j {
		public, err := jwk.FromRaw(key.Public)
		if err != nil {
			return nil, fmt.Errorf("jwks: %w", err)
		}
		if key.ID != "" {
			_ = public.Set(jwk.KeyIDKey, key.ID) // a text is what it takes
		}
		if len(key.Algorithms) == 1 {
			_ = public.Set(jwk.AlgorithmKey, key.Algorithms[0])
		}
		if len(key.Certificate) > 0 {
			chain := new(cert.Chain)
			if err := chain.AddString(base64.StdEncoding.EncodeToString(key.Certificate)); err != nil {
				return nil, fmt.Errorf("jwks: %w", err)
			}
			_ = public.Set(jwk.X509CertChainKey, chain)
		}
		keys = append(keys, public)
	}
	return json.Marshal(map[string]any{"keys": keys})
}
