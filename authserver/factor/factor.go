// Package factor owns what users show besides a password, and how it is checked: passkeys (WebAuthn), the codes of authenticator
// apps (RFC 6238) and recovery codes. It keeps nothing, knows no HTTP and no workspace's policy: a caller that checks a code or
// an assertion still has to use it up in the store.
//
// Start with [RelyingParty] and [Secret].
package factor

import (
	"crypto/sha256"
	"errors"
)

// ErrRejected is the answer to everything that is not what was asked for; what it wraps is for the log.
var ErrRejected = errors.New("factor: rejected")

// Handle is how authenticators know a user: neither a name nor a subject, and another one in each workspace, since all workspaces of a
// server are one relying party (WebAuthn §14.6.1).
func Handle(workspace, subject string) []byte {
	sum := sha256.Sum256([]byte("user handle\x00" + workspace + "\x00" + subject))
	return sum[:]
}
