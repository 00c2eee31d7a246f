package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
)

// The sealed form: version, key id, nonce and wrapped data key, nonce and ciphertext.
const (
	sealVersion = 1
	keySize     = 32
	keyIDSize   = 8
	nonceSize   = 12
	tagSize     = 16

	wrapStart = 1 + keyIDSize
	wrapEnd   = wrapStart + nonceSize + keySize + tagSize
	// SealOverhead is the number of bytes that sealing adds.
	SealOverhead = wrapEnd + nonceSize + tagSize
)

// Sealer keeps secrets at rest: AES-256-GCM under a key of each record's own, which is wrapped by a key-encryption key. Keys
// rotate by putting a new one first: the first seals, all open. What is sealed for one purpose and one piece of associated
// data opens for no other.
type Sealer struct {
	keys []wrapKey
}

type wrapKey struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
}

// NewSealer makes a sealer from 32-byte keys with full entropy, the newest first.
func NewSealer(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("session: a sealer needs at least one key")
	}
	sealer := &Sealer{keys: make([]wrapKey, 0, len(keys))}
	for i, key := range keys {
		wrap, err := newWrapKey(key)
		if err != nil {
			return nil, fmt.Errorf("session: key %d of %d: %w", i+1, len(keys), err)
		}
		if sealer.key(wrap.id[:]) != nil {
			return nil, fmt.Errorf("session: key %d of %d is given twice", i+1, len(keys))
		}
		sealer.keys = append(sealer.keys, wrap)
	}
	return sealer, nil
}

// newWrapKey derives what is used from what is configured, so that a key that serves elsewhere too is not the same key here.
func newWrapKey(key []byte) (wrapKey, error) {
	if len(key) != keySize {
		return wrapKey{}, fmt.Errorf("has %d bytes, not %d", len(key), keySize)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "cloakroom bff session seal 1", keySize)
	if err != nil {
		return wrapKey{}, err
	}
	id, err := hkdf.Key(sha256.New, key, nil, "cloakroom bff session key id 1", keyIDSize)
	if err != nil {
		return wrapKey{}, err
	}
	aead, err := newGCM(derived)
	return wrapKey{id: [keyIDSize]byte(id), aead: aead}, err
}

// Seal encrypts plaintext under a fresh key and binds it to purpose and aad.
func (s *Sealer) Seal(purpose string, plaintext, aad []byte) ([]byte, error) {
	var random [keySize + 2*nonceSize]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	dataKey, wrapNonce, nonce := random[:keySize], random[keySize:keySize+nonceSize], random[keySize+nonceSize:]
	data, err := newGCM(dataKey)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", purpose, err)
	}
	wrap := s.keys[0]
	sealed := make([]byte, 0, len(plaintext)+SealOverhead)
	sealed = append(sealed, sealVersion)
	sealed = append(sealed, wrap.id[:]...)
	bound := associated(purpose, sealed[:wrapStart], aad)
	sealed = append(sealed, wrapNonce...)
	sealed = wrap.aead.Seal(sealed, wrapNonce, dataKey, bound)
	sealed = append(sealed, nonce...)
	return data.Seal(sealed, nonce, plaintext, bound), nil
}

// Open is the reverse of [Sealer.Seal]; ErrAltered when anything differs.
func (s *Sealer) Open(purpose string, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < SealOverhead || sealed[0] != sealVersion {
		return nil, fmt.Errorf("open %s: not a sealed form this program knows: %w", purpose, ErrAltered)
	}
	wrap := s.key(sealed[1:wrapStart])
	if wrap == nil {
		return nil, fmt.Errorf("open %s: none of the keys sealed it: %w", purpose, ErrAltered)
	}
	bound := associated(purpose, sealed[:wrapStart], aad)
	dataKey, err := wrap.aead.Open(nil, sealed[wrapStart:wrapStart+nonceSize], sealed[wrapStart+nonceSize:wrapEnd], bound)
	if err != nil {
		return nil, fmt.Errorf("open %s: its key: %w", purpose, ErrAltered)
	}
	data, err := newGCM(dataKey)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, err)
	}
	plaintext, err := data.Open(nil, sealed[wrapEnd:wrapEnd+nonceSize], sealed[wrapEnd+nonceSize:], bound)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", purpose, ErrAltered)
	}
	return plaintext, nil
}

// current reports whether sealed was sealed by the key that seals now.
func (s *Sealer) current(sealed []byte) bool {
	return len(sealed) >= wrapStart && [keyIDSize]byte(sealed[1:wrapStart]) == s.keys[0].id
}

func (s *Sealer) key(id []byte) *wrapKey {
	for i := range s.keys {
		if s.keys[i].id == [keyIDSize]byte(id) {
			return &s.keys[i]
		}
	}
	return nil
}

// associated joins the parts so that no two different lists of parts are the same bytes.
func associated(purpose string, header, aad []byte) []byte {
	bound := make([]byte, 0, binary.MaxVarintLen64+len(purpose)+len(header)+len(aad))
	bound = binary.AppendUvarint(bound, uint64(len(purpose)))
	bound = append(bound, purpose...)
	bound = append(bound, header...) // of fixed length
	return append(bound, aad...)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// String, Format and LogValue keep the keys out of logs.
func (s *Sealer) String() string { return "redacted" }

// Format is for every verb of package fmt.
func (s *Sealer) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(s.String())) }

// LogValue is for log/slog.
func (s *Sealer) LogValue() slog.Value { return slog.StringValue(s.String()) }
