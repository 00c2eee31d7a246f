//go:build postgres

package postgres

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"cloakroom/authserver/store"
)

// pair is two instances of a store: a verb goes to one, the next verb to the other.
type pair struct {
	stores [2]store.Store
	turn   atomic.Uint64
}

func (p *pair) next() store.Store { return p.stores[p.turn.Add(1)%2] }

func (p *pair) Close() error { return errors.Join(p.stores[0].Close(), p.stores[1].Close()) }

func (p *pair) UseOnce(ctx context.Context, workspace, use, value string, expires time.Time) error {
	return p.next().UseOnce(ctx, workspace, use, value, expires)
}

func (p *pair) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return p.next().Sweep(ctx, now, limit)
}

func (p *pair) Ping(ctx context.Context) error {
	return p.next().Ping(ctx)
}

func (p *pair) PushRequest(ctx context.Context, request store.PushedRequest) error {
	return p.next().PushRequest(ctx, request)
}

func (p *pair) PushedRequest(ctx context.Context, workspace, id string) (store.PushedRequest, error) {
	return p.next().PushedRequest(ctx, workspace, id)
}

func (p *pair) ConsumeRequest(ctx context.Context, workspace, id string) (store.PushedRequest, error) {
	return p.next().ConsumeRequest(ctx, workspace, id)
}

func (p *pair) StartInteraction(ctx context.Context, interaction store.Interaction) error {
	return p.next().StartInteraction(ctx, interaction)
}

func (p *pair) Interaction(ctx context.Context, workspace string, handle store.Handle) (store.Interaction, error) {
	return p.next().Interaction(ctx, workspace, handle)
}

func (p *pair) UpdateInteraction(ctx context.Context, interaction store.Interaction) error {
	return p.next().UpdateInteraction(ctx, interaction)
}

func (p *pair) ConsumeInteraction(ctx context.Context, workspace string, handle store.Handle) (store.Interaction, error) {
	return p.next().ConsumeInteraction(ctx, workspace, handle)
}

func (p *pair) IssueCode(ctx context.Context, code store.Code, grant store.Grant) error {
	return p.next().IssueCode(ctx, code, grant)
}

func (p *pair) RedeemCode(ctx context.Context, workspace string, handle store.Handle, redeem func(store.Code, store.Grant) store.Issued) (store.Code, store.Grant, error) {
	return p.next().RedeemCode(ctx, workspace, handle, redeem)
}

func (p *pair) StartGrant(ctx context.Context, grant store.Grant, issued store.Issued) error {
	return p.next().StartGrant(ctx, grant, issued)
}

func (p *pair) Grant(ctx context.Context, workspace, id string) (store.Grant, error) {
	return p.next().Grant(ctx, workspace, id)
}

func (p *pair) RevokeGrant(ctx context.Context, workspace, id string) error {
	return p.next().RevokeGrant(ctx, workspace, id)
}

func (p *pair) Grants(ctx context.Context, workspace, subject, clientID string) ([]store.Grant, error) {
	return p.next().Grants(ctx, workspace, subject, clientID)
}

func (p *pair) IssueRefreshToken(ctx context.Context, token store.RefreshToken) error {
	return p.next().IssueRefreshToken(ctx, token)
}

func (p *pair) RefreshToken(ctx context.Context, workspace string, handle store.Handle) (store.RefreshToken, store.Grant, error) {
	return p.next().RefreshToken(ctx, workspace, handle)
}

func (p *pair) RotateRefreshToken(ctx context.Context, workspace string, handle store.Handle, next store.Issued, now time.Time, grace time.Duration) (store.RefreshToken, store.Grant, error) {
	return p.next().RotateRefreshToken(ctx, workspace, handle, next, now, grace)
}

func (p *pair) IssueAccessToken(ctx context.Context, token store.AccessToken) error {
	return p.next().IssueAccessToken(ctx, token)
}

func (p *pair) AccessToken(ctx context.Context, workspace, id string) (store.AccessToken, store.Grant, error) {
	return p.next().AccessToken(ctx, workspace, id)
}

func (p *pair) RevokeAccessToken(ctx context.Context, workspace, id string) error {
	return p.next().RevokeAccessToken(ctx, workspace, id)
}

func (p *pair) StartSession(ctx context.Context, session store.Session) error {
	return p.next().StartSession(ctx, session)
}

func (p *pair) Session(ctx context.Context, workspace string, handle store.Handle) (store.Session, error) {
	return p.next().Session(ctx, workspace, handle)
}

func (p *pair) ReplaceSession(ctx context.Context, old string, next store.Session) error {
	return p.next().ReplaceSession(ctx, old, next)
}

func (p *pair) TouchSession(ctx context.Context, workspace, id string, seen, idleExpires time.Time) error {
	return p.next().TouchSession(ctx, workspace, id, seen, idleExpires)
}

func (p *pair) EndSession(ctx context.Context, workspace, id string) (store.Session, []store.Grant, error) {
	return p.next().EndSession(ctx, workspace, id)
}

func (p *pair) Sessions(ctx context.Context, workspace, subject string) ([]store.Session, error) {
	return p.next().Sessions(ctx, workspace, subject)
}

func (p *pair) SaveAccount(ctx context.Context, account store.Account) error {
	return p.next().SaveAccount(ctx, account)
}

func (p *pair) Account(ctx context.Context, workspace, subject string) (store.Account, error) {
	return p.next().Account(ctx, workspace, subject)
}

func (p *pair) AccountByName(ctx context.Context, workspace, username string) (store.Account, error) {
	return p.next().AccountByName(ctx, workspace, username)
}

func (p *pair) SaveConsent(ctx context.Context, consent store.Consent) error {
	return p.next().SaveConsent(ctx, consent)
}

func (p *pair) Consent(ctx context.Context, workspace, subject, clientID string) (store.Consent, error) {
	return p.next().Consent(ctx, workspace, subject, clientID)
}

func (p *pair) Consents(ctx context.Context, workspace, subject string) ([]store.Consent, error) {
	return p.next().Consents(ctx, workspace, subject)
}

func (p *pair) WithdrawConsent(ctx context.Context, workspace, subject, clientID string) ([]store.Grant, error) {
	return p.next().WithdrawConsent(ctx, workspace, subject, clientID)
}

func (p *pair) AddKey(ctx context.Context, key store.Key) error {
	return p.next().AddKey(ctx, key)
}

func (p *pair) Keys(ctx context.Context, workspace string) ([]store.Key, error) {
	return p.next().Keys(ctx, workspace)
}

func (p *pair) UpdateKey(ctx context.Context, key store.Key) error {
	return p.next().UpdateKey(ctx, key)
}
