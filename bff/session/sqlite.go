package session

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// SQLite is a [Store] in one file, meant for one process: one connection writes, several read beside it. A change is on the disk
// when its verb returns. Processes that share the file hear no notices of each other: what they watch they notice in a second or
// two, all else when their caches' views are too old.
type SQLite struct {
	sealer      *Sealer
	now         func() time.Time
	write, read *sql.DB
	pulse       *sql.DB // one connection that never changes, for Generation
	load, find  *sql.Stmt
	broadcast
}

const selectRows = "SELECT id, version, user, sid, last_seen, idle, absolute, sealed FROM records WHERE "

// Create implements [Store].
func (s *SQLite) Create(ctx context.Context, record Record) error {
	record.Version = 1
	packed, err := pack(s.sealer, record)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		created, err := affected(tx.ExecContext(
			ctx,
			`INSERT INTO records (id, version, user, sid, last_seen, idle, absolute, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`,
			packed.id, packed.version, packed.user[:], packed.sid[:],
			nanos(packed.lastSeen), nanos(packed.idle), nanos(packed.absolute), packed.sealed,
		))
		if err != nil || created == 1 {
			return err
		}
		return why(ctx, tx, record.ID)
	})
}

// Load implements [Store].
func (s *SQLite) Load(ctx context.Context, id string) (Record, error) {
	stored, err := scanRow(s.load.QueryRowContext(ctx, id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Record{}, ErrNotFound
	case err != nil:
		return Record{}, err
	case stored.sealed == nil:
		return Record{}, ErrEnded
	}
	return unpack(s.sealer, stored)
}

// Update implements [Store].
func (s *SQLite) Update(ctx context.Context, record Record) (Record, error) {
	expected := record.Version
	record.Version++
	packed, err := pack(s.sealer, record)
	if err != nil {
		return Record{}, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		var lastSeen, idle int64
		err := tx.QueryRowContext(
			ctx,
			`UPDATE records SET version = ?, user = ?, sid = ?, last_seen = max(last_seen, ?), idle = min(max(idle, ?), ?),
				absolute = ?, sealed = ?
			WHERE id = ? AND version = ? AND sealed IS NOT NULL RETURNING last_seen, idle`,
			packed.version, packed.user[:], packed.sid[:], nanos(packed.lastSeen), nanos(packed.idle), nanos(packed.absolute),
			nanos(packed.absolute), packed.sealed, packed.id, expected,
		).Scan(&lastSeen, &idle)
		if errors.Is(err, sql.ErrNoRows) {
			return why(ctx, tx, record.ID)
		}
		record.LastSeen, record.Idle = instant(lastSeen), instant(idle)
		return err
	})
	if err != nil {
		return Record{}, err
	}
	return record, nil
}

// why says what stands in the way of a change that found no row to change.
func why(ctx context.Context, tx *sql.Tx, id string) error {
	var ended bool
	err := tx.QueryRowContext(ctx, "SELECT sealed IS NULL FROM records WHERE id = ?", id).Scan(&ended)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return err
	case ended:
		return ErrEnded
	}
	return ErrConflict
}

// End implements [Store].
func (s *SQLite) End(ctx context.Context, id string) (Record, error) {
	var ended []row
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		ended, err = end(ctx, tx, "id = ?", id)
		if err == nil && len(ended) == 0 {
			err = why(ctx, tx, id)
		}
		return err
	})
	if err != nil {
		return Record{}, err
	}
	return lastOf(s.sealer, ended[0]), nil
}

// EndBy implements [Store].
func (s *SQLite) EndBy(ctx context.Context, issuer, subject, sid string, once Once) ([]Record, error) {
	match, err := newEndMatch(issuer, subject, sid)
	if err != nil {
		return nil, err
	}
	var ended []row
	err = s.change(ctx, func(tx *sql.Tx) (err error) {
		if err := s.use(ctx, tx, once); err != nil {
			return err
		}
		switch {
		case match.byUser && match.bySID:
			ended, err = end(ctx, tx, "sid = ? AND user = ?", match.sid[:], match.user[:])
		case match.bySID:
			ended, err = end(ctx, tx, "sid = ?", match.sid[:])
		default:
			ended, err = end(ctx, tx, "user = ?", match.user[:])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	records := make([]Record, 0, len(ended))
	for _, stored := range ended {
		records = append(records, lastOf(s.sealer, stored))
	}
	return records, nil
}

// end turns the live rows of a condition into tombstones and returns them as they were.
func end(ctx context.Context, tx *sql.Tx, condition string, args ...any) ([]row, error) {
	ended, err := scanRows(tx.QueryContext(ctx, selectRows+"sealed IS NOT NULL AND "+condition+" ORDER BY id DESC", args...))
	if err != nil {
		return nil, err
	}
	for _, stored := range ended {
		_, err := tx.ExecContext(ctx, "UPDATE records SET sealed = NULL, user = x'', sid = x'', idle = absolute WHERE id = ?", stored.id)
		if err != nil {
			return nil, err
		}
	}
	return ended, nil
}

// Touch implements [Store].
func (s *SQLite) Touch(ctx context.Context, seen map[string]Seen) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		touch, err := tx.PrepareContext(ctx, `UPDATE records SET last_seen = ?2, idle = max(idle, min(?3, absolute))
			WHERE id = ?1 AND sealed IS NOT NULL AND idle > ?4 AND last_seen < ?2`)
		if err != nil {
			return err
		}
		defer func() { _ = touch.Close() }() // the transaction closes it too
		for id, at := range seen {
			_, err := touch.ExecContext(ctx, id, nanos(at.LastSeen), nanos(at.Idle), nanos(at.first()))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// List implements [Store].
func (s *SQLite) List(ctx context.Context, issuer, subject string) ([]Record, error) {
	user := lookupKey(issuer, subject)
	rows, err := scanRows(s.read.QueryContext(ctx, selectRows+"sealed IS NOT NULL AND user = ? AND idle > ? ORDER BY id DESC", user[:], nanos(s.now())))
	if err != nil {
		return nil, err
	}
	records := make([]Record, 0, len(rows))
	for _, stored := range rows {
		if record, err := unpack(s.sealer, stored); err == nil {
			records = append(records, record)
		}
	}
	return records, nil
}

// Ping implements [Store].
func (s *SQLite) Ping(ctx context.Context) error {
	return s.change(ctx, func(*sql.Tx) error { return nil })
}

// Close implements [Store].
func (s *SQLite) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write, s.pulse} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// change runs work in one write transaction: all of it or nothing.
func (s *SQLite) change(ctx context.Context, work func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := work(tx); err != nil {
		_ = tx.Rollback() // err is the reason; a transaction that was not committed changes nothing
		return err
	}
	return tx.Commit()
}
