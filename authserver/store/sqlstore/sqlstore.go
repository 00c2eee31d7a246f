// Package sqlstore keeps the authorization server's records in SQLite or PostgreSQL. It owns the schema, its migrations and how
// writes become durable; what each verb guarantees is said in package store, and storetest holds this package to it.
//
// The SQL is one for both databases. Reads go to a pool. Writes go through one writer, which puts those that wait for the
// disk into one transaction: each is answered after the commit, and one that fails takes none of the others with it.
// No verb holds more than one connection, so a pool that is smaller than the concurrency makes callers wait and never
// deadlocks.
//
// Every verb that uses something up has two statements in one transaction: it reads and checks, comparing secrets in
// constant time, and then a conditional UPDATE decides who wins.
//
// Start with [Open], then update in writer.go.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloakroom/authserver/store"
)

// Store keeps records in a database. It is safe for concurrent use.
type Store struct {
	now        func() time.Time
	database   database
	reads      *sql.DB
	statements sync.Map // the text of a read to its *sql.Stmt
	writer     *writer
}

var _ store.Store = (*Store)(nil)

// Open opens the database that dsn names, creates what is missing and brings its schema up to date. A dsn that begins with
// postgres:// or postgresql:// is a PostgreSQL database; any other is the path of a SQLite file, with or without file: before
// it. A file that is damaged, that belongs to another program, or whose schema is newer than this program is an error.
// Records expire by now.
func Open(ctx context.Context, dsn string, now func() time.Time) (*Store, error) {
	database, err := parseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	opened, err := open(ctx, database, now)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %s: %w", database.name(), database.explain(err))
	}
	return opened, nil
}

func open(ctx context.Context, database database, now func() time.Time) (*Store, error) {
	writes, err := database.openWriter(ctx)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, database, writes, now()); err != nil {
		return nil, errors.Join(err, writes.Close())
	}
	reads, err := database.openReaders()
	if err != nil {
		return nil, errors.Join(err, writes.Close())
	}
	opened := &Store{now: now, database: database, reads: reads, writer: newWriter(ctx, database, writes)}
	if err := opened.Ping(ctx); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

// Ping reports whether both the readers and the writer can do their work.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.row(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return s.update(ctx, "ping", func(ctx context.Context, tx *tx) error {
		return tx.row(ctx, "SELECT 1").Scan(&one)
	})
}

// Close lets the writer finish what it has taken and closes all connections.
func (s *Store) Close() error {
	return errors.Join(s.writer.close(), s.reads.Close())
}

// reader is what a query runs on: the pool, or the transaction of a write.
type reader interface {
	row(ctx context.Context, query string, args ...any) row
	rows(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// row is one row of an answer. Scan answers sql.ErrNoRows when there is none.
type row interface {
	Scan(into ...any) error
}

// failedRow is a row that could not be asked for.
type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

func (s *Store) row(ctx context.Context, query string, args ...any) row {
	statement, err := s.prepare(ctx, query)
	if err != nil {
		return failedRow{err}
	}
	return statement.QueryRowContext(ctx, args...)
}

func (s *Store) rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

// prepare returns the prepared statement of a query. There are as many as this package has queries.
func (s *Store) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement, found := s.statements.Load(query); found {
		return statement.(*sql.Stmt), nil //nolint:forcetypeassert // the map holds nothing else
	}
	statement, err := s.reads.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	kept, faster := s.statements.LoadOrStore(query, statement)
	if faster {
		_ = statement.Close() // another caller prepared the same
	}
	return kept.(*sql.Stmt), nil //nolint:forcetypeassert // the map holds nothing else
}

// answer is what a verb returns for err: the contract's errors as they are, no row as ErrNotFound, anything else with the
// operation that failed.
func answer(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return store.ErrNotFound
	case known(err):
		return err
	default:
		return fmt.Errorf("sqlstore: %s: %w", operation, err)
	}
}

// known reports whether err is one that a verb may answer with.
func known(err error) bool {
	return errors.Is(err, sql.ErrNoRows) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConsumed) ||
		errors.Is(err, store.ErrRevoked) || errors.Is(err, store.ErrConflict)
}

// list reads all rows of a query.
func list[T any](ctx context.Context, from reader, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := from.rows(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what went wrong
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
