package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"cloakroom/authserver/store"
)

type registrationKey struct {
	kind         store.Kind
	parent, name string
}

// SaveRegistration creates or replaces a registration.
func (s *Store) SaveRegistration(ctx context.Context, registration store.Registration) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	at := registrationKey{registration.Kind, registration.Parent, registration.Name}
	stored := s.registrations[at]
	var version int64 // of what is not there
	if stored != nil && !stored.Deleted {
		version = stored.Version
	}
	if registration.Version != version {
		return store.ErrConflict
	}
	registration.Deleted, registration.Used = false, time.Time{}
	if stored != nil && stored.Deleted {
		s.emptyWorkspace(*stored)
	}
	if stored != nil {
		registration.Version = stored.Version
		if !stored.Deleted {
			registration.Used = stored.Used
		}
	}
	s.keepRegistration(at, registration)
	return nil
}

// keepRegistration keeps a change under the next version and revision.
func (s *Store) keepRegistration(at registrationKey, registration store.Registration) {
	s.revision++
	registration.Version++
	registration.Revision = s.revision
	registration.Document = slices.Clone(registration.Document)
	s.registrations[at] = &registration
}

// DeleteRegistration ends a registration.
func (s *Store) DeleteRegistration(ctx context.Context, kind store.Kind, parent, name string, version int64, now time.Time) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	at := registrationKey{kind, parent, name}
	stored := s.registrations[at]
	switch {
	case stored == nil || stored.Deleted:
		return store.ErrNotFound
	case stored.Version != version:
		return store.ErrConflict
	}
	s.emptyWorkspace(*stored)
	ended := *stored
	ended.Deleted, ended.Updated = true, now
	s.keepRegistration(at, ended)
	return nil
}

// UseRegistration marks a registration as used.
func (s *Store) UseRegistration(ctx context.Context, kind store.Kind, parent, name string, used time.Time) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	stored := s.registrations[registrationKey{kind, parent, name}]
	if stored == nil || stored.Deleted {
		return store.ErrNotFound
	}
	if stored.Used.IsZero() {
		stored.Used = used
	}
	return nil
}

// RegistryRevision is the revision of the last change.
func (s *Store) RegistryRevision(ctx context.Context) (int64, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	return s.revision, nil
}

// Registrations lists what was changed after a revision.
func (s *Store) Registrations(ctx context.Context, after int64, limit int) ([]store.Registration, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var all []store.Registration
	for _, registration := range s.registrations {
		if registration.Revision > after {
			one := *registration
			one.Document = slices.Clone(one.Document)
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b store.Registration) int { return cmp.Compare(a.Revision, b.Revision) })
	return all[:min(limit, len(all))], nil
}

// RevokeGrants revokes live grants of a workspace, or of one of its clients.
func (s *Store) RevokeGrants(ctx context.Context, workspace, clientID string, limit int) ([]store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var revoked []store.Grant
	for _, grant := range s.liveGrants(workspace) {
		if len(revoked) < limit && (clientID == "" || grant.ClientID == clientID) {
			s.revoke(grant)
			revoked = append(revoked, cloneGrant(*grant))
		}
	}
	return newestFirst(revoked), nil
}

// WorkspaceSessions lists a workspace's live sessions.
func (s *Store) WorkspaceSessions(ctx context.Context, workspace, after string, limit int) ([]store.Session, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var sessions []store.Session
	for key, session := range s.sessions {
		if key.workspace == workspace && key.id > after {
			sessions = append(sessions, cloneSession(*session))
		}
	}
	slices.SortFunc(sessions, func(a, b store.Session) int { return cmp.Compare(a.ID, b.ID) })
	return sessions[:min(limit, len(sessions))], nil
}

// ListAccounts lists a workspace's accounts by their names.
func (s *Store) ListAccounts(ctx context.Context, workspace, prefix, after string, limit int) ([]store.Account, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var accounts []store.Account
	for key, account := range s.accounts {
		if key.workspace == workspace && account.Username > after && strings.HasPrefix(account.Username, prefix) {
			accounts = append(accounts, cloneAccount(*account))
		}
	}
	slices.SortFunc(accounts, func(a, b store.Account) int { return cmp.Compare(a.Username, b.Username) })
	return accounts[:min(limit, len(accounts))], nil
}
