package account

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The parameters of new hashes: OWASP's second choice for Argon2id.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	keyBytes  = 32
)

// The bounds of hashes that are read, so that one that somebody planted cannot take the machine.
const (
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
	maxLanes     = 16
)

// errPHC means that a text is not an Argon2id hash. It does not show the text.
var errPHC = errors.New("not an Argon2id hash as a PHC string ($argon2id$v=19$m=…,t=…,p=…$salt$key)")

// phc is a password hash with the parameters that it was made with.
type phc struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
	salt    []byte
	key     []byte
}

// String is the hash in the password hashing competition's format.
func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.key))
}

// parsePHC reads what String writes, and nothing else.
func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return phc{}, errPHC
	}
	var hash phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &hash.memory, &hash.time, &hash.threads); err != nil {
		return phc{}, errPHC
	}
	var errSalt, errKey error
	hash.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	hash.key, errKey = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if errSalt != nil || errKey != nil || !hash.bounded() || hash.String() != text {
		return phc{}, errPHC
	}
	return hash, nil
}

func (p phc) bounded() bool {
	return p.memory >= 8*uint32(p.threads) && p.memory <= maxMemoryKiB && p.time >= 1 && p.time <= maxPasses &&
		p.threads >= 1 && p.threads <= maxLanes &&
		len(p.salt) >= 8 && len(p.salt) <= 64 && len(p.key) >= 16 && len(p.key) <= 64
}

// decoy is a hash of no password, with the parameters of new hashes.
func decoy() string {
	random := make([]byte, saltBytes+keyBytes)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return phc{memory: memoryKiB, time: passes, threads: lanes, salt: random[:saltBytes], key: random[saltBytes:]}.String()
}
