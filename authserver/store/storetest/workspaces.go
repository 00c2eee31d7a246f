package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

var workspaces = []guarantee{
	{"a deleted workspace takes with it all that is kept in it, and nothing of another", func(s *suite) {
		s.must(s.SaveRegistration(s.ctx(), workspaceOf(workspace, s.now())))
		s.fill(workspace)
		s.fill(other)
		r := workspaceOf(workspace, s.now())
		s.want(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 7, s.now()), store.ErrConflict)
		s.same("kept after a refusal", s.kept(workspace), everything)
		s.must(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 1, s.now()))
		s.same("kept", s.kept(workspace), "")
		s.same("kept of another", s.kept(other), everything)
	}},
	{"a deleted client or tenant takes nothing with it", func(s *suite) {
		s.fill(workspace)
		for _, kind := range []store.Kind{store.KindClient, store.KindTenant, store.KindKeys} {
			r := workspaceOf(workspace, s.now())
			r.Kind = kind
			s.must(s.SaveRegistration(s.ctx(), r))
			s.must(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 1, s.now()))
		}
		s.same("kept", s.kept(workspace), everything)
	}},
	{"what is kept in a workspace after its end is gone when it is made again, or forgotten", func(s *suite) {
		r := workspaceOf(workspace, s.now())
		s.must(s.SaveRegistration(s.ctx(), r))
		s.must(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 1, s.now()))
		s.fill(workspace) // by an instance that has not heard of it
		s.must(s.SaveRegistration(s.ctx(), r))
		s.same("kept when it is made again", s.kept(workspace), "")
		s.fill(workspace)
		r.Version = 3
		s.must(s.SaveRegistration(s.ctx(), r))
		s.same("kept when it is changed", s.kept(workspace), everything)

		s.must(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 4, s.now()))
		s.must(s.SaveAccount(s.ctx(), s.account("subject-late", "late")))
		s.clock.advance(store.TombstoneRetention)
		_, err := s.Sweep(s.ctx(), s.now(), 1000)
		s.must(err)
		_, err = s.Account(s.ctx(), workspace, "subject-late")
		s.want(err, store.ErrNotFound)
	}},
	{"a workspace that is made for the first time has what is kept in it", func(s *suite) {
		s.fill(workspace) // it was in the configuration file, and is managed by the API from now on
		s.must(s.SaveRegistration(s.ctx(), workspaceOf(workspace, s.now())))
		s.same("kept", s.kept(workspace), everything)
	}},
}

var deletions = []guarantee{
	{"a deleted account takes with it all that it has, and its grants are revoked", func(s *suite) {
		s.fill(workspace)
		s.fill(other)
		s.must(s.SaveAccount(s.ctx(), s.account("subject-2", "bob")))
		s.must(s.LinkIdentity(s.ctx(), s.identity("them-2", "subject-2")))
		s.want(s.DeleteAccount(s.ctx(), workspace, filled, 7), store.ErrConflict)
		s.want(s.DeleteAccount(s.ctx(), workspace, "subject-3", 1), store.ErrNotFound)
		s.same("kept after refusals", s.kept(workspace), everything)
		s.must(s.DeleteAccount(s.ctx(), workspace, filled, 1))
		s.want(s.DeleteAccount(s.ctx(), workspace, filled, 1), store.ErrNotFound)
		s.same("kept", s.kept(workspace), "request interaction code key mark ")
		_, err := s.Grant(s.ctx(), workspace, filled)
		s.want(err, store.ErrRevoked)
		_, err = s.Identity(s.ctx(), workspace, provider, "them-2")
		s.must(err)
		s.same("kept of the same subject of another workspace", s.kept(other), everything)
		again := s.account("subject-4", filled)
		s.must(s.SaveAccount(s.ctx(), again)) // its name is free
	}},
	{"of fifty deletions of one account one wins", func(s *suite) {
		s.must(s.SaveAccount(s.ctx(), s.account(subject, "alice")))
		s.race(store.ErrNotFound, func(int) error { return s.DeleteAccount(s.ctx(), workspace, subject, 1) })
	}},
	{"an identity that is linked while its account is deleted is left to nobody", func(s *suite) {
		for round := range 20 {
			subject, them := fmt.Sprintf("subject-%d", round), fmt.Sprintf("them-%d", round)
			s.must(s.SaveAccount(s.ctx(), s.account(subject, fmt.Sprintf("alice-%d", round))))
			var both sync.WaitGroup
			both.Go(func() { _ = s.LinkIdentity(s.ctx(), s.identity(them, subject)) })
			both.Go(func() { s.must(s.DeleteAccount(s.ctx(), workspace, subject, 1)) })
			both.Wait()
			_, err := s.Identity(s.ctx(), workspace, provider, them)
			s.want(err, store.ErrNotFound)
		}
	}},
}

