package sqlstore

import (
	"context"
	"fmt"
	"time"

	"cloakroom/authserver/store"
)

// sweepBatch is how many records one write deletes at most, so that nobody waits long behind it.
const sweepBatch = 200

// sweepable is a kind of record that expires.
type sweepable struct {
	table, key string
	end        string        // the column of its end
	after      time.Duration // how long it is kept past that
	only       string        // a condition that it has to meet too
	before     func(ctx context.Context, tx *tx, end int64) error
}

// sweepables are the kinds in an order in which what hangs on another goes before it.
var sweepables = []sweepable{
	{table: "pushed_requests", key: "workspace, id", end: "expires", after: store.Retention},
	{table: "interactions", key: "workspace, id", end: "expires", after: store.Retention},
	{table: "codes", key: "workspace, id", end: "expires", after: store.Retention},
	{table: "refresh_tokens", key: "workspace, id", end: "expires"},
	{table: "access_tokens", key: "workspace, id", end: "expires"},
	{table: "grants", key: "workspace, id", end: "expires"},
	{table: "sessions", key: "workspace, id", end: "idle"}, // never later than its absolute end
	{table: "signing_keys", key: "workspace, id", end: "expires", only: " AND expires <> 0"},
	{table: "used_values", key: "workspace, purpose, value_hash", end: "expires"},
	{table: "registrations", key: "kind, parent, name", end: "updated", after: store.TombstoneRetention, only: " AND deleted = 1", before: emptyDeleted},
}

// Sweep deletes up to limit records of each kind that are not needed at now any more, in small batches that other writes
// go between.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	total := 0
	for _, kind := range sweepables {
		swept, err := s.sweep(ctx, kind, now, limit)
		total += swept
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (s *Store) sweep(ctx context.Context, kind sweepable, now time.Time, limit int) (int, error) {
	query := fmt.Sprintf("DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s <= $1%[4]s ORDER BY %[3]s LIMIT $2)", //nolint:gosec // of constants
		kind.table, kind.key, kind.end, kind.only)
	end := millis(now.Add(-kind.after))
	total := 0
	for total < limit {
		batch := min(limit-total, sweepBatch)
		var swept int64
		err := s.update(ctx, "sweep "+kind.table, func(ctx context.Context, tx *tx) (err error) {
			if kind.before != nil {
				if err := kind.before(ctx, tx, end); err != nil {
					return err
				}
			}
			swept, err = tx.exec(ctx, query, end, batch)
			return err
		})
		total += int(swept)
		if err != nil || int(swept) < batch {
			return total, err
		}
	}
	return total, nil
}
