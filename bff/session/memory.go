package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

// Memory is a [Store] that ends with its process. Records lie in it sealed, as everywhere.
type Memory struct {
	sealer  *Sealer
	now     func() time.Time
	mu      sync.RWMutex
	rows    map[string]row
	cookies map[string]cookieRow
	leases  map[string]leaseRow
	uses    map[[sha256.Size]byte]time.Time // until when
	broadcast
}

// NewMemory makes an empty store.
func NewMemory(sealer *Sealer, now func() time.Time) *Memory {
	return &Memory{
		sealer: sealer, now: now, rows: map[string]row{}, cookies: map[string]cookieRow{},
		leases: map[string]leaseRow{}, uses: map[[sha256.Size]byte]time.Time{},
	}
}

// Create implements [Store].
func (m *Memory) Create(_ context.Context, record Record) error {
	record.Version = 1
	packed, err := pack(m.sealer, record)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	stored, taken := m.rows[record.ID]
	switch {
	case taken && stored.sealed == nil:
		return ErrEnded
	case taken:
		return ErrConflict
	}
	m.rows[record.ID] = packed
	return nil
}

// Load implements [Store].
func (m *Memory) Load(_ context.Context, id string) (Record, error) {
	m.mu.RLock()
	stored, err := m.live(id)
	m.mu.RUnlock()
	if err != nil {
		return Record{}, err
	}
	return unpack(m.sealer, stored)
}

// live returns the row of a record that is not ended. The caller holds the lock.
func (m *Memory) live(id string) (row, error) {
	stored, ok := m.rows[id]
	switch {
	case !ok:
		return row{}, ErrNotFound
	case stored.sealed == nil:
		return row{}, ErrEnded
	}
	return stored, nil
}

// Update implements [Store].
func (m *Memory) Update(_ context.Context, record Record) (Record, error) {
	expected := record.Version
	record.Version++
	packed, err := pack(m.sealer, record)
	if err != nil {
		return Record{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	stored, err := m.live(record.ID)
	if err != nil {
		return Record{}, err
	}
	if stored.version != expected {
		return Record{}, ErrConflict
	}
	packed.lastSeen = later(packed.lastSeen, stored.lastSeen)
	packed.idle = earlier(later(packed.idle, stored.idle), packed.absolute)
	m.rows[record.ID] = packed
	record.LastSeen, record.Idle = packed.lastSeen, packed.idle
	return record, nil
}

// End implements [Store].
func (m *Memory) End(_ context.Context, id string) (Record, error) {
	m.mu.Lock()
	stored, err := m.end(id)
	m.mu.Unlock()
	if err != nil {
		return Record{}, err
	}
	return lastOf(m.sealer, stored), nil
}

func (m *Memory) end(id string) (row, error) {
	stored, err := m.live(id)
	if err != nil {
		return row{}, err
	}
	m.rows[id] = row{id: id, version: stored.version, absolute: stored.absolute}
	return stored, nil
}

// lastOf opens a row that was just ended; if nothing opens it, its id is all there is to say.
func lastOf(sealer *Sealer, stored row) Record {
	record, err := unpack(sealer, stored)
	if err != nil {
		return Record{ID: stored.id}
	}
	return record
}

// Touch implements [Store].
func (m *Memory) Touch(_ context.Context, seen map[string]Seen) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, at := range seen {
		stored, ok := m.rows[id]
		if ok && stored.touched(at) {
			m.rows[id] = stored
		}
	}
	return nil
}

// List implements [Store].
func (m *Memory) List(_ context.Context, issuer, subject string) ([]Record, error) {
	now, user := m.now(), lookupKey(issuer, subject)
	rows := m.matching(func(stored row) bool { return stored.user == user && now.Before(stored.expires()) })
	records := make([]Record, 0, len(rows))
	for _, stored := range rows {
		if record, err := unpack(m.sealer, stored); err == nil {
			records = append(records, record)
		}
	}
	slices.SortFunc(records, newestFirst)
	return records, nil
}

func newestFirst(a, b Record) int { return cmp.Compare(b.ID, a.ID) } // ids grow with time

func (m *Memory) matching(match func(row) bool) []row {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []row
	for _, stored := range m.rows {
		if stored.sealed != nil && match(stored) {
			rows = append(rows, stored)
		}
	}
	return rows
}

// Count implements [Store].
func (m *Memory) Count(context.Context) (int, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	live, now := 0, m.now()
	for _, stored := range m.rows {
		if stored.sealed != nil && now.Before(stored.expires()) {
			live++
		}
	}
	return live, nil
}

// EndBy implements [Store].
func (m *Memory) EndBy(_ context.Context, issuer, subject, sid string, once Once) ([]Record, error) {
	match, err := newEndMatch(issuer, subject, sid)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.use(once); err != nil {
		return nil, err
	}
	var ended []Record
	for id, stored := range m.rows {
		if !match.row(stored) {
			continue
		}
		if last, err := m.end(id); err == nil {
			ended = append(ended, lastOf(m.sealer, last))
		}
	}
	slices.SortFunc(ended, newestFirst)
	return ended, nil
}

// Sweep implements [Store].
func (m *Memory) Sweep(_ context.Context, now time.Time, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	records := sweep(m.rows, limit, func(stored row) bool { return stored.expires().Before(now) })
	cookies := sweep(m.cookies, limit, func(stored cookieRow) bool { return stored.expires.Before(now) })
	leases := sweep(m.leases, limit, func(held leaseRow) bool { return held.until.Before(now) })
	uses := sweep(m.uses, limit, func(until time.Time) bool { return until.Before(now) })
	return records + cookies + leases + uses, nil
}

func sweep[K comparable, R any](rows map[K]R, limit int, over func(R) bool) int {
	swept := 0
	for key, stored := range rows {
		if swept < limit && over(stored) {
			delete(rows, key)
			swept++
		}
	}
	return swept
}

// Ping implements [Store].
func (m *Memory) Ping(context.Context) error { return nil }

// Close implements [Store].
func (m *Memory) Close() error { return nil }
