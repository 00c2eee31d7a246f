package authserver

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"cloakroom/authserver/account"
	"cloakroom/authserver/audit"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/upstream"
	"cloakroom/authserver/workspace"
)

// accountOf finds the account of a provider's user, by issuer and subject and by nothing else: an e-mail address that equals somebody's is
// no proof of being them (OpenID Connect Core §5.7, ASVS 10.3.3). Where sign-up is open, who comes for the first time gets an account
// of their own. Problem names what the user is told when there is none.
func (s *Server) accountOf(ctx context.Context, iss *issuer, sourceID string, identity upstream.Identity) (found store.Account, problem string, err error) {
	source := iss.Upstream(sourceID)
	known, err := s.store.Identity(ctx, iss.Key(), source.Issuer, identity.Subject)
	if errors.Is(err, store.ErrNotFound) {
		if !source.Open() {
			return store.Account{}, "unknown", nil
		}
		if known, err = s.provision(ctx, iss, source, identity); err != nil {
			return store.Account{}, "", err
		}
	} else if err != nil {
		return store.Account{}, "", storeFailed("load identity", err)
	}
	found, err = s.store.Account(ctx, iss.Key(), known.Account)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Account{}, "disabled", nil // it was deleted: its identity gives nobody another
	case err != nil:
		return store.Account{}, "", storeFailed("load account", err)
	case found.Disabled:
		return store.Account{}, "disabled", nil
	case known.Provisioned:
		found, err = s.refreshClaims(ctx, found, claimsOf(source, identity))
	}
	return found, "", err
}

// provision makes an account for a provider's user. Of two first sign-ins at once one makes it, and both get it.
func (s *Server) provision(ctx context.Context, iss *issuer, source *workspace.Source, identity upstream.Identity) (store.Identity, error) {
	made := account.ForIdentity(iss.Key(), source.ID, claimsOf(source, identity), s.now())
	known := store.Identity{
		Workspace: iss.Key(), Issuer: source.Issuer, Subject: identity.Subject, Account: made.Subject, Provisioned: true, Created: s.now(),
	}
	err := s.store.ProvisionAccount(ctx, made, known)
	if errors.Is(err, store.ErrConflict) {
		known, err = s.store.Identity(ctx, iss.Key(), source.Issuer, identity.Subject)
		if err != nil {
			return store.Identity{}, storeFailed("load identity", err)
		}
		return known, nil
	}
	if err != nil {
		return store.Identity{}, storeFailed("provision account", err)
	}
	s.audit.Record(ctx, audit.AccountCreated, iss.Key(), "source", source.ID, "subject", made.Subject)
	return known, nil
}

// claimsOf are the claims that the source's configuration takes over, by our names. One of another kind than the standard's is none.
func claimsOf(source *workspace.Source, identity upstream.Identity) map[string]any {
	taken := map[string]any{}
	for ours, theirs := range source.Claims {
		if oauth.CheckClaim(ours, identity.Claims[theirs]) != nil {
			continue
		}
		switch value := identity.Claims[theirs].(type) {
		case string:
			taken[ours] = strings.ToValidUTF8(truncate(value, maxClaim), "")
		case bool, float64:
			taken[ours] = value
		case map[string]any: // address
			taken[ours] = value
		}
	}
	return taken
}

// maxClaim bounds what a provider has us keep of a user.
const maxClaim = 1 << 10

// refreshClaims keeps what the provider says now. Another sign-in that was faster has kept it as well.
func (s *Server) refreshClaims(ctx context.Context, found store.Account, claims map[string]any) (store.Account, error) {
	if len(claims) == len(found.Claims) && (len(claims) == 0 || reflect.DeepEqual(claims, found.Claims)) {
		return found, nil
	}
	found.Claims, found.Updated = claims, s.now()
	err := s.store.SaveAccount(ctx, found)
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return store.Account{}, storeFailed("save account", err)
	}
	return found, nil
}
