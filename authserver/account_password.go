package authserver

import (
	"context"
	"errors"
	"math"
	"net/http"

	"cloakroom/authserver/account"
	"cloakroom/authserver/audit"
	"cloakroom/authserver/store"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// ownPassword reports whether a user has a password that they may change.
func ownPassword(iss *issuer, user *signedIn) bool {
	return user.account.PasswordHash != "" && iss.ChangesPasswords()
}

// passwordsKept is for who comes to a form that is not theirs: by an old bookmark, or with a page from before the policy changed.
func passwordsKept(iss *issuer) error {
	return &pageError{
		status: http.StatusForbidden,
		title:  text.Of("account.password.kept.title"),
		text:   text.Of("account.password.kept.text"),
		next:   iss.Path() + accountPath, nextName: text.Of("account.nav"),
	}
}

// passwordSection is the form for another password.
func (s *Server) passwordSection(_ context.Context, _ *issuer, user *signedIn) (ui.AccountSection, error) {
	return passwordForm(user), nil
}

func passwordForm(user *signedIn) ui.AccountPassword {
	return ui.AccountPassword{Username: user.account.Username, Rules: text.Many("account.password.rules", account.MinPassword)}
}

// changePassword changes the password of a user who knows the one of now: a browser that was left open is not enough. Guesses count
// with those of the sign-in page. All other sessions end: whoever had the password has it no longer.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, p params) (changed, error) {
	current, next := p.get("current_password"), p.get("new_password")
	form := passwordForm(user)
	form.NewProblem = passwordProblem(next, aboutUser(user.account)...)
	switch {
	case form.NewProblem.Given():
	case next == current:
		form.NewProblem = text.Of("account.password.problem.same")
	case next != p.get("new_password_again"):
		form.AgainProblem = text.Of("account.password.problem.again")
	}
	if form.NewProblem.Given() || form.AgainProblem.Given() {
		return changed{again: form}, nil
	}
	address := s.network(r)
	attempt := s.passwordAttempt(r, iss, user.account.Username, address)
	if wait := s.throttle.begin(attempt); wait > 0 {
		s.audit.Record(r.Context(), audit.SignInThrottled, iss.Key(), "subject", user.account.Subject, "address", address)
		form.CurrentProblem = text.Many("login.throttled", int(math.Ceil(wait.Minutes())))
		return changed{again: form}, nil
	}
	leave, ok := s.limits.hashing.enter(address)
	if !ok {
		return changed{}, errCrowded
	}
	defer leave()
	found, err := s.accounts.Authenticate(r.Context(), iss.Key(), user.account.Username, current)
	if errors.Is(err, account.ErrRejected) {
		s.audit.Record(r.Context(), audit.SignInRejected, iss.Key(), "subject", user.account.Subject, "address", address)
		form.CurrentProblem = text.Of("account.password.problem.current")
		return changed{again: form}, nil
	}
	if errors.Is(err, account.ErrBusy) {
		return changed{}, errCrowded
	}
	if err != nil {
		return changed{}, storeFailed("authenticate", err)
	}
	s.throttle.succeed(attempt)
	return s.setPassword(w, r, iss, user, found, next)
}

func (s *Server) setPassword(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, found store.Account, next string) (changed, error) {
	ctx := r.Context()
	err := s.accounts.SetPassword(ctx, found, next)
	if errors.Is(err, store.ErrConflict) { // it was changed a moment ago, elsewhere
		form := passwordForm(user)
		form.CurrentProblem = text.Of("account.password.problem.current")
		return changed{again: form}, nil
	}
	if errors.Is(err, account.ErrBusy) {
		return changed{}, errCrowded
	}
	if err != nil {
		return changed{}, storeFailed("set password", err)
	}
	s.audit.Record(ctx, audit.PasswordChanged, iss.Key(), "subject", found.Subject)
	if err := s.signOutDevices(ctx, iss, user, "others", "", user.session.ID); err != nil {
		return changed{}, err
	}
	// This browser's session goes on under another id and secret (ASVS 7.2.4), and says of the sign-in what it said.
	how := authentication{at: user.session.AuthTime, acr: user.session.ACR, amr: user.session.AMR}
	renewed, err := s.startSession(w, r, iss, found, how, user)
	return changed{done: "changed", user: renewed}, err
}

// aboutUser is what everybody knows of a user, and no password is to be made of.
func aboutUser(found store.Account) []string {
	about := []string{found.Username}
	for _, claim := range []string{"name", "nickname", "email"} {
		if known, ok := found.Claims[claim].(string); ok {
			about = append(about, known)
		}
	}
	return about
}
