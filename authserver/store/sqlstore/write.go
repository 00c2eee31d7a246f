package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"cloakroom/authserver/store"
)

// spoiled means that a write failed halfway, with what is in it.
type spoiled struct{ error }

func (s *spoiled) Unwrap() error { return s.error }

// bare runs one write. One that fails with an error of the contract before it changed anything leaves nothing to undo, and that is
// how writes fail; any other failure spoils the transaction. A savepoint for each write would halve the throughput.
func (w *writer) bare(ctx context.Context, tx *tx, one *write) (failed, broken error) {
	tx.changed = false
	failed = run(ctx, tx, one)
	if failed == nil || (known(failed) && !tx.changed) {
		return failed, nil
	}
	if w.database.duplicate(failed) {
		failed = store.ErrConflict
	}
	return nil, &spoiled{failed}
}

// guarded runs one write within a savepoint.
func (w *writer) guarded(ctx context.Context, tx *tx, one *write) (failed, broken error) {
	if err := tx.control(ctx, "SAVEPOINT one"); err != nil {
		return nil, err
	}
	failed = run(ctx, tx, one)
	if w.database.duplicate(failed) {
		failed = store.ErrConflict
	}
	if w.collided(failed) {
		return nil, failed
	}
	if failed != nil {
		if err := tx.control(ctx, "ROLLBACK TO SAVEPOINT one"); err != nil {
			return nil, errors.Join(failed, err)
		}
	}
	return failed, tx.control(ctx, "RELEASE SAVEPOINT one")
}

// run makes a panic of one write its own error: the writer serves everybody.
func run(ctx context.Context, tx *tx, one *write) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	return one.do(ctx, tx)
}
