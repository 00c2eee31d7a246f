package memory

import (
	"maps"

	"cloakroom/authserver/store"
)

// emptyWorkspace deletes all that is kept in a workspace; registrations of other kinds keep nothing.
func (s *Store) emptyWorkspace(of store.Registration) {
	if of.Kind != store.KindWorkspace {
		return
	}
	workspace := of.Parent + "/" + of.Name
	empty(s.requests, workspace)
	empty(s.interactions, workspace)
	empty(s.codes, workspace)
	empty(s.grants, workspace)
	empty(s.refreshTokens, workspace)
	empty(s.accessTokens, workspace)
	empty(s.sessions, workspace)
	empty(s.accounts, workspace)
	empty(s.factors, workspace)
	empty(s.keys, workspace)
	maps.DeleteFunc(s.recoveryCodes, func(at key, _ map[store.Hash]bool) bool { return at.workspace == workspace })
	maps.DeleteFunc(s.consents, func(at consentKey, _ *store.Consent) bool { return at.workspace == workspace })
	maps.DeleteFunc(s.identities, func(at identityKey, _ *store.Identity) bool { return at.workspace == workspace })
	for at := range s.marks {
		if at.workspace == workspace {
			delete(s.marks, at)
		}
	}
}

func empty[T any](records map[key]*T, workspace string) {
	maps.DeleteFunc(records, func(at key, _ *T) bool { return at.workspace == workspace })
}
