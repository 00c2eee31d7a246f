package demoapi

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	sqlitedriver "modernc.org/sqlite" // also registers the driver
)

const (
	// maxNotes is how many notes a user can have.
	maxNotes = 1000
	// connections is how many there are to the database.
	connections = 4
	// applicationID marks the file as ours (SQLite's PRAGMA application_id).
	applicationID = 0x636c6e74
	schemaVersion = 1
)

const schema = `CREATE TABLE notes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL UNIQUE,
    issuer   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    text     TEXT    NOT NULL,
    created  INTEGER NOT NULL
);
CREATE INDEX notes_owner ON notes (issuer, subject, sequence);`

var (
	errNotFound     = errors.New("no such note")
	errTooManyNotes = errors.New("too many notes")
)

// notes keeps the notes of all users in a SQLite file. Every query names the owner.
type notes struct{ pool *sql.DB }

// openNotes opens the file, and makes it when there is none.
func openNotes(ctx context.Context, path string) (*notes, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // for its owner only
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("database %s: the folder %s does not exist", path, filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	query := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	if err := prepare(ctx, pool); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, explain(err)), pool.Close())
	}
	return &notes{pool}, nil
}

// prepare makes the table in an empty file, and refuses a file that is damaged or not ours.
func prepare(ctx context.Context, pool *sql.DB) error {
	var verdict string
	if err := pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("the file is damaged; restore it from a backup, or move it away to start with an empty one: %s", verdict)
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // of no effect after the commit
	var tables, application, version int
	err = errors.Join(
		tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master").Scan(&tables),
		tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application),
		tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
	)
	switch {
	case err != nil:
		return err
	case tables > 0 && application != applicationID:
		return errors.New("it is the database of another program")
	case version > schemaVersion:
		return fmt.Errorf("its schema has version %d, and this program knows %d: run a newer program", version, schemaVersion)
	case version == schemaVersion:
		return nil
	}
	if _, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion)); err != nil {
		return err
	}
	return tx.Commit()
}

// explain says what SQLite's codes for a broken file mean (sqlite.org/rescode.html).
func explain(err error) error {
	failure, ok := errors.AsType[*sqlitedriver.Error](err)
	switch {
	case ok && failure.Code()&0xff == 26:
		return fmt.Errorf("the file is not a SQLite database: %w", err)
	case ok && failure.Code()&0xff == 11:
		return fmt.Errorf("the file is damaged; restore it from a backup, or move it away to start with an empty one: %w", err)
	default:
		return err
	}
}

func (n *notes) ping(ctx context.Context) error { return n.pool.PingContext(ctx) }

func (n *notes) close() error { return n.pool.Close() }

// list returns the owner's notes, newest first, and never nil.
func (n *notes) list(ctx context.Context, owner user) ([]Note, error) {
	rows, err := n.pool.QueryContext(ctx,
		"SELECT id, text, created FROM notes WHERE issuer = $1 AND subject = $2 ORDER BY sequence DESC", owner.issuer, owner.subject)
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what went wrong
	found := []Note{}
	for rows.Next() {
		var note Note
		var created int64
		if err := rows.Scan(&note.ID, &note.Text, &created); err != nil {
			return nil, fmt.Errorf("read note: %w", err)
		}
		note.CreatedAt = time.UnixMilli(created).UTC()
		found = append(found, note)
	}
	return found, rows.Err()
}

// add keeps a note, unless its owner has too many; counting and keeping is one statement.
func (n *notes) add(ctx context.Context, owner user, text string, now time.Time) (Note, error) {
	note := Note{ID: rand.Text(), Text: text, CreatedAt: time.UnixMilli(now.UnixMilli()).UTC()}
	result, err := n.pool.ExecContext(ctx, `INSERT INTO notes (id, issuer, subject, text, created) SELECT $1, $2, $3, $4, $5
		WHERE (SELECT COUNT(*) FROM notes WHERE issuer = $2 AND subject = $3) < $6`,
		note.ID, owner.issuer, owner.subject, note.Text, note.CreatedAt.UnixMilli(), maxNotes)
	if err != nil {
		return Note{}, fmt.Errorf("add note: %w", err)
	}
	if added, err := result.RowsAffected(); err != nil || added == 0 {
		return Note{}, errors.Join(errTooManyNotes, err)
	}
	return note, nil
}

// remove deletes one of the owner's notes.
func (n *notes) remove(ctx context.Context, owner user, id string) error {
	result, err := n.pool.ExecContext(ctx, "DELETE FROM notes WHERE id = $1 AND issuer = $2 AND subject = $3", id, owner.issuer, owner.subject)
	if err != nil {
		return fmt.Errorf("delete note: %w", err)
	}
	if deleted, err := result.RowsAffected(); err != nil || deleted == 0 {
		return errors.Join(errNotFound, err)
	}
	return nil
}

// clear deletes all of the owner's notes.
func (n *notes) clear(ctx context.Context, owner user) error {
	if _, err := n.pool.ExecContext(ctx, "DELETE FROM notes WHERE issuer = $1 AND subject = $2", owner.issuer, owner.subject); err != nil {
		return fmt.Errorf("delete notes: %w", err)
	}
	return nil
}
