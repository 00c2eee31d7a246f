package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui/text"
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
	// MustLogin asks for a fresh authentication: a session that began before does not do. Before names the session of then.
	MustLogin bool   `json:"must_login,omitzero"`
	Before    string `json:"before,omitzero"`
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
	if user == nil || (state.MustLogin && user.session.ID == state.Before) {
		return stageLogin, nil
	}
	if f.unexpected(user) { // nobody is asked to consent to what is refused
		return stageRespond, nil
	}
	wants, err := s.demandOf(ctx, iss, f.request, user.account.Subject, user.session.ACR)
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
	given, err := s.store.Consent(ctx, iss.Key(), user.account.Subject, f.client.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return stageLogin, storeFailed("load consent", err)
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
		state.Before = user.session.ID
		state.MustLogin = s.mustLogin(f.request, user)
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
	if err := s.limits.interaction(iss, r.RemoteAddr); err != nil {
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

// loadInteraction finds the interaction of this address at this browser.
func (s *Server) loadInteraction(r *http.Request, iss *issuer) (interaction, error) {
	id := r.PathValue("interaction")
	handle, ok := cookieHandle(r, interactionCookie(iss, id))
	if !ok || handle.ID != id {
		return interaction{}, errNoInteraction
	}
	record, loadErr := s.store.Interaction(r.Context(), iss.Key(), handle)
	if errors.Is(loadErr, store.ErrNotFound) {
		return interaction{}, errNoInteraction
	}
	if loadErr != nil && !errors.Is(loadErr, store.ErrConsumed) {
		return interaction{}, storeFailed("load interaction", loadErr)
	}
	ix := interaction{handle: handle, record: record}
	if err := json.Unmarshal(record.State, &ix.state); err != nil {
		return interaction{}, fmt.Errorf("decode interaction: %w", err)
	}
	flow, err := restoreFlow(iss, ix.state)
	if err != nil {
		return interaction{}, err
	}
	ix.flow = flow
	noteClient(r.Context(), ix.client.ID)
	trace.From(r.Context()).Correlate(ix.request.State)
	if loadErr != nil {
		return interaction{}, finishedPage(ix.flow)
	}
	if !record.Expires.After(s.now()) {
		return interaction{}, errNoInteraction
	}
	return ix, nil
}

// restoreFlow checks the request of an interaction against what is registered now.
func restoreFlow(iss *issuer, state interactionState) (flow, error) {
	if state.Account != "" {
		return accountFlow(state.Account), nil
	}
	f := flow{request: state.Request, client: iss.Find(state.Request.ClientID)}
	if f.client == nil {
		return flow{}, errNoInteraction
	}
	redirect, err := verifyRedirectURI(f.client, f.request.RedirectURI)
	f.redirect = redirect.by(f.request.ResponseMode, f.client)
	return f, err
}

// errNoInteraction is for a page that is too old, or was begun at another browser (or at one that refuses cookies).
var errNoInteraction = &pageError{
	status: http.StatusBadRequest,
	title:  text.Of("error.expired.title"),
	text:   text.Of("error.expired.text"),
}

// finishedPage is for a form that was answered: the user went back, or reloaded.
func finishedPage(f flow) error {
	finished := &pageError{
		status: http.StatusGone,
		title:  text.Of("error.finished.title"),
		text:   text.Of("error.finished.text", "client", f.client.Name),
		cause:  store.ErrConsumed,
	}
	switch {
	case f.account != "":
		finished.text = text.Of("error.finished.own")
		finished.next, finished.nextName = f.account, text.Of("login.own.next")
	case f.client.URI != "":
		finished.next, finished.nextName = f.client.URI, text.Of("page.next", "client", f.client.Name)
	}
	return finished
}

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
