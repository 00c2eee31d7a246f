package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The first byte of an encoded record. A change of what follows is a new number, and a reader for the old.
const (
	recordFormat1 = 1
	recordFormat  = 2 // adds to the end: ProofKey, SignIns, and of each token when it was issued
)

// errFormat means that bytes are not an encoded record.
var errFormat = errors.New("session: not an encoded record")

// encodeRecord writes what is sealed of a record: all but its ID, Version, LastSeen and Idle, which the store keeps beside
// it. Every text and list is preceded by its length; maps are in the order of their keys, so that equal records are equal bytes.
func encodeRecord(record Record) ([]byte, error) {
	w := writer{buf: make([]byte, 0, roughSize(record))}
	w.buf = append(w.buf, recordFormat)
	w.texts(record.Handle, record.Provider, record.Issuer, record.Subject, record.SID, record.ACR)
	w.texts(record.IDToken, record.RefreshToken, record.UserAgent)
	w.list(record.AMR)
	w.times(record.AuthTime, record.Created, record.Absolute)
	w.length(len(record.Tokens), record.Tokens == nil)
	var room keyRoom
	keys := sortedKeys(room[:0], record.Tokens)
	for _, key := range keys {
		token := record.Tokens[key]
		w.texts(key, token.AccessToken, token.Type)
		w.list(token.Scopes)
		w.times(token.Expires)
	}
	w.object(record.Claims, 0)
	w.texts(record.ProofKey)
	w.length(record.SignIns, false)
	for _, key := range keys {
		w.times(record.Tokens[key].Issued)
	}
	if w.err != nil {
		return nil, fmt.Errorf("encode the record: %w", w.err)
	}
	return w.buf, nil
}

// roughSize is the room for a record without growing, as long as its claims are short.
func roughSize(record Record) int {
	size := 384 + len(record.IDToken) + len(record.RefreshToken) + len(record.UserAgent) + len(record.ProofKey) + 64*len(record.Claims)
	for key, token := range record.Tokens {
		size += 64 + len(key) + len(token.AccessToken) + 32*len(token.Scopes)
	}
	return size
}

// keyRoom is room on the stack for the keys of most maps.
type keyRoom [16]string

// sortedKeys appends the keys to keys, which is empty.
func sortedKeys[V any](keys []string, values map[string]V) []string {
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// decodeRecord is the reverse of encodeRecord. It accepts only what encodeRecord writes; its texts share one piece of memory.
func decodeRecord(encoded []byte) (Record, error) {
	if len(encoded) == 0 {
		return Record{}, errFormat
	}
	if encoded[0] != recordFormat && encoded[0] != recordFormat1 {
		return Record{}, fmt.Errorf("%w that this program knows: format %d", errFormat, encoded[0])
	}
	r := reader{rest: string(encoded[1:])}
	var record Record
	r.texts(&record.Handle, &record.Provider, &record.Issuer, &record.Subject, &record.SID, &record.ACR)
	r.texts(&record.IDToken, &record.RefreshToken, &record.UserAgent)
	record.AMR = r.list()
	r.times(&record.AuthTime, &record.Created, &record.Absolute)
	record.Tokens = r.tokens()
	record.Claims = r.object(0)
	if encoded[0] != recordFormat1 {
		r.added(&record)
	}
	if r.err == nil && r.rest != "" {
		r.err = errFormat
	}
	if r.err != nil {
		return Record{}, r.err
	}
	return record, nil
}

// writer appends to buf; the first error stays.
type writer struct {
	buf []byte
	err error
}

func (w *writer) texts(texts ...string) {
	for _, text := range texts {
		w.buf = binary.AppendUvarint(w.buf, uint64(len(text)))
		w.buf = append(w.buf, text...)
	}
}

// length writes 0 for nil and the length plus one for anything else.
func (w *writer) length(length int, isNil bool) {
	if isNil {
		w.buf = append(w.buf, 0)
		return
	}
	w.buf = binary.AppendUvarint(w.buf, uint64(length)+1) //nolint:gosec // G115: a length is not negative
}

func (w *writer) list(list []string) {
	w.length(len(list), list == nil)
	w.texts(list...)
}

// times writes 0 for the zero time, else 1 and the nanoseconds since 1970.
func (w *writer) times(times ...time.Time) {
	for _, t := range times {
		if t.IsZero() {
			w.buf = append(w.buf, 0)
			continue
		}
		if !time.Unix(0, t.UnixNano()).Equal(t) {
			w.fail(fmt.Errorf("the time %s is out of range", t))
			return
		}
		w.buf = append(w.buf, 1)
		w.bits(uint64(t.UnixNano())) //nolint:gosec // G115: the same bits
	}
}

func (w *writer) bits(bits uint64) { w.buf = binary.BigEndian.AppendUint64(w.buf, bits) }

// reader consumes rest; after the first error it answers zero values.
type reader struct {
	rest string
	err  error
}

func (r *reader) texts(texts ...*string) {
	for _, text := range texts {
		*text = r.take(r.uvarint())
	}
}

func (r *reader) take(size uint64) string {
	if r.err != nil || size > uint64(len(r.rest)) {
		r.err = errFormat
		return ""
	}
	taken := r.rest[:size]
	r.rest = r.rest[size:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != "" {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	var value uint64
	for shift := 0; shift < 63; shift += 7 {
		b := r.byte()
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value
		}
	}
	r.err = errFormat
	return 0
}

// length returns the number of elements, each of which takes at least one byte, and false for nil.
func (r *reader) length() (int, bool) {
	written := r.uvarint()
	if written == 0 || r.err != nil {
		return 0, false
	}
	if written-1 > uint64(len(r.rest)) {
		r.err = errFormat
		return 0, false
	}
	return int(written - 1), true //nolint:gosec // G115: no more than len(r.rest)
}

func (r *reader) list() []string {
	length, ok := r.length()
	if !ok {
		return nil
	}
	list := make([]string, length)
	for i := range list {
		r.texts(&list[i])
	}
	return list
}

func (r *reader) times(times ...*time.Time) {
	for _, t := range times {
		switch r.byte() {
		case 0:
			*t = time.Time{}
		case 1:
			*t = time.Unix(0, r.int64()).UTC()
		default:
			r.err = errFormat
		}
	}
}

func (r *reader) int64() int64 {
	var value uint64
	for _, b := range []byte(r.take(8)) {
		value = value<<8 | uint64(b)
	}
	return int64(value) //nolint:gosec // G115: the same bits
}
