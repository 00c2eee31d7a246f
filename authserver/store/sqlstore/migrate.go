package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// migrations are the steps of the schema: NNNN_name.sql, numbered from 1 without a gap. One that was released is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// ledger is the table of the migrations that a database has had. By it a database is known to be ours.
const ledger = "authserver_migrations"

const createLedger = `CREATE TABLE ` + ledger + ` (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied BIGINT NOT NULL)`

// migrate brings the schema up to date in one transaction, while no other process does.
func migrate(ctx context.Context, database database, pool *sql.DB, now time.Time) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it only goes back to its pool
	if _, err := conn.ExecContext(ctx, database.begin()); err != nil {
		return err
	}
	if err := migrateLocked(ctx, database, conn, now); err != nil {
		_, rollback := conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, rollback)
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

func migrateLocked(ctx context.Context, database database, conn *sql.Conn, now time.Time) error {
	if _, err := conn.ExecContext(ctx, database.lockSchema()); err != nil {
		return err
	}
	version, err := schemaVersion(ctx, database, conn)
	if err != nil {
		return err
	}
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	if version > len(files) {
		return fmt.Errorf("its schema has version %d, and this program knows versions up to %d: run a newer program", version, len(files))
	}
	for _, file := range files[version:] {
		version++
		if err := apply(ctx, conn, version, file.Name(), now); err != nil {
			return fmt.Errorf("migration %s: %w", file.Name(), err)
		}
	}
	return nil
}

// schemaVersion is the number of migrations that the database has had; a database without any is made ours if it is empty.
func schemaVersion(ctx context.Context, database database, conn *sql.Conn) (version int, err error) {
	ours, err := exists(ctx, conn, database.hasTable(), ledger)
	if err != nil {
		return 0, err
	}
	if ours {
		err := conn.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM "+ledger).Scan(&version)
		return version, err
	}
	foreign, err := exists(ctx, conn, database.anyTable())
	if err != nil {
		return 0, err
	}
	if foreign {
		return 0, errors.New("it is the database of another program: it has tables, but not " + ledger)
	}
	_, err = conn.ExecContext(ctx, createLedger)
	return 0, err
}

func exists(ctx context.Context, conn *sql.Conn, query string, args ...any) (bool, error) {
	var one int
	err := conn.QueryRowContext(ctx, query, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func apply(ctx context.Context, conn *sql.Conn, version int, name string, now time.Time) error {
	if len(name) < 4 || name[:4] != fmt.Sprintf("%04d", version) {
		return errors.New("it is not number " + strconv.Itoa(version))
	}
	text, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "INSERT INTO "+ledger+" (version, name, applied) VALUES ($1, $2, $3)", version, name, now.UnixMilli())
	return err
}
