package authserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// interaction is a user's way through the forms, at the browser that began it: nobody else has its secret.
type interaction struct {
	flow
	handle store.Handle
	record store.Interaction
	state  interactionState
}

// interactionState is what the server remembers of it.
type interactionState struct {
	Request authorizationRequest `json:"request,omitzero"`
	// Account is where a user goes who signs in for the account pages, without a client: a path of ours. The request is empty then.
	Account string `json:"account,omitzero"`
	// MustLogin asks for a fresh authentication, after Since: a session of before does not do, nor does a new one that goes on from it, as
	// one does whose user adds a factor. It is over with a first factor in this interaction.
	MustLogin bool      `json:"must_login,omitzero"`
	Since     time.Time `json:"since,omitzero"`
	// First is who has shown a first factor and has to show a second one.
	First *firstFactor `json:"first,omitempty"`
	// Username and Rejected are of the last attempt, so that a reloaded page shows it again.
	Username string `json:"username,omitzero"`
	Rejected bool   `json:"rejected,omitzero"`
	// Upstream is the attempt at a provider that an answer is waited for; Problem is why the last came to nothing, and ProblemSource
	// where.
	Upstream      *upstreamAttempt `json:"upstream,omitempty"`
	Problem       string           `json:"problem,omitzero"`
	ProblemSource string           `json:"problem_source,omitzero"`
	// PasskeyRejected is of a passkey in their place.
	PasskeyRejected bool `json:"passkey_rejected,omitzero"`
}

// stage is where a user is. They come in this order.
type stage int

const (
	stageLogin stage = iota
	stageFactor
	stageEnrol
	stageConsent
	stageRespond
)

// stageOf is the single place that decides what comes next: login, then a second factor, which may have to be added first, then consent,
// then the response. No form can jump ahead of it, because every form comes back here.
func (s *Server) stageOf(ctx context.Context, iss *issuer, f flow, state interactionState, user *signedIn) (stage, error) {
	if first := state.First; first != nil {
		wants, err := s.demandOf(ctx, iss, f.request, first.Subject, first.ACR)
		if wants.stage == stageRespond { // nothing is asked for any more: another sign-in starts the session
			wants.stage = stageLogin
		}
		return wants.stage, err
	}
	if user == nil || (state.MustLogin && !user.session.AuthTime.After(state.Since)) {
		return stageLogin, nil
	}
	if f.unexpected(user) { // nobody is asked to consent to what is refused
		return stageRespond, nil
	}
	wants, err := s.demandOf(ctx, iss, f.request, user.account.Subject, user.session.ACR)
	if wants.stage == stageEnrol && s.now().Sub(user.session.AuthTime) >= freshFor { // as in the account: a factor outlives whoever stole a session
		wants.stage = stageLogin
	}
	if err != nil || wants.stage != stageRespond {
		return wants.stage, err
	}
	if f.request.unmet(user.session.ACR) {
		return stageRespond, nil
	}
	// A client that registered itself is whoever it says: its user is asked each time.
	if slices.Contains(f.request.Prompt, promptConsent) || f.client.Dynamic {
		return stageConsent, nil
	}
	if f.client.Trusted {
		return stageRespond, nil
	}
	given, err := s.consentOf(ctx, iss, user.account.Subject, f.client.ID)
	if err != nil {
		return stageLogin, err
	}
	// The consent is asked for again when the scopes grow (RFC 6819 §5.2.3.2).
	if !given.Scopes.Covers(f.consentScopes()) {
		return stageConsent, nil
	}
	return stageRespond, nil
}

// begin answers at once when nothing has to be asked, and starts an interaction otherwise.
//
// Step 3: the authorization server sends the user's browser to its sign-in and consent pages.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, iss *issuer, f flow) error {
	user, err := s.currentUser(r, iss)
	if err != nil {
		return err
	}
	state := interactionState{Request: f.request, Username: f.request.LoginHint}
	if user != nil {
		state.MustLogin, state.Since = s.mustLogin(f.request, user), s.now()
	}
	next, err := s.stageOf(r.Context(), iss, f, state, user)
	if err != nil {
		return err
	}
	silent := slices.Contains(f.request.Prompt, promptNone)
	if next != stageRespond && !silent {
		return s.startInteraction(w, r, iss, state)
	}
	if err := s.consumeRequest(r.Context(), iss, f); err != nil {
		return err
	}
	if next != stageRespond {
		return f.refuse(silentError(next))
	}
	return s.respond(w, r, iss, f, user)
}

// silentError is what a client gets that asked for no forms (OpenID Connect Core §3.1.2.6).
func silentError(next stage) error {
	if next == stageConsent {
		return oauth.ConsentRequired.Errorf("the user has to consent")
	}
	return oauth.LoginRequired.Errorf("the user has to sign in")
}

// mustLogin reports whether the request asks for more than the session that there is: a fresh authentication, a younger one,
// or another user (OpenID Connect Core §3.1.2.1).
func (s *Server) mustLogin(request authorizationRequest, user *signedIn) bool {
	asked := slices.Contains(request.Prompt, promptLogin) || slices.Contains(request.Prompt, promptSelectAccount)
	tooOld := request.MaxAge != nil && !s.now().Before(user.session.AuthTime.Add(*request.MaxAge))
	other := request.HintedSubject != "" && request.HintedSubject != user.account.Subject
	return asked || tooOld || other
}

func (s *Server) startInteraction(w http.ResponseWriter, r *http.Request, iss *issuer, state interactionState) error {
	if err := s.limits.interaction(iss, s.network(r)); err != nil {
		return err
	}
	now := s.now()
	handle := store.NewHandle(now)
	encoded, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("encode interaction: %w", err)
	}
	err = s.store.StartInteraction(r.Context(), store.Interaction{
		Workspace:  iss.Key(),
		ID:         handle.ID,
		SecretHash: handle.Hash(),
		State:      encoded,
		Expires:    now.Add(iss.Policy.Interaction),
	})
	if err != nil {
		return storeFailed("start interaction", err)
	}
	dropOldInteractions(w, r, iss)
	setCookie(w, interactionCookie(iss, handle.ID), handle, iss.Policy.Interaction)
	redirectTo(w, interactionPath(iss, handle.ID))
	return nil
}

func interactionPath(iss *issuer, id string) string { return iss.Path() + "/interaction/" + id }

// showInteraction shows the form that the user is at, or answers the client if all forms are done. A reload, and the back
// button, come here and find the same.
func (s *Server) showInteraction(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	ix, err := s.loadInteraction(r, iss)
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
	switch next {
	case stageLogin:
		return s.showLogin(w, r, iss, ix, loginPage{status: http.StatusOK, again: user != nil})
	case stageFactor, stageEnrol:
		return s.showBetween(w, r, iss, ix, user, next)
	case stageConsent:
		return s.showConsent(w, r, iss, ix, user)
	default:
		return s.finish(w, r, iss, ix, user)
	}
}
