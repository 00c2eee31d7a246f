package bff

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
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
	out *outbound
	now func() time.Time

	mu     sync.Mutex
	keys   []verificationKey
	uri    string
	read   time.Time               // when keys were read
	miss   map[tokenKind]time.Time // when an unknown kid last caused a fetch
	under  *keyReading             // under way; nil if none is
	failed time.Time               // when reading last failed
	why    error
}

// verificationKey is a public key with the algorithms that its kind and metadata allow.
type verificationKey struct {
	kid    string
	alg    string // the JWK's own alg, if it has one
	public comparableKey
}

// comparableKey is what every public key of the standard library is.
type comparableKey interface{ Equal(crypto.PublicKey) bool }

// keyReading is a fetch of the set that any number of callers wait for.
type keyReading struct {
	uri  string
	done chan struct{}
	err  error // when done
}

func newKeySet(out *outbound, now func() time.Time) *keySet {
	return &keySet{out: out, now: now, miss: map[tokenKind]time.Time{}}
}

// find returns the key for a token's kid and alg. When none fits, the set is read again, once: that is how a rotation at
// the provider is followed. Each kind of token has its own turn at that: anybody can send a made-up logout token, and must not
// keep the keys of a sign-in from being read.
func (s *keySet) find(ctx context.Context, uri, kid, alg string, kind tokenKind) (any, error) {
	key, under, err := s.look(ctx, uri, kid, alg, kind)
	if under == nil {
		return key, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-under.done:
	}
	if under.err != nil {
		return nil, under.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pick(kid, alg)
}

// look answers from what is known, or with the reading that the answer is waited for with: of any number of callers one asks.
func (s *keySet) look(ctx context.Context, uri, kid, alg string, kind tokenKind) (key any, under *keyReading, err error) { //nolint:revive // which of the three it is
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	fresh := s.keys != nil && s.uri == uri && now.Sub(s.read) < keysLifetime
	if fresh {
		if key, err = s.pick(kid, alg); err == nil {
			return key, nil, nil
		}
	}
	switch {
	case s.under != nil && s.under.uri == uri:
		return nil, s.under, nil
	case s.why != nil && now.Sub(s.failed) < retryPause:
		return nil, nil, s.why
	case fresh && now.Sub(s.miss[kind]) < missPause:
		return nil, nil, err
	case fresh:
		s.miss[kind] = now
	}
	s.under = &keyReading{uri: uri, done: make(chan struct{})}
	go s.refresh(context.WithoutCancel(ctx), s.under)
	return nil, s.under, nil
}

// pick finds the key. Without a kid the one key that fits is taken; of several, none (OpenID Connect Core §10.1).
func (s *keySet) pick(kid, alg string) (any, error) {
	var found comparableKey
	for _, key := range s.keys {
		if (kid != "" && key.kid != kid) || (key.alg != "" && key.alg != alg) || !fits(key.public, alg) {
			continue
		}
		if found != nil && !found.Equal(key.public) {
			return nil, errNoKey
		}
		found = key.public
	}
	if found == nil {
		return nil, errNoKey
	}
	return found, nil
}

// refresh reads the set. When that fails the old keys stay.
func (s *keySet) refresh(ctx context.Context, under *keyReading) {
	ctx, cancel := context.WithTimeout(ctx, outboundTimeout)
	defer cancel()
	keys, err := s.fetch(ctx, under.uri)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.under == under {
		s.under = nil
	}
	if s.why, under.err = err, err; err != nil {
		// What was missed is missed still.
		s.failed = s.now()
		clear(s.miss)
	} else {
		s.keys, s.uri, s.read = keys, under.uri, s.now()
	}
	close(under.done)
}

// health is nil unless the keys could not be read when that was last tried.
func (s *keySet) health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

func (s *keySet) fetch(ctx context.Context, uri string) ([]verificationKey, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := s.out.document(ctx, "keys", uri, maxKeySet, &document); err != nil {
		return nil, fmt.Errorf("%w: %w", errKeysUnread, err)
	}
	// RFC 7517 §5.1: a set has this member. What has not is something else, such as an error page.
	if document.Keys == nil {
		return nil, fmt.Errorf("%w: get %s: it is no JWK Set", errKeysUnread, uri)
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
	if err != nil || (key.KeyUsage() != "" && key.KeyUsage() != string(jwk.ForSignature)) || !mayVerify(key.KeyOps()) {
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

// mayVerify reads key_ops (RFC 7517 §4.3).
func mayVerify(operations jwk.KeyOperationList) bool {
	return len(operations) == 0 || slices.Contains(operations, jwk.KeyOpVerify)
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
