package authserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/factor"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// keepState stores the state of an interaction; not when someone else, in another tab, has changed or ended it.
func (s *Server) keepState(r *http.Request, ix interaction) (bool, error) {
	encoded, err := json.Marshal(ix.state)
	if err != nil {
		return false, fmt.Errorf("encode interaction: %w", err)
	}
	ix.record.State = encoded
	err = s.store.UpdateInteraction(r.Context(), ix.record)
	if err != nil && !expected(err) {
		return false, storeFailed("update interaction", err)
	}
	return err == nil, nil
}

// backTo shows the interaction's page, by GET: what holds now.
func (s *Server) backTo(w http.ResponseWriter, iss *issuer, ix interaction) error {
	redirectTo(w, interactionPath(iss, ix.handle.ID))
	return nil
}

func (s *Server) showFactor(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, half halfway, wait time.Duration) error {
	trace.From(r.Context()).Is(trace.SecondFactorForm)
	held, code := half.demand.held, http.StatusOK
	page := ui.SecondFactor{
		Client: ix.client.Name, Own: ix.account != "", Username: displayName(half.account),
		Action: interactionPath(iss, ix.handle.ID) + "/factor", CSRF: csrfToken(ix.handle, factorPurpose(purposeFactor, half.account)),
		Rejected: ix.state.Rejected,
	}
	if !meets(acrTwoFactor, half.demand.class) { // nothing else would reach it
		held.recovery = 0
	} else {
		page.Code = held.has(store.FactorTOTP)
	}
	page.Recovery = held.recovery > 0
	if held.has(store.FactorPasskey) {
		nonce := newNonce(s.now())
		options, err := s.factors.party.RequestOptions(owner(iss, half.account, held.passkeys()), s.factors.challenge(ix.handle, purposeFactor, nonce), false)
		if err != nil {
			return err
		}
		page.Passkey = &ui.Ceremony{Action: page.Action, CSRF: page.CSRF, Nonce: nonce, Options: string(options), Label: text.Of("factor.passkey.use"), Primary: true}
	}
	if wait > 0 {
		page.Rejected, page.Wait, code = false, text.Many("factor.throttled", int(math.Ceil(wait.Minutes()))), http.StatusTooManyRequests
		setRetryAfter(w, code, int(math.Ceil(wait.Seconds())))
	}
	s.render(w, r, iss, code, pageOptions{formTarget: ix.formTarget()}, page)
	return nil
}

// secondFactor takes the answer of the second factor's forms.
func (s *Server) secondFactor(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	given, err := s.takeBetween(w, r, iss, stageFactor, purposeFactor, "otp", "", "recovery", "passkey")
	if err != nil || given == nil {
		return err
	}
	ix, user, half, p := given.interaction, given.user, given.halfway, given.p
	attempt := s.factorAttempt(r, iss, half.account.Subject)
	if wait := s.factors.throttle.begin(attempt); wait > 0 {
		s.audit.Record(r.Context(), audit.FactorThrottled, iss.Key(), "client_id", ix.client.ID, "subject", half.account.Subject)
		return s.showFactor(w, r, iss, ix, half, wait)
	}
	used, err := s.checkFactor(r.Context(), iss, ix.handle, half.account, half.demand.held, p)
	if !trace.Tell(r.Context(), "second_factor", "RFC 8176 §2", !errors.Is(err, factor.ErrRejected)) {
		s.audit.Record(r.Context(), audit.FactorRejected, iss.Key(), "client_id", ix.client.ID, "subject", half.account.Subject, "why", err.Error())
		return s.factorRejected(w, r, iss, ix)
	}
	if err != nil {
		return err
	}
	s.factors.throttle.succeed(attempt)
	s.audit.Record(r.Context(), audit.FactorAccepted, iss.Key(), "client_id", ix.client.ID, "subject", half.account.Subject, "factor", used.kind)
	return s.completed(w, r, iss, ix, half.account, half.how.plus(used.class, used.methods...), user)
}

// factorRejected remembers that the last attempt was wrong, and shows the page again by GET.
func (s *Server) factorRejected(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction) error {
	ix.state.Rejected = true
	if _, err := s.keepState(r, ix); err != nil {
		return err
	}
	return s.backTo(w, iss, ix)
}

// completed starts the session of who has shown all that is needed, and goes on to what comes next. The interaction forgets the first factor
// before: of two answers at once, one goes on.
func (s *Server) completed(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, account store.Account, how authentication, before *signedIn) error {
	ix, user, err := s.admit(w, r, iss, ix, account, how, before)
	if err != nil {
		return err
	}
	if user == nil {
		return s.backTo(w, iss, ix)
	}
	next, err := s.stageOf(r.Context(), iss, ix.flow, ix.state, user)
	if err != nil {
		return err
	}
	if next == stageRespond {
		return s.finish(w, r, iss, ix, user)
	}
	return s.backTo(w, iss, ix)
}

// admit starts the session; the user is nil when another answer came first.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, account store.Account, how authentication, before *signedIn) (interaction, *signedIn, error) {
	if ix.state.First != nil || ix.state.Rejected || ix.state.MustLogin {
		ix.state.First, ix.state.Rejected, ix.state.MustLogin = nil, false, false
		if kept, err := s.keepState(r, ix); err != nil || !kept {
			return ix, nil, err
		}
		ix.record.Version++
	}
	user, err := s.startSession(w, r, iss, account, how, before)
	if err != nil {
		return ix, nil, err
	}
	s.audit.Record(r.Context(), audit.SignInSucceeded, iss.Key(), "client_id", ix.client.ID, "subject", account.Subject, "acr", how.acr)
	return ix, user, nil
}
