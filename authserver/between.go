package authserver

import (
	"net/http"
	"slices"
	"time"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

const (
	purposeFactor = "factor"
	purposeEnrol  = "enrol"
)

// firstFactor is who has shown a password in this interaction, and has to show more before there is a session.
type firstFactor struct {
	Subject string    `json:"subject"`
	At      time.Time `json:"at"`
	ACR     string    `json:"acr"`
	AMR     []string  `json:"amr"`
}

// halfway is a user between the factors: by the password of this interaction, or by a session that is not strong enough.
type halfway struct {
	account store.Account
	how     authentication
	demand  demand
}

// holdFirst keeps the first factor with the interaction, under a new secret: whoever knew the one of before the password does not get
// to add a factor of their own, or to finish what the user began.
func (s *Server) holdFirst(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, found store.Account, how authentication) error {
	ix.state.First = &firstFactor{Subject: found.Subject, At: how.at, ACR: how.acr, AMR: how.amr}
	ix.state.Rejected = false
	fresh := store.NewHandle(s.now())
	fresh.ID = ix.handle.ID
	ix.record.SecretHash = fresh.Hash()
	kept, err := s.keepState(r, ix)
	if err != nil {
		return err
	}
	if kept {
		setCookie(w, interactionCookie(iss, fresh.ID), fresh, ix.record.Expires.Sub(s.now()))
	}
	return s.backTo(w, iss, ix)
}

// between finds who is between the factors in an interaction; a stage that is neither stageFactor nor stageEnrol is for another page.
func (s *Server) between(r *http.Request, iss *issuer, ix interaction, user *signedIn) (halfway, error) {
	if first := ix.state.First; first != nil {
		account, err := s.store.Account(r.Context(), iss.Key(), first.Subject)
		if expected(err) || account.Disabled {
			return halfway{}, errNoInteraction
		}
		if err != nil {
			return halfway{}, storeFailed("load account", err)
		}
		wants, err := s.demandOf(r.Context(), iss, ix.request, first.Subject, first.ACR)
		return halfway{account, authentication{at: first.At, acr: first.ACR, amr: first.AMR}, wants}, err
	}
	if user == nil {
		return halfway{demand: demand{stage: stageLogin}}, nil
	}
	wants, err := s.demandOf(r.Context(), iss, ix.request, user.account.Subject, user.session.ACR)
	how := authentication{at: user.session.AuthTime, acr: user.session.ACR, amr: user.session.AMR}
	return halfway{user.account, how, wants}, err
}

// enterBetween loads an interaction whose user is at the stage.
func (s *Server) enterBetween(r *http.Request, iss *issuer, at stage) (interaction, *signedIn, halfway, bool, error) {
	ix, err := s.loadInteraction(r, iss)
	if err != nil {
		return ix, nil, halfway{}, false, err
	}
	user, err := s.currentUser(r, iss)
	if err != nil {
		return ix, nil, halfway{}, false, err
	}
	next, err := s.stageOf(r.Context(), iss, ix.flow, ix.state, user)
	if err != nil || next != at {
		return ix, user, halfway{}, false, err
	}
	half, err := s.between(r, iss, ix, user)
	return ix, user, half, err == nil && half.demand.stage == at, err
}

// betweenForm is a form of who is between the factors.
type betweenForm struct {
	interaction
	halfway
	user *signedIn
	p    params
}

// takeBetween takes a form of one stage, for one purpose, with one of the actions of its buttons. Nil: the answer has been written.
func (s *Server) takeBetween(w http.ResponseWriter, r *http.Request, iss *issuer, at stage, purpose string, actions ...string) (*betweenForm, error) {
	ix, user, half, ok, err := s.enterBetween(r, iss, at)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.backTo(w, iss, ix)
	}
	p, err := s.form(r, iss, ix.handle, factorPurpose(purpose, half.account))
	if err != nil {
		return nil, err
	}
	switch action := p.get("action"); {
	case slices.Contains(actions, action):
		return &betweenForm{ix, half, user, p}, nil
	case action == "cancel":
		s.audit.Record(r.Context(), audit.SignInCancelled, iss.Key(), "client_id", ix.client.ID)
		return nil, s.abandon(w, r, iss, ix, "the user cancelled the sign-in")
	default:
		return nil, oauth.InvalidRequest.Errorf("action is unknown")
	}
}

// showBetween shows the page of who is between the factors.
func (s *Server) showBetween(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, user *signedIn, at stage) error {
	half, err := s.between(r, iss, ix, user)
	if err != nil {
		return err
	}
	if at == stageFactor {
		return s.showFactor(w, r, iss, ix, half, 0)
	}
	return s.showEnrol(w, r, iss, ix, half, http.StatusOK, newSecret())
}

// factorPurpose binds a form to whose factor it is for.
func factorPurpose(purpose string, account store.Account) string {
	return purpose + " " + account.Subject
}
