package sqlstore

import (
	"context"
	"database/sql"

	"cloakroom/authserver/store"
)

// tx is the writer's connection within a transaction. Its statements stay prepared from one transaction to the next.
type tx struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	changed    bool // since it was set to false
}

// control runs a statement about the transaction itself.
func (t *tx) control(ctx context.Context, query string) error {
	statement, err := t.prepare(ctx, query)
	if err != nil {
		return err
	}
	_, err = statement.ExecContext(ctx)
	return err
}

func (t *tx) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement := t.statements[query]; statement != nil {
		return statement, nil
	}
	statement, err := t.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	t.statements[query] = statement
	return statement, nil
}

// forget closes all prepared statements.
func (t *tx) forget() {
	for query, statement := range t.statements {
		_ = statement.Close()
		delete(t.statements, query)
	}
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	statement, err := t.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	result, err := statement.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	count, err := result.RowsAffected()
	t.changed = t.changed || count > 0 || err != nil
	return count, err
}

// change runs a statement that has to change a row, and answers otherwise when it changes none.
func (t *tx) change(ctx context.Context, otherwise error, query string, args ...any) error {
	changed, err := t.exec(ctx, query, args...)
	if err == nil && changed == 0 {
		return otherwise
	}
	return err
}

// returning runs a statement that may change a row and returns it.
func (t *tx) returning(ctx context.Context, query string, args ...any) row {
	t.changed = true
	return t.row(ctx, query, args...)
}

func (t *tx) row(ctx context.Context, query string, args ...any) row {
	statement, err := t.prepare(ctx, query)
	if err != nil {
		return failedRow{err}
	}
	return statement.QueryRowContext(ctx, args...)
}

func (t *tx) rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := t.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

// insert is an update of one INSERT: ErrConflict when the key is taken.
func (s *Store) insert(ctx context.Context, operation, query string, args ...any) error {
	return s.update(ctx, operation, func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrConflict, query, args...)
	})
}
