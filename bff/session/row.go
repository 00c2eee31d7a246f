package session

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// The purposes of what stores seal.
const (
	purposeRecord = "session record"
	purposeCookie = "session cookie"
	purposeStore  = "session store"
)

// row is a record as a store keeps it: the sealed part, and beside it what the store itself needs to find, order and sweep.
// sealed is nil in a tombstone.
type row struct {
	id       string
	version  int64
	sealed   []byte
	user     [sha256.Size]byte // by issuer and subject
	sid      [sha256.Size]byte // by issuer and sid; zero without one
	lastSeen time.Time
	idle     time.Time
	absolute time.Time
}

// pack seals a record under its id and version.
func pack(sealer *Sealer, record Record) (row, error) {
	encoded, err := encodeRecord(record)
	if err != nil {
		return row{}, err
	}
	sealed, err := sealer.Seal(purposeRecord, encoded, recordData(record.ID, record.Version))
	if err != nil {
		return row{}, err
	}
	return row{
		id: record.ID, version: record.Version, sealed: sealed,
		user: lookupKey(record.Issuer, record.Subject), sid: sidKey(record.Issuer, record.SID),
		lastSeen: record.LastSeen, idle: earlier(record.Idle, record.Absolute), absolute: record.Absolute,
	}, nil
}

// unpack opens a row. What lies beside the sealed part has to agree with it; the idle end alone is taken as it stands, and
// cannot pass the sealed absolute end.
func unpack(sealer *Sealer, stored row) (Record, error) {
	encoded, err := sealer.Open(purposeRecord, stored.sealed, recordData(stored.id, stored.version))
	if err != nil {
		return Record{}, err
	}
	record, err := decodeRecord(encoded)
	if err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrAltered, err)
	}
	if lookupKey(record.Issuer, record.Subject) != stored.user || sidKey(record.Issuer, record.SID) != stored.sid {
		return Record{}, fmt.Errorf("a record lies under another user: %w", ErrAltered)
	}
	record.ID, record.Version = stored.id, stored.version
	record.LastSeen, record.Idle = stored.lastSeen.UTC(), earlier(stored.idle, record.Absolute).UTC()
	return record, nil
}

// touched moves a row forward as [Store.Touch] says, and reports whether anything moved.
func (stored *row) touched(seen Seen) bool {
	if stored.sealed == nil || !seen.first().Before(stored.idle) || !seen.LastSeen.After(stored.lastSeen) {
		return false
	}
	stored.lastSeen = seen.LastSeen
	stored.idle = later(stored.idle, earlier(seen.Idle, stored.absolute))
	return true
}

// expires is the end after which a row may be swept: for a tombstone the absolute one.
func (stored *row) expires() time.Time {
	if stored.sealed == nil {
		return stored.absolute
	}
	return earlier(stored.idle, stored.absolute)
}

func recordData(id string, version int64) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(version)), id...) //nolint:gosec // G115: the same bits
}

// lookupKey finds a user's records without the user's name lying beside them in the clear.
func lookupKey(issuer, name string) [sha256.Size]byte {
	key := binary.AppendUvarint(nil, uint64(len(issuer)))
	key = append(key, issuer...)
	return sha256.Sum256(append(key, name...))
}

func sidKey(issuer, sid string) [sha256.Size]byte {
	if sid == "" {
		return [sha256.Size]byte{}
	}
	return lookupKey(issuer, sid)
}

// endMatch says which rows [Store.EndBy] ends.
type endMatch struct {
	user, sid     [sha256.Size]byte
	byUser, bySID bool
}

func newEndMatch(issuer, subject, sid string) (endMatch, error) {
	if subject == "" && sid == "" {
		return endMatch{}, errors.New("session: neither a subject nor a sid says which sessions end")
	}
	return endMatch{
		user: lookupKey(issuer, subject), byUser: subject != "",
		sid: sidKey(issuer, sid), bySID: sid != "",
	}, nil
}

func (m endMatch) row(stored row) bool {
	return (!m.byUser || stored.user == m.user) && (!m.bySID || stored.sid == m.sid)
}
