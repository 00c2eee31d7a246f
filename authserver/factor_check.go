package authserver

import (
	"context"
	"errors"
	"net/http"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/factor"
	"cloakroom/authserver/store"
)

// shown is a factor that was shown and used up: what it adds to an authentication.
type shown struct {
	kind    string // for the audit: passkey, totp or recovery_code
	class   string
	methods []string
}

// checkFactor checks what a form has of a second factor, and uses it up. What is not right is factor.ErrRejected.
func (s *Server) checkFactor(ctx context.Context, iss *issuer, handle store.Handle, account store.Account, held held, p params) (shown, error) {
	switch p.get("action") {
	case "passkey":
		return s.checkPasskey(ctx, iss, handle, account, held, p)
	case "recovery":
		return s.checkRecoveryCode(ctx, iss, account, p.get("recovery_code"))
	default:
		return s.checkAppCode(ctx, iss, held, p.get("otp"))
	}
}

func (s *Server) checkPasskey(ctx context.Context, iss *issuer, handle store.Handle, account store.Account, held held, p params) (shown, error) {
	if s.factors.party == nil {
		return shown{}, rejectedBecause("there are no passkeys here")
	}
	challenge, err := s.answered(ctx, iss, handle, purposeFactor, p.get("nonce"))
	if err != nil {
		return shown{}, err
	}
	answer := []byte(p.get("credential"))
	use, err := s.factors.party.Assert(owner(iss, account, held.passkeys()), challenge, answer, false)
	if err != nil {
		return shown{}, err
	}
	id, _, err := factor.Presented(answer)
	if err != nil {
		return shown{}, err
	}
	return shown{kind: "passkey", class: acrPhishingResistant, methods: passkeyMethods(use)}, s.useFactor(ctx, iss, id, use.Counter)
}

func passkeyMethods(use factor.Use) []string {
	if use.Synced {
		return []string{amrSoftware, amrPresence}
	}
	return []string{amrHardware, amrPresence}
}

// useFactor uses a factor up. A counter that does not go on is of a copy, or of a code that was used.
func (s *Server) useFactor(ctx context.Context, iss *issuer, id string, counter int64) error {
	switch err := s.store.UseFactor(ctx, iss.Key(), id, counter, s.now()); {
	case errors.Is(err, store.ErrConsumed):
		return rejectedBecause("it was used before")
	case errors.Is(err, store.ErrNotFound):
		return rejectedBecause("it was removed")
	case err != nil:
		return storeFailed("use factor", err)
	}
	return nil
}

// checkAppCode compares a code with those of all authenticator apps of the account.
func (s *Server) checkAppCode(ctx context.Context, iss *issuer, held held, code string) (shown, error) {
	id, step := "", int64(0)
	for _, app := range held.all {
		if app.Kind != store.FactorTOTP {
			continue
		}
		secret, err := s.factors.sealer.Open(app.Credential, secretPlace(iss, app.Subject, app.ID))
		if err != nil {
			return shown{}, err // the key-encryption key of its time is gone: nobody's guess
		}
		if matched, ok := factor.Secret(secret).Match(code, s.now()); ok {
			id, step = app.ID, matched
		}
	}
	if id == "" {
		return shown{}, rejectedBecause("the code is another")
	}
	return shown{kind: "totp", class: acrTwoFactor, methods: []string{amrOTP}}, s.useFactor(ctx, iss, id, step)
}

func (s *Server) checkRecoveryCode(ctx context.Context, iss *issuer, account store.Account, code string) (shown, error) {
	hash := factor.HashRecoveryCode(iss.Key(), account.Subject, code)
	left, err := s.store.ConsumeRecoveryCode(ctx, iss.Key(), account.Subject, hash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return shown{}, rejectedBecause("there is no such recovery code")
	case err != nil:
		return shown{}, storeFailed("use recovery code", err)
	}
	s.audit.Record(ctx, audit.RecoveryCodeUsed, iss.Key(), "subject", account.Subject, "left", left)
	return shown{kind: "recovery_code", class: acrTwoFactor, methods: []string{amrOTP}}, nil
}

// factorAttempt counts by account, and apart from passwords: who is asked for a second factor has shown a first one.
func (s *Server) factorAttempt(r *http.Request, iss *issuer, subject string) attempt {
	return attempt{account: "factor " + iss.Key() + " " + subject, address: "factor address " + s.network(r)}
}
