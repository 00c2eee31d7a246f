package client

import (
	"encoding/json"
	"fmt"

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
