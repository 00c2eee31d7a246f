package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	sqlitedriver "modernc.org/sqlite"
)

const (
	sqliteReaders = 8
	// checkedSize is the size in bytes up to which a file is checked from end to end at start-up: about a second. A larger one
	// is checked as far as migrations read it.
	checkedSize = 256 << 20
)

// Codes of SQLite (sqlite.org/rescode.html).
const (
	sqliteCorrupt    = 11
	sqliteNotADB     = 26
	sqliteReadOnly   = 8
	sqliteCantOpen   = 14
	sqliteBusy       = 5
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// sqlite is a SQLite file.
type sqlite struct{ path string }

func (d sqlite) name() string { return d.path }

func (d sqlite) begin() string { return "BEGIN IMMEDIATE" }

func (d sqlite) lockSchema() string { return "SELECT 1" } // BEGIN IMMEDIATE did

func (d sqlite) hasTable() string {
	return "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1"
}

func (d sqlite) anyTable() string { return "SELECT 1 FROM sqlite_master LIMIT 1" }

func (d sqlite) deadline() time.Duration { return 0 } // busy_timeout

func (d sqlite) openWriter(ctx context.Context) (*sql.DB, error) {
	if err := d.create(); err != nil {
		return nil, err
	}
	pool, err := d.open(1, "synchronous(FULL)", "journal_size_limit(67108864)")
	if err != nil {
		return nil, err
	}
	if err := d.check(ctx, pool); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

func (d sqlite) openReaders() (*sql.DB, error) { return d.open(sqliteReaders, "query_only(1)") }

// open opens a pool. FULL makes each commit wait for the disk: NORMAL can lose the last commits at power loss, and a code that
// was redeemed would be good again.
func (d sqlite) open(connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_pragma": append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)"}, pragmas...)}
	pool, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: d.path}).EscapedPath(), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// create makes an empty file that only its owner reads, unless there is one.
func (d sqlite) create() error {
	file, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the folder %s does not exist", filepath.Dir(d.path))
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// check reads the whole file, unless it is large, and reports the first thing that is wrong with it.
func (d sqlite) check(ctx context.Context, pool *sql.DB) error {
	info, err := os.Stat(d.path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("is not a file")
	}
	if info.Size() > checkedSize {
		return pool.PingContext(ctx)
	}
	var verdict string
	if err := pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, verdict)
	}
	return nil
}

// errDamaged means that a file is a SQLite database that cannot be trusted any more.
var errDamaged = errors.New("the file is damaged; restore it from a backup, or move it away to start with an empty one")

func (d sqlite) bytewise() string { return "" } // it is how SQLite compares

func (d sqlite) duplicate(err error) bool {
	code := sqliteCode(err)
	return code == sqlitePrimaryKey || code == sqliteUnique
}

func (d sqlite) collided(error) bool { return false } // BEGIN IMMEDIATE has locked all there is to lock

func (d sqlite) explain(err error) error {
	switch sqliteCode(err) & 0xff {
	case sqliteNotADB:
		return fmt.Errorf("the file is not a SQLite database: %w", err)
	case sqliteCorrupt:
		return fmt.Errorf("%w: %w", errDamaged, err)
	case sqliteReadOnly, sqliteCantOpen:
		return fmt.Errorf("the file or its folder cannot be written: %w", err)
	case sqliteBusy:
		return fmt.Errorf("another process holds the file: %w", err)
	default:
		return err
	}
}

// sqliteCode is the extended result code of an error of SQLite, 0 for other errors.
func sqliteCode(err error) int {
	if failure, ok := errors.AsType[*sqlitedriver.Error](err); ok {
		return failure.Code()
	}
	return 0
}
