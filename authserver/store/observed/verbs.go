package observed

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

// UseOnce is of store.Store.
func (s *Store) UseOnce(ctx context.Context, workspace, use, value string, expires time.Time) (err error) {
	defer s.took("use_once", time.Now(), &err)
	return s.next.UseOnce(ctx, workspace, use, value, expires)
}

// Sweep is of store.Store.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (_ int, err error) {
	defer s.took("sweep", time.Now(), &err)
	return s.next.Sweep(ctx, now, limit)
}

// Ping is of store.Store.
func (s *Store) Ping(ctx context.Context) (err error) {
	defer s.took("ping", time.Now(), &err)
	return s.next.Ping(ctx)
}

// PushRequest is of store.Store.
func (s *Store) PushRequest(ctx context.Context, request store.PushedRequest) (err error) {
	defer s.took("push_request", time.Now(), &err)
	return s.next.PushRequest(ctx, request)
}

// PushedRequest is of store.Store.
func (s *Store) PushedRequest(ctx context.Context, workspace, id string) (_ store.PushedRequest, err error) {
	defer s.took("pushed_request", time.Now(), &err)
	return s.next.PushedRequest(ctx, workspace, id)
}

// ConsumeRequest is of store.Store.
func (s *Store) ConsumeRequest(ctx context.Context, workspace, id string) (_ store.PushedRequest, err error) {
	defer s.took("consume_request", time.Now(), &err)
	return s.next.ConsumeRequest(ctx, workspace, id)
}

// StartInteraction is of store.Store.
func (s *Store) StartInteraction(ctx context.Context, interaction store.Interaction) (err error) {
	defer s.took("start_interaction", time.Now(), &err)
	return s.next.StartInteraction(ctx, interaction)
}

// Interaction is of store.Store.
func (s *Store) Interaction(ctx context.Context, workspace string, handle store.Handle) (_ store.Interaction, err error) {
	defer s.took("interaction", time.Now(), &err)
	return s.next.Interaction(ctx, workspace, handle)
}

// UpdateInteraction is of store.Store.
func (s *Store) UpdateInteraction(ctx context.Context, interaction store.Interaction) (err error) {
	defer s.took("update_interaction", time.Now(), &err)
	return s.next.UpdateInteraction(ctx, interaction)
}

// ConsumeInteraction is of store.Store.
func (s *Store) ConsumeInteraction(ctx context.Context, workspace string, handle store.Handle) (_ store.Interaction, err error) {
	defer s.took("consume_interaction", time.Now(), &err)
	return s.next.ConsumeInteraction(ctx, workspace, handle)
}

// IssueCode is of store.Store.
func (s *Store) IssueCode(ctx context.Context, code store.Code, grant store.Grant) (err error) {
	defer s.took("issue_code", time.Now(), &err)
	return s.next.IssueCode(ctx, code, grant)
}

// RedeemCode is of store.Store.
func (s *Store) RedeemCode(ctx context.Context, workspace string, handle store.Handle, redeem func(store.Code, store.Grant) store.Issued) (_ store.Code, _ store.Grant, err error) {
	defer s.took("redeem_code", time.Now(), &err)
	return s.next.RedeemCode(ctx, workspace, handle, redeem)
}

// StartGrant is of store.Store.
func (s *Store) StartGrant(ctx context.Context, grant store.Grant, issued store.Issued) (err error) {
	defer s.took("start_grant", time.Now(), &err)
	return s.next.StartGrant(ctx, grant, issued)
}

// Grant is of store.Store.
func (s *Store) Grant(ctx context.Context, workspace, id string) (_ store.Grant, err error) {
	defer s.took("grant", time.Now(), &err)
	return s.next.Grant(ctx, workspace, id)
}

// RevokeGrant is of store.Store.
func (s *Store) RevokeGrant(ctx context.Context, workspace, id string) (err error) {
	defer s.took("revoke_grant", time.Now(), &err)
	return s.next.RevokeGrant(ctx, workspace, id)
}

// Grants is of store.Store.
func (s *Store) Grants(ctx context.Context, workspace, subject, clientID string) (_ []store.Grant, err error) {
	defer s.took("grants", time.Now(), &err)
	return s.next.Grants(ctx, workspace, subject, clientID)
}

// IssueRefreshToken is of store.Store.
func (s *Store) IssueRefreshToken(ctx context.Context, token store.RefreshToken) (err error) {
	defer s.took("issue_refresh_token", time.Now(), &err)
	return s.next.IssueRefreshToken(ctx, token)
}

// RefreshToken is of store.Store.
func (s *Store) RefreshToken(ctx context.Context, workspace string, handle store.Handle) (_ store.RefreshToken, _ store.Grant, err error) {
	defer s.took("refresh_token", time.Now(), &err)
	return s.next.RefreshToken(ctx, workspace, handle)
}

// RotateRefreshToken is of store.Store.
func (s *Store) RotateRefreshToken(ctx context.Context, workspace string, handle store.Handle, next store.Issued, now time.Time, grace time.Duration) (_ store.RefreshToken, _ store.Grant, err error) {
	defer s.took("rotate_refresh_token", time.Now(), &err)
	return s.next.RotateRefreshToken(ctx, workspace, handle, next, now, grace)
}

