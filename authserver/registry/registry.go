// Package registry owns which tenants, workspaces and clients there are: those of the configuration file, which nothing here changes, and
// those of the store, which the admin API and dynamic registration make while the server runs. It validates every change by the same rules
// as the configuration, and hands out snapshots, which never change. It serves nothing and knows no HTTP.
//
// Start with [Registry.Current], then [Registry.Refresh].
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cloakroom/authserver/document"
	"cloakroom/authserver/store"
	"cloakroom/authserver/workspace"
)

// What a change can be refused for, besides [*Invalid].
var (
	ErrNotFound = errors.New("registry: there is no such thing")
	ErrExists   = errors.New("registry: the name is taken")
	// ErrManaged means that the configuration file says it, and only the file can change it.
	ErrManaged = errors.New("registry: it is managed by the configuration file")
	// ErrStale means that it was changed since it was read.
	ErrStale = errors.New("registry: it was changed meanwhile")
	// ErrInUse means that something hangs on it that has to go first.
	ErrInUse = errors.New("registry: it is in use")
	// ErrFull means that a workspace has as many dynamic clients as it may.
	ErrFull = errors.New("registry: the workspace has no room for another dynamic client")
)

// Invalid is a document with problems.
type Invalid struct{ Problems []document.Problem }

func (i *Invalid) Error() string {
	text := "registry: invalid"
	for _, problem := range i.Problems {
		text += "; " + problem.Error()
	}
	return text
}

// Settings are what a registry stands on.
type Settings struct {
	Base    string   // the URL of the server
	Tenants []Tenant // of the configuration, with Configured
	// Check is what the server asks of a workspace beyond [workspace.Workspace.Problems]; it may be nil.
	Check func(*workspace.Workspace) []error
	// Publish makes a snapshot effective; old is nil at first. When it fails, the change is tried again with the next look at the store.
	Publish func(ctx context.Context, old, next *Snapshot) error
	Log     *slog.Logger
	Now     func() time.Time
}

// Registry is safe for concurrent use.
type Registry struct {
	settings Settings
	store    store.Registry

	current atomic.Pointer[Snapshot]

	mu      sync.Mutex // of whoever looks at the store, or changes it
	records map[recordKey]store.Registration
	seen    int64     // the revision up to which records are known
	looked  time.Time // when the store was asked last with success
}

type recordKey struct {
	kind         store.Kind
	parent, name string
}

// Open reads the registrations and publishes the first snapshot.
func Open(ctx context.Context, st store.Registry, settings Settings) (*Registry, error) {
	r := &Registry{settings: settings, store: st, records: map[recordKey]store.Registration{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r, r.refresh(ctx)
}

// Current is the snapshot in force: no lock, one load.
func (r *Registry) Current() *Snapshot { return r.current.Load() }

// Refresh learns of what other instances have changed. It costs one small read when there is nothing.
func (r *Registry) Refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refresh(ctx)
}

// page is how many registrations are read at a time.
const page = 500

func (r *Registry) refresh(ctx context.Context) error {
	now := r.settings.Now()
	if !r.looked.IsZero() && now.Sub(r.looked) > store.TombstoneRetention/2 { // it may have missed an end
		clear(r.records)
		r.seen = 0
	}
	revision, err := r.store.RegistryRevision(ctx)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	current := r.current.Load()
	if current != nil && revision == r.seen && revision == current.Revision {
		r.looked = now
		return nil
	}
	for {
		registrations, err := r.store.Registrations(ctx, r.seen, page)
		if err != nil {
			return fmt.Errorf("registry: %w", err)
		}
		for _, registration := range registrations {
			r.keep(registration)
			r.seen = registration.Revision
		}
		if len(registrations) < page {
			break
		}
	}
	next := r.compose(ctx, current)
	if err := r.settings.Publish(ctx, current, next); err != nil {
		return fmt.Errorf("registry: publish: %w", err)
	}
	r.current.Store(next)
	r.looked = now
	return nil
}

func (r *Registry) keep(registration store.Registration) {
	at := recordKey{registration.Kind, registration.Parent, registration.Name}
	if registration.Deleted {
		delete(r.records, at)
		return
	}
	r.records[at] = registration
}

// change makes one change to what is in force now: make sees a snapshot that is not older than the call.
func (r *Registry) change(ctx context.Context, make func(*Snapshot) (store.Registration, error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(ctx); err != nil {
		return err
	}
	registration, err := make(r.current.Load())
	if err != nil {
		return err
	}
	if err := r.store.SaveRegistration(ctx, registration); err != nil {
		return lost(err, registration.Version)
	}
	return r.refresh(ctx)
}

// remove ends a registration.
func (r *Registry) remove(ctx context.Context, find func(*Snapshot) (recordKey, int64, error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(ctx); err != nil {
		return err
	}
	at, version, err := find(r.current.Load())
	if err != nil {
		return err
	}
	if err := r.store.DeleteRegistration(ctx, at.kind, at.parent, at.name, version, r.settings.Now()); err != nil {
		return lost(err, version)
	}
	return r.refresh(ctx)
}

// lost is what it means that another instance was faster.
func lost(err error, version int64) error {
	switch {
	case errors.Is(err, store.ErrConflict) && version == 0:
		return ErrExists
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound):
		return ErrStale
	default:
		return fmt.Errorf("registry: %w", err)
	}
}
