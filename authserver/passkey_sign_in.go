package authserver

import (
	"bytes"
	"errors"
	"net/http"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/factor"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

const purposePasskey = "passkey"

// anyPasskey is the ceremony of the sign-in page, nil where it is not offered. It asks for no user's passkeys, so it tells nothing about
// who has one.
func (s *Server) anyPasskey(iss *issuer, ix interaction) (*ui.Ceremony, error) {
	if s.factors.party == nil || !iss.Policy.PasskeyAlone() {
		return nil, nil //nolint:nilnil // there is no such ceremony
	}
	nonce := newNonce(s.now())
	options, err := s.factors.party.RequestOptions(factor.Owner{}, s.factors.challenge(ix.handle, purposePasskey, nonce), true)
	if err != nil {
		return nil, err
	}
	return &ui.Ceremony{
		Action: interactionPath(iss, ix.handle.ID) + "/passkey", CSRF: csrfToken(ix.handle, purposePasskey), Nonce: nonce,
		Options: string(options), Label: text.Of("factor.passkey.sign_in"), Failed: ix.state.PasskeyRejected,
	}, nil
}

// passkeySignIn takes a passkey in the place of a user name and a password. The authenticator has to have verified its user, so that it is
// two factors: what the user has, and what they know or are.
func (s *Server) passkeySignIn(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	ix, p, err := s.interactionForm(r, iss, purposePasskey)
	if err != nil {
		return err
	}
	user, err := s.currentUser(r, iss)
	if err != nil {
		return err
	}
	next, err := s.stageOf(r.Context(), iss, ix.flow, ix.state, user)
	if err != nil {
		return err
	}
	if next != stageLogin || s.factors.party == nil || !iss.Policy.PasskeyAlone() {
		return s.backTo(w, iss, ix)
	}
	found, how, err := s.byPasskey(r, iss, ix, p)
	if !trace.Tell(r.Context(), "user_authentication", "OpenID Connect Core §3.1.2.3", !errors.Is(err, factor.ErrRejected)) {
		s.audit.Record(r.Context(), audit.SignInRejected, iss.Key(), "client_id", ix.client.ID, "address", s.network(r), "why", err.Error())
		ix.state.Rejected, ix.state.PasskeyRejected = false, true
		if _, err := s.keepState(r, ix); err != nil {
			return err
		}
		return s.backTo(w, iss, ix)
	}
	if err != nil {
		return err
	}
	return s.loggedIn(w, r, iss, ix, found, how)
}

// byPasskey finds whose passkey it is and checks all of it.
func (s *Server) byPasskey(r *http.Request, iss *issuer, ix interaction, p params) (store.Account, authentication, error) {
	challenge, err := s.answered(r.Context(), iss, ix.handle, purposePasskey, p.get("nonce"))
	if err != nil {
		return store.Account{}, authentication{}, err
	}
	answer := []byte(p.get("credential"))
	id, handle, err := factor.Presented(answer)
	if err != nil {
		return store.Account{}, authentication{}, err
	}
	account, passkey, err := s.ownerOf(r, iss, id)
	if err != nil {
		return store.Account{}, authentication{}, err
	}
	who := owner(iss, account, []factor.Passkey{passkey})
	if !bytes.Equal(handle, who.Handle) { // WebAuthn §7.2 step 6: without allowCredentials the handle has to be there
		return store.Account{}, authentication{}, rejectedBecause("the user handle is another's")
	}
	use, err := s.factors.party.Assert(who, challenge, answer, true)
	if err != nil {
		return store.Account{}, authentication{}, err
	}
	if err := s.useFactor(r.Context(), iss, id, use.Counter); err != nil {
		return store.Account{}, authentication{}, err
	}
	how := authentication{at: s.now(), acr: acrPhishingResistant, amr: append(passkeyMethods(use), amrMultiple)}
	return account, how, nil
}

func (s *Server) ownerOf(r *http.Request, iss *issuer, id string) (store.Account, factor.Passkey, error) {
	found, err := s.store.Factor(r.Context(), iss.Key(), id)
	if errors.Is(err, store.ErrNotFound) || (err == nil && found.Kind != store.FactorPasskey) {
		return store.Account{}, factor.Passkey{}, rejectedBecause("the passkey is not known")
	}
	if err != nil {
		return store.Account{}, factor.Passkey{}, storeFailed("load factor", err)
	}
	account, err := s.store.Account(r.Context(), iss.Key(), found.Subject)
	if expected(err) || account.Disabled {
		return store.Account{}, factor.Passkey{}, rejectedBecause("the account is gone or disabled")
	}
	if err != nil {
		return store.Account{}, factor.Passkey{}, storeFailed("load account", err)
	}
	return account, factor.Passkey{ID: found.ID, Credential: found.Credential, Counter: found.Counter}, nil
}