// IssueAccessToken is of store.Store.
func (s *Store) IssueAccessToken(ctx context.Context, token store.AccessToken) (err error) {
	defer s.took("issue_access_token", time.Now(), &err)
	return s.next.IssueAccessToken(ctx, token)
}

// AccessToken is of store.Store.
func (s *Store) AccessToken(ctx context.Context, workspace, id string) (_ store.AccessToken, _ store.Grant, err error) {
	defer s.took("access_token", time.Now(), &err)
	return s.next.AccessToken(ctx, workspace, id)
}

// RevokeAccessToken is of store.Store.
func (s *Store) RevokeAccessToken(ctx context.Context, workspace, id string) (err error) {
	defer s.took("revoke_access_token", time.Now(), &err)
	return s.next.RevokeAccessToken(ctx, workspace, id)
}

// StartSession is of store.Store.
func (s *Store) StartSession(ctx context.Context, session store.Session) (err error) {
	defer s.took("start_session", time.Now(), &err)
	return s.next.StartSession(ctx, session)
}

// Session is of store.Store.
func (s *Store) Session(ctx context.Context, workspace string, handle store.Handle) (_ store.Session, err error) {
	defer s.took("session", time.Now(), &err)
	return s.next.Session(ctx, workspace, handle)
}

// ReplaceSession is of store.Store.
func (s *Store) ReplaceSession(ctx context.Context, old string, next store.Session) (err error) {
	defer s.took("replace_session", time.Now(), &err)
	return s.next.ReplaceSession(ctx, old, next)
}

// TouchSession is of store.Store.
func (s *Store) TouchSession(ctx context.Context, workspace, id string, seen, idleExpires time.Time) (err error) {
	defer s.took("touch_session", time.Now(), &err)
	return s.next.TouchSession(ctx, workspace, id, seen, idleExpires)
}

// EndSession is of store.Store.
func (s *Store) EndSession(ctx context.Context, workspace, id string) (_ store.Session, _ []store.Grant, err error) {
	defer s.took("end_session", time.Now(), &err)
	return s.next.EndSession(ctx, workspace, id)
}

// SignOut is of store.Store.
func (s *Store) SignOut(ctx context.Context, workspace, subject, only, except string) (_ []store.Session, _ []store.Grant, err error) {
	defer s.took("sign_out", time.Now(), &err)
	return s.next.SignOut(ctx, workspace, subject, only, except)
}

// Sessions is of store.Store.
func (s *Store) Sessions(ctx context.Context, workspace, subject string) (_ []store.Session, err error) {
	defer s.took("sessions", time.Now(), &err)
	return s.next.Sessions(ctx, workspace, subject)
}

// SaveAccount is of store.Store.
func (s *Store) SaveAccount(ctx context.Context, account store.Account) (err error) {
	defer s.took("save_account", time.Now(), &err)
	return s.next.SaveAccount(ctx, account)
}

// Account is of store.Store.
func (s *Store) Account(ctx context.Context, workspace, subject string) (_ store.Account, err error) {
	defer s.took("account", time.Now(), &err)
	return s.next.Account(ctx, workspace, subject)
}

// DeleteAccount is of store.Store.
func (s *Store) DeleteAccount(ctx context.Context, workspace, subject string, version int64) (err error) {
	defer s.took("delete_account", time.Now(), &err)
	return s.next.DeleteAccount(ctx, workspace, subject, version)
}

// AccountByName is of store.Store.
func (s *Store) AccountByName(ctx context.Context, workspace, username string) (_ store.Account, err error) {
	defer s.took("account_by_name", time.Now(), &err)
	return s.next.AccountByName(ctx, workspace, username)
}

// SaveConsent is of store.Store.
func (s *Store) SaveConsent(ctx context.Context, consent store.Consent) (err error) {
	defer s.took("save_consent", time.Now(), &err)
	return s.next.SaveConsent(ctx, consent)
}

// Consent is of store.Store.
func (s *Store) Consent(ctx context.Context, workspace, subject, clientID string) (_ store.Consent, err error) {
	defer s.took("consent", time.Now(), &err)
	return s.next.Consent(ctx, workspace, subject, clientID)
}

// Consents is of store.Store.
func (s *Store) Consents(ctx context.Context, workspace, subject string) (_ []store.Consent, err error) {
	defer s.took("consents", time.Now(), &err)
	return s.next.Consents(ctx, workspace, subject)
}

// WithdrawConsent is of store.Store.
func (s *Store) WithdrawConsent(ctx context.Context, workspace, subject, clientID string) (_ []store.Grant, err error) {
	defer s.took("withdraw_consent", time.Now(), &err)
	return s.next.WithdrawConsent(ctx, workspace, subject, clientID)
}

// AddKey is of store.Store.
func (s *Store) AddKey(ctx context.Context, key store.Key) (err error) {
	defer s.took("add_key", time.Now(), &err)
	return s.next.AddKey(ctx, key)
}

// Keys is of store.Store.
func (s *Store) Keys(ctx context.Context, workspace string) (_ []store.Key, err error) {
	defer s.took("keys", time.Now(), &err)
	return s.next.Keys(ctx, workspace)
}

// UpdateKey is of store.Store.
func (s *Store) UpdateKey(ctx context.Context, key store.Key) (err error) {
	defer s.took("update_key", time.Now(), &err)
	return s.next.UpdateKey(ctx, key)
}
