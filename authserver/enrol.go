package authserver

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/factor"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// maxFactorName is the longest name of a factor, in bytes.
const maxFactorName = 64

// showEnrol shows what may be added. After a wrong code it is the same secret again: the app has it already.
func (s *Server) showEnrol(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, half halfway, status int, secret factor.Secret) error {
	trace.From(r.Context()).Is(trace.SecondFactorForm)
	page := ui.EnrolFactor{
		Client: ix.client.Name, Own: ix.account != "", Username: displayName(half.account),
		Action: interactionPath(iss, ix.handle.ID) + "/enrol", CSRF: csrfToken(ix.handle, factorPurpose(purposeEnrol, half.account)),
		Rejected: ix.state.Rejected,
	}
	var err error
	if page.App, err = s.newApp(iss, half.account, secret); err != nil {
		return err
	}
	page.App.Rejected = status != http.StatusOK
	if page.Passkey, err = s.newPasskey(iss, ix.handle, half.account, half.demand.held); err != nil {
		return err
	}
	if page.Passkey != nil {
		page.Passkey.Action, page.Passkey.CSRF = page.Action, page.CSRF
	}
	s.render(w, r, iss, status, pageOptions{formTarget: ix.formTarget()}, page)
	return nil
}

// newApp is what a page shows of a new secret: as a QR code for the app's camera, and as text.
func (s *Server) newApp(iss *issuer, account store.Account, secret factor.Secret) (ui.NewApp, error) {
	picture, err := factor.Draw(secret.URI(iss.Title, account.Username))
	if err != nil {
		return ui.NewApp{}, err
	}
	return ui.NewApp{
		Path: picture.Path, Size: picture.Size, Secret: secret.Text(), Sealed: s.sealSecret(iss, account.Subject, secret),
	}, nil
}

// newPasskey is the ceremony of a new passkey, nil where there can be none. The caller says where its form goes.
func (s *Server) newPasskey(iss *issuer, handle store.Handle, account store.Account, held held) (*ui.Ceremony, error) {
	if s.factors.party == nil {
		return nil, nil //nolint:nilnil // there is no such ceremony
	}
	nonce := newNonce(s.now())
	options, err := s.factors.party.CreationOptions(owner(iss, account, held.passkeys()), iss.Title, s.factors.challenge(handle, purposeEnrol, nonce))
	if err != nil {
		return nil, err
	}
	return &ui.Ceremony{Create: true, Nonce: nonce, Options: string(options), Label: text.Of("factor.passkey.add")}, nil
}

// enrol adds a factor during the sign-in of a user who has none, where one is required.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	given, err := s.takeBetween(w, r, iss, stageEnrol, purposeEnrol, "totp", "", "passkey")
	if err != nil || given == nil {
		return err
	}
	ix, user, half, p := given.interaction, given.user, given.halfway, given.p
	added, err := s.addFactor(r.Context(), iss, ix.handle, half.account, half.demand.held, p)
	if errors.Is(err, factor.ErrRejected) && p.get("action") != "passkey" {
		secret, err := s.openSecret(iss, half.account.Subject, p.get("sealed"))
		if err != nil {
			return err
		}
		return s.showEnrol(w, r, iss, ix, half, http.StatusUnprocessableEntity, secret)
	}
	if errors.Is(err, factor.ErrRejected) {
		return s.factorRejected(w, r, iss, ix)
	}
	if err != nil {
		return err
	}
	codes, err := s.newRecoveryCodes(r.Context(), iss, half.account)
	if err != nil {
		return err
	}
	ix, user, err = s.admit(w, r, iss, ix, half.account, half.how.plus(added.class, added.methods...), user)
	if err != nil {
		return err
	}
	if user == nil { // another answer came first
		return s.backTo(w, iss, ix)
	}
	s.render(w, r, iss, http.StatusOK, pageOptions{}, ui.RecoveryCodes{Codes: codes, Next: interactionPath(iss, ix.handle.ID)})
	return nil
}

