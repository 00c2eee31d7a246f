package bff

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

const (
	// refreshAhead is how long before its end an access token is renewed, so that none expires on its way.
	refreshAhead   = 10 * time.Second
	refreshTimeout = 20 * time.Second
)

// tokenRequest says which access token of a session is wanted. The zero resource and scopes are the default token's.
type tokenRequest struct {
	provider *provider
	resource string
	scopes   []string
}

// key names the token in a record: one per audience and scope set, so that a token for one API is never sent to another.
func (t tokenRequest) key(record session.Record) string {
	isDefault := t.resource == "" || t.resource == t.provider.cfg.Resource
	if isDefault && containsAll(record.Tokens[""].Scopes, t.scopes) {
		return ""
	}
	scopes := slices.Clone(t.scopes)
	slices.Sort(scopes)
	return t.resource + " " + strings.Join(scopes, " ")
}

func containsAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(scope string) bool { return !slices.Contains(have, scope) })
}

// accessToken returns the session's token for an API: the one it has, or a renewed one. A renewal that fails for now
// does not matter while the old token still lives.
func (b *BFF) accessToken(ctx context.Context, record session.Record, want tokenRequest) (session.Token, error) {
	token, found := record.Tokens[want.key(record)]
	now := b.now()
	if found && now.Add(refreshAhead).Before(token.Expires) {
		return token, nil
	}
	renewed, err := b.renew(ctx, record, want, token.AccessToken)
	if err == nil {
		return renewed.Tokens[want.key(renewed)], nil
	}
	if found && asRefusal(err).code == api.IDPUnavailable && now.Before(token.Expires) {
		return token, nil
	}
	return session.Token{}, err
}

// renew replaces the token stale, unless somebody else did so meanwhile. Of any number of callers for one session one
// asks the provider; the others wait for its answer. It goes on when the caller leaves: the answer may hold the only
// refresh token that still works.
func (b *BFF) renew(ctx context.Context, record session.Record, want tokenRequest, stale string) (session.Record, error) {
	for range 3 { // the flight that was joined may have been for another token
		result := b.refreshes.DoChan(record.ID, func() (any, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
			defer cancel()
			return b.renewOnce(ctx, record.ID, want, stale)
		})
		select {
		case <-ctx.Done():
			return session.Record{}, ctx.Err()
		case got := <-result:
			if got.Err != nil {
				return session.Record{}, got.Err
			}
			renewed := got.Val.(session.Record)
			token, found := renewed.Tokens[want.key(renewed)]
			if found && token.AccessToken != stale {
				return renewed, nil
			}
		}
	}
	return session.Record{}, refuse(api.IDPUnavailable, "the access token could not be renewed")
}

// renewOnce reads the record again, from the store and not from the cache, before it asks: another instance may have
// rotated the refresh token.
func (b *BFF) renewOnce(ctx context.Context, id string, want tokenRequest, stale string) (session.Record, error) {
	record, err := b.store.Load(ctx, id)
	if err != nil {
		return session.Record{}, storeRefusal(err)
	}
	key := want.key(record)
	if token, found := record.Tokens[key]; found && token.AccessToken != stale && b.now().Before(token.Expires) {
		// Another instance was faster. Update shows this process what it stored.
		return b.updateRecord(ctx, id, func(*session.Record) error { return nil })
	}
	if record.RefreshToken == "" {
		return session.Record{}, refuse(api.SessionExpired, "the access token has expired and cannot be renewed")
	}
	resource, scopes := want.provider.cfg.Resource, []string(nil)
	if key != "" {
		resource, scopes = want.resource, want.scopes
	}
	proof, err := parseProofKey(record.ProofKey)
	if err != nil {
		return session.Record{}, err
	}
	got, err := want.provider.refresh(ctx, record.RefreshToken, resource, scopes, proof)
	if err != nil {
		return b.renewFailed(ctx, record, err)
	}
	return b.keepRenewed(ctx, want.provider, record, key, got)
}

// keepRenewed stores the new tokens. If the session ended meanwhile they belong to nobody, and are revoked.
func (b *BFF) keepRenewed(ctx context.Context, p *provider, record session.Record, key string, got grant) (session.Record, error) {
	updated, err := b.updateRecord(ctx, record.ID, func(r *session.Record) error {
		if r.Tokens == nil {
			r.Tokens = map[string]session.Token{}
		}
		r.Tokens[key] = got.token
		// RFC 6749 §6: without a new refresh token the old one goes on.
		if got.refreshToken != "" {
			r.RefreshToken = got.refreshToken
		}
		return nil
	})
	if err != nil {
		newest := got.refreshToken
		if newest == "" {
			newest = record.RefreshToken
		}
		if statuses[asRefusal(err).code] == 401 {
			b.revokeLater(ctx, p.cfg.ID, newest)
		}
		return session.Record{}, err
	}
	return updated, nil
}

// renewFailed ends the session only when the provider said that the refresh token is worth nothing, and it is still the
// session's: an outage, or a token that another instance has already rotated, ends nothing.
func (b *BFF) renewFailed(ctx context.Context, record session.Record, err error) (session.Record, error) {
	refused, verdict := errors.AsType[*tokenError](err)
	if !verdict || refused.transient() || refused.code != "invalid_grant" {
		return session.Record{}, refuse(api.IDPUnavailable, "the access token could not be renewed; try again in a moment").because(err)
	}
	again, loadErr := b.store.Load(ctx, record.ID)
	if loadErr != nil {
		return session.Record{}, storeRefusal(loadErr)
	}
	if again.RefreshToken != record.RefreshToken {
		return b.updateRecord(ctx, record.ID, func(*session.Record) error { return nil })
	}
	if _, endErr := b.sessions.EndByID(ctx, record.ID); endErr != nil && !errors.Is(endErr, session.ErrRevoked) && !errors.Is(endErr, session.ErrExpired) {
		return session.Record{}, storeRefusal(endErr)
	}
	return session.Record{}, refuse(api.SessionRevoked, "the sign-in service ended the session").because(err)
}

func (b *BFF) updateRecord(ctx context.Context, id string, change func(*session.Record) error) (session.Record, error) {
	updated, err := b.sessions.Update(ctx, id, change)
	if err != nil {
		return session.Record{}, sessionRefusal(err)
	}
	return updated, nil
}

// storeRefusal is for the store's own errors.
func storeRefusal(err error) error {
	switch {
	case errors.Is(err, session.ErrNotFound):
		return sessionRefusal(session.ErrExpired)
	case errors.Is(err, session.ErrEnded):
		return sessionRefusal(session.ErrRevoked)
	case errors.Is(err, session.ErrAltered):
		return sessionRefusal(session.ErrNoSession)
	default:
		return sessionRefusal(err)
	}
}
