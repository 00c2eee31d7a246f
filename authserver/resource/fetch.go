package resource

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// maxDocument is the size in bytes up to which metadata and keys are read.
const maxDocument = 64 << 10

const minRSABits = 2048

// fetch reads the issuer's metadata and the keys that it points to.
func (s *keySource) fetch(ctx context.Context) (*keySet, error) {
	address, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	document, err := s.get(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return parseKeys(document, s.config.Algorithms)
}

// discover returns the jwks_uri of the issuer's metadata (RFC 8414 §3), or of its OpenID configuration where that is all there is.
func (s *keySource) discover(ctx context.Context) (string, error) {
	document, err := s.get(ctx, metadataURL(s.config.Issuer))
	if errors.Is(err, errNotThere) {
		document, err = s.get(ctx, strings.TrimSuffix(s.config.Issuer, "/")+"/.well-known/openid-configuration")
	}
	if err != nil {
		return "", fmt.Errorf("metadata: %w", err)
	}
	var metadata struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(document, &metadata); err != nil {
		return "", fmt.Errorf("metadata: %w", err)
	}
	// RFC 8414 §3.3: the metadata is of the issuer that was asked for, exactly.
	if metadata.Issuer != s.config.Issuer {
		return "", fmt.Errorf("metadata: it is of issuer %q", metadata.Issuer)
	}
	address, err := url.Parse(metadata.JWKSURI)
	if err != nil || address.Host == "" || !secure(address) {
		return "", fmt.Errorf("metadata: jwks_uri %q is neither https nor on a loopback host", metadata.JWKSURI)
	}
	return metadata.JWKSURI, nil
}

// metadataURL puts the well-known part between host and path (RFC 8414 §3.1).
func metadataURL(issuer string) string {
	const wellKnown = "/.well-known/oauth-authorization-server"
	parsed, err := url.Parse(issuer)
	if err != nil {
		return issuer + wellKnown // New has refused such an issuer
	}
	return parsed.Scheme + "://" + parsed.Host + wellKnown + strings.TrimSuffix(parsed.EscapedPath(), "/")
}

var errNotThere = errors.New("404 Not Found")

// get reads a small JSON document.
func (s *keySource) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, errNotThere
	default:
		return nil, fmt.Errorf("%s answered %s", address, response.Status)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(document) > maxDocument {
		return nil, fmt.Errorf("%s has more than %d bytes", address, maxDocument)
	}
	return document, nil
}

// parseKeys reads a JWK Set (RFC 7517 §5). Keys that cannot be used are left out, and the others are kept.
func parseKeys(document []byte, accepted []string) (*keySet, error) {
	var published struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(document, &published); err != nil || published.Keys == nil {
		return nil, errors.New("keys: not a JWK Set")
	}
	set := &keySet{keys: map[string][]key{}, text: string(document)}
	for _, text := range published.Keys {
		parsed, err := jwk.ParseKey(text)
		if err != nil {
			continue
		}
		for _, usable := range usableKeys(parsed, accepted) {
			set.keys[usable.id] = append(set.keys[usable.id], usable)
		}
	}
	if len(set.keys) == 0 {
		return nil, errors.New("keys: none of them can verify an access token")
	}
	return set, nil
}

// usableKeys returns a JWK once for each accepted algorithm that it verifies: none for keys that are symmetric, private, too short,
// for encryption, or without a kid.
func usableKeys(parsed jwk.Key, accepted []string) []key {
	if !isKeyID(parsed.KeyID()) || (parsed.KeyUsage() != "" && parsed.KeyUsage() != string(jwk.ForSignature)) {
		return nil
	}
	if private, err := jwk.IsPrivateKey(parsed); err != nil || private {
		return nil
	}
	var public any
	if err := parsed.Raw(&public); err != nil {
		return nil
	}
	var usable []key
	for _, algorithm := range verifies(public) {
		declared := parsed.Algorithm().String()
		if slices.Contains(accepted, algorithm.String()) && (declared == "" || declared == algorithm.String()) {
			usable = append(usable, key{id: parsed.KeyID(), algorithm: algorithm, public: public})
		}
	}
	return usable
}

// verifies are the algorithms that a public key can verify (RFC 7518 §3, RFC 8037 §3.1).
func verifies(public any) []jwa.SignatureAlgorithm {
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		if _, err := public.ECDH(); err != nil { // the point is not on the curve
			return nil
		}
		return map[string][]jwa.SignatureAlgorithm{"P-256": {jwa.ES256}, "P-384": {jwa.ES384}, "P-521": {jwa.ES512}}[public.Params().Name]
	case *rsa.PublicKey:
		if public.N.BitLen() < minRSABits {
			return nil
		}
		return []jwa.SignatureAlgorithm{jwa.RS256, jwa.RS384, jwa.RS512, jwa.PS256, jwa.PS384, jwa.PS512}
	case ed25519.PublicKey:
		return []jwa.SignatureAlgorithm{jwa.EdDSA}
	default:
		return nil
	}
}
