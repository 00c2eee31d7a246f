package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"cloakroom/authserver/oauth"
)

// ErrSeal means that a sealed key does not open: another key-encryption key sealed it, or it was altered or moved.
var ErrSeal = errors.New("keys: sealed with another key-encryption key, or altered")

// Sealer keeps private keys unreadable at rest: AES-256-GCM under a key-encryption key from the configuration.
// Earlier key-encryption keys open what they sealed, so that the key can be changed without a stop.
type Sealer struct {
	aead    cipher.AEAD
	earlier []cipher.AEAD
}

const sealerKeyBytes = 32

// NewSealer makes a sealer from the base64 text of 32 random bytes (openssl rand -base64 32), and of the keys before it.
func NewSealer(text oauth.Secret, earlier ...oauth.Secret) (*Sealer, error) {
	aead, err := newAEAD(text)
	if err != nil {
		return nil, err
	}
	sealer := &Sealer{aead: aead}
	for _, text := range earlier {
		aead, err := newAEAD(text)
		if err != nil {
			return nil, fmt.Errorf("an earlier one: %w", err)
		}
		sealer.earlier = append(sealer.earlier, aead)
	}
	return sealer, nil
}

func newAEAD(text oauth.Secret) (cipher.AEAD, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text.Reveal()))
	if err != nil || len(key) != sealerKeyBytes {
		return nil, fmt.Errorf("keys: the key-encryption key is not the base64 of %d bytes", sealerKeyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return aead, nil
}

// seal binds the text to where it is kept, so that a record that was copied to another place does not open.
func (s *Sealer) seal(plain []byte, place string) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(place))
}

func (s *Sealer) open(sealed []byte, place string) ([]byte, error) {
	for _, aead := range append([]cipher.AEAD{s.aead}, s.earlier...) {
		if plain, err := aead.Open(nil, nil, sealed, []byte(place)); err == nil {
			return plain, nil
		}
	}
	return nil, ErrSeal
}

// Seal keeps a secret that is no key as private keys are kept. Place says where, and is needed to open it.
func (s *Sealer) Seal(plain []byte, place string) []byte { return s.seal(plain, place) }

// Open opens what was sealed for the place, else [ErrSeal].
func (s *Sealer) Open(sealed []byte, place string) ([]byte, error) { return s.open(sealed, place) }

// NewSealingKey makes the text of a key-encryption key, for a first start that has none yet.
func NewSealingKey() oauth.Secret {
	key := make([]byte, sealerKeyBytes)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return oauth.Secret(base64.StdEncoding.EncodeToString(key))
}
