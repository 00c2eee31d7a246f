package factor

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

const (
	recoveryCodes = 10
	// recoveryBytes make 24 characters: 120 bits, so that a plain hash is enough (OWASP ASVS 6.5.2).
	recoveryBytes = 15
	recoveryGroup = 6
)

// NewRecoveryCodes makes the texts that a user writes down.
func NewRecoveryCodes() []string {
	codes := make([]string, recoveryCodes)
	for at := range codes {
		random := make([]byte, recoveryBytes)
		_, _ = rand.Read(random) // never fails (crypto/rand)
		text := base32Text.EncodeToString(random)
		var groups []string
		for ; text != ""; text = text[recoveryGroup:] {
			groups = append(groups, text[:recoveryGroup])
		}
		codes[at] = strings.Join(groups, "-")
	}
	return codes
}

// HashRecoveryCode is what is kept of a code, however its user spells it: without dashes, with spaces, in small letters. It is of one
// account, so that a hash is of no use in another's place.
func HashRecoveryCode(workspace, subject, code string) [sha256.Size]byte {
	code = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	return sha256.Sum256([]byte("recovery code\x00" + workspace + "\x00" + subject + "\x00" + code))
}
