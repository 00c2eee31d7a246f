package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

const maxUserAgent = 256

// Start keeps the record as a new session and gives the browser its cookie. The id and the cookie are always new, whatever
// the request carries, and nothing that it carries is adopted. The session that its cookie stands for ends, but only after
// the new one is stored; if either fails there is no new session, and the answer sets no cookie.
//
// Start sets ID, Version, Handle, Created, LastSeen, Idle and Absolute; an Absolute that the caller set is kept when it is
// earlier. UserAgent is the request's, shortened, unless the caller set it.
func (m *Manager) Start(w http.ResponseWriter, r *http.Request, record Record) (Record, error) {
	ctx := r.Context()
	record = m.newRecord(r, record)
	if err := m.store.Create(ctx, record); err != nil {
		return Record{}, fmt.Errorf("store the session: %w", err)
	}
	scsCtx, cookie, err := m.issueCookie(ctx, record)
	if err == nil {
		err = m.endCarried(r)
	}
	if err != nil {
		m.abandon(ctx, scsCtx, record.ID)
		return Record{}, err
	}
	m.scs.WriteSessionCookie(scsCtx, w, cookie, record.Absolute)
	noStore(w)
	return record, nil
}

func (m *Manager) newRecord(r *http.Request, record Record) Record {
	now := m.now().UTC()
	record = record.Clone()
	record.ID, record.Handle, record.Version = newID(now), newHandle(), 1
	record.Created, record.LastSeen = now, now
	record.Absolute = AbsoluteEnd(now, m.absolute, record.Absolute).UTC()
	record.Idle = IdleEnd(now, m.idle, record.Absolute)
	if record.UserAgent == "" {
		record.UserAgent = r.UserAgent()
	}
	record.UserAgent = record.UserAgent[:min(len(record.UserAgent), maxUserAgent)]
	return record
}

// issueCookie makes a new scs session, which never looks at the request's, that leads to the record until its absolute end.
func (m *Manager) issueCookie(ctx context.Context, record Record) (scsCtx context.Context, cookie string, err error) {
	scsCtx, err = m.scs.Load(ctx, "")
	if err != nil {
		return nil, "", fmt.Errorf("make the cookie: %w", err)
	}
	m.scs.Put(scsCtx, recordKey, record.ID)
	m.scs.SetDeadline(scsCtx, record.Absolute)
	cookie, _, err = m.scs.Commit(scsCtx)
	if err != nil {
		return nil, "", fmt.Errorf("store the cookie: %w", err)
	}
	return scsCtx, cookie, nil
}

// endCarried ends the session of the cookie that the request carries, if it carries one. Of two cookies neither is trusted to
// name the session to end; the new cookie replaces ours.
func (m *Manager) endCarried(r *http.Request) error {
	_, err := m.endCookie(r, EndedElsewhere)
	if err == nil || isVerdict(err) {
		return nil
	}
	return fmt.Errorf("end the session before: %w", err)
}

// abandon takes back a session whose cookie nobody got. If that fails too, it ends by itself.
func (m *Manager) abandon(ctx, scsCtx context.Context, id string) {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	if scsCtx != nil {
		errs = append(errs, m.scs.Destroy(context.WithoutCancel(scsCtx)))
	}
	_, err := m.endRecord(ctx, id, Revoked)
	m.logError(ctx, "abandoned session not ended", errors.Join(append(errs, err)...))
}
