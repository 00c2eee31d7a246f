package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Current returns the session of the request's cookie, with the activity of this process in it. It writes nothing, not even
// that the session was used: say that with [Manager.Seen]. The record is shared: do not change it.
//
// ErrNoSession, ErrExpired, ErrRevoked and ErrDuplicateCookie say why there is none; any other error means that the store
// could not be asked, and says nothing about the session.
func (m *Manager) Current(r *http.Request) (Record, error) {
	cookie, hash, err := m.sessionCookie(r)
	if err != nil {
		return Record{}, err
	}
	now := m.now()
	if found := m.cache.cookies(hash).slot(hash); found != nil {
		if found.ended.Load() {
			return Record{}, ErrRevoked
		}
		if known := found.view.Load(); known != nil && m.cache.fresh(found, known, now) {
			record := found.apply(known.record, m.idle)
			if !record.Expired(now) {
				return record, nil
			}
		}
	}
	return m.find(r.Context(), cookie, hash, now)
}

// find asks the store: what is not in the cache, too old there, or expired as far as this process knows.
func (m *Manager) find(ctx context.Context, cookie string, hash cookieHash, now time.Time) (Record, error) {
	id, err := m.recordID(ctx, cookie)
	if err != nil {
		return Record{}, err
	}
	record, found, err := m.load(ctx, id, m.cache.begin(now))
	if found != nil {
		m.cache.cookies(hash).put(hash, found)
	}
	return record, err
}

// recordID asks scs which record a cookie stands for.
func (m *Manager) recordID(ctx context.Context, cookie string) (string, error) {
	ctx, err := m.scs.Load(ctx, cookie)
	if err != nil {
		return "", m.refusal(ctx, "find the cookie", err)
	}
	id := m.scs.GetString(ctx, recordKey)
	if id == "" {
		return "", ErrNoSession
	}
	return id, nil
}

// Load reads a session from the store, whatever the cache holds, and shows it to this process. ErrExpired, ErrRevoked,
// ErrNoSession and other errors as in [Manager.Current].
func (m *Manager) Load(ctx context.Context, id string) (Record, error) {
	record, _, err := m.load(ctx, id, m.begin())
	return record, err
}

// begin is the stamp of what is loaded from now on.
func (m *Manager) begin() stamp { return m.cache.begin(m.now()) }

// load reads a record that has a cookie, puts it in the cache and judges its lifetime at the time before the reading.
func (m *Manager) load(ctx context.Context, id string, begun stamp) (Record, *slot, error) {
	record, err := m.store.Load(ctx, id)
	if errors.Is(err, ErrNotFound) {
		m.cache.drop(id)
		return Record{}, nil, ErrExpired // it was, and is swept
	}
	if errors.Is(err, ErrEnded) {
		m.cache.end(id, m.now()) // another instance's doing, unless this one knows already
	}
	if err != nil {
		return Record{}, nil, m.refusal(ctx, "load the session", err)
	}
	found, live := m.cache.install(record, begun, m.now())
	if !live {
		return Record{}, found, ErrRevoked
	}
	record = found.apply(record, m.idle)
	if record.Expired(begun.at) {
		return Record{}, found, ErrExpired
	}
	return record, found, nil
}

// refusal turns a store's answer into the manager's. What was altered is no session; that it happened is worth a line.
func (m *Manager) refusal(ctx context.Context, operation string, err error) error {
	switch {
	case errors.Is(err, ErrEnded):
		return ErrRevoked
	case errors.Is(err, ErrAltered):
		m.log.WarnContext(ctx, "altered session refused", "error", err)
		return ErrNoSession
	default:
		return fmt.Errorf("%s: %w", operation, err)
	}
}

// Update changes a session: change gets a copy to change, again if another writer was faster, and may refuse with an error
// of its own. What change did is durable, and seen by this process, when Update returns. A session that ended or expired
// is not updated: ErrRevoked, ErrExpired. Whoever changed a token then holds one that no session knows, and revokes it.
func (m *Manager) Update(ctx context.Context, id string, change func(*Record) error) (Record, error) {
	for {
		begun := m.begin()
		record, _, err := m.load(ctx, id, begun)
		if err != nil {
			return Record{}, err
		}
		changed := record.Clone()
		if err := change(&changed); err != nil {
			return Record{}, err
		}
		updated, err := m.store.Update(ctx, preserve(changed, record))
		switch {
		case err == nil:
			return m.updated(ctx, updated, begun, Updated)
		case !errors.Is(err, ErrConflict):
			m.cache.drop(id) // what the store now holds is not known
			return Record{}, m.refusal(ctx, "update the session", err)
		case ctx.Err() != nil:
			return Record{}, fmt.Errorf("update the session: %w", ctx.Err())
		}
	}
}

// preserve restores what a change may not touch: what the session is, and the end that nothing moves.
func preserve(changed, record Record) Record {
	changed.ID, changed.Version, changed.Handle = record.ID, record.Version, record.Handle
	changed.Issuer, changed.Subject = record.Issuer, record.Subject
	changed.Created, changed.LastSeen, changed.Idle = record.Created, record.LastSeen, record.Idle
	changed.Absolute = earlier(changed.Absolute, record.Absolute)
	return changed
}

// updated shows this process the new version, and tells who watches. If the session ended right after the update, it has ended.
func (m *Manager) updated(ctx context.Context, record Record, begun stamp, kind Kind) (Record, error) {
	found, live := m.cache.install(record, begun, m.now())
	if !live {
		return Record{}, ErrRevoked
	}
	m.tell(ctx, Event{Kind: kind}, record.ID)
	return found.apply(record, m.idle), nil
}
