package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"cloakroom/authserver/store"
)

// Key is a signing key that is open: ready to sign.
type Key struct {
	ID        string // kid: the key's thumbprint (RFC 7638), so that no two keys share one
	Algorithm jwa.SignatureAlgorithm
	private   crypto.Signer
	public    jwk.Key
	created   time.Time
	active    time.Time
	retired   time.Time
	expires   time.Time
}

// Signer is the private key as the standard library holds it: what a signature costs least with.
func (k *Key) Signer() crypto.Signer { return k.private }

// Public is the public key, also as the standard library holds it.
func (k *Key) Public() crypto.PublicKey { return k.private.Public() }

const rsaBits = 2048 // FAPI 2.0 §5.4.1: at least 2048

func generate(algorithm jwa.SignatureAlgorithm) (crypto.Signer, error) {
	switch algorithm { //nolint:exhaustive // the algorithms that a workspace can be given
	case jwa.RS256, jwa.PS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case jwa.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jwa.EdDSA: // RFC 8037 §3.1, with Ed25519 (FAPI 2.0 §5.4.1)
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, fmt.Errorf("keys: no generator for %s", algorithm)
	}
}

func newKey(private crypto.Signer, algorithm jwa.SignatureAlgorithm, created, active time.Time) (*Key, error) {
	public, err := jwk.FromRaw(private.Public())
	if err != nil {
		return nil, fmt.Errorf("make public key: %w", err)
	}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("make thumbprint: %w", err)
	}
	id := base64.RawURLEncoding.EncodeToString(thumbprint)
	for name, value := range map[string]any{jwk.KeyIDKey: id, jwk.AlgorithmKey: algorithm, jwk.KeyUsageKey: jwk.ForSignature} {
		if err := public.Set(name, value); err != nil {
			return nil, fmt.Errorf("set %s: %w", name, err)
		}
	}
	return &Key{ID: id, Algorithm: algorithm, private: private, public: public, created: created, active: active}, nil
}

// place is what a sealed key is bound to.
func place(workspace, id, algorithm string) string {
	return workspace + "\x00" + id + "\x00" + algorithm
}

func (k *Key) record(workspace string, sealer *Sealer) (store.Key, error) {
	private, err := jwk.FromRaw(k.private)
	if err != nil {
		return store.Key{}, fmt.Errorf("make private key: %w", err)
	}
	text, err := json.Marshal(private)
	if err != nil {
		return store.Key{}, fmt.Errorf("encode private key: %w", err)
	}
	return store.Key{
		Workspace: workspace,
		ID:        k.ID,
		Algorithm: k.Algorithm.String(),
		Sealed:    sealer.seal(text, place(workspace, k.ID, k.Algorithm.String())),
		Created:   k.created,
		Active:    k.active,
	}, nil
}

func openRecord(record store.Key, sealer *Sealer) (*Key, error) {
	text, err := sealer.open(record.Sealed, place(record.Workspace, record.ID, record.Algorithm))
	if err != nil {
		return nil, err
	}
	parsed, err := jwk.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	var raw any
	if err := parsed.Raw(&raw); err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	private, ok := raw.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("keys: a %T does not sign", raw)
	}
	key, err := newKey(private, jwa.SignatureAlgorithm(record.Algorithm), record.Created, record.Active)
	if err != nil {
		return nil, err
	}
	key.retired, key.expires = record.Retired, record.Expires
	return key, nil
}
