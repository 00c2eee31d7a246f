package storetest

import (
	"time"

	"cloakroom/authserver/store"
)

var sweeps = []guarantee{
	{"sweeping deletes what has expired and nothing that lives", func(s *suite) {
		s.oneOfEach()
		account := s.account(subject, "alice")
		s.must(s.SaveAccount(s.ctx(), account))
		s.must(s.SaveConsent(s.ctx(), store.Consent{Workspace: workspace, Subject: subject, ClientID: client, Given: s.now()}))
		s.must(s.AddKey(s.ctx(), store.Key{Workspace: workspace, ID: "kid-lasting", Sealed: []byte{1}, Created: s.now()}))
		s.swept(0)

		s.clock.advance(7 * time.Minute) // the access token and the mark have expired; codes and requests are retained
		s.swept(2)
		s.clock.advance(25 * time.Minute) // the code and the request are past their retention
		s.swept(2)
		s.clock.advance(time.Hour) // the refresh token, the interaction, the session (it idled) and a key
		s.swept(4)
		s.clock.advance(24 * time.Hour) // two grants
		s.swept(2)

		_, err := s.Account(s.ctx(), workspace, subject)
		s.must(err)
		_, err = s.Consent(s.ctx(), workspace, subject, client)
		s.must(err)
		kept, err := s.Keys(s.ctx(), workspace)
		s.must(err)
		if len(kept) != 1 || kept[0].ID != "kid-lasting" {
			s.Errorf("keys left: %+v", kept)
		}
	}},
	{"sweeping takes no more than its limit of each kind at a time", func(s *suite) {
		for range 5 {
			s.issueAccessToken(s.startGrant())
		}
		s.clock.advance(48 * time.Hour)
		for _, want := range []int{4, 4, 2, 0} {
			swept, err := s.Sweep(s.ctx(), s.now(), 2)
			s.must(err)
			s.same("swept", swept, want)
		}
	}},
	{"a used value is free again when its mark is swept, not before", func(s *suite) {
		expires := s.now().Add(time.Minute)
		s.must(s.UseOnce(s.ctx(), workspace, "proof", "jti", expires))
		s.swept(0)
		s.want(s.UseOnce(s.ctx(), workspace, "proof", "jti", expires), store.ErrConsumed)
	}},
}

// oneOfEach keeps one record of each kind that expires.
func (s *suite) oneOfEach() {
	s.Helper()
	s.pushRequest()
	s.startInteraction()
	s.issueCode()
	grant := s.startGrant()
	s.issueRefreshToken(grant)
	s.issueAccessToken(grant)
	s.startSession()
	s.must(s.AddKey(s.ctx(), store.Key{
		Workspace: workspace, ID: "kid-1", Sealed: []byte{1}, Created: s.now(), Expires: s.now().Add(time.Hour),
	}))
	s.must(s.UseOnce(s.ctx(), workspace, "proof", "jti", s.now().Add(5*time.Minute)))
}

// swept sweeps at now and expects want deletions.
func (s *suite) swept(want int) {
	s.Helper()
	got, err := s.Sweep(s.ctx(), s.now(), 100)
	s.must(err)
	s.same("swept", got, want)
}
