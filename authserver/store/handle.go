package store

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"time"
)

// Hash is the SHA-256 of a secret with 256 bits of entropy. It is all that is stored of one.
type Hash [sha256.Size]byte

// Equal compares in constant time.
func (h Hash) Equal(other Hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }

// Handle is what a bearer holds: a code, a refresh token, an opaque access token, a cookie. Its ID is a time-ordered key
// (so that an index grows at its end); its secret is never stored.
type Handle struct {
	ID     string
	secret string
}

const (
	idBytes     = 16 // 6 of milliseconds since 1970, 10 of randomness
	secretBytes = 32
	// HandleLength is the length of a handle's text.
	HandleLength = 26 + 1 + 43
)

// base32hex keeps the bytes' order in the text's.
var (
	idEncoding     = base32.HexEncoding.WithPadding(base32.NoPadding)
	secretEncoding = base64.RawURLEncoding.Strict()
)

// ErrHandle means that a text is not a handle.
var ErrHandle = errors.New("store: not a handle")

// NewHandle makes a handle with a fresh secret.
func NewHandle(now time.Time) Handle {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	return Handle{ID: NewID(now), secret: secretEncoding.EncodeToString(secret)}
}

// NewID makes an id with 80 bits of randomness: 26 characters that sort by time, to the millisecond.
func NewID(now time.Time) string {
	var id [idBytes]byte
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(now.UnixMilli()))
	copy(id[:6], millis[2:])
	_, _ = rand.Read(id[6:]) // never fails (crypto/rand)
	return idEncoding.EncodeToString(id[:])
}

// ParseHandle reads a handle's text strictly: one spelling for each handle.
func ParseHandle(text string) (Handle, error) {
	id, secret, ok := strings.Cut(text, ".")
	if !ok || len(text) != HandleLength || !canonical(idEncoding, id, idBytes) || !canonical(secretEncoding, secret, secretBytes) {
		return Handle{}, ErrHandle
	}
	return Handle{ID: id, secret: secret}, nil
}

func canonical(encoding interface {
	DecodeString(text string) ([]byte, error)
	EncodeToString(data []byte) string
}, text string, size int,
) bool {
	decoded, err := encoding.DecodeString(text)
	return err == nil && len(decoded) == size && encoding.EncodeToString(decoded) == text
}

// Reveal is the text that the bearer gets: id, a dot, secret. It is a secret.
func (h Handle) Reveal() string { return h.ID + "." + h.secret }

// Hash is what is stored of the secret.
func (h Handle) Hash() Hash { return sha256.Sum256([]byte(h.secret)) }

// String, GoString, LogValue and MarshalJSON keep the secret out of logs and answers.
func (h Handle) String() string { return h.ID + ".redacted" }

// GoString is for %#v.
func (h Handle) GoString() string { return h.String() }

// LogValue is for log/slog.
func (h Handle) LogValue() slog.Value { return slog.StringValue(h.String()) }

// MarshalJSON is for encoding/json.
func (h Handle) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }
