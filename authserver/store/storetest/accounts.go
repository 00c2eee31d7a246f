package storetest

import (
	"time"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

var accounts = []guarantee{
	{"an account is created once and found by subject and by name", func(s *suite) {
		account := s.account("subject-1", "alice")
		s.must(s.SaveAccount(s.ctx(), account))
		s.want(s.SaveAccount(s.ctx(), account), store.ErrConflict)
		bySubject, err := s.Account(s.ctx(), workspace, "subject-1")
		s.must(err)
		byName, err := s.AccountByName(s.ctx(), workspace, "alice")
		s.must(err)
		for _, got := range []store.Account{bySubject, byName} {
			if got.Subject != account.Subject || got.Username != account.Username || got.PasswordHash != account.PasswordHash ||
				got.Claims["name"] != "Alice" || got.Claims["email_verified"] != true || got.Disabled ||
				got.Version != 1 || !got.Created.Equal(account.Created) || !got.Updated.Equal(account.Updated) {
				s.Errorf("got %+v, want %+v at version 1", got, account)
			}
		}
		_, err = s.Account(s.ctx(), workspace, "absent")
		s.want(err, store.ErrNotFound)
		_, err = s.AccountByName(s.ctx(), workspace, "ALICE")
		s.want(err, store.ErrNotFound)
	}},
	{"a user name belongs to one account", func(s *suite) {
		s.must(s.SaveAccount(s.ctx(), s.account("subject-1", "alice")))
		s.must(s.SaveAccount(s.ctx(), s.account("subject-2", "bob")))
		s.want(s.SaveAccount(s.ctx(), s.account("subject-3", "alice")), store.ErrConflict)
		bob, err := s.Account(s.ctx(), workspace, "subject-2")
		s.must(err)
		bob.Username = "alice"
		s.want(s.SaveAccount(s.ctx(), bob), store.ErrConflict)
	}},
	{"an account is replaced by the holder of its version", func(s *suite) {
		s.must(s.SaveAccount(s.ctx(), s.account("subject-1", "alice")))
		account, err := s.Account(s.ctx(), workspace, "subject-1")
		s.must(err)
		account.Disabled, account.Username, account.Claims = true, "alicia", nil
		s.must(s.SaveAccount(s.ctx(), account))
		s.want(s.SaveAccount(s.ctx(), account), store.ErrConflict)
		got, err := s.AccountByName(s.ctx(), workspace, "alicia")
		s.must(err)
		s.same("version", got.Version, int64(2))
		s.same("disabled", got.Disabled, true)
		s.same("claims", len(got.Claims), 0)
		_, err = s.AccountByName(s.ctx(), workspace, "alice")
		s.want(err, store.ErrNotFound)
	}},
	{"an account that is not there cannot be replaced", func(s *suite) {
		account := s.account("subject-1", "alice")
		account.Version = 1
		s.want(s.SaveAccount(s.ctx(), account), store.ErrConflict)
	}},
	{"a consent replaces the one before it for the same client", func(s *suite) {
		consent := store.Consent{Workspace: workspace, Subject: subject, ClientID: client, Scopes: oauth.Scopes{"openid"}, Given: s.now()}
		s.must(s.SaveConsent(s.ctx(), consent))
		s.clock.advance(time.Minute)
		consent.Scopes, consent.Given = oauth.Scopes{"openid", "notes.read"}, s.now()
		s.must(s.SaveConsent(s.ctx(), consent))
		got, err := s.Consent(s.ctx(), workspace, subject, client)
		s.must(err)
		if got.Scopes.String() != "openid notes.read" || !got.Given.Equal(s.now()) {
			s.Errorf("got %+v", got)
		}
		_, err = s.Consent(s.ctx(), workspace, subject, "client-2")
		s.want(err, store.ErrNotFound)
		_, err = s.Consent(s.ctx(), workspace, "subject-2", client)
		s.want(err, store.ErrNotFound)
	}},
	{"a user's consents are listed newest first", func(s *suite) {
		for _, clientID := range []string{"client-1", "client-2"} {
			s.must(s.SaveConsent(s.ctx(), store.Consent{Workspace: workspace, Subject: subject, ClientID: clientID, Given: s.now()}))
			s.clock.advance(time.Second)
		}
		s.must(s.SaveConsent(s.ctx(), store.Consent{Workspace: workspace, Subject: "subject-2", ClientID: client, Given: s.now()}))
		consents, err := s.Consents(s.ctx(), workspace, subject)
		s.must(err)
		if len(consents) != 2 || consents[0].ClientID != "client-2" || consents[1].ClientID != "client-1" {
			s.Errorf("got %+v", consents)
		}
	}},
	{"withdrawing a consent revokes the user's grants to that client, offline ones too", func(s *suite) {
		s.must(s.SaveConsent(s.ctx(), store.Consent{Workspace: workspace, Subject: subject, ClientID: client, Given: s.now()}))
		_, session := s.startSession()
		mine, offline := s.startGrant(), s.grantOf(session, true)
		elsewhere, hers := s.grant(), s.grant()
		elsewhere.ClientID, hers.Subject = "client-2", "subject-2"
		s.must(s.StartGrant(s.ctx(), elsewhere, store.Issued{}))
		s.must(s.StartGrant(s.ctx(), hers, store.Issued{}))

		withdrawn, err := s.WithdrawConsent(s.ctx(), workspace, subject, client)
		s.must(err)
		if ids := idsOf(withdrawn); len(ids) != 2 || !ids[mine.ID] || !ids[offline.ID] {
			s.Errorf("withdrew %v", ids)
		}
		_, err = s.Consent(s.ctx(), workspace, subject, client)
		s.want(err, store.ErrNotFound)
		for _, grant := range []store.Grant{mine, offline} {
			_, err := s.Grant(s.ctx(), workspace, grant.ID)
			s.want(err, store.ErrRevoked)
		}
		for _, grant := range []store.Grant{elsewhere, hers} {
			_, err := s.Grant(s.ctx(), workspace, grant.ID)
			s.must(err)
		}
		if again, err := s.WithdrawConsent(s.ctx(), workspace, subject, client); err != nil || len(again) != 0 {
			s.Errorf("again: %v %v", again, err)
		}
	}},
	{"no consent is withdrawn for what a client was given for itself", func(s *suite) {
		its := s.grant()
		its.Subject, its.SessionID = "", ""
		s.must(s.StartGrant(s.ctx(), its, store.Issued{}))
		if withdrawn, err := s.WithdrawConsent(s.ctx(), workspace, "", client); err != nil || len(withdrawn) != 0 {
			s.Errorf("withdrew %v %v", withdrawn, err)
		}
		_, err := s.Grant(s.ctx(), workspace, its.ID)
		s.must(err)
	}},
}

func idsOf(grants []store.Grant) map[string]bool {
	ids := map[string]bool{}
	for _, grant := range grants {
		ids[grant.ID] = true
	}
	return ids
}

func (s *suite) account(subject, username string) store.Account {
	return store.Account{
		Workspace: workspace, Subject: subject, Username: username, PasswordHash: "$argon2id$…",
		Claims: map[string]any{"name": "Alice", "email_verified": true}, Created: s.now(), Updated: s.now(),
	}
}
