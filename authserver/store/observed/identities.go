package observed

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

// ProvisionAccount is of store.Store.
func (s *Store) ProvisionAccount(ctx context.Context, account store.Account, identity store.Identity) (err error) {
	defer s.took("provision_account", time.Now(), &err)
	return s.next.ProvisionAccount(ctx, account, identity)
}

// LinkIdentity is of store.Store.
func (s *Store) LinkIdentity(ctx context.Context, identity store.Identity) (err error) {
	defer s.took("link_identity", time.Now(), &err)
	return s.next.LinkIdentity(ctx, identity)
}

// Identity is of store.Store.
func (s *Store) Identity(ctx context.Context, workspace, issuer, subject string) (_ store.Identity, err error) {
	defer s.took("identity", time.Now(), &err)
	return s.next.Identity(ctx, workspace, issuer, subject)
}

// Identities is of store.Store.
func (s *Store) Identities(ctx context.Context, workspace, account string) (_ []store.Identity, err error) {
	defer s.took("identities", time.Now(), &err)
	return s.next.Identities(ctx, workspace, account)
}

// UnlinkIdentity is of store.Store.
func (s *Store) UnlinkIdentity(ctx context.Context, workspace, account, issuer, subject string, remains func(store.Account, []store.Identity) bool) (err error) {
	defer s.took("unlink_identity", time.Now(), &err)
	return s.next.UnlinkIdentity(ctx, workspace, account, issuer, subject, remains)
}
