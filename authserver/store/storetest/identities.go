package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"cloakroom/authserver/store"
)

const provider = "https://upstream.example"

var identities = []guarantee{
	{"an account and its identity come together, and are found by each other", func(s *suite) {
		identity := s.identity("them-1", "subject-1")
		identity.Provisioned = true
		s.must(s.ProvisionAccount(s.ctx(), s.account("subject-1", "upstream-1"), identity))
		got, err := s.Identity(s.ctx(), workspace, provider, "them-1")
		s.must(err)
		s.same("identity", got.Account == "subject-1" && got.Issuer == provider && got.Subject == "them-1" && got.Provisioned &&
			got.Workspace == workspace && got.Created.Equal(identity.Created), true)
		account, err := s.Account(s.ctx(), workspace, "subject-1")
		s.must(err)
		s.same("version", account.Version, int64(1))
		for _, absent := range []struct{ issuer, subject string }{{provider, "them-2"}, {provider, "THEM-1"}, {provider + "/", "them-1"}, {"", "them-1"}} {
			_, err := s.Identity(s.ctx(), workspace, absent.issuer, absent.subject)
			s.want(err, store.ErrNotFound)
		}
	}},
	{"neither is kept when the other cannot be", func(s *suite) {
		s.must(s.ProvisionAccount(s.ctx(), s.account("subject-1", "upstream-1"), s.identity("them-1", "subject-1")))
		s.want(s.ProvisionAccount(s.ctx(), s.account("subject-2", "upstream-2"), s.identity("them-1", "subject-2")), store.ErrConflict)
		_, err := s.Account(s.ctx(), workspace, "subject-2")
		s.want(err, store.ErrNotFound)
		s.want(s.ProvisionAccount(s.ctx(), s.account("subject-3", "upstream-1"), s.identity("them-3", "subject-3")), store.ErrConflict)
		_, err = s.Identity(s.ctx(), workspace, provider, "them-3")
		s.want(err, store.ErrNotFound)
		s.want(s.ProvisionAccount(s.ctx(), s.account("subject-1", "upstream-4"), s.identity("them-4", "subject-1")), store.ErrConflict)
		_, err = s.Identity(s.ctx(), workspace, provider, "them-4")
		s.want(err, store.ErrNotFound)
		account, err := s.Account(s.ctx(), workspace, "subject-1")
		s.must(err)
		s.same("username", account.Username, "upstream-1")
	}},
	{"an identity is linked to one account that exists, and an account to any number", func(s *suite) {
		s.want(s.LinkIdentity(s.ctx(), s.identity("them-1", "subject-1")), store.ErrNotFound)
		s.must(s.SaveAccount(s.ctx(), s.account("subject-1", "alice")))
		s.must(s.SaveAccount(s.ctx(), s.account("subject-2", "bob")))
		s.must(s.LinkIdentity(s.ctx(), s.identity("them-1", "subject-1")))
		s.must(s.LinkIdentity(s.ctx(), s.identity("them-2", "subject-1")))
		s.want(s.LinkIdentity(s.ctx(), s.identity("them-1", "subject-1")), store.ErrConflict)
		s.want(s.LinkIdentity(s.ctx(), s.identity("them-1", "subject-2")), store.ErrConflict)
		got, err := s.Identity(s.ctx(), workspace, provider, "them-1")
		s.must(err)
		s.same("account", got.Account, "subject-1")
		listed, err := s.Identities(s.ctx(), workspace, "subject-1")
		s.must(err)
		if len(listed) != 2 || listed[0].Subject != "them-1" || listed[1].Subject != "them-2" {
			s.Errorf("got %+v", listed)
		}
		alice, err := s.Account(s.ctx(), workspace, "subject-1")
		s.must(err)
		s.same("version of the account", alice.Version, int64(1))
	}},
	{"an identity is unlinked by the account that has it", func(s *suite) {
		s.must(s.SaveAccount(s.ctx(), s.account("subject-1", "alice")))
		s.must(s.SaveAccount(s.ctx(), s.account("subject-2", "bob")))
		s.must(s.LinkIdentity(s.ctx(), s.identity("them-1", "subject-1")))
		s.want(s.UnlinkIdentity(s.ctx(), workspace, "subject-2", provider, "them-1", anything), store.ErrNotFound)
		s.must(s.UnlinkIdentity(s.ctx(), workspace, "subject-1", provider, "them-1", anything))
		s.want(s.UnlinkIdentity(s.ctx(), workspace, "subject-1", provider, "them-1", anything), store.ErrNotFound)
		_, err := s.Identity(s.ctx(), workspace, provider, "them-1")
		s.want(err, store.ErrNotFound)
		s.must(s.LinkIdentity(s.ctx(), s.identity("them-1", "subject-2")))
	}},
	{"an identity is not unlinked when what would be left is not enough", func(s *suite) {
		s.must(s.SaveAccount(s.ctx(), s.account("subject-1", "alice")))
		s.must(s.LinkIdentity(s.ctx(), s.identity("them-1", "subject-1")))
		s.must(s.LinkIdentity(s.ctx(), s.identity("them-2", "subject-1")))
		unlink := func(subject string, remains func(store.Account, []store.Identity) bool) error {
			return s.UnlinkIdentity(s.ctx(), workspace, "subject-1", provider, subject, remains)
		}
		s.want(unlink("them-1", func(account store.Account, left []store.Identity) bool {
			s.same("the account", account.Subject, "subject-1")
			s.same("is left", len(left) == 1 && left[0].Subject == "them-2", true)
			return false
		}), store.ErrConflict)
		kept, err := s.Account(s.ctx(), workspace, "subject-1")
		s.must(err)
		s.same("version after nothing was changed", kept.Version, int64(1))
		_, err = s.Identity(s.ctx(), workspace, provider, "them-1")
		s.must(err)
		s.must(unlink("them-1", anything))
		changed, err := s.Account(s.ctx(), workspace, "subject-1")
		s.must(err)
		s.same("version", changed.Version, int64(2))
		s.want(unlink("them-2", oneLeft), store.ErrConflict)
	}},
	{"an identity of one workspace is not found in another", func(s *suite) {
		s.must(s.ProvisionAccount(s.ctx(), s.account("subject-1", "upstream-1"), s.identity("them-1", "subject-1")))
		_, err := s.Identity(s.ctx(), other, provider, "them-1")
		s.want(err, store.ErrNotFound)
		listed, err := s.Identities(s.ctx(), other, "subject-1")
		s.must(err)
		s.same("listed elsewhere", len(listed), 0)
		s.want(s.UnlinkIdentity(s.ctx(), other, "subject-1", provider, "them-1", anything), store.ErrNotFound)
		foreign := s.identity("them-2", "subject-1")
		foreign.Workspace = other
		s.want(s.LinkIdentity(s.ctx(), foreign), store.ErrNotFound)
	}},
	{"of fifty first sign-ins of one identity one makes an account, and no other account is left", func(s *suite) {
		s.race(store.ErrConflict, func(racer int) error {
			account := s.account(fmt.Sprintf("subject-%d", racer), fmt.Sprintf("upstream-%d", racer))
			return s.ProvisionAccount(s.ctx(), account, s.identity("them-1", account.Subject))
		})
		winner, err := s.Identity(s.ctx(), workspace, provider, "them-1")
		s.must(err)
		for racer := range racers {
			subject := fmt.Sprintf("subject-%d", racer)
			if _, err := s.Account(s.ctx(), workspace, subject); subject != winner.Account {
				s.want(err, store.ErrNotFound)
			} else {
				s.must(err)
			}
		}
	}},
	{"of fifty unlinkings at once of an account's identities the last is refused, whichever it is", func(s *suite) {
		for round := range 5 {
			subject := fmt.Sprintf("subject-%d", round)
			account := s.account(subject, fmt.Sprintf("upstream-%d", round))
			account.PasswordHash = ""
			s.must(s.SaveAccount(s.ctx(), account))
			for racer := range racers {
				s.must(s.LinkIdentity(s.ctx(), s.identity(fmt.Sprintf("them-%d-%d", round, racer), subject)))
			}
			var refused atomic.Int64
			var all sync.WaitGroup
			for racer := range racers {
				all.Go(func() {
					err := s.UnlinkIdentity(s.ctx(), workspace, subject, provider, fmt.Sprintf("them-%d-%d", round, racer), oneLeft)
					if errors.Is(err, store.ErrConflict) {
						refused.Add(1)
					} else if err != nil {
						s.Error(err)
					}
				})
			}
			all.Wait()
			left, err := s.Identities(s.ctx(), workspace, subject)
			s.must(err)
			s.same("left", len(left), 1)
			s.same("refused", refused.Load(), int64(1))
		}
	}},
	{"an unlinking that races with the end of the password leaves one of both", func(s *suite) {
		for round := range 20 {
			subject := fmt.Sprintf("subject-%d", round)
			s.must(s.SaveAccount(s.ctx(), s.account(subject, fmt.Sprintf("upstream-%d", round))))
			s.must(s.LinkIdentity(s.ctx(), s.identity("them-"+subject, subject)))
			var both sync.WaitGroup
			both.Go(func() {
				_ = s.UnlinkIdentity(s.ctx(), workspace, subject, provider, "them-"+subject, func(account store.Account, left []store.Identity) bool {
					return account.PasswordHash != "" || len(left) > 0
				})
			})
			both.Go(func() { // as one would who takes it away: the account first, and what else there is after it
				account, err := s.Account(s.ctx(), workspace, subject)
				s.must(err)
				if others, err := s.Identities(s.ctx(), workspace, subject); err != nil || len(others) == 0 {
					return
				}
				account.PasswordHash = ""
				_ = s.SaveAccount(s.ctx(), account)
			})
			both.Wait()
			account, err := s.Account(s.ctx(), workspace, subject)
			s.must(err)
			left, err := s.Identities(s.ctx(), workspace, subject)
			s.must(err)
			s.same("there is a way to sign in", account.PasswordHash != "" || len(left) > 0, true)
		}
	}},
	{"a first sign-in that races with a link leaves the identity one account", func(s *suite) {
		s.must(s.SaveAccount(s.ctx(), s.account("subject-0", "alice")))
		for round := range 20 {
			them, subject := fmt.Sprintf("them-%d", round), fmt.Sprintf("subject-new-%d", round)
			var linked, provisioned error
			var both sync.WaitGroup
			both.Go(func() { linked = s.LinkIdentity(s.ctx(), s.identity(them, "subject-0")) })
			both.Go(func() {
				provisioned = s.ProvisionAccount(s.ctx(), s.account(subject, "upstream-"+them), s.identity(them, subject))
			})
			both.Wait()
			if (linked == nil) == (provisioned == nil) {
				s.Fatalf("linked: %v, provisioned: %v", linked, provisioned)
			}
		}
	}},
}

// anything is enough to sign in, and oneLeft an identity is.
func anything(store.Account, []store.Identity) bool { return true }

func oneLeft(_ store.Account, left []store.Identity) bool { return len(left) > 0 }

func (s *suite) identity(subject, account string) store.Identity {
	return store.Identity{Workspace: workspace, Issuer: provider, Subject: subject, Account: account, Created: s.now()}
}
