package bff

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"golang.org/x/sync/singleflight"
)

const (
	keysLifetime = time.Hour
	// missPause is the least time between two fetches because of an unknown kid: a flood of made-up kids costs one fetch.
	missPause  = time.Minute
	minRSABits = 2048
)

var (
	errNoKey      = errors.New("no key of the provider fits the token's kid and alg")
	errKeysUnread = errors.New("the provider's keys cannot be read")
)

// keySet holds a provider's public signing keys. It reads them from the jwks_uri of the pinned issuer's metadata and
// from nowhere else: the jku, jwk and x5u of a token's header are never looked at (RFC 8725 §3.10).
type keySet struct {
	out    *outbound
	now    func() time.Time
	flight singleflight.Group

	mu   sync.Mutex
	keys []verificationKey
	uri  string
	read time.Time // when keys were read
	miss time.Time // when an unknown kid last caused a fetch
}

// verificationKey is a public key with the algorithms that its kind and metadata allow.
type verificationKey struct {
	kid    string
	alg    string // the JWK's own alg, if it has one
	public any
}

func newKeySet(out *outbound, now func() time.Time) *keySet { return &keySet{out: out, now: now} }

// find returns the key for a token's kid and alg. When none fits, the set is read again, once: that is how a rotation at
// the provider is followed.
func (s *keySet) find(ctx context.Context, uri, kid, alg string) (any, error) {
	if s.needsRead(uri) {
		if err := s.refresh(ctx, uri); err != nil {
			return nil, err
		}
		return s.pick(kid, alg)
	}
	key, err := s.pick(kid, alg)
	if err == nil || !s.mayReadAgain() {
		return key, err
	}
	if err := s.refresh(ctx, uri); err != nil {
		return nil, err
	}
	return s.pick(kid, alg)
}

func (s *keySet) needsRead(uri string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys == nil || s.uri != uri || s.now().Sub(s.read) >= keysLifetime
}

func (s *keySet) mayReadAgain() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.miss.IsZero() && now.Sub(s.miss) < missPause {
		return false
	}
	s.miss = now
	return true
}

// pick finds the key. Without a kid the one key that fits is taken; of several, none (OpenID Connect Core §10.1).
func (s *keySet) pick(kid, alg string) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []any
	for _, key := range s.keys {
		if (kid == "" || key.kid == kid) && (key.alg == "" || key.alg == alg) && fits(key.public, alg) {
			found = append(found, key.public)
		}
	}
	if len(found) != 1 {
		return nil, errNoKey
	}
	return found[0], nil
}

// refresh reads the set. Of any number of callers one asks; when that fails the old keys stay.
func (s *keySet) refresh(ctx context.Context, uri string) error {
	result := s.flight.DoChan(uri, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outboundTimeout)
		defer cancel()
		keys, err := s.fetch(ctx, uri)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil {
			return nil, err
		}
		s.keys, s.uri, s.read = keys, uri, s.now()
		return nil, nil
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case got := <-result:
		return got.Err
	}
}

func (s *keySet) fetch(ctx context.Context, uri string) ([]verificationKey, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := s.out.document(ctx, "keys", uri, maxKeySet, &document); err != nil {
		return nil, fmt.Errorf("%w: %w", errKeysUnread, err)
	}
	keys := []verificationKey{}
	for _, raw := range document.Keys {
		// RFC 7517 §5: a key that is not understood is ignored. So is every key that is not a public signing key.
		if key, ok := parseVerificationKey(raw); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func parseVerificationKey(raw []byte) (verificationKey, bool) {
	key, err := jwk.ParseKey(raw)
	if err != nil || (key.KeyUsage() != "" && key.KeyUsage() != string(jwk.ForSignature)) {
		return verificationKey{}, false
	}
	var public any
	if err := key.Raw(&public); err != nil {
		return verificationKey{}, false
	}
	alg := key.Algorithm().String()
	switch public := public.(type) {
	case *rsa.PublicKey:
		return verificationKey{key.KeyID(), alg, public}, public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		_, err := public.ECDH() // refuses a point that is not on its curve
		return verificationKey{key.KeyID(), alg, public}, err == nil
	case ed25519.PublicKey:
		return verificationKey{key.KeyID(), alg, public}, len(public) == ed25519.PublicKeySize
	default: // symmetric and private keys
		return verificationKey{}, false
	}
}

// fits binds an algorithm to its kind of key, so that no key serves an algorithm it was not made for (RFC 8725 §3.1).
func fits(public any, alg string) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return alg[:2] == "RS" || alg[:2] == "PS"
	case *ecdsa.PublicKey:
		curves := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}
		return curves[alg] == key.Curve
	case ed25519.PublicKey:
		return alg == jwa.EdDSA.String()
	}
	return false
}
