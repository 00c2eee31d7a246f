package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresConnections = 17
	postgresDeadline    = 15 * time.Second
	// poolSize is the parameter of a postgres:// address that says how many connections one instance opens, as pgx spells it.
	poolSize = "pool_max_conns"
)

// Error codes (PostgreSQL, appendix A).
const (
	postgresUnique        = "23505" // unique_violation
	postgresSerialization = "40001" // serialization_failure
	postgresDeadlock      = "40P01" // deadlock_detected
)

// postgres is a PostgreSQL database, which several instances may share.
type postgres struct {
	config  *pgx.ConnConfig
	readers int
}

// parsePostgres reads a postgres:// address. Its errors do not show the password.
func parsePostgres(dsn string) (database, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the postgres:// address cannot be read")
	}
	connections := postgresConnections
	if text, given := config.RuntimeParams[poolSize]; given {
		delete(config.RuntimeParams, poolSize) // it is not the server's
		if connections, err = strconv.Atoi(text); err != nil || connections < 2 {
			return nil, fmt.Errorf("the postgres:// address: %s=%s is not a number of 2 or more: one connection writes, the others read", poolSize, text)
		}
	}
	return postgres{config: config, readers: connections - 1}, nil
}

func (d postgres) name() string {
	return fmt.Sprintf("database %q at %s:%d", d.config.Database, d.config.Host, d.config.Port)
}

func (d postgres) begin() string { return "BEGIN" }

// lockSchema takes an advisory lock whose number is this package's alone.
func (d postgres) lockSchema() string { return "SELECT pg_advisory_xact_lock(4849382161)" }

func (d postgres) hasTable() string {
	return "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1"
}

func (d postgres) anyTable() string { return "SELECT 1 WHERE false" } // a database may be shared

func (d postgres) deadline() time.Duration { return postgresDeadline }

func (d postgres) openWriter(ctx context.Context) (*sql.DB, error) {
	pool := d.open(1)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

func (d postgres) openReaders() (*sql.DB, error) { return d.open(d.readers), nil }

func (d postgres) open(connections int) *sql.DB {
	pool := stdlib.OpenDB(*d.config)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool
}

func (d postgres) bytewise() string { return ` COLLATE "C"` }

func (d postgres) duplicate(err error) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failure.Code == postgresUnique
}

func (d postgres) collided(err error) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (failure.Code == postgresDeadlock || failure.Code == postgresSerialization)
}

func (d postgres) explain(err error) error { return err }