// factorName is what the user calls a factor; empty for what it is.
func factorName(p params) string {
	return strings.TrimSpace(strings.ToValidUTF8(truncate(p.get("name"), maxFactorName), ""))
}

// addFactor checks what a form has of a new factor and keeps it. What is not right is factor.ErrRejected.
func (s *Server) addFactor(ctx context.Context, iss *issuer, handle store.Handle, account store.Account, held held, p params) (shown, error) {
	if len(held.all) >= maxFactors {
		return shown{}, rejectedBecause("the account has too many")
	}
	record := store.Factor{Workspace: iss.Key(), Subject: account.Subject, Created: s.now(), Name: factorName(p)}
	add := s.newAppOf
	if p.get("action") == "passkey" {
		add = s.newPasskeyOf
	}
	added, err := add(ctx, iss, handle, account, held, p, &record)
	if err != nil {
		if errors.Is(err, factor.ErrRejected) {
			s.audit.Record(ctx, audit.FactorRejected, iss.Key(), "subject", account.Subject, "why", err.Error())
		}
		return shown{}, err
	}
	switch err := s.store.AddFactor(ctx, record); {
	case errors.Is(err, store.ErrConflict):
		return shown{}, rejectedBecause("the passkey is registered already")
	case err != nil:
		return shown{}, storeFailed("add factor", err)
	}
	s.audit.Record(ctx, audit.FactorAdded, iss.Key(), "subject", account.Subject, "factor", added.kind)
	return added, nil
}

func (s *Server) newPasskeyOf(ctx context.Context, iss *issuer, handle store.Handle, account store.Account, held held, p params, record *store.Factor) (shown, error) {
	if s.factors.party == nil {
		return shown{}, rejectedBecause("there are no passkeys here")
	}
	challenge, err := s.answered(ctx, iss, handle, purposeEnrol, p.get("nonce"))
	if err != nil {
		return shown{}, err
	}
	passkey, err := s.factors.party.Create(owner(iss, account, held.passkeys()), challenge, []byte(p.get("credential")))
	if err != nil {
		return shown{}, err
	}
	record.ID, record.Kind, record.Credential, record.Counter = passkey.ID, store.FactorPasskey, passkey.Credential, passkey.Counter
	return shown{kind: "passkey", class: acrPhishingResistant, methods: passkeyMethods(factor.Use{Synced: passkey.Synced})}, nil
}

// newAppOf takes the first code of an authenticator app. It is used up with that.
func (s *Server) newAppOf(_ context.Context, iss *issuer, _ store.Handle, account store.Account, _ held, p params, record *store.Factor) (shown, error) {
	secret, err := s.openSecret(iss, account.Subject, p.get("sealed"))
	if err != nil {
		return shown{}, err
	}
	step, ok := secret.Match(p.get("otp"), s.now())
	if !ok {
		return shown{}, rejectedBecause("the code is another")
	}
	record.ID, record.Kind, record.Counter = store.NewID(s.now()), store.FactorTOTP, step
	record.Credential = s.factors.sealer.Seal(secret, secretPlace(iss, account.Subject, record.ID))
	return shown{kind: "totp", class: acrTwoFactor, methods: []string{amrOTP}}, nil
}

// newRecoveryCodes makes recovery codes in the place of those before. They are shown once.
func (s *Server) newRecoveryCodes(ctx context.Context, iss *issuer, account store.Account) ([]string, error) {
	codes := factor.NewRecoveryCodes()
	hashes := make([]store.Hash, 0, len(codes))
	for _, code := range codes {
		hashes = append(hashes, factor.HashRecoveryCode(iss.Key(), account.Subject, code))
	}
	if err := s.store.SaveRecoveryCodes(ctx, iss.Key(), account.Subject, hashes); err != nil {
		return nil, storeFailed("save recovery codes", err)
	}
	s.audit.Record(ctx, audit.RecoveryCodesMade, iss.Key(), "subject", account.Subject)
	return codes, nil
}
