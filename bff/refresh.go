package bff

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

const (
	// refreshAhead is how long before its end an access token is renewed while it still serves, so that nobody waits; a
	// quarter of its life, if that is less.
	refreshAhead = 30 * time.Second
	// refreshWait is how long before its end a token is too old for one more request, which waits for the next; a tenth of
	// its life, if that is less.
	refreshWait    = 3 * time.Second
	refreshTimeout = 45 * time.Second
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
	if found && now.Before(token.Expires.Add(-ahead(token, refreshWait, 10))) {
		if !now.Before(token.Expires.Add(-ahead(token, refreshAhead, 4))) && record.RefreshToken != "" {
			b.renewLater(ctx, record, want, token.AccessToken)
		}
		return token, nil
	}
	renewed, err := b.renew(ctx, record, want, token.AccessToken)
	if err == nil {
		return renewed.Tokens[want.key(renewed)], nil
	}
	if found && asRefusal(err).code == api.IDPUnavailable && b.now().Before(token.Expires) {
		return token, nil
	}
	return session.Token{}, err
}

// ahead is the time, or the part of the token's life if that is less: short-lived tokens are not renewed all the time.
func ahead(token session.Token, most time.Duration, part int64) time.Duration {
	if token.Issued.IsZero() {
		return most
	}
	return min(most, token.Expires.Sub(token.Issued)/time.Duration(part))
}

// renewLater renews a token that still serves, without making anybody wait. After a failure it pauses.
func (b *BFF) renewLater(ctx context.Context, record session.Record, want tokenRequest, stale string) {
	key := record.ID + " " + want.key(record)
	if !b.early.begin(key) {
		return
	}
	go func() {
		_, err := b.renew(context.WithoutCancel(ctx), record, want, stale)
		b.early.end(key, err != nil)
		if err != nil {
			b.log.WarnContext(ctx, "token not renewed ahead of its end", "session", record, "error", err)
		}
	}()
}

// renew replaces the token stale, unless somebody else did so meanwhile. Of any number of callers for one session, on all
// instances, one asks the provider; the others wait for its answer. It goes on when the caller leaves: the answer may hold
// the only refresh token that still works.
func (b *BFF) renew(ctx context.Context, record session.Record, want tokenRequest, stale string) (session.Record, error) {
	for range 3 { // what was joined, here or elsewhere, may have been for another token
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

// renewOnce renews alone of all instances. If the session ended while the provider was asked, the new tokens belong to
// nobody and are revoked.
func (b *BFF) renewOnce(ctx context.Context, id string, want tokenRequest, stale string) (session.Record, error) {
	ctx = b.withRefreshFlow(ctx, id, want.provider.cfg.ID)
	var newest string // the refresh token that is ours to revoke if no session keeps it
	updated, err := b.sessions.Exclusive(ctx, id, func(ctx context.Context, current session.Record) (func(*session.Record) error, error) {
		key := want.key(current)
		if token, found := current.Tokens[key]; found && token.AccessToken != stale && b.now().Before(token.Expires) {
			return nil, nil // another instance was faster
		}
		got, err := b.askForToken(ctx, current, want, key)
		if err == nil {
			newest, err = cmp.Or(got.refreshToken, current.RefreshToken), got.continues(current)
		}
		if errors.Is(err, session.ErrLeaseLost) {
			return nil, err // nothing was asked
		}
		if err != nil {
			err = b.renewFailed(ctx, current, err)
			b.auditSession(ctx, auditRenewal, outcomeOf(err), current)
			return nil, err
		}
		b.auditSession(ctx, auditRenewal, auditOK, current)
		return func(r *session.Record) error { return keepRenewed(r, key, got) }, nil
	})
	switch {
	case errors.Is(err, errOvertaken):
		return b.load(ctx, id)
	case err == nil:
		return updated, nil
	}
	if _, known := errors.AsType[*refusal](err); !known {
		err = sessionRefusal(err)
	}
	if newest != "" && statuses[asRefusal(err).code] == http.StatusUnauthorized {
		b.revokeLater(ctx, want.provider, newest)
	}
	return session.Record{}, err
}

// askForToken spends the session's refresh token, with the session's proof key if it has one.
func (b *BFF) askForToken(ctx context.Context, current session.Record, want tokenRequest, key string) (grant, error) {
	if current.RefreshToken == "" {
		return grant{}, b.nothingToRenew(current, key)
	}
	proof, err := parseProofKey(current.ProofKey)
	if err != nil {
		return grant{}, err
	}
	resource, scopes := want.provider.cfg.Resource, []string(nil)
	if key != "" {
		resource, scopes = want.resource, want.scopes
	}
	return want.provider.refresh(ctx, current.RefreshToken, resource, scopes, proof)
}

// errOutlived is a session that was never given a refresh token, and whose access token is over.
var errOutlived = errors.New("the access token has expired and there is no refresh token")

// nothingToRenew says what it means that there is no refresh token: nothing for the session, while its own token lives.
func (b *BFF) nothingToRenew(current session.Record, key string) error {
	if key == "" && !b.now().Before(current.Tokens[""].Expires) {
		return errOutlived
	}
	return refuse(api.IDPUnavailable, "the sign-in service gave nothing to renew this access token with")
}

// keepRenewed changes a record by what the provider answered.
func keepRenewed(r *session.Record, key string, got grant) error {
	if r.Tokens == nil {
		r.Tokens = map[string]session.Token{}
	}
	r.Tokens[key] = got.token
	// RFC 6749 §6: without a new refresh token the old one goes on.
	if got.refreshToken != "" {
		r.RefreshToken = got.refreshToken
	}
	return nil
}

// errOvertaken: another writer replaced the refresh token that the provider refused.
var errOvertaken = errors.New("the session has another refresh token by now")

// renewFailed ends the session only when it has nothing to live on: the provider said that the refresh token is worth nothing, or
// gave tokens of another user for it, or never gave one. It ends only if the token is still the session's: an outage, or a token that another instance has already rotated, ends nothing.
func (b *BFF) renewFailed(ctx context.Context, current session.Record, err error) error {
	if own, ok := errors.AsType[*refusal](err); ok {
		return own
	}
	refused, verdict := errors.AsType[*tokenError](err)
	outlived := errors.Is(err, errOutlived)
	over := outlived || errors.Is(err, errAnotherUser) || (verdict && !refused.transient() && refused.code == "invalid_grant")
	if !over {
		return refuse(api.IDPUnavailable, "the access token could not be renewed; try again in a moment").because(err)
	}
	again, loadErr := b.sessions.Load(ctx, current.ID)
	if loadErr != nil {
		return loadErr
	}
	if again.RefreshToken != current.RefreshToken {
		return errOvertaken
	}
	if _, endErr := b.sessions.EndByID(ctx, current.ID); endErr != nil && !errors.Is(endErr, session.ErrRevoked) && !errors.Is(endErr, session.ErrExpired) {
		return endErr
	}
	b.auditSession(ctx, auditSessionEnded, string(api.EndedByRefresh), current)
	if outlived {
		return refuse(api.SessionExpired, "the access token has expired and cannot be renewed").because(err)
	}
	return refuse(api.SessionRevoked, "the sign-in service ended the session").because(err)
}

func (b *BFF) load(ctx context.Context, id string) (session.Record, error) {
	record, err := b.sessions.Load(ctx, id)
	if err != nil {
		return session.Record{}, sessionRefusal(err)
	}
	return record, nil
}
