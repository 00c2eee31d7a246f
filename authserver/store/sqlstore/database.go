package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// database is what differs between SQLite and PostgreSQL.
type database interface {
	// name is the database for messages, without a password.
	name() string
	// openWriter opens a pool of one connection that may write, and checks that the database is sound.
	openWriter(ctx context.Context) (*sql.DB, error)
	// openReaders opens the pool that reads.
	openReaders() (*sql.DB, error)
	// begin begins a transaction that writes.
	begin() string
	// lockSchema keeps other processes from migrating until the transaction ends.
	lockSchema() string
	// hasTable is a query that answers one row when the table $1 exists.
	hasTable() string
	// anyTable is a query that answers one row when the database belongs to another program.
	anyTable() string
	// deadline bounds one transaction of writes; 0 where the database bounds its waiting itself.
	deadline() time.Duration
	// bytewise is what follows a text column that is compared and ordered by its bytes.
	bytewise() string
	// duplicate reports whether err means that a unique key is taken.
	duplicate(err error) bool
	// collided reports whether err means that the transaction was ended for the sake of another, and may be tried again.
	collided(err error) bool
	// explain says what a start-up error means to an operator.
	explain(err error) error
}

// parseDSN tells the two databases apart.
func parseDSN(dsn string) (database, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return parsePostgres(dsn)
	}
	if scheme, _, found := strings.Cut(dsn, "://"); found && !strings.HasPrefix(dsn, "file:") {
		return nil, fmt.Errorf("unknown database scheme %q: want postgres:// or the path of a SQLite file", scheme)
	}
	path := strings.TrimPrefix(strings.TrimPrefix(dsn, "file://"), "file:")
	switch {
	case path == "":
		return nil, errors.New("no database: want the path of a SQLite file or a postgres:// address")
	case strings.Contains(path, ":memory:"), strings.HasPrefix(dsn, "file:") && strings.Contains(path, "?"):
		return nil, fmt.Errorf("%q: want the plain path of a SQLite file, without parameters and not in memory", dsn)
	default:
		return sqlite{path: path}, nil
	}
}
