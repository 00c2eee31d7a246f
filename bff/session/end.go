package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// End ends the session of the request's cookie, here and in the store, and clears the cookie. It returns the record as it
// last was, for its refresh token to be revoked and its ID token to be the hint of the provider's sign-out. When there was
// no session (any more) the cookie is cleared and the error says why, as in [Manager.Current]. When the store is down, the
// cookie stays, so that the user can try again.
func (m *Manager) End(w http.ResponseWriter, r *http.Request) (Record, error) {
	record, err := m.endCookie(r, SignedOut)
	if err == nil || isVerdict(err) {
		m.ClearCookie(w)
	}
	return record, err
}

// endCookie ends the record that the request's cookie stands for, then the cookie. An expired session is ended as any other.
func (m *Manager) endCookie(r *http.Request, reason Reason) (Record, error) {
	cookie, _, err := m.sessionCookie(r)
	if err != nil {
		return Record{}, err
	}
	ctx, err := m.scs.Load(r.Context(), cookie)
	if err != nil {
		return Record{}, m.refusal(r.Context(), "find the cookie", err)
	}
	id := m.scs.GetString(ctx, recordKey)
	if id == "" {
		return Record{}, ErrNoSession
	}
	record, ended := m.endRecord(ctx, id, reason)
	if ended != nil && !isVerdict(ended) {
		return Record{}, ended
	}
	if err := m.scs.Destroy(ctx); err != nil {
		return Record{}, fmt.Errorf("end the cookie: %w", err)
	}
	return record, ended
}

// isVerdict tells what is known of a session from not being able to know.
func isVerdict(err error) bool {
	return errors.Is(err, ErrNoSession) || errors.Is(err, ErrRevoked) || errors.Is(err, ErrExpired) || errors.Is(err, ErrDuplicateCookie)
}

// endRecord ends a record in the store, then in the cache, which from then on refuses what began before, and tells who watches.
func (m *Manager) endRecord(ctx context.Context, id string, reason Reason) (Record, error) {
	record, err := m.store.End(ctx, id)
	if err != nil && !errors.Is(err, ErrEnded) && !errors.Is(err, ErrNotFound) {
		m.cache.drop(id) // whether it ended is not known: the next request asks the store
		return Record{}, fmt.Errorf("end the session: %w", err)
	}
	m.cache.end(id, m.now())
	m.tell(ctx, Event{Kind: Ended, Reason: reason}, id)
	switch {
	case errors.Is(err, ErrEnded):
		return Record{}, ErrRevoked
	case errors.Is(err, ErrNotFound):
		return Record{}, ErrExpired
	}
	return record, nil
}

// List returns the live sessions of the record's user, newest first, with the activity of this process in them.
func (m *Manager) List(ctx context.Context, record Record) ([]Record, error) {
	listed, err := m.store.List(ctx, record.Issuer, record.Subject)
	if err != nil {
		return nil, fmt.Errorf("list the user's sessions: %w", err)
	}
	live := listed[:0]
	for _, one := range listed {
		found := m.cache.ids(one.ID).slot(one.ID)
		switch {
		case found == nil:
			live = append(live, one)
		case !found.ended.Load():
			live = append(live, found.apply(one, m.idle))
		}
	}
	return live, nil
}

// EndByHandle ends the session of record's user that has the handle; ErrNotFound when the user has none such, whether or not
// somebody else does.
func (m *Manager) EndByHandle(ctx context.Context, record Record, handle string) (Record, error) {
	listed, err := m.List(ctx, record)
	if err != nil {
		return Record{}, err
	}
	for _, one := range listed {
		if one.Handle == handle {
			return m.endRecord(ctx, one.ID, endedFrom(record, one))
		}
	}
	return Record{}, ErrNotFound
}

// endedFrom is the reason of an end that from's user asked for in from.
func endedFrom(from, ended Record) Reason {
	if from.ID == ended.ID {
		return SignedOut
	}
	return EndedElsewhere
}

// EndByID ends one session whose refresh token the provider takes no more. ErrRevoked and ErrExpired say that it had ended before.
func (m *Manager) EndByID(ctx context.Context, id string) (Record, error) {
	return m.endRecord(ctx, id, Revoked)
}

// EndReplaced ends the session in whose browser a new sign-in was completed.
func (m *Manager) EndReplaced(ctx context.Context, id string) (Record, error) {
	return m.endRecord(ctx, id, Replaced)
}

// EndOthers ends all sessions of the record's user but the record's own and returns those that it ended. What fails does
// not keep the rest from ending.
func (m *Manager) EndOthers(ctx context.Context, record Record) ([]Record, error) {
	listed, err := m.List(ctx, record)
	if err != nil {
		return nil, err
	}
	var ended []Record
	var failed []error
	for _, one := range listed {
		if one.ID == record.ID {
			continue
		}
		last, err := m.endRecord(ctx, one.ID, EndedElsewhere)
		switch {
		case err == nil:
			ended = append(ended, last)
		case !isVerdict(err):
			failed = append(failed, err)
		}
	}
	return ended, errors.Join(failed...)
}

// EndAll ends all sessions of the record's user, its own included, and returns them.
func (m *Manager) EndAll(ctx context.Context, record Record) ([]Record, error) {
	return m.endBy(ctx, record.Issuer, record.Subject, "", Once{}, func(ended Record) Reason { return endedFrom(record, ended) })
}

// EndBy ends what a logout token names: the issuer's sessions with the sid (and the subject, if it is not empty), or with an
// empty sid all of the subject's (Back-Channel Logout §2.5), and marks once as done with it; ErrUsed when it is.
func (m *Manager) EndBy(ctx context.Context, issuer, subject, sid string, once Once) ([]Record, error) {
	return m.endBy(ctx, issuer, subject, sid, once, func(Record) Reason { return BackChannel })
}

func (m *Manager) endBy(ctx context.Context, issuer, subject, sid string, once Once, reason func(Record) Reason) ([]Record, error) {
	ended, err := m.store.EndBy(ctx, issuer, subject, sid, once)
	for _, record := range ended {
		m.cache.end(record.ID, m.now())
		m.tell(ctx, Event{Kind: Ended, Reason: reason(record)}, record.ID)
	}
	if err != nil {
		return ended, fmt.Errorf("end the sessions: %w", err)
	}
	return ended, nil
}
