package dpop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Nonces makes and checks server nonces (RFC 9449 §8) without keeping any: a nonce is its period, and a MAC over it. All
// instances of a server that have the key make the same ones.
type Nonces struct {
	key [sha256.Size]byte
}

const (
	// period is how long a nonce is handed out; it is taken for one period more, so for four minutes at most.
	period   = 2 * time.Minute
	macBytes = 16
)

// NewNonces makes nonces from a secret. Scope tells servers apart that share it: the nonce of one is none at another.
func NewNonces(secret []byte, scope string) *Nonces {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("dpop nonce\x00" + scope))
	return &Nonces{key: [sha256.Size]byte(mac.Sum(nil))}
}

// Current is the nonce to hand out at now.
func (n *Nonces) Current(now time.Time) string { return n.of(number(now)) }

// Valid reports whether a nonce was handed out in this period or the one before.
func (n *Nonces) Valid(nonce string, now time.Time) bool {
	current := number(now)
	return hmac.Equal([]byte(nonce), []byte(n.of(current))) || hmac.Equal([]byte(nonce), []byte(n.of(current-1)))
}

func number(now time.Time) int64 { return now.Unix() / int64(period.Seconds()) }

func (n *Nonces) of(number int64) string {
	var text [8 + macBytes]byte
	binary.BigEndian.PutUint64(text[:8], uint64(number)) //nolint:gosec // a count of periods since 1970
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write(text[:8])
	copy(text[8:], mac.Sum(nil))
	return base64.RawURLEncoding.EncodeToString(text[:])
}
