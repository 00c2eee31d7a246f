package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
)

// MaxPassword is the longest password, in bytes: longer ones cost time and add nothing. It is 64 characters of any script (NIST SP
// 800-63B §3.1.1.2), and more of most.
const MaxPassword = 256

var (
	// ErrPassword means that a text cannot be a password.
	ErrPassword = errors.New("not a password")
	// ErrBusy means that too many wait already for a password to be looked at: nobody was looked at, and nothing is known.
	ErrBusy = errors.New("account: too many passwords at once")
)

// maxWaiting is how many wait for each slot before others are sent away: who waits is answered within a second.
const maxWaiting = 16

// Hasher derives Argon2id keys from passwords, no more at a time than there are cores: each takes 19 MiB and about 26 ms of one
// core, and sign-ins must not starve everything else. A flood does not make those wait for ever who came first, nor hold memory for
// those who come last: when the queue is full they get ErrBusy.
type Hasher struct {
	slots chan struct{}
	queue chan struct{} // those who have a slot, and those who wait for one
	// derived counts the keys that were derived.
	derived atomic.Int64
	derive  func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte
}

// NewHasher makes a hasher. Its callers share the slots, so there is one in a process.
func NewHasher() *Hasher {
	slots := runtime.GOMAXPROCS(0)
	return &Hasher{slots: make(chan struct{}, slots), queue: make(chan struct{}, slots*(1+maxWaiting)), derive: argon2.IDKey}
}

// Hash returns the PHC string of a password, with a fresh salt.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	prepared, err := prepare(password)
	if err != nil {
		return "", err
	}
	hash := phc{memory: memoryKiB, time: passes, threads: lanes, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(hash.salt) // never fails (crypto/rand)
	if hash.key, err = h.key(ctx, hash, keyBytes, prepared); err != nil {
		return "", err
	}
	return hash.String(), nil
}

// Verify reports whether the PHC string is of the password. What cannot be a password is derived from all the same, so that
// each call costs one derivation.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (bool, error) {
	hash, err := parsePHC(encoded)
	if err != nil {
		return false, err
	}
	prepared, unfit := prepare(password)
	key, err := h.key(ctx, hash, uint32(len(hash.key)), prepared) //nolint:gosec // parsePHC bounds it
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, hash.key) == 1 && unfit == nil, nil
}

// key waits for a slot and derives.
func (h *Hasher) key(ctx context.Context, hash phc, size uint32, password []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return nil, ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	h.derived.Add(1)
	return h.derive(password, hash.salt, hash.time, hash.memory, hash.threads, size), nil
}

// prepare gives a password the one encoding that keyboards differ in (RFC 8265 §4.2, OpaqueString).
func prepare(password string) ([]byte, error) {
	if len(password) > MaxPassword {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrPassword, MaxPassword)
	}
	prepared, err := precis.OpaqueString.Bytes([]byte(password))
	if err != nil || !utf8.ValidString(password) {
		return nil, fmt.Errorf("%w: it is empty or has a character that none may have", ErrPassword)
	}
	return prepared, nil
}
