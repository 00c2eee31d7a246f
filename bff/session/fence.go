package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// tenure is a lease that this instance holds, and until when it surely does.
type tenure struct {
	m     *Manager
	lease Lease
	mu    sync.Mutex
	until time.Time
}

// take takes the lease on a session.
func (m *Manager) take(ctx context.Context, id string) (*tenure, error) {
	began := m.now() // the store's time to live begins later
	lease, err := m.store.Lease(ctx, id, leaseTTL)
	if err != nil {
		return nil, fmt.Errorf("take the lease: %w", err)
	}
	return &tenure{m: m, lease: lease, until: began.Add(leaseTTL)}, nil
}

func (t *tenure) renew(ctx context.Context) error {
	began := t.m.now()
	if err := t.m.store.Renew(ctx, t.lease, leaseTTL); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.until = began.Add(leaseTTL)
	return nil
}

func (t *tenure) left() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.until.Sub(t.m.now())
}

type tenureKey struct{}

func fenced(ctx context.Context, held *tenure) context.Context {
	return context.WithValue(ctx, tenureKey{}, held)
}

// fenceLife is how long the lease has to live yet for something to be begun under it: renewals go on meanwhile, but this instance
// may be paused again.
const fenceLife = leaseTTL / 2

// Fence reports whether the work that was given this context may still do what must not be done twice, such as redeem a refresh
// token: nil if its lease is held and lives on for a while. [ErrLeaseLost] says that the turn is another's by now, any other error
// that the store cannot be asked; neither leaves anything to be done but to return it. Outside of [Manager.Exclusive] there is
// nothing to ask.
func Fence(ctx context.Context) error {
	held, _ := ctx.Value(tenureKey{}).(*tenure)
	if held == nil || held.left() >= fenceLife {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := held.renew(ctx); err != nil {
		return fmt.Errorf("make sure of the lease: %w", err)
	}
	return nil
}

// holding renews the lease until the returned function gives it back.
func (m *Manager) holding(ctx context.Context, held *tenure) (release func()) {
	renewing, stop := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		held.keep(renewing)
	}()
	return func() {
		stop()
		<-stopped
		// Others wait for this lease until it runs out, if it is not given back before: a busy store is waited for that long.
		ctx := context.WithoutCancel(ctx)
		releasing, cancel := context.WithTimeout(ctx, leaseTTL)
		defer cancel()
		m.logError(ctx, "lease not released", m.store.Release(releasing, held.lease))
	}
}

func (t *tenure) keep(ctx context.Context) {
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := t.renew(ctx)
		t.m.logError(ctx, "lease not renewed", err)
		if errors.Is(err, ErrLeaseLost) {
			return
		}
	}
}
