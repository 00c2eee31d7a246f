package authserver

import (
	"context"
	"errors"
	"net/http"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/factor"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
	"cloakroom/authserver/workspace"
)

// sectionFactors is the name of the section with passkeys and codes.
const sectionFactors = "factors"

// factorsSection is the part of the account pages where users add, rename and remove what they sign in with besides a password. It asks
// for a fresh sign-in, which for who has a second factor is one with it: nobody changes the locks of a session that was left open.
func (s *Server) factorsSection() accountSection {
	return accountSection{
		name: sectionFactors, fresh: true, show: s.showFactors,
		changes: map[string]accountChange{
			"add": s.addToAccount, "rename": s.renameFactor, "remove": s.removeFactor, "codes": s.renewCodes,
		},
		offered: func(iss *issuer, _ *signedIn) bool { return iss.Policy.SecondFactor != workspace.SecondFactorOff },
	}
}

func (s *Server) showFactors(ctx context.Context, iss *issuer, user *signedIn) (ui.AccountSection, error) {
	return s.factorsOf(ctx, iss, user, newSecret())
}

func (s *Server) factorsOf(ctx context.Context, iss *issuer, user *signedIn, secret factor.Secret) (ui.AccountFactors, error) {
	found, err := s.heldBy(ctx, iss, user.account.Subject)
	if err != nil {
		return ui.AccountFactors{}, err
	}
	page := ui.AccountFactors{Required: iss.Policy.SecondFactor == workspace.SecondFactorRequired}
	for _, one := range found.all {
		page.Factors = append(page.Factors, s.factorRow(one))
	}
	if len(found.all) > 0 {
		page.Recovery = text.Many("account.factors.left", found.recovery)
	}
	if len(found.all) >= maxFactors {
		return page, nil
	}
	app, err := s.newApp(iss, user.account, secret)
	if err != nil {
		return ui.AccountFactors{}, err
	}
	page.App = &app
	if page.Passkey, err = s.newPasskey(iss, user.handle, user.account, found); err != nil {
		return ui.AccountFactors{}, err
	}
	if page.Passkey != nil {
		page.Passkey.Named = true
		page.Passkey.Action = iss.Path() + accountPath + "/" + sectionFactors + "/add"
		page.Passkey.CSRF = csrfToken(user.handle, accountPurpose(sectionFactors))
	}
	return page, nil
}

func (s *Server) factorRow(one store.Factor) ui.AccountFactor {
	row := ui.AccountFactor{ID: one.ID, Name: one.Name, Kind: text.Of("factor.app.one"), Added: day(one.Created)}
	if one.Kind == store.FactorPasskey {
		row.Kind = text.Of("factor.passkey.one")
	}
	if !one.Used.IsZero() {
		row.Used = since(s.now(), one.Used)
	}
	return row
}

// withProblem is the section with what was wrong.
func (s *Server) withProblem(r *http.Request, iss *issuer, user *signedIn, problem string) (changed, error) {
	page, err := s.factorsOf(r.Context(), iss, user, newSecret())
	page.Problem = text.Of(problem)
	return changed{again: page}, err
}

// addToAccount adds a passkey or an authenticator app. It was shown just now, so the session is one with it from here on; with the first one
// come recovery codes.
func (s *Server) addToAccount(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, p params) (changed, error) {
	found, err := s.heldBy(r.Context(), iss, user.account.Subject)
	if err != nil {
		return changed{}, err
	}
	added, err := s.addFactor(r.Context(), iss, user.handle, user.account, found, p)
	if errors.Is(err, factor.ErrRejected) {
		return s.notAdded(r, iss, user, p)
	}
	if err != nil {
		return changed{}, err
	}
	outcome := changed{done: "added", user: user}
	how := authentication{at: user.session.AuthTime, acr: user.session.ACR, amr: user.session.AMR}
	if !meets(how.acr, added.class) {
		if outcome.user, err = s.startSession(w, r, iss, user.account, how.plus(added.class, added.methods...), user); err != nil {
			return changed{}, err
		}
	}
	if len(found.all) > 0 {
		return outcome, nil
	}
	return s.withNewCodes(r, iss, outcome)
}

// notAdded shows what was wrong: the same secret again when it was the code, since the app has it already.
func (s *Server) notAdded(r *http.Request, iss *issuer, user *signedIn, p params) (changed, error) {
	if p.get("action") == "passkey" {
		return s.withProblem(r, iss, user, "factor.passkey.refused")
	}
	secret, err := s.openSecret(iss, user.account.Subject, p.get("sealed"))
	if err != nil {
		return changed{}, err
	}
	page, err := s.factorsOf(r.Context(), iss, user, secret)
	if page.App != nil {
		page.App.Rejected = true
	}
	return changed{again: page}, err
}

// withNewCodes shows new recovery codes, once, on the page that says what was done.
func (s *Server) withNewCodes(r *http.Request, iss *issuer, outcome changed) (changed, error) {
	codes, err := s.newRecoveryCodes(r.Context(), iss, outcome.user.account)
	if err != nil {
		return changed{}, err
	}
	page, err := s.factorsOf(r.Context(), iss, outcome.user, newSecret())
	page.Codes = codes
	outcome.shown = page
	return outcome, err
}

func (s *Server) renameFactor(_ http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, p params) (changed, error) {
	err := s.store.RenameFactor(r.Context(), iss.Key(), user.account.Subject, p.get("factor"), factorName(p))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.withProblem(r, iss, user, "account.factors.gone")
	case err != nil:
		return changed{}, storeFailed("rename factor", err)
	}
	s.audit.Record(r.Context(), audit.FactorRenamed, iss.Key(), "subject", user.account.Subject)
	return changed{done: "renamed"}, nil
}

// removeFactor removes one. Where a second factor is required, the last one stays until there is another.
func (s *Server) removeFactor(_ http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, p params) (changed, error) {
	keep := 0
	if iss.Policy.SecondFactor == workspace.SecondFactorRequired {
		keep = 1
	}
	err := s.store.RemoveFactor(r.Context(), iss.Key(), user.account.Subject, p.get("factor"), keep)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.withProblem(r, iss, user, "account.factors.gone")
	case errors.Is(err, store.ErrConflict):
		return s.withProblem(r, iss, user, "account.factors.last")
	case err != nil:
		return changed{}, storeFailed("remove factor", err)
	}
	s.audit.Record(r.Context(), audit.FactorRemoved, iss.Key(), "subject", user.account.Subject)
	return changed{done: "removed"}, nil
}

func (s *Server) renewCodes(_ http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, _ params) (changed, error) {
	found, err := s.heldBy(r.Context(), iss, user.account.Subject)
	if err != nil {
		return changed{}, err
	}
	if len(found.all) == 0 { // they stand in for a factor
		return changed{}, oauth.InvalidRequest.Errorf("there is no second factor")
	}
	return s.withNewCodes(r, iss, changed{done: "codes", user: user})
}
