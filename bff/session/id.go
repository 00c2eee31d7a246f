package session

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// base32hex keeps the bytes' order in the text's.
var idEncoding = base32.HexEncoding.WithPadding(base32.NoPadding)

// newID makes a record's id: 6 bytes of milliseconds since 1970, so that an index grows at its end, and 10 random bytes.
func newID(now time.Time) string {
	var id [16]byte
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(now.UnixMilli())) //nolint:gosec // G115: the clock is after 1970
	copy(id[:6], millis[2:])
	_, _ = rand.Read(id[6:]) // never fails (crypto/rand)
	return idEncoding.EncodeToString(id[:])
}

// newHandle makes a session's public name: 128 random bits that say nothing of its id.
func newHandle() string {
	var handle [16]byte
	_, _ = rand.Read(handle[:]) // never fails (crypto/rand)
	return idEncoding.EncodeToString(handle[:])
}
