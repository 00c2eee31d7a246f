package sqlstore

import (
	"context"
	"errors"
	"time"

	"cloakroom/authserver/store"
)

const sessionColumns = `workspace, id, secret_hash, subject, auth_time, acr, amr, user_agent, created, seen, idle, expires`

const selectSession = `SELECT ` + sessionColumns + ` FROM sessions `

// StartSession keeps a session.
func (s *Store) StartSession(ctx context.Context, session store.Session) error {
	return s.ReplaceSession(ctx, "", session)
}

// ReplaceSession ends old and starts next. Grants of old follow the user, or end.
func (s *Store) ReplaceSession(ctx context.Context, old string, next store.Session) error {
	return s.update(ctx, "start session", func(ctx context.Context, tx *tx) error {
		if err := insertSession(ctx, tx, next); err != nil || old == "" {
			return err
		}
		if _, err := deleteSession(ctx, tx, next.Workspace, old); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE grants SET session_id = $1
			WHERE workspace = $2 AND session_id = $3 AND session_id <> '' AND subject = $4 AND revoked = 0`,
			next.ID, next.Workspace, old, next.Subject); err != nil {
			return err
		}
		return s.revokeOnline(ctx, tx, next.Workspace, old)
	})
}

func insertSession(ctx context.Context, tx *tx, session store.Session) error {
	return tx.change(ctx, store.ErrConflict,
		`INSERT INTO sessions (workspace, id, secret_hash, subject, auth_time, acr, amr, user_agent, created, seen, idle, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		session.Workspace, session.ID, session.SecretHash[:], session.Subject, millis(session.AuthTime), session.ACR, names(session.AMR),
		session.UserAgent, millis(session.Created), millis(session.Seen), min(millis(session.Idle), millis(session.Expires)),
		millis(session.Expires))
}

// revokeOnline revokes the grants of a session except offline ones.
func (s *Store) revokeOnline(ctx context.Context, tx *tx, workspace, sessionID string) error {
	_, err := tx.exec(ctx, revokeGrants+`workspace = $2 AND session_id = $3 AND session_id <> '' AND offline = 0`,
		millis(s.now()), workspace, sessionID)
	return err
}

// Session returns a live session to the holder of its secret.
func (s *Store) Session(ctx context.Context, workspace string, handle store.Handle) (store.Session, error) {
	session, err := scanSession(s.row(ctx, selectSession+`WHERE workspace = $1 AND id = $2`, workspace, handle.ID))
	if err != nil {
		return store.Session{}, answer("load session", err)
	}
	now := s.now()
	if !session.SecretHash.Equal(handle.Hash()) || !session.Idle.After(now) || !session.Expires.After(now) {
		return store.Session{}, store.ErrNotFound
	}
	return session, nil
}

// TouchSession moves the idle end of a live session.
func (s *Store) TouchSession(ctx context.Context, workspace, id string, seen, idleExpires time.Time) error {
	return s.update(ctx, "touch session", func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrNotFound,
			`UPDATE sessions SET seen = $1, idle = CASE WHEN expires < $2 THEN expires ELSE $2 END
			WHERE workspace = $3 AND id = $4 AND idle > $5 AND expires > $5`,
			millis(seen), millis(idleExpires), workspace, id, millis(s.now()))
	})
}

// EndSession ends a session and revokes its grants except offline ones.
func (s *Store) EndSession(ctx context.Context, workspace, id string) (session store.Session, grants []store.Grant, err error) {
	err = s.update(ctx, "end session", func(ctx context.Context, tx *tx) error {
		if session, err = deleteSession(ctx, tx, workspace, id); err != nil {
			return err
		}
		if session.ID == "" {
			return store.ErrNotFound
		}
		if grants, err = sessionGrants(ctx, tx, workspace, id, s.now()); err != nil {
			return err
		}
		return s.revokeOnline(ctx, tx, workspace, id)
	})
	return session, grants, err
}

// deleteSession deletes a session and returns it, or an empty one when there is none.
func deleteSession(ctx context.Context, tx *tx, workspace, id string) (store.Session, error) {
	session, err := scanSession(tx.returning(ctx, `DELETE FROM sessions WHERE workspace = $1 AND id = $2
		RETURNING `+sessionColumns, workspace, id))
	if errors.Is(answer("", err), store.ErrNotFound) {
		return store.Session{}, nil
	}
	return session, err
}

// SignOut ends sessions of a user and revokes what came from them.
func (s *Store) SignOut(ctx context.Context, workspace, subject, only, except string) (sessions []store.Session, grants []store.Grant, err error) {
	err = s.update(ctx, "sign out", func(ctx context.Context, tx *tx) error {
		tx.changed = true
		sessions, err = list(ctx, tx, scanSession, `DELETE FROM sessions
			WHERE workspace = $1 AND subject = $2 AND ($3 = '' OR id = $3) AND ($4 = '' OR id <> $4) RETURNING `+sessionColumns,
			workspace, subject, only, except)
		if err != nil {
			return err
		}
		grants, err = list(ctx, tx, scanGrant, revokeGrants+`expires > $1
			AND workspace = $2 AND subject = $3 AND subject <> '' AND ($4 = '' OR session_id = $4) AND ($5 = '' OR session_id <> $5)
			RETURNING `+grantColumns, millis(s.now()), workspace, subject, only, except)
		return err
	})
	return sessions, grants, err
}

// Sessions lists a user's live sessions, newest first.
func (s *Store) Sessions(ctx context.Context, workspace, subject string) ([]store.Session, error) {
	sessions, err := list(ctx, s, scanSession, selectSession+`WHERE workspace = $1 AND subject = $2 AND idle > $3 AND expires > $3
		ORDER BY created DESC, id DESC`, workspace, subject, millis(s.now()))
	return sessions, answer("list sessions", err)
}

func scanSession(from row) (store.Session, error) {
	var session store.Session
	err := from.Scan(&session.Workspace, &session.ID, digest{&session.SecretHash}, &session.Subject, instant{&session.AuthTime},
		&session.ACR, decoded[[]string]{&session.AMR}, &session.UserAgent, instant{&session.Created}, instant{&session.Seen},
		instant{&session.Idle}, instant{&session.Expires})
	if err != nil {
		return store.Session{}, err
	}
	return session, nil
}
