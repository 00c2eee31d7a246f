package memory

import (
	"cmp"
	"context"
	"slices"

	"cloakroom/authserver/store"
)

type identityKey struct{ workspace, issuer, subject string }

func keyOf(identity store.Identity) identityKey {
	return identityKey{identity.Workspace, identity.Issuer, identity.Subject}
}

// ProvisionAccount creates an account and the identity that it is for, both or neither.
func (s *Store) ProvisionAccount(ctx context.Context, account store.Account, identity store.Identity) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, taken := s.identities[keyOf(identity)]; taken || account.Version != 0 {
		return store.ErrConflict
	}
	if err := s.saveAccount(account); err != nil {
		return err
	}
	return add(s.identities, keyOf(identity), identity)
}

// LinkIdentity gives an identity an account that exists.
func (s *Store) LinkIdentity(ctx context.Context, identity store.Identity) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, there := s.accounts[key{identity.Workspace, identity.Account}]; !there {
		return store.ErrNotFound
	}
	return add(s.identities, keyOf(identity), identity)
}

// Identity finds who a provider speaks of.
func (s *Store) Identity(ctx context.Context, workspace, issuer, subject string) (store.Identity, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Identity{}, err
	}
	defer unlock()
	identity, found := s.identities[identityKey{workspace, issuer, subject}]
	if !found {
		return store.Identity{}, store.ErrNotFound
	}
	return *identity, nil
}

// Identities lists those of an account, oldest first.
func (s *Store) Identities(ctx context.Context, workspace, account string) ([]store.Identity, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.identitiesOf(workspace, account), nil
}

func (s *Store) identitiesOf(workspace, account string) []store.Identity {
	var identities []store.Identity
	for key, identity := range s.identities {
		if key.workspace == workspace && identity.Account == account {
			identities = append(identities, *identity)
		}
	}
	slices.SortFunc(identities, func(a, b store.Identity) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Subject, b.Subject))
	})
	return identities
}

// UnlinkIdentity takes an identity from the account that has it, if what is left is enough.
func (s *Store) UnlinkIdentity(ctx context.Context, workspace, account, issuer, subject string, remains func(store.Account, []store.Identity) bool) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	named := identityKey{workspace, issuer, subject}
	owner, there := s.accounts[key{workspace, account}]
	if identity, found := s.identities[named]; !found || !there || identity.Account != account {
		return store.ErrNotFound
	}
	left := slices.DeleteFunc(s.identitiesOf(workspace, account), func(one store.Identity) bool { return keyOf(one) == named })
	if !remains(*owner, left) {
		return store.ErrConflict
	}
	owner.Version++
	delete(s.identities, named)
	return nil
}
