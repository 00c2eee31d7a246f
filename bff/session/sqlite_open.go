package session

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// applicationID marks a SQLite file as a session store ("Clks"), so that no other program's file is taken for one.
const applicationID = 0x436c6b73

// migrations bring a file from version to version; a file's version is how many of them it has seen. Only append.
// Times are nanoseconds since 1970. sealed is NULL in a tombstone, whose idle is its absolute end.
var migrations = []string{
	`CREATE TABLE records (
		id TEXT PRIMARY KEY, version INTEGER NOT NULL, user BLOB NOT NULL, sid BLOB NOT NULL,
		last_seen INTEGER NOT NULL, idle INTEGER NOT NULL, absolute INTEGER NOT NULL, sealed BLOB) STRICT;
	CREATE INDEX records_by_user ON records (user) WHERE sealed IS NOT NULL;
	CREATE INDEX records_by_sid ON records (sid) WHERE sealed IS NOT NULL;
	CREATE INDEX records_by_idle ON records (idle);
	CREATE TABLE cookies (hash TEXT PRIMARY KEY, expires INTEGER NOT NULL, sealed BLOB) STRICT, WITHOUT ROWID;
	CREATE INDEX cookies_by_expires ON cookies (expires);
	CREATE TABLE key_check (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL) STRICT;`,
	`CREATE TABLE leases (id TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
	CREATE INDEX leases_by_until ON leases (until);
	CREATE TABLE uses (key BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
	CREATE INDEX uses_by_until ON uses (until);`,
}

const (
	busyTimeout = "_pragma=busy_timeout(5000)"
	// FULL: a commit that was answered survives a power cut. With NORMAL an ended session could come back.
	writePragmas = busyTimeout + "&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"
	readPragmas  = busyTimeout + "&_pragma=query_only(1)"
	readers      = 8
)

// OpenSQLite opens the store in the file at path, and makes it, readable for its owner only, if there is none. A file that
// is damaged, another program's, written by a newer version or sealed with other keys is an error that says so and names it.
func OpenSQLite(ctx context.Context, path string, sealer *Sealer, now func() time.Time) (*SQLite, error) {
	store, err := openSQLite(ctx, path, sealer, now)
	if err != nil {
		return nil, fmt.Errorf("session store %q: %w", path, err)
	}
	return store, nil
}

func openSQLite(ctx context.Context, path string, sealer *Sealer, now func() time.Time) (*SQLite, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(absolute, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	if err := inspect(ctx, absolute); err != nil {
		return nil, err
	}
	s := &SQLite{sealer: sealer, now: now}
	if err := s.connect(ctx, absolute); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *SQLite) connect(ctx context.Context, path string) error {
	var err error
	if s.write, err = open(path, writePragmas, 1); err != nil {
		return err
	}
	if s.read, err = open(path, readPragmas, readers); err != nil {
		return err
	}
	if s.pulse, err = open(path, readPragmas, 1); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.checkKey(ctx); err != nil {
		return err
	}
	if s.load, err = s.read.PrepareContext(ctx, selectRows+"id = ?"); err != nil {
		return err
	}
	s.find, err = s.read.PrepareContext(ctx, "SELECT sealed FROM cookies WHERE hash = ?")
	return err
}

func open(path, pragmas string, connections int) (*sql.DB, error) {
	name := url.URL{Scheme: "file", Path: path, RawQuery: pragmas}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// inspect looks at the file before anything is written to it.
func inspect(ctx context.Context, path string) (err error) {
	db, err := open(path, busyTimeout, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var check string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&check); err != nil {
		return damaged(err)
	}
	if check != "ok" {
		return fmt.Errorf("%s: %s", whenDamaged, check)
	}
	return belongs(ctx, db)
}

const whenDamaged = "the file is damaged or no SQLite database (restore it from a backup, or delete it and let users sign in again)"

// damaged tells a file that is broken from one that is only locked or not readable.
func damaged(err error) error {
	if broken, ok := errors.AsType[*sqlite.Error](err); ok && (broken.Code()&0xff == sqlite3.SQLITE_CORRUPT || broken.Code()&0xff == sqlite3.SQLITE_NOTADB) {
		return fmt.Errorf("%s: %w", whenDamaged, err)
	}
	return err
}

func belongs(ctx context.Context, db *sql.DB) error {
	var id, version, tables int
	query := "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)"
	if err := db.QueryRowContext(ctx, query).Scan(&id, &version, &tables); err != nil {
		return err
	}
	switch {
	case id == 0 && version == 0 && tables == 0:
		return nil // new
	case id != applicationID:
		return errors.New("the file is a SQLite database of another program")
	case version > len(migrations):
		return fmt.Errorf("the file was written by a newer version of this program (schema %d; this one knows %d)", version, len(migrations))
	}
	return nil
}

func (s *SQLite) migrate(ctx context.Context) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		for ; version < len(migrations); version++ {
			mark := fmt.Sprintf("; PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version+1)
			if _, err := tx.ExecContext(ctx, migrations[version]+mark); err != nil {
				return fmt.Errorf("migration %d: %w", version+1, err)
			}
		}
		return nil
	})
}

// checkKey makes sure that the configured keys are those that the file was sealed with, so that a lost key is an error at
// start-up and not everybody signed out. What it checks is sealed again once there is a newer key, so that the old one can go.
func (s *SQLite) checkKey(ctx context.Context) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		var sealed []byte
		err := tx.QueryRowContext(ctx, "SELECT sealed FROM key_check").Scan(&sealed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil {
			if _, err := s.sealer.Open(purposeStore, sealed, nil); err != nil {
				return fmt.Errorf("the file was sealed with a key that is not among the configured ones: %w", err)
			}
		}
		if s.sealer.current(sealed) {
			return nil
		}
		sealed, err = s.sealer.Seal(purposeStore, nil, nil)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO key_check (id, sealed) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed", sealed)
		return err
	})
}
