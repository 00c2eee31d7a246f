package bff

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"cloakroom/bff/session"
)

// mortal is a store whose process can be killed: from then on it reaches nothing.
type mortal struct {
	session.Store
	dead   *atomic.Bool
	stored *sync.Map // the refresh tokens that were stored
}

var errKilled = errors.New("the process was killed")

func (m mortal) Update(ctx context.Context, record session.Record) (session.Record, error) {
	if m.dead.Load() {
		return session.Record{}, session.ErrEnded // a verdict, so that nothing is tried again
	}
	updated, err := m.Store.Update(ctx, record)
	if err == nil {
		m.stored.Store(record.RefreshToken, true)
	}
	return updated, err
}

func (m mortal) Load(ctx context.Context, id string) (session.Record, error) {
	if m.dead.Load() {
		return session.Record{}, session.ErrEnded
	}
	return m.Store.Load(ctx, id)
}

func (m mortal) Lease(ctx context.Context, id string, ttl time.Duration) (session.Lease, error) {
	if m.dead.Load() {
		return session.Lease{}, errKilled
	}
	return m.Store.Lease(ctx, id, ttl)
}

func (m mortal) Renew(ctx context.Context, lease session.Lease, ttl time.Duration) error {
	if m.dead.Load() {
		return errKilled
	}
	return m.Store.Renew(ctx, lease, ttl)
}

// Release of the dead never comes: their leases have to run out.
func (m mortal) Release(ctx context.Context, lease session.Lease) error {
	if m.dead.Load() {
		return errKilled
	}
	return m.Store.Release(ctx, lease)
}

func (m mortal) End(ctx context.Context, id string) (session.Record, error) {
	if m.dead.Load() {
		return session.Record{}, errKilled
	}
	return m.Store.End(ctx, id)
}

func (m mortal) Notify(ctx context.Context, notice session.Notice) error {
	if m.dead.Load() {
		return errKilled
	}
	return m.Store.Notify(ctx, notice)
}

// instanceTransport says who asks, and dies with its instance.
type instanceTransport struct {
	name string
	dead *atomic.Bool
	next http.RoundTripper
}

func (t instanceTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.dead.Load() {
		return nil, errKilled
	}
	sent := r.Clone(r.Context())
	sent.Header.Set("X-Instance", t.name)
	response, err := t.next.RoundTrip(sent)
	if t.dead.Load() {
		return nil, errKilled
	}
	return response, err
}
