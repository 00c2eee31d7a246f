package authserver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
)

// endOld ends what hangs on clients and workspaces that were in force and are not any more. Every instance does it, and each grant and
// session ends once.
func (s *Server) endOld(ctx context.Context, old, next *registry.Snapshot, before map[string]*issuer) error {
	var endings []func(context.Context) error
	for _, ws := range old.Workspaces() {
		iss, now := before[ws.Key()], next.Workspace(ws.Key())
		if iss == nil || iss.registered == now {
			continue
		}
		if now == nil || !now.Live {
			endings = append(endings, func(ctx context.Context) error { return s.endWorkspace(ctx, iss) })
			continue
		}
		for _, c := range ws.Clients() {
			if ws.Find(c.ID) != nil && now.Find(c.ID) == nil {
				endings = append(endings, func(ctx context.Context) error { return s.endClient(ctx, iss, c.ID) })
			}
		}
	}
	if len(endings) == 0 {
		return nil
	}
	end := func(ctx context.Context) error {
		var problems []error
		for _, ending := range endings {
			problems = append(problems, ending(ctx))
		}
		return errors.Join(problems...)
	}
	s.later(stragglerAfter, func(ctx context.Context) {
		if err := end(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "what hangs on a disabled client or workspace was not ended", "error", err)
		}
	})
	return end(ctx)
}

// later does something in the background after a while, unless the server is closed before.
func (s *Server) later(after time.Duration, do func(context.Context)) {
	s.running.Go(func() {
		select {
		case <-s.background.Done():
		case <-time.After(after):
			do(s.background)
		}
	})
}

// endBatch is how many grants or sessions end in one step: others' writes go between.
const endBatch = 100

// endClient revokes all that a client holds, offline access too, and tells it that its sessions have ended.
func (s *Server) endClient(ctx context.Context, iss *issuer, clientID string) error {
	registered, told := iss.Find(clientID), map[string]bool{}
	for {
		grants, err := s.store.RevokeGrants(ctx, iss.Key(), clientID, endBatch)
		if err != nil {
			return fmt.Errorf("revoke grants: %w", err)
		}
		for _, grant := range grants {
			if registered == nil || registered.BackchannelLogoutURI == "" || grant.SID == "" || told[grant.SID] {
				continue
			}
			told[grant.SID] = true
			s.backchannel.tell(ctx, notice{iss: iss, clientID: clientID, uri: registered.BackchannelLogoutURI, subject: grant.Subject, sid: grant.SID})
		}
		if len(grants) < endBatch {
			return nil
		}
	}
}

// endWorkspace ends every session of a workspace, tells the clients, and revokes what is left.
func (s *Server) endWorkspace(ctx context.Context, iss *issuer) error {
	for after := ""; ; {
		sessions, err := s.store.WorkspaceSessions(ctx, iss.Key(), after, endBatch)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		for _, session := range sessions {
			if err := s.endSSOSession(ctx, iss, session.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("end session: %w", err)
			}
			after = session.ID
		}
		if len(sessions) < endBatch {
			break
		}
	}
	return s.endClient(ctx, iss, "")
}

// endUser ends every session of a user and revokes all that was granted in the user's name, offline access too.
func (s *Server) endUser(ctx context.Context, iss *issuer, subject string) (ended int, err error) {
	sessions, err := s.store.Sessions(ctx, iss.Key(), subject)
	if err != nil {
		return 0, fmt.Errorf("list sessions: %w", err)
	}
	for _, session := range sessions {
		if err := s.endSSOSession(ctx, iss, session.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return ended, fmt.Errorf("end session: %w", err)
		}
		ended++
	}
	grants, err := s.store.Grants(ctx, iss.Key(), subject, "")
	if err != nil {
		return ended, fmt.Errorf("list grants: %w", err)
	}
	for _, grant := range grants {
		if err := s.store.RevokeGrant(ctx, iss.Key(), grant.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return ended, fmt.Errorf("revoke grant: %w", err)
		}
	}
	return ended, nil
}
