package session

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

var (
	// ErrLeased: somebody else holds the lease.
	ErrLeased = errors.New("session: leased by another")
	// ErrLeaseLost: the lease ran out, and may be another's by now.
	ErrLeaseLost = errors.New("session: the lease is lost")
)

// Lease is the right to work on something alone until it runs out. Its holder's name is new with every lease, so that who was
// paused past the end can neither renew nor release what has become another's.
type Lease struct {
	ID     string
	Holder string
}

// Leases let one of all the instances on a store work on something at a time. A lease keeps others from beginning, not from
// writing: what a paused holder writes is fenced by the record's version.
type Leases interface {
	// Lease takes the lease on id; ErrLeased while somebody else's lives. Of any number of concurrent calls one gets it.
	Lease(ctx context.Context, id string, ttl time.Duration) (Lease, error)
	// Renew lets the lease run ttl from now; ErrLeaseLost when it ran out.
	Renew(ctx context.Context, lease Lease, ttl time.Duration) error
	// Release gives the lease back. A lease that was lost is no error, and another's stays as it is.
	Release(ctx context.Context, lease Lease) error
}

func newLease(id string) Lease { return Lease{ID: id, Holder: rand.Text()} }

// leaseRow is a lease as the memory store keeps it.
type leaseRow struct {
	holder string
	until  time.Time
}

// Lease implements [Leases].
func (m *Memory) Lease(_ context.Context, id string, ttl time.Duration) (Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if held, ok := m.leases[id]; ok && now.Before(held.until) {
		return Lease{}, ErrLeased
	}
	lease := newLease(id)
	m.leases[id] = leaseRow{holder: lease.Holder, until: now.Add(ttl)}
	return lease, nil
}

// Renew implements [Leases].
func (m *Memory) Renew(_ context.Context, lease Lease, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	held, ok := m.leases[lease.ID]
	if !ok || held.holder != lease.Holder || !now.Before(held.until) {
		return ErrLeaseLost
	}
	held.until = now.Add(ttl)
	m.leases[lease.ID] = held
	return nil
}

// Release implements [Leases].
func (m *Memory) Release(_ context.Context, lease Lease) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leases[lease.ID].holder == lease.Holder {
		delete(m.leases, lease.ID)
	}
	return nil
}

// Lease implements [Leases].
func (s *SQLite) Lease(ctx context.Context, id string, ttl time.Duration) (Lease, error) {
	lease, now := newLease(id), s.now()
	taken, err := affected(s.write.ExecContext(ctx, `INSERT INTO leases (id, holder, until) VALUES (?1, ?2, ?3)
		ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE until <= ?4`,
		id, lease.Holder, nanos(now.Add(ttl)), nanos(now)))
	if err == nil && taken == 0 {
		err = ErrLeased
	}
	if err != nil {
		return Lease{}, err
	}
	return lease, nil
}

// Renew implements [Leases].
func (s *SQLite) Renew(ctx context.Context, lease Lease, ttl time.Duration) error {
	now := s.now()
	renewed, err := affected(s.write.ExecContext(ctx, "UPDATE leases SET until = ? WHERE id = ? AND holder = ? AND until > ?",
		nanos(now.Add(ttl)), lease.ID, lease.Holder, nanos(now)))
	if err == nil && renewed == 0 {
		err = ErrLeaseLost
	}
	return err
}

// Release implements [Leases].
func (s *SQLite) Release(ctx context.Context, lease Lease) error {
	_, err := s.write.ExecContext(ctx, "DELETE FROM leases WHERE id = ? AND holder = ?", lease.ID, lease.Holder)
	return err
}
