package session

import (
	"bytes"
	"database/sql"
	"time"
)

// What the tests of package session_test may do that nobody else may: reach what lies at rest.

// SealedRecord and its siblings are what who holds the memory can do.
func (m *Memory) SealedRecord(id string) []byte { return bytes.Clone(m.rows[id].sealed) }

func (m *Memory) SetSealedRecord(id string, sealed []byte) {
	stored := m.rows[id]
	stored.sealed = sealed
	m.rows[id] = stored
}

func (m *Memory) SealedCookie(hash string) []byte { return bytes.Clone(m.cookies[hash].sealed) }

func (m *Memory) SetSealedCookie(hash string, sealed []byte) {
	m.cookies[hash] = cookieRow{sealed: sealed, expires: m.cookies[hash].expires}
}

// With is the same memory with another sealer.
func (m *Memory) With(sealer *Sealer) *Memory {
	return &Memory{sealer: sealer, now: m.now, rows: m.rows, cookies: m.cookies, leases: m.leases, uses: m.uses}
}

// DB is the connection that writes.
func (s *SQLite) DB() *sql.DB { return s.write }

// EncodeRecord and DecodeRecord are the record's form before it is sealed.
func EncodeRecord(record Record) ([]byte, error) { return encodeRecord(record) }

func DecodeRecord(encoded []byte) (Record, error) { return decodeRecord(encoded) }

// BlobCodec is scs's codec.
type BlobCodec = blobCodec

// Reap and Cached are the cache's housekeeping.
func (m *Manager) Reap() { m.cache.reap(m.now()) }

func (m *Manager) Cached() int {
	count := 0
	for i := range shards {
		count += len(m.cache.byID[i].slots) + len(m.cache.byCookie[i].slots)
	}
	return count
}

// Watched is how many sessions are watched, and Knows whether the store was looked at for a watcher.
func (m *Manager) Watched() int { return len(m.watched.ids()) }

func (m *Manager) Knows(id string) bool {
	m.watched.mu.Lock()
	defer m.watched.mu.Unlock()
	return m.watched.byID[id] != nil && m.watched.byID[id].version != 0
}

// Fresh reports whether a request would be answered from the cache.
func (m *Manager) Fresh(id string) bool {
	found := m.cache.ids(id).slot(id)
	return found != nil && found.view.Load() != nil && m.cache.fresh(found, found.view.Load(), m.now())
}

// ParseNotice and FormatNotice are a notice as Redis carries it.
func ParseNotice(payload string) (Notice, bool) { return parseNotice(payload) }

func FormatNotice(notice Notice) string { return notice.payload() }

// SetExclusiveTimeout shortens what a test cannot wait for.
func (m *Manager) SetExclusiveTimeout(d time.Duration) { m.exclusive = d }
