package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"cloakroom/authserver/store"
)

var registry = []guarantee{
	{"a registration is created once and replaced by the holder of its version", func(s *suite) {
		r := s.registration("web")
		s.must(s.SaveRegistration(s.ctx(), r))
		s.want(s.SaveRegistration(s.ctx(), r), store.ErrConflict)
		s.clock.advance(time.Second)
		r.Version, r.Document, r.Disabled, r.Updated = 1, []byte(`{"name":"Other"}`), true, s.now()
		s.must(s.SaveRegistration(s.ctx(), r))
		s.want(s.SaveRegistration(s.ctx(), r), store.ErrConflict)
		got := s.changes(0)
		if len(got) != 1 || got[0].Version != 2 || got[0].Revision != 2 || !got[0].Disabled || got[0].Deleted || string(got[0].Document) != `{"name":"Other"}` ||
			got[0].Kind != store.KindClient || got[0].Parent != workspace || got[0].Name != "web" || !got[0].Updated.Equal(r.Updated) || !got[0].Created.Equal(r.Created) {
			s.Errorf("got %+v, want %+v", got, r)
		}
		absent := s.registration("absent")
		absent.Version = 1
		s.want(s.SaveRegistration(s.ctx(), absent), store.ErrConflict)
	}},
	{"kinds and parents are name spaces of their own", func(s *suite) {
		r := s.registration("web")
		s.must(s.SaveRegistration(s.ctx(), r))
		r.Parent = other
		s.must(s.SaveRegistration(s.ctx(), r))
		r.Kind = store.KindWorkspace
		s.must(s.SaveRegistration(s.ctx(), r))
		s.same("changes", len(s.changes(0)), 3)
	}},
	{"a deleted registration is among the changes, and can be created again under a version that was never used", func(s *suite) {
		r := s.registration("web")
		s.want(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 1, s.now()), store.ErrNotFound)
		s.must(s.SaveRegistration(s.ctx(), r))
		s.must(s.UseRegistration(s.ctx(), r.Kind, r.Parent, r.Name, s.now()))
		s.want(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 2, s.now()), store.ErrConflict)
		s.must(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 1, s.now()))
		s.want(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 2, s.now()), store.ErrNotFound)
		s.want(s.UseRegistration(s.ctx(), r.Kind, r.Parent, r.Name, s.now()), store.ErrNotFound)
		ended := s.changes(1)
		if len(ended) != 1 || !ended[0].Deleted {
			s.Fatalf("after the end: %+v", ended)
		}
		r.Version = ended[0].Version
		s.want(s.SaveRegistration(s.ctx(), r), store.ErrConflict)
		r.Version = 0
		s.must(s.SaveRegistration(s.ctx(), r))
		again := s.changes(2)
		if len(again) != 1 || again[0].Deleted || again[0].Version != 3 || !again[0].Used.IsZero() {
			s.Errorf("created again: %+v", again)
		}
	}},
	{"a use is marked once and is no change", func(s *suite) {
		r := s.registration("web")
		s.must(s.SaveRegistration(s.ctx(), r))
		first := s.now()
		s.must(s.UseRegistration(s.ctx(), r.Kind, r.Parent, r.Name, first))
		s.clock.advance(time.Minute)
		s.must(s.UseRegistration(s.ctx(), r.Kind, r.Parent, r.Name, s.now()))
		got := s.changes(0)[0]
		if !got.Used.Equal(first) || got.Version != 1 || got.Revision != 1 {
			s.Errorf("got %+v", got)
		}
		r.Version = 1
		s.must(s.SaveRegistration(s.ctx(), r))
		if got := s.changes(0)[0]; !got.Used.Equal(first) {
			s.Errorf("a change took the mark away: %+v", got)
		}
	}},
	{"changes come in the order of their revisions, a page at a time", func(s *suite) {
		revision, err := s.RegistryRevision(s.ctx())
		s.must(err)
		s.same("revision before the first change", revision, int64(0))
		for at := range 5 {
			s.must(s.SaveRegistration(s.ctx(), s.registration(fmt.Sprint("client-", at))))
		}
		var names []string
		var after int64
		for {
			page, err := s.Registrations(s.ctx(), after, 2)
			s.must(err)
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				names = append(names, r.Name)
			}
			after = page[len(page)-1].Revision
		}
		s.same("names", fmt.Sprint(names), "[client-0 client-1 client-2 client-3 client-4]")
		revision, err = s.RegistryRevision(s.ctx())
		s.must(err)
		s.same("revision", revision, after)
	}},
	{"of fifty changes of one version one wins", func(s *suite) {
		r := s.registration("web")
		s.race(store.ErrConflict, func(int) error { return s.SaveRegistration(s.ctx(), r) })
		r.Version = 1
		s.race(store.ErrConflict, func(racer int) error {
			if racer%2 == 1 {
				return s.SaveRegistration(s.ctx(), r)
			}
			err := s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 1, s.now())
			if errors.Is(err, store.ErrNotFound) { // another has deleted it
				return store.ErrConflict
			}
			return err
		})
		s.same("revision", s.changes(0)[0].Revision, int64(2))
	}},
	{"who follows the revisions while fifty write misses no change", func(s *suite) {
		var writing sync.WaitGroup
		for racer := range racers {
			writing.Go(func() {
				if err := s.SaveRegistration(s.ctx(), s.registration(fmt.Sprint("client-", racer))); err != nil {
					s.Error(err)
				}
			})
		}
		done := make(chan struct{})
		go func() { writing.Wait(); close(done) }()
		seen, after := 0, int64(0)
		for last := false; ; {
			page := s.changes(after)
			for _, r := range page {
				if r.Revision != after+1 {
					s.Fatalf("revision %d after %d", r.Revision, after)
				}
				seen, after = seen+1, r.Revision
			}
			if last && len(page) == 0 {
				break
			}
			select {
			case <-done:
				last = true
			default:
			}
		}
		s.same("changes seen", seen, racers)
	}},
	{"a deleted registration is swept when every instance has had time to learn of it", func(s *suite) {
		s.must(s.SaveRegistration(s.ctx(), s.registration("kept")))
		r := s.registration("web")
		s.must(s.SaveRegistration(s.ctx(), r))
		s.must(s.DeleteRegistration(s.ctx(), r.Kind, r.Parent, r.Name, 1, s.now()))
		s.clock.advance(store.TombstoneRetention - time.Second)
		s.swept(0)
		s.clock.advance(time.Second)
		s.swept(1)
		s.same("left", len(s.changes(0)), 1)
	}},
	{"revoking a client's grants leaves those of others", func(s *suite) {
		mine := []store.Grant{s.startGrant(), s.startGrant(), s.startGrant()}
		foreign, elsewhere := s.grant(), s.grant()
		foreign.ClientID, elsewhere.Workspace = "client-2", other
		s.must(s.StartGrant(s.ctx(), foreign, store.Issued{}))
		s.must(s.StartGrant(s.ctx(), elsewhere, store.Issued{}))
		for _, want := range []int{2, 1, 0} {
			revoked, err := s.RevokeGrants(s.ctx(), workspace, client, 2)
			s.must(err)
			s.same("revoked", len(revoked), want)
		}
		for _, grant := range mine {
			_, err := s.Grant(s.ctx(), workspace, grant.ID)
			s.want(err, store.ErrRevoked)
		}
		_, err := s.Grant(s.ctx(), workspace, foreign.ID)
		s.must(err)
		revoked, err := s.RevokeGrants(s.ctx(), workspace, "", 10)
		s.must(err)
		if len(revoked) != 1 || revoked[0].ID != foreign.ID {
			s.Errorf("of the workspace: %+v", revoked)
		}
		_, err = s.Grant(s.ctx(), other, elsewhere.ID)
		s.must(err)
	}},
	{"a workspace's sessions and accounts are listed a page at a time", func(s *suite) {
		for _, name := range []string{"bob", "alice", "alicia", "Zoë", "al"} {
			s.must(s.SaveAccount(s.ctx(), s.account("subject of "+name, name)))
			s.startSession()
			s.clock.advance(time.Millisecond)
		}
		names := func(prefix string, limit int) (all []string) {
			for after := ""; ; {
				page, err := s.ListAccounts(s.ctx(), workspace, prefix, after, limit)
				s.must(err)
				for _, account := range page {
					all = append(all, account.Username)
					after = account.Username
				}
				if len(page) < limit {
					return all
				}
			}
		}
		s.same("all", fmt.Sprint(names("", 2)), "[Zoë al alice alicia bob]")
		s.same("with a prefix", fmt.Sprint(names("ali", 1)), "[alice alicia]")
		first, err := s.WorkspaceSessions(s.ctx(), workspace, "", 3)
		s.must(err)
		rest, err := s.WorkspaceSessions(s.ctx(), workspace, first[len(first)-1].ID, 3)
		s.must(err)
		none, err := s.WorkspaceSessions(s.ctx(), other, "", 3)
		s.must(err)
		if len(first) != 3 || len(rest) != 2 || len(none) != 0 {
			s.Errorf("%d, %d and %d sessions", len(first), len(rest), len(none))
		}
	}},
}

func (s *suite) registration(name string) store.Registration {
	return store.Registration{
		Kind: store.KindClient, Parent: workspace, Name: name, Document: []byte(`{"name":"Web"}`), Created: s.now(), Updated: s.now(),
	}
}

func (s *suite) changes(after int64) []store.Registration {
	s.Helper()
	changes, err := s.Registrations(s.ctx(), after, 100)
	s.must(err)
	return changes
}
