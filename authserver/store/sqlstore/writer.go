package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// maxGroup is how many writes share a transaction at most.
const maxGroup = 256

var errClosed = errors.New("the store is closed")

// write is one write that waits for its commit.
type write struct {
	do   func(ctx context.Context, tx *tx) error
	done chan error
}

// writer puts writes into transactions, one transaction at a time on one connection.
type writer struct {
	database database
	pool     *sql.DB
	queue    chan *write // unbuffered: what was handed over is answered
	closing  chan struct{}
	closed   chan struct{}
	once     sync.Once
	maxGroup int
	tx       *tx // on the connection that is in use, nil when a new one is needed
}

// newWriter starts a writer. It works until it is closed, whatever becomes of ctx.
func newWriter(ctx context.Context, database database, pool *sql.DB) *writer {
	w := &writer{
		database: database, pool: pool, maxGroup: maxGroup,
		queue: make(chan *write), closing: make(chan struct{}), closed: make(chan struct{}),
	}
	go w.run(context.WithoutCancel(ctx))
	return w
}

// update is the one way to write. It runs do in a transaction, perhaps with other writes in it, and returns after the commit. If do
// returns an error, what it wrote is undone, and nothing else. The context bounds the waiting; a write that has
// begun is carried through. do may run again, so it sets all that it answers with.
func (s *Store) update(ctx context.Context, operation string, do func(ctx context.Context, tx *tx) error) error {
	if err := ctx.Err(); err != nil {
		return answer(operation, err)
	}
	waiting := &write{do: do, done: make(chan error, 1)}
	select {
	case s.writer.queue <- waiting:
		return answer(operation, <-waiting.done)
	case <-ctx.Done():
		return answer(operation, ctx.Err())
	case <-s.writer.closing:
		return answer(operation, errClosed)
	}
}

func (w *writer) close() error {
	var err error
	w.once.Do(func() {
		close(w.closing)
		<-w.closed
		w.drop()
		err = w.pool.Close()
	})
	return err
}

func (w *writer) run(ctx context.Context) {
	defer close(w.closed)
	for {
		select {
		case first := <-w.queue:
			w.commit(ctx, w.gather(first))
		case <-w.closing:
			return
		}
	}
}

// gather takes the writes that wait already. It waits for none, but lets those run once who were just answered and have more to
// write.
func (w *writer) gather(first *write) []*write {
	group := []*write{first}
	for yielded := false; len(group) < w.maxGroup; {
		select {
		case next := <-w.queue:
			group = append(group, next)
			yielded = false
		default:
			if yielded {
				return group
			}
			runtime.Gosched()
			yielded = true
		}
	}
	return group
}

// commit answers every write of the group. The first try is the cheap one, without savepoints; if a write spoils it, each gets a
// savepoint; if even so the transaction breaks, or another process's transaction waits for it and it for that one, each gets a
// transaction. When the commit itself failed nobody knows what is on the disk: trying again could use a code up for a caller
// who then is told that it was used.
func (w *writer) commit(ctx context.Context, group []*write) {
	answers, err := w.transaction(ctx, group, w.bare)
	if _, spoilt := errors.AsType[*spoiled](err); spoilt && len(group) > 1 && !w.collided(err) {
		answers, err = w.transaction(ctx, group, w.guarded)
	}
	for again := 0; len(group) == 1 && again < maxCollisions && w.collided(err); again++ {
		answers, err = w.transaction(ctx, group, w.bare)
	}
	switch {
	case err == nil:
		for index, one := range group {
			one.done <- answers[index]
		}
	case len(group) > 1 && !errors.Is(err, errCommit):
		for _, one := range group {
			w.commit(ctx, []*write{one})
		}
	default:
		if spoilt, ok := errors.AsType[*spoiled](err); ok {
			err = spoilt.error
		}
		for _, one := range group {
			one.done <- err
		}
	}
}

// maxCollisions is how often a write is tried again that another process's writes got in the way of.
const maxCollisions = 5

// collided reports whether the database ended a transaction for the sake of another one, before its commit.
func (w *writer) collided(err error) bool {
	return err != nil && !errors.Is(err, errCommit) && w.database.collided(err)
}

// errCommit means that the commit itself failed.
var errCommit = errors.New("commit")

// transaction runs the group in one transaction and returns each write's own error. Its connection is given up unless the
// transaction came to an end on it.
func (w *writer) transaction(ctx context.Context, group []*write, try func(context.Context, *tx, *write) (failed, broken error)) ([]error, error) {
	if limit := w.database.deadline(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	tx, err := w.begin(ctx)
	if err != nil {
		w.drop()
		return nil, fmt.Errorf("begin: %w", err)
	}
	answers := make([]error, len(group))
	for index, one := range group {
		var broken error
		if answers[index], broken = try(ctx, tx, one); broken != nil {
			if tx.control(ctx, "ROLLBACK") != nil {
				w.drop()
			}
			return nil, broken
		}
	}
	if err := tx.control(ctx, "COMMIT"); err != nil {
		w.drop()
		return nil, fmt.Errorf("%w: %w", errCommit, err)
	}
	return answers, nil
}

// begin begins a transaction, on a new connection when the old one was lost while nobody looked.
func (w *writer) begin(ctx context.Context) (*tx, error) {
	for {
		fresh := w.tx == nil
		if fresh {
			conn, err := w.pool.Conn(ctx)
			if err != nil {
				return nil, err
			}
			w.tx = &tx{conn: conn, statements: map[string]*sql.Stmt{}}
		}
		err := w.tx.control(ctx, w.database.begin())
		if err == nil || fresh {
			return w.tx, err
		}
		w.drop()
	}
}

// drop gives the connection up; its transaction, if any, is undone by the database.
func (w *writer) drop() {
	if w.tx == nil {
		return
	}
	if alive := w.tx.conn.Raw(func(any) error { return nil }) == nil; alive {
		w.tx.forget()                                                   // an open statement would keep the connection's locks
		_ = w.tx.conn.Raw(func(any) error { return driver.ErrBadConn }) // so that the pool throws it away
	}
	_ = w.tx.conn.Close()
	w.tx = nil
}
