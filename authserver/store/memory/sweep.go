package memory

import (
	"context"
	"time"

	"cloakroom/authserver/store"
)

// Sweep deletes up to limit records of each kind that are not needed at now any more.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	ended := func(expires time.Time) bool { return !expires.After(now) }
	forgotten := func(expires time.Time) bool { return ended(expires.Add(store.Retention)) }
	return sweep(s.requests, limit, func(r *single[store.PushedRequest]) bool { return forgotten(r.record.Expires) }) +
		sweep(s.interactions, limit, func(i *single[store.Interaction]) bool { return forgotten(i.record.Expires) }) +
		sweep(s.codes, limit, func(c *single[store.Code]) bool { return forgotten(c.record.Expires) }) +
		sweep(s.refreshTokens, limit, func(t *store.RefreshToken) bool { return ended(t.Expires) }) +
		sweep(s.accessTokens, limit, func(t *store.AccessToken) bool { return ended(t.Expires) }) +
		sweep(s.grants, limit, func(g *store.Grant) bool { return ended(g.Expires) }) +
		sweep(s.sessions, limit, func(e *store.Session) bool { return ended(e.Expires) || ended(e.Idle) }) +
		sweep(s.keys, limit, func(k *store.Key) bool { return !k.Expires.IsZero() && ended(k.Expires) }) +
		sweep(s.marks, limit, ended) +
		sweep(s.registrations, limit, func(r *store.Registration) bool {
			needless := r.Deleted && ended(r.Updated.Add(store.TombstoneRetention))
			if needless {
				s.emptyWorkspace(*r)
			}
			return needless
		}), nil
}

// sweep deletes up to limit records that are not needed any more.
func sweep[K comparable, T any](records map[K]T, limit int, needless func(T) bool) int {
	swept := 0
	for key, record := range records {
		if swept < limit && needless(record) {
			delete(records, key)
			swept++
		}
	}
	return swept
}
