package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cloakroom/authserver/store"
)

// StartSession keeps a session.
func (s *Store) StartSession(ctx context.Context, session store.Session) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return add(s.sessions, key{session.Workspace, session.ID}, cloneSession(session))
}

// Session returns a live session to the holder of its secret.
func (s *Store) Session(ctx context.Context, workspace string, handle store.Handle) (store.Session, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Session{}, err
	}
	defer unlock()
	session, found := s.sessions[key{workspace, handle.ID}]
	if !found || !session.SecretHash.Equal(handle.Hash()) || !s.sessionLive(session) {
		return store.Session{}, store.ErrNotFound
	}
	return cloneSession(*session), nil
}

func (s *Store) sessionLive(session *store.Session) bool {
	return s.live(session.Idle) && s.live(session.Expires)
}

// ReplaceSession ends old and starts next. Grants of old follow the user, or end.
func (s *Store) ReplaceSession(ctx context.Context, old string, next store.Session) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := add(s.sessions, key{next.Workspace, next.ID}, cloneSession(next)); err != nil || old == "" {
		return err
	}
	delete(s.sessions, key{next.Workspace, old})
	for _, grant := range s.liveGrants(next.Workspace) {
		switch {
		case grant.SessionID != old:
		case grant.Subject == next.Subject:
			grant.SessionID = next.ID
		case !grant.Offline:
			s.revoke(grant)
		}
	}
	return nil
}

// TouchSession moves the idle end of a live session.
func (s *Store) TouchSession(ctx context.Context, workspace, id string, seen, idleExpires time.Time) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	session, found := s.sessions[key{workspace, id}]
	if !found || !s.sessionLive(session) {
		return store.ErrNotFound
	}
	if idleExpires.After(session.Expires) {
		idleExpires = session.Expires
	}
	session.Seen, session.Idle = seen, idleExpires
	return nil
}

// EndSession ends a session and revokes its grants except offline ones.
func (s *Store) EndSession(ctx context.Context, workspace, id string) (store.Session, []store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Session{}, nil, err
	}
	defer unlock()
	session, found := s.sessions[key{workspace, id}]
	if !found {
		return store.Session{}, nil, store.ErrNotFound
	}
	delete(s.sessions, key{workspace, id})
	var grants []store.Grant
	for _, grant := range s.liveGrants(workspace) {
		if grant.SessionID != id {
			continue
		}
		grants = append(grants, cloneGrant(*grant))
		if !grant.Offline {
			s.revoke(grant)
		}
	}
	return *session, newestFirst(grants), nil
}

// SignOut ends sessions of a user and revokes what came from them.
func (s *Store) SignOut(ctx context.Context, workspace, subject, only, except string) ([]store.Session, []store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	meant := func(id string) bool { return (only == "" || id == only) && (except == "" || id != except) }
	var sessions []store.Session
	for key, session := range s.sessions {
		if key.workspace == workspace && session.Subject == subject && meant(session.ID) {
			sessions = append(sessions, cloneSession(*session))
			delete(s.sessions, key)
		}
	}
	var grants []store.Grant
	for _, grant := range s.liveGrants(workspace) {
		if grant.Subject == subject && subject != "" && meant(grant.SessionID) {
			grants = append(grants, cloneGrant(*grant))
			s.revoke(grant)
		}
	}
	return sessions, newestFirst(grants), nil
}

// Sessions lists a user's live sessions, newest first.
func (s *Store) Sessions(ctx context.Context, workspace, subject string) ([]store.Session, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var sessions []store.Session
	for key, session := range s.sessions {
		if key.workspace == workspace && session.Subject == subject && s.sessionLive(session) {
			sessions = append(sessions, cloneSession(*session))
		}
	}
	slices.SortFunc(sessions, func(a, b store.Session) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
	})
	return sessions, nil
}

func cloneSession(session store.Session) store.Session {
	session.AMR = slices.Clone(session.AMR)
	return session
}
