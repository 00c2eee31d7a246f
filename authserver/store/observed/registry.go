package observed

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

// SaveRegistration is of store.Store.
func (s *Store) SaveRegistration(ctx context.Context, registration store.Registration) (err error) {
	defer s.took("save_registration", time.Now(), &err)
	return s.next.SaveRegistration(ctx, registration)
}

// DeleteRegistration is of store.Store.
func (s *Store) DeleteRegistration(ctx context.Context, kind store.Kind, parent, name string, version int64, now time.Time) (err error) {
	defer s.took("delete_registration", time.Now(), &err)
	return s.next.DeleteRegistration(ctx, kind, parent, name, version, now)
}

// UseRegistration is of store.Store.
func (s *Store) UseRegistration(ctx context.Context, kind store.Kind, parent, name string, used time.Time) (err error) {
	defer s.took("use_registration", time.Now(), &err)
	return s.next.UseRegistration(ctx, kind, parent, name, used)
}

// RegistryRevision is of store.Store.
func (s *Store) RegistryRevision(ctx context.Context) (_ int64, err error) {
	defer s.took("registry_revision", time.Now(), &err)
	return s.next.RegistryRevision(ctx)
}

// Registrations is of store.Store.
func (s *Store) Registrations(ctx context.Context, after int64, limit int) (_ []store.Registration, err error) {
	defer s.took("registrations", time.Now(), &err)
	return s.next.Registrations(ctx, after, limit)
}

// RevokeGrants is of store.Store.
func (s *Store) RevokeGrants(ctx context.Context, workspace, clientID string, limit int) (_ []store.Grant, err error) {
	defer s.took("revoke_grants", time.Now(), &err)
	return s.next.RevokeGrants(ctx, workspace, clientID, limit)
}

// WorkspaceSessions is of store.Store.
func (s *Store) WorkspaceSessions(ctx context.Context, workspace, after string, limit int) (_ []store.Session, err error) {
	defer s.took("workspace_sessions", time.Now(), &err)
	return s.next.WorkspaceSessions(ctx, workspace, after, limit)
}

// ListAccounts is of store.Store.
func (s *Store) ListAccounts(ctx context.Context, workspace, prefix, after string, limit int) (_ []store.Account, err error) {
	defer s.took("list_accounts", time.Now(), &err)
	return s.next.ListAccounts(ctx, workspace, prefix, after, limit)
}
