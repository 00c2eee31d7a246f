//go:build postgres

package postgres

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

func (p *pair) AddFactor(ctx context.Context, factor store.Factor) error {
	return p.next().AddFactor(ctx, factor)
}

func (p *pair) Factor(ctx context.Context, workspace, id string) (store.Factor, error) {
	return p.next().Factor(ctx, workspace, id)
}

func (p *pair) Factors(ctx context.Context, workspace, subject string) ([]store.Factor, error) {
	return p.next().Factors(ctx, workspace, subject)
}

func (p *pair) UseFactor(ctx context.Context, workspace, id string, counter int64, now time.Time) error {
	return p.next().UseFactor(ctx, workspace, id, counter, now)
}

func (p *pair) RenameFactor(ctx context.Context, workspace, subject, id, name string) error {
	return p.next().RenameFactor(ctx, workspace, subject, id, name)
}

func (p *pair) RemoveFactor(ctx context.Context, workspace, subject, id string, keep int) error {
	return p.next().RemoveFactor(ctx, workspace, subject, id, keep)
}

func (p *pair) SaveRecoveryCodes(ctx context.Context, workspace, subject string, codes []store.Hash) error {
	return p.next().SaveRecoveryCodes(ctx, workspace, subject, codes)
}

func (p *pair) ConsumeRecoveryCode(ctx context.Context, workspace, subject string, code store.Hash) (int, error) {
	return p.next().ConsumeRecoveryCode(ctx, workspace, subject, code)
}

func (p *pair) RecoveryCodes(ctx context.Context, workspace, subject string) (int, error) {
	return p.next().RecoveryCodes(ctx, workspace, subject)
}

func (p *pair) ProvisionAccount(ctx context.Context, account store.Account, identity store.Identity) error {
	return p.next().ProvisionAccount(ctx, account, identity)
}

func (p *pair) LinkIdentity(ctx context.Context, identity store.Identity) error {
	return p.next().LinkIdentity(ctx, identity)
}

func (p *pair) Identity(ctx context.Context, workspace, issuer, subject string) (store.Identity, error) {
	return p.next().Identity(ctx, workspace, issuer, subject)
}

func (p *pair) Identities(ctx context.Context, workspace, account string) ([]store.Identity, error) {
	return p.next().Identities(ctx, workspace, account)
}

func (p *pair) DeleteAccount(ctx context.Context, workspace, subject string, version int64) error {
	return p.next().DeleteAccount(ctx, workspace, subject, version)
}

func (p *pair) UnlinkIdentity(ctx context.Context, workspace, account, issuer, subject string, remains func(store.Account, []store.Identity) bool) error {
	return p.next().UnlinkIdentity(ctx, workspace, account, issuer, subject, remains)
}

func (p *pair) DeleteRegistration(ctx context.Context, kind store.Kind, parent, name string, version int64, now time.Time) error {
	return p.next().DeleteRegistration(ctx, kind, parent, name, version, now)
}

func (p *pair) UseRegistration(ctx context.Context, kind store.Kind, parent, name string, used time.Time) error {
	return p.next().UseRegistration(ctx, kind, parent, name, used)
}

func (p *pair) RegistryRevision(ctx context.Context) (int64, error) {
	return p.next().RegistryRevision(ctx)
}

func (p *pair) Registrations(ctx context.Context, after int64, limit int) ([]store.Registration, error) {
	return p.next().Registrations(ctx, after, limit)
}

func (p *pair) RevokeGrants(ctx context.Context, workspace, clientID string, limit int) ([]store.Grant, error) {
	return p.next().RevokeGrants(ctx, workspace, clientID, limit)
}

func (p *pair) WorkspaceSessions(ctx context.Context, workspace, after string, limit int) ([]store.Session, error) {
	return p.next().WorkspaceSessions(ctx, workspace, after, limit)
}

func (p *pair) ListAccounts(ctx context.Context, workspace, prefix, after string, limit int) ([]store.Account, error) {
	return p.next().ListAccounts(ctx, workspace, prefix, after, limit)
}

func (p *pair) SaveRegistration(ctx context.Context, registration store.Registration) error {
	return p.next().SaveRegistration(ctx, registration)
}

func (p *pair) SignOut(ctx context.Context, workspace, subject, only, except string) ([]store.Session, []store.Grant, error) {
	return p.next().SignOut(ctx, workspace, subject, only, except)
}
