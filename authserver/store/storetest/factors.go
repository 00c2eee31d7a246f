package storetest

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"cloakroom/authserver/store"
)

var factors = []guarantee{
	{"a factor is kept once and found by its id", func(s *suite) {
		factor := s.factor("credential-1", store.FactorPasskey)
		s.must(s.AddFactor(s.ctx(), factor))
		again := factor
		again.Subject = "subject-2" // nobody takes over a passkey
		s.want(s.AddFactor(s.ctx(), again), store.ErrConflict)
		got, err := s.Factor(s.ctx(), workspace, factor.ID)
		s.must(err)
		if !sameFactor(got, factor) {
			s.Errorf("got %+v, want %+v", got, factor)
		}
		_, err = s.Factor(s.ctx(), workspace, "absent")
		s.want(err, store.ErrNotFound)
	}},
	{"a user's factors are listed oldest first, and nobody else's", func(s *suite) {
		for _, id := range []string{"b", "a"} {
			s.must(s.AddFactor(s.ctx(), s.factor(id, store.FactorTOTP)))
			s.clock.advance(time.Second)
		}
		hers := s.factor("c", store.FactorTOTP)
		hers.Subject = "subject-2"
		s.must(s.AddFactor(s.ctx(), hers))
		listed, err := s.Factors(s.ctx(), workspace, subject)
		s.must(err)
		if len(listed) != 2 || listed[0].ID != "b" || listed[1].ID != "a" {
			s.Errorf("got %+v", listed)
		}
	}},
	{"a factor's counter only grows, and what does not count stays at zero", func(s *suite) {
		factor := s.factor("credential-1", store.FactorPasskey)
		factor.Counter = 0
		s.must(s.AddFactor(s.ctx(), factor))
		s.must(s.UseFactor(s.ctx(), workspace, factor.ID, 0, s.now()))
		s.must(s.UseFactor(s.ctx(), workspace, factor.ID, 0, s.now()))
		s.clock.advance(time.Minute)
		s.must(s.UseFactor(s.ctx(), workspace, factor.ID, 7, s.now()))
		for _, counter := range []int64{7, 6, 0, -1} {
			s.want(s.UseFactor(s.ctx(), workspace, factor.ID, counter, s.now()), store.ErrConsumed)
		}
		got, err := s.Factor(s.ctx(), workspace, factor.ID)
		s.must(err)
		if got.Counter != 7 || !got.Used.Equal(s.now()) {
			s.Errorf("got %+v", got)
		}
		s.want(s.UseFactor(s.ctx(), workspace, "absent", 1, s.now()), store.ErrNotFound)
	}},
	{"a factor is renamed and removed by its user only", func(s *suite) {
		s.must(s.AddFactor(s.ctx(), s.factor("factor-1", store.FactorTOTP)))
		s.want(s.RenameFactor(s.ctx(), workspace, "subject-2", "factor-1", "mine"), store.ErrNotFound)
		s.want(s.RemoveFactor(s.ctx(), workspace, "subject-2", "factor-1", 0), store.ErrNotFound)
		s.must(s.RenameFactor(s.ctx(), workspace, subject, "factor-1", "The phone"))
		got, err := s.Factor(s.ctx(), workspace, "factor-1")
		s.must(err)
		s.same("name", got.Name, "The phone")
		s.must(s.RemoveFactor(s.ctx(), workspace, subject, "factor-1", 0))
		s.want(s.RemoveFactor(s.ctx(), workspace, subject, "factor-1", 0), store.ErrNotFound)
	}},
	{"no removal leaves fewer factors than have to stay, and the last one takes the recovery codes with it", func(s *suite) {
		s.must(s.AddFactor(s.ctx(), s.factor("factor-1", store.FactorTOTP)))
		s.must(s.AddFactor(s.ctx(), s.factor("factor-2", store.FactorPasskey)))
		s.must(s.SaveRecoveryCodes(s.ctx(), workspace, subject, []store.Hash{{1}, {2}}))
		s.must(s.RemoveFactor(s.ctx(), workspace, subject, "factor-1", 1))
		s.want(s.RemoveFactor(s.ctx(), workspace, subject, "factor-2", 1), store.ErrConflict)
		s.recoveryCodes(2)
		s.must(s.RemoveFactor(s.ctx(), workspace, subject, "factor-2", 0))
		s.recoveryCodes(0)
	}},
	{"a recovery code is used once, and new codes take the place of the old", func(s *suite) {
		s.must(s.SaveRecoveryCodes(s.ctx(), workspace, subject, []store.Hash{{1}, {2}, {3}}))
		left, err := s.ConsumeRecoveryCode(s.ctx(), workspace, subject, store.Hash{2})
		s.must(err)
		s.same("left", left, 2)
		for _, code := range []store.Hash{{2}, {9}} {
			_, err = s.ConsumeRecoveryCode(s.ctx(), workspace, subject, code)
			s.want(err, store.ErrNotFound)
		}
		_, err = s.ConsumeRecoveryCode(s.ctx(), workspace, "subject-2", store.Hash{1})
		s.want(err, store.ErrNotFound)
		s.must(s.SaveRecoveryCodes(s.ctx(), workspace, subject, []store.Hash{{4}}))
		s.recoveryCodes(1)
		_, err = s.ConsumeRecoveryCode(s.ctx(), workspace, subject, store.Hash{1})
		s.want(err, store.ErrNotFound)
	}},
	{"of fifty uses of one time step one wins", func(s *suite) {
		s.must(s.AddFactor(s.ctx(), s.factor("factor-1", store.FactorTOTP)))
		s.race(store.ErrConsumed, func(int) error { return s.UseFactor(s.ctx(), workspace, "factor-1", 100, s.now()) })
	}},
	{"of fifty uses of one recovery code one wins", func(s *suite) {
		s.must(s.SaveRecoveryCodes(s.ctx(), workspace, subject, []store.Hash{{1}, {2}}))
		s.race(store.ErrNotFound, func(int) error {
			left, err := s.ConsumeRecoveryCode(s.ctx(), workspace, subject, store.Hash{1})
			if err == nil && left != 1 {
				return errors.New("the other code is gone too")
			}
			return err
		})
	}},
	{"of two removals at once of the last two factors one has to stay", func(s *suite) {
		for range 20 {
			s.must(s.AddFactor(s.ctx(), s.factor("factor-1", store.FactorTOTP)))
			s.must(s.AddFactor(s.ctx(), s.factor("factor-2", store.FactorPasskey)))
			var both sync.WaitGroup
			for _, id := range []string{"factor-1", "factor-2"} {
				both.Go(func() { _ = s.RemoveFactor(s.ctx(), workspace, subject, id, 1) })
			}
			both.Wait()
			listed, err := s.Factors(s.ctx(), workspace, subject)
			s.must(err)
			if len(listed) != 1 {
				s.Fatalf("%d are left", len(listed))
			}
			s.must(s.RemoveFactor(s.ctx(), workspace, subject, listed[0].ID, 0))
		}
	}},
}

func (s *suite) factor(id string, kind store.FactorKind) store.Factor {
	return store.Factor{
		Workspace: workspace, ID: id, Subject: subject, Kind: kind, Name: "The key", Credential: []byte{0, 1, 2},
		Counter: 3, Created: s.now(), Used: s.now(),
	}
}

func (s *suite) recoveryCodes(want int) {
	s.Helper()
	got, err := s.RecoveryCodes(s.ctx(), workspace, subject)
	s.must(err)
	s.same("recovery codes", got, want)
}

func sameFactor(a, b store.Factor) bool {
	return a.Workspace == b.Workspace && a.ID == b.ID && a.Subject == b.Subject && a.Kind == b.Kind && a.Name == b.Name &&
		bytes.Equal(a.Credential, b.Credential) && a.Counter == b.Counter && a.Created.Equal(b.Created) && a.Used.Equal(b.Used)
}
