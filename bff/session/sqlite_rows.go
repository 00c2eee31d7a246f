package session

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Count implements [Store].
func (s *SQLite) Count(ctx context.Context) (live int, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT count(*) FROM records WHERE idle > ? AND sealed IS NOT NULL", nanos(s.now())).Scan(&live)
	return live, err
}

// Sweep implements [Store].
func (s *SQLite) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	swept := 0
	err := s.change(ctx, func(tx *sql.Tx) error {
		for _, statement := range []string{
			"DELETE FROM records WHERE id IN (SELECT id FROM records WHERE idle < ? LIMIT ?)",
			"DELETE FROM cookies WHERE hash IN (SELECT hash FROM cookies WHERE expires < ? LIMIT ?)",
			"DELETE FROM leases WHERE id IN (SELECT id FROM leases WHERE until < ? LIMIT ?)",
			"DELETE FROM uses WHERE key IN (SELECT key FROM uses WHERE until < ? LIMIT ?)",
		} {
			deleted, err := affected(tx.ExecContext(ctx, statement, nanos(now), limit))
			if err != nil {
				return err
			}
			swept += deleted
		}
		return nil
	})
	return swept, err
}

// FindCookie implements [Cookies].
func (s *SQLite) FindCookie(ctx context.Context, hash string) ([]byte, error) {
	var sealed []byte
	err := s.find.QueryRowContext(ctx, hash).Scan(&sealed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNotFound
	case err != nil:
		return nil, err
	case sealed == nil:
		return nil, ErrEnded
	}
	return s.sealer.Open(purposeCookie, sealed, []byte(hash))
}

// CommitCookie implements [Cookies].
func (s *SQLite) CommitCookie(ctx context.Context, hash string, blob []byte, expires time.Time) error {
	sealed, err := s.sealer.Seal(purposeCookie, blob, []byte(hash))
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		committed, err := affected(tx.ExecContext(ctx, `INSERT INTO cookies (hash, expires, sealed) VALUES (?, ?, ?)
			ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires, sealed = excluded.sealed WHERE sealed IS NOT NULL`,
			hash, nanos(expires), sealed))
		if err == nil && committed == 0 {
			err = fmt.Errorf("commit a cookie: %w", ErrEnded)
		}
		return err
	})
}

// DeleteCookie implements [Cookies].
func (s *SQLite) DeleteCookie(ctx context.Context, hash string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE cookies SET sealed = NULL WHERE hash = ?", hash)
		return err
	})
}

func scanRow(from interface{ Scan(columns ...any) error }) (row, error) {
	var stored row
	var user, sid []byte
	var lastSeen, idle, absolute int64
	err := from.Scan(&stored.id, &stored.version, &user, &sid, &lastSeen, &idle, &absolute, &stored.sealed)
	if err != nil {
		return row{}, err
	}
	copy(stored.user[:], user)
	copy(stored.sid[:], sid)
	stored.lastSeen, stored.idle, stored.absolute = instant(lastSeen), instant(idle), instant(absolute)
	return stored, nil
}

func scanRows(rows *sql.Rows, err error) ([]row, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err has said what went wrong
	var found []row
	for rows.Next() {
		stored, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, stored)
	}
	return found, rows.Err()
}

func affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	count, err := result.RowsAffected()
	return int(count), err
}

// nanos writes the zero time as 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}
