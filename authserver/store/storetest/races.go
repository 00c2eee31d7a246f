package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"cloakroom/authserver/store"
)

const racers = 50

var races = []guarantee{
	{"of fifty redemptions of one code one wins, and the others get the code", func(s *suite) {
		handle, code, grant := s.issueCode()
		s.race(store.ErrConsumed, func(int) error {
			got, gotGrant, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
			return withRecord(err, got.ID == code.ID && got.SecretHash == code.SecretHash && gotGrant.ID == grant.ID)
		})
	}},
	{"of fifty redemptions of one code one wins, and its tokens are kept when the others hear of it", func(s *suite) {
		handle, _, grant := s.issueCode()
		refresh, issued := make([]store.Handle, racers), make([]store.Issued, racers)
		for racer := range racers {
			refresh[racer], issued[racer] = s.issued(grant)
		}
		kept := func(racer int) bool {
			_, _, first := s.RefreshToken(s.ctx(), workspace, refresh[racer])
			_, _, second := s.AccessToken(s.ctx(), workspace, issued[racer].AccessToken.ID)
			return !errors.Is(first, store.ErrNotFound) && !errors.Is(second, store.ErrNotFound)
		}
		var winner atomic.Int64
		s.race(store.ErrConsumed, func(racer int) error {
			_, got, err := s.RedeemCode(s.ctx(), workspace, handle, func(store.Code, store.Grant) store.Issued {
				winner.Store(int64(racer))
				return issued[racer]
			})
			if errors.Is(err, store.ErrConsumed) { // as the server does
				return withRecord(err, kept(int(winner.Load())) && s.RevokeGrant(s.ctx(), workspace, got.ID) == nil)
			}
			return err
		})
		for racer := range racers {
			s.same("tokens kept", kept(racer), racer == int(winner.Load()))
		}
		_, _, err := s.RefreshToken(s.ctx(), workspace, refresh[winner.Load()])
		s.want(err, store.ErrRevoked)
		_, _, err = s.AccessToken(s.ctx(), workspace, issued[winner.Load()].AccessToken.ID)
		s.want(err, store.ErrRevoked)
	}},
	{"of fifty completions of one pushed request one wins", func(s *suite) {
		request := s.pushRequest()
		s.race(store.ErrConsumed, func(int) error {
			got, err := s.ConsumeRequest(s.ctx(), workspace, request.ID)
			return withRecord(err, got.Parameters == request.Parameters)
		})
	}},
	{"of fifty ends of one interaction one wins", func(s *suite) {
		handle, interaction := s.startInteraction()
		s.race(store.ErrConsumed, func(int) error {
			got, err := s.ConsumeInteraction(s.ctx(), workspace, handle)
			return withRecord(err, string(got.State) == string(interaction.State))
		})
	}},
	{"of fifty rotations of one refresh token one wins, and one new token is kept", func(s *suite) {
		grant := s.startGrant()
		handle, token := s.issueRefreshToken(grant)
		next := make([]store.Handle, racers)
		s.race(store.ErrConsumed, func(racer int) error {
			nextHandle, got, err := s.rotate(handle, grant, 0)
			next[racer] = nextHandle
			return withRecord(err, got.ID == token.ID)
		})
		kept := 0
		for _, handle := range next {
			if _, _, err := s.RefreshToken(s.ctx(), workspace, handle); err == nil {
				kept++
			}
		}
		s.same("new tokens", kept, 1)
	}},
	{"once a successor was used no retry of its parent wins, whatever raced", func(s *suite) {
		for range 20 {
			grant := s.startGrant()
			first, _ := s.issueRefreshToken(grant)
			second, _, err := s.rotate(first, grant, time.Minute)
			s.must(err)
			var used, retried error
			var both sync.WaitGroup
			both.Go(func() { _, _, used = s.rotate(second, grant, time.Minute) })
			both.Go(func() { _, _, retried = s.rotate(first, grant, time.Minute) })
			both.Wait()
			s.must(used)
			if retried != nil {
				s.want(retried, store.ErrConsumed) // the retry came second
			}
			_, _, err = s.rotate(first, grant, time.Minute)
			s.want(err, store.ErrConsumed)
		}
	}},
	{"of fifty uses of one value one wins", func(s *suite) {
		expires := s.now().Add(time.Minute)
		s.race(store.ErrConsumed, func(int) error { return s.UseOnce(s.ctx(), workspace, "proof", "jti", expires) })
	}},
	{"of fifty updates of one version one wins", func(s *suite) {
		_, interaction := s.startInteraction()
		s.race(store.ErrConflict, func(int) error { return s.UpdateInteraction(s.ctx(), interaction) })
	}},
	{"of fifty accounts of one name one is kept", func(s *suite) {
		s.race(store.ErrConflict, func(racer int) error {
			return s.SaveAccount(s.ctx(), s.account(fmt.Sprintf("subject-%d", racer), "alice"))
		})
	}},
	{"of fifty ends of one session one wins", func(s *suite) {
		_, session := s.startSession()
		s.race(store.ErrNotFound, func(int) error {
			_, _, err := s.EndSession(s.ctx(), workspace, session.ID)
			return err
		})
	}},
	{"no token outlives a revocation that raced with its rotation", func(s *suite) {
		for range 20 {
			grant := s.startGrant()
			handle, _ := s.issueRefreshToken(grant)
			var next store.Handle
			var rotated, revoked error
			var both sync.WaitGroup
			both.Go(func() { next, _, rotated = s.rotate(handle, grant, 0) })
			both.Go(func() { revoked = s.RevokeGrant(s.ctx(), workspace, grant.ID) })
			both.Wait()
			s.must(revoked)
			if _, _, err := s.RefreshToken(s.ctx(), workspace, next); err == nil {
				s.Fatalf("the rotated token is live after the revocation (rotation: %v)", rotated)
			}
		}
	}},
	{"no code outlives a sign-out that raced with it", func(s *suite) {
		for range 20 {
			_, session := s.startSession()
			handle, hash := s.fresh()
			grant := s.grant()
			grant.SessionID = session.ID
			code := store.Code{Workspace: workspace, ID: handle.ID, SecretHash: hash, GrantID: grant.ID, Expires: s.now().Add(time.Minute)}
			var ended error
			var both sync.WaitGroup
			both.Go(func() { _ = s.IssueCode(s.ctx(), code, grant) })
			both.Go(func() { _, _, ended = s.EndSession(s.ctx(), workspace, session.ID) })
			both.Wait()
			s.must(ended)
			if _, _, err := s.RedeemCode(s.ctx(), workspace, handle, nil); err == nil {
				s.Fatal("a code of an ended session was redeemed")
			}
		}
	}},
}

// race calls verb from fifty goroutines at once: one has to get nil, all the others loser.
func (s *suite) race(loser error, verb func(racer int) error) {
	s.Helper()
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	answers := make([]error, racers)
	for racer := range racers {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-begin
			answers[racer] = verb(racer)
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
	won, lost := 0, 0
	for _, err := range answers {
		switch {
		case err == nil:
			won++
		case errors.Is(err, loser):
			lost++
		default:
			s.Errorf("got %v, want nil or %v", err, loser)
		}
	}
	if won != 1 || lost != racers-1 {
		s.Errorf("%d won and %d lost, want 1 and %d", won, lost, racers-1)
	}
}

// withRecord makes an answer without its record an error of its own, which no race expects.
func withRecord(err error, complete bool) error {
	if !complete {
		return fmt.Errorf("an answer without its record (%v)", err) //nolint:errorlint // it must not pass for the contract's error
	}
	return err
}
