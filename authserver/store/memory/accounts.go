package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"cloakroom/authserver/store"
)

type consentKey struct{ workspace, subject, clientID string }

// SaveAccount creates or replaces an account.
func (s *Store) SaveAccount(ctx context.Context, account store.Account) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.saveAccount(account)
}

func (s *Store) saveAccount(account store.Account) error {
	for key, other := range s.accounts {
		if key.workspace == account.Workspace && other.Username == account.Username && key.id != account.Subject {
			return store.ErrConflict
		}
	}
	var version int64 // of an account that does not exist
	if stored := s.accounts[key{account.Workspace, account.Subject}]; stored != nil {
		version = stored.Version
	}
	if account.Version != version {
		return store.ErrConflict
	}
	account = cloneAccount(account)
	account.Version++
	s.accounts[key{account.Workspace, account.Subject}] = &account
	return nil
}

// Account returns an account by its subject.
func (s *Store) Account(ctx context.Context, workspace, subject string) (store.Account, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Account{}, err
	}
	defer unlock()
	account, found := s.accounts[key{workspace, subject}]
	if !found {
		return store.Account{}, store.ErrNotFound
	}
	return cloneAccount(*account), nil
}

// DeleteAccount deletes an account and what it has, and revokes its grants.
func (s *Store) DeleteAccount(ctx context.Context, workspace, subject string, version int64) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	at := key{workspace, subject}
	switch stored := s.accounts[at]; {
	case stored == nil:
		return store.ErrNotFound
	case stored.Version != version:
		return store.ErrConflict
	}
	delete(s.accounts, at)
	delete(s.recoveryCodes, at)
	maps.DeleteFunc(s.factors, func(at key, one *store.Factor) bool { return at.workspace == workspace && one.Subject == subject })
	maps.DeleteFunc(s.identities, func(at identityKey, one *store.Identity) bool {
		return at.workspace == workspace && one.Account == subject
	})
	maps.DeleteFunc(s.consents, func(at consentKey, _ *store.Consent) bool { return at.workspace == workspace && at.subject == subject })
	maps.DeleteFunc(s.sessions, func(at key, one *store.Session) bool { return at.workspace == workspace && one.Subject == subject })
	for _, grant := range s.liveGrants(workspace) {
		if grant.Subject == subject {
			s.revoke(grant)
		}
	}
	return nil
}

// AccountByName returns an account by its canonical user name.
func (s *Store) AccountByName(ctx context.Context, workspace, username string) (store.Account, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Account{}, err
	}
	defer unlock()
	for key, account := range s.accounts {
		if key.workspace == workspace && account.Username == username {
			return cloneAccount(*account), nil
		}
	}
	return store.Account{}, store.ErrNotFound
}

// SaveConsent keeps what a user consented to.
func (s *Store) SaveConsent(ctx context.Context, consent store.Consent) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	consent.Scopes = slices.Clone(consent.Scopes)
	s.consents[consentKey{consent.Workspace, consent.Subject, consent.ClientID}] = &consent
	return nil
}

// Consent returns what a user consented to for a client.
func (s *Store) Consent(ctx context.Context, workspace, subject, clientID string) (store.Consent, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Consent{}, err
	}
	defer unlock()
	consent, found := s.consents[consentKey{workspace, subject, clientID}]
	if !found {
		return store.Consent{}, store.ErrNotFound
	}
	return cloneConsent(*consent), nil
}

// Consents lists what a user consented to, newest first.
func (s *Store) Consents(ctx context.Context, workspace, subject string) ([]store.Consent, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var consents []store.Consent
	for key, consent := range s.consents {
		if key.workspace == workspace && key.subject == subject {
			consents = append(consents, cloneConsent(*consent))
		}
	}
	slices.SortFunc(consents, func(a, b store.Consent) int {
		return cmp.Or(b.Given.Compare(a.Given), cmp.Compare(a.ClientID, b.ClientID))
	})
	return consents, nil
}

// WithdrawConsent deletes a consent and revokes the user's grants to the client.
func (s *Store) WithdrawConsent(ctx context.Context, workspace, subject, clientID string) ([]store.Grant, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	delete(s.consents, consentKey{workspace, subject, clientID})
	var grants []store.Grant
	for _, grant := range s.liveGrants(workspace) {
		if grant.Subject == subject && grant.Subject != "" && grant.ClientID == clientID {
			grants = append(grants, cloneGrant(*grant))
			s.revoke(grant)
		}
	}
	return newestFirst(grants), nil
}

func cloneAccount(account store.Account) store.Account {
	account.Claims = maps.Clone(account.Claims)
	return account
}

func cloneConsent(consent store.Consent) store.Consent {
	consent.Scopes = slices.Clone(consent.Scopes)
	return consent
}
