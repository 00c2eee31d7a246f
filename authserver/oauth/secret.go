package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that is never printed: not by fmt, not by log/slog, not by encoding/json. Reveal gives it away.
type Secret string

const redacted = "redacted"

// Reveal is the secret's text.
func (s Secret) Reveal() string { return string(s) }

// Hash is its SHA-256: what is compared, in constant time and on a fixed length.
func (s Secret) Hash() SecretHash { return sha256.Sum256([]byte(s)) }

// String is for fmt's %s and %v.
func (s Secret) String() string { return redacted }

// Format is for all of fmt's verbs, %x and %q included.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue is for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is for encoding/json and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// SecretHash is the SHA-256 of a secret.
type SecretHash [sha256.Size]byte

// Equal compares in constant time.
func (h SecretHash) Equal(other SecretHash) bool {
	return subtle.ConstantTimeCompare(h[:], other[:]) == 1
}
