package memory

import (
	"cmp"
	"context"
	"slices"

	"cloakroom/authserver/store"
)

// IssueCode keeps a grant and its code, unless the session that it came from is gone.
func (s *Store) IssueCode(ctx context.Context, code store.Code, grant store.Grant) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if grant.SessionID != "" && s.sessions[key{grant.Workspace, grant.SessionID}] == nil {
		return store.ErrRevoked
	}
	if _, taken := s.codes[key{code.Workspace, code.ID}]; taken {
		return store.ErrConflict
	}
	if err := add(s.grants, key{grant.Workspace, grant.ID}, cloneGrant(grant)); err != nil {
		return err
	}
	return add(s.codes, key{code.Workspace, code.ID}, single[store.Code]{record: code})
}

// RedeemCode marks a code used, once, and keeps what redeem issues for it.
func (s *Store) RedeemCode(ctx context.Context, workspace string, handle store.Handle, redeem func(store.Code, store.Grant) store.Issued) (store.Code, store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Code{}, store.Grant{}, err
	}
	defer unlock()
	code, found := s.codes[key{workspace, handle.ID}]
	if !found || !code.record.SecretHash.Equal(handle.Hash()) {
		return store.Code{}, store.Grant{}, store.ErrNotFound
	}
	grant, granted := s.grants[key{workspace, code.record.GrantID}]
	switch {
	case !granted:
		return store.Code{}, store.Grant{}, store.ErrNotFound
	case code.used:
		return code.record, cloneGrant(*grant), store.ErrConsumed
	case !s.live(code.record.Expires) || !s.live(grant.Expires):
		return store.Code{}, store.Grant{}, store.ErrNotFound
	case !grant.Revoked.IsZero():
		return code.record, cloneGrant(*grant), store.ErrRevoked
	}
	if redeem != nil {
		if err := s.keep(workspace, grant.ID, redeem(code.record, cloneGrant(*grant))); err != nil {
			return store.Code{}, store.Grant{}, err
		}
	}
	code.used = true
	return code.record, cloneGrant(*grant), nil
}

// StartGrant keeps a grant that came about without a code, and what was issued for it.
func (s *Store) StartGrant(ctx context.Context, grant store.Grant, issued store.Issued) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if s.grants[key{grant.Workspace, grant.ID}] != nil {
		return store.ErrConflict
	}
	if err := s.keep(grant.Workspace, grant.ID, issued); err != nil {
		return err
	}
	return add(s.grants, key{grant.Workspace, grant.ID}, cloneGrant(grant))
}

// Grant returns a grant that has not expired.
func (s *Store) Grant(ctx context.Context, workspace, id string) (store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Grant{}, err
	}
	defer unlock()
	return s.grant(workspace, id)
}

// grant returns a copy of a grant: ErrNotFound when it has expired, ErrRevoked with it when it is revoked.
func (s *Store) grant(workspace, id string) (store.Grant, error) {
	grant, found := s.grants[key{workspace, id}]
	if !found || !s.live(grant.Expires) {
		return store.Grant{}, store.ErrNotFound
	}
	if !grant.Revoked.IsZero() {
		return cloneGrant(*grant), store.ErrRevoked
	}
	return cloneGrant(*grant), nil
}

// RevokeGrant revokes a grant. What hangs on it looks here, so nothing else is to be marked.
func (s *Store) RevokeGrant(ctx context.Context, workspace, id string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	grant, found := s.grants[key{workspace, id}]
	if !found {
		return store.ErrNotFound
	}
	s.revoke(grant)
	return nil
}

func (s *Store) revoke(grant *store.Grant) {
	if grant.Revoked.IsZero() {
		grant.Revoked = s.now()
	}
}

// Grants lists a user's live grants, newest first.
func (s *Store) Grants(ctx context.Context, workspace, subject, clientID string) ([]store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var grants []store.Grant
	for _, grant := range s.liveGrants(workspace) {
		if grant.Subject == subject && (clientID == "" || grant.ClientID == clientID) {
			grants = append(grants, cloneGrant(*grant))
		}
	}
	return newestFirst(grants), nil
}

// liveGrants are the workspace's grants that are neither revoked nor expired.
func (s *Store) liveGrants(workspace string) []*store.Grant {
	var grants []*store.Grant
	for key, grant := range s.grants {
		if key.workspace == workspace && grant.Revoked.IsZero() && s.live(grant.Expires) {
			grants = append(grants, grant)
		}
	}
	return grants
}

func newestFirst(grants []store.Grant) []store.Grant {
	slices.SortFunc(grants, func(a, b store.Grant) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
	})
	return grants
}

func cloneGrant(grant store.Grant) store.Grant {
	grant.Scopes = slices.Clone(grant.Scopes)
	grant.Resources = slices.Clone(grant.Resources)
	grant.AMR = slices.Clone(grant.AMR)
	return grant
}
