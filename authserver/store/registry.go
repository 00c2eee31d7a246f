package store

import (
	"context"
	"encoding/json"
	"time"
)

// Kind says what a registration is of.
type Kind string

// The kinds of registrations, each with what Parent and Name are.
const (
	KindTenant    Kind = "tenant"    // no parent; the tenant's name
	KindWorkspace Kind = "workspace" // the tenant's name; the workspace's
	KindClient    Kind = "client"    // the workspace's key, tenant/workspace; client_id
	KindKeys      Kind = "keys"      // the workspace's key; keys: that its signing keys have changed, and nothing else
)

// Registration is a tenant, a workspace or a client that was made while the server ran: what the configuration file does not say.
type Registration struct {
	Kind   Kind
	Parent string
	Name   string
	// Document is what is registered, as JSON; the store does not look into it.
	Document json.RawMessage
	Disabled bool
	Deleted  bool      // it is kept for a while after its end, so that every instance learns of it
	Used     time.Time // when it was first of use, zero for never
	// Version grows with every change of the registration, its end included; Revision is that of the whole registry after the last change.
	Version  int64
	Revision int64
	Created  time.Time
	Updated  time.Time
}

// TombstoneRetention is how long a deleted registration is kept. Who has not asked for changes for that long has to start anew.
const TombstoneRetention = 24 * time.Hour

// Registry keeps registrations, and ends what hangs on them. The registry has a revision that grows with every change and in the
// order in which changes are seen: who has asked for the changes after one has missed none.
type Registry interface {
	// SaveRegistration creates (Version 0) or replaces (Version is the stored one) a registration; ErrConflict otherwise. A deleted one
	// can be created again, and its version goes on. Used is left as it is. A deleted workspace comes back empty: nothing that an instance
	// kept in it after its end, having not heard of it, is there.
	SaveRegistration(ctx context.Context, registration Registration) error
	// DeleteRegistration ends a registration whose version is the stored one; ErrConflict otherwise, ErrNotFound when there is none. A
	// workspace takes with it, in the same step, all that is kept in it: accounts with their factors, identities and consents, sessions,
	// grants and tokens, signing keys. Registrations of clients are their own.
	DeleteRegistration(ctx context.Context, kind Kind, parent, name string, version int64, now time.Time) error
	// UseRegistration marks that it was of use, if it is not marked yet. It is no change: neither the version nor the revision grows.
	UseRegistration(ctx context.Context, kind Kind, parent, name string, used time.Time) error
	// RegistryRevision is the revision of the last change, 0 before the first.
	RegistryRevision(ctx context.Context) (int64, error)
	// Registrations lists up to limit registrations that were changed after a revision, deleted ones too, in the order of their
	// revisions: the last one's is where the next page begins.
	Registrations(ctx context.Context, after int64, limit int) ([]Registration, error)

	// RevokeGrants revokes up to limit live grants of a workspace and returns them; clientID narrows it when not empty.
	RevokeGrants(ctx context.Context, workspace, clientID string, limit int) ([]Grant, error)
	// WorkspaceSessions lists up to limit sessions of a workspace whose id is after another, in the order of their ids.
	WorkspaceSessions(ctx context.Context, workspace, after string, limit int) ([]Session, error)
	// ListAccounts lists up to limit accounts whose user name is after another and begins with prefix, in the order of their names.
	ListAccounts(ctx context.Context, workspace, prefix, after string, limit int) ([]Account, error)
}