// workspaceOf is the registration of a workspace.
func workspaceOf(key string, now time.Time) store.Registration {
	tenant, name, _ := strings.Cut(key, "/")
	return store.Registration{Kind: store.KindWorkspace, Parent: tenant, Name: name, Document: []byte(`{}`), Created: now, Updated: now}
}

// everything is what fill keeps in a workspace, and kept finds.
const everything = "request interaction grant code refresh-token access-token session account consent factor recovery-code identity key mark "

const filled = "filled" // the id of everything that has one

func (s *suite) fill(in string) {
	s.Helper()
	handle := store.NewHandle(s.now())
	handle.ID = filled
	s.filled[in] = handle
	hash, later := handle.Hash(), s.now().Add(48*time.Hour)
	s.must(s.PushRequest(s.ctx(), store.PushedRequest{Workspace: in, ID: filled, ClientID: client, Expires: later}))
	s.must(s.StartInteraction(s.ctx(), store.Interaction{Workspace: in, ID: filled, SecretHash: hash, State: []byte("{}"), Expires: later}))
	s.must(s.StartSession(s.ctx(), store.Session{Workspace: in, ID: filled, SecretHash: hash, Subject: filled, Idle: later, Expires: later}))
	grant := store.Grant{Workspace: in, ID: filled, ClientID: client, Subject: filled, SessionID: filled, Expires: later}
	s.must(s.IssueCode(s.ctx(), store.Code{Workspace: in, ID: filled, SecretHash: hash, GrantID: filled, ClientID: client, Expires: later}, grant))
	s.must(s.IssueRefreshToken(s.ctx(), store.RefreshToken{Workspace: in, ID: filled, SecretHash: hash, GrantID: filled, Expires: later}))
	s.must(s.IssueAccessToken(s.ctx(), store.AccessToken{Workspace: in, ID: filled, SecretHash: hash, GrantID: filled, Expires: later}))
	s.must(s.SaveAccount(s.ctx(), store.Account{Workspace: in, Subject: filled, Username: filled}))
	s.must(s.SaveConsent(s.ctx(), store.Consent{Workspace: in, Subject: filled, ClientID: client, Scopes: oauth.Scopes{"openid"}}))
	s.must(s.AddFactor(s.ctx(), store.Factor{Workspace: in, ID: filled, Subject: filled, Kind: store.FactorTOTP, Credential: []byte("sealed")}))
	s.must(s.SaveRecoveryCodes(s.ctx(), in, filled, []store.Hash{hash}))
	s.must(s.LinkIdentity(s.ctx(), store.Identity{Workspace: in, Issuer: provider, Subject: filled, Account: filled}))
	s.must(s.AddKey(s.ctx(), store.Key{Workspace: in, ID: filled, Algorithm: "ES256", Sealed: []byte("sealed"), Created: s.now()}))
	if err := s.UseOnce(s.ctx(), in, "jti", filled, later); !errors.Is(err, store.ErrConsumed) { // a look at it has left it
		s.must(err)
	}
}

// kept names what is there of what fill has kept.
func (s *suite) kept(in string) string {
	s.Helper()
	handle, names := s.filled[in], ""
	for _, one := range []struct {
		name string
		find func() (found bool)
	}{
		{"request", func() bool { _, err := s.PushedRequest(s.ctx(), in, filled); return err == nil }},
		{"interaction", func() bool { _, err := s.Interaction(s.ctx(), in, handle); return err == nil }},
		{"grant", func() bool { _, err := s.Grant(s.ctx(), in, filled); return err == nil }},
		{"code", func() bool {
			_, _, err := s.RedeemCode(s.ctx(), in, handle, nil)
			return !errors.Is(err, store.ErrNotFound)
		}},
		{"refresh-token", func() bool { _, _, err := s.RefreshToken(s.ctx(), in, handle); return err == nil }},
		{"access-token", func() bool { _, _, err := s.AccessToken(s.ctx(), in, filled); return err == nil }},
		{"session", func() bool { _, err := s.Session(s.ctx(), in, handle); return err == nil }},
		{"account", func() bool { _, err := s.Account(s.ctx(), in, filled); return err == nil }},
		{"consent", func() bool { _, err := s.Consent(s.ctx(), in, filled, client); return err == nil }},
		{"factor", func() bool { _, err := s.Factor(s.ctx(), in, filled); return err == nil }},
		{"recovery-code", func() bool { left, err := s.RecoveryCodes(s.ctx(), in, filled); return err == nil && left == 1 }},
		{"identity", func() bool { _, err := s.Identity(s.ctx(), in, provider, filled); return err == nil }},
		{"key", func() bool { keys, err := s.Keys(s.ctx(), in); return err == nil && len(keys) == 1 }},
		{"mark", func() bool {
			return errors.Is(s.UseOnce(s.ctx(), in, "jti", filled, s.now().Add(time.Hour)), store.ErrConsumed)
		}},
	} {
		if one.find() {
			names += one.name + " "
		}
	}
	return names
}
