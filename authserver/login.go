package authserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"cloakroom/authserver/account"
	"cloakroom/authserver/audit"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

const (
	purposeLogin   = "login"
	purposeConsent = "consent"
	purposeLogout  = "logout"
)

// loginPage is how the sign-in page is shown.
type loginPage struct {
	status int
	again  bool
	wait   time.Duration
	// noName and noPassword say that the field was left empty.
	noName, noPassword bool
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, page loginPage) error {
	trace.From(r.Context()).Is(trace.SignInForm)
	passkey, err := s.anyPasskey(iss, ix)
	if err != nil {
		return err
	}
	data := ui.Login{
		Client:   ix.client.Name,
		Action:   interactionPath(iss, ix.handle.ID) + "/login",
		CSRF:     csrfToken(ix.handle, purposeLogin),
		Username: ix.state.Username,
		Rejected: ix.state.Rejected,
		Again:    page.again,
		Own:      ix.account != "",
		Notice:   iss.Notice,
		Passkey:  passkey,
	}
	if page.noName {
		data.NoUsername = text.Of("login.missing.username")
	}
	if page.noPassword {
		data.NoPassword = text.Of("login.missing.password")
	}
	s.addSources(&data, r, iss, ix)
	if page.wait > 0 {
		data.Wait = text.Many("login.throttled", int(math.Ceil(page.wait.Minutes())))
		setRetryAfter(w, page.status, int(math.Ceil(page.wait.Seconds())))
	}
	s.render(w, r, iss, page.status, pageOptions{formTarget: ix.formTarget()}, data)
	return nil
}

// login takes the answer of the sign-in form. A wrong password, an unknown name and a disabled account get the same answer
// after the same work.
//
// Step 4: the user authenticates with their identity source, and then gives consent.
func (s *Server) login(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	ix, p, err := s.interactionForm(r, iss, purposeLogin)
	if err != nil {
		return err
	}
	switch p.get("action") {
	case "login", "": // a form that is sent with the Enter key may name no button
	case "cancel":
		s.audit.Record(r.Context(), audit.SignInCancelled, iss.Key(), "client_id", ix.client.ID)
		return s.abandon(w, r, iss, ix, "the user cancelled the sign-in")
	default:
		return oauth.InvalidRequest.Errorf("action is unknown")
	}
	if iss.Local() == nil {
		return errNoPage
	}
	username := truncate(strings.TrimSpace(p.get("username")), maxUsername) // a telephone's keyboard adds a space
	if empty := (loginPage{noName: username == "", noPassword: p.get("password") == ""}); empty.noName || empty.noPassword {
		empty.status = http.StatusUnprocessableEntity
		ix.state.Username, ix.state.Rejected, ix.state.Problem = username, false, ""
		return s.showLogin(w, r, iss, ix, empty)
	}
	address := s.network(r)
	attempt := s.passwordAttempt(r, iss, username, address)
	if wait := s.throttle.begin(attempt); wait > 0 {
		s.audit.Record(r.Context(), audit.SignInThrottled, iss.Key(), "client_id", ix.client.ID, "address", address)
		ix.state.Username, ix.state.Rejected = username, false
		return s.showLogin(w, r, iss, ix, loginPage{status: http.StatusTooManyRequests, wait: wait})
	}
	leave, ok := s.limits.hashing.enter(address)
	if !ok {
		return errCrowded
	}
	defer leave()
	found, err := s.accounts.Authenticate(r.Context(), iss.Key(), username, p.get("password"))
	if !trace.Tell(r.Context(), "user_authentication", "OpenID Connect Core §3.1.2.3", !errors.Is(err, account.ErrRejected)) {
		s.audit.Record(r.Context(), audit.SignInRejected, iss.Key(), "client_id", ix.client.ID, "address", address)
		return s.backToLogin(w, r, iss, ix, username)
	}
	if errors.Is(err, account.ErrBusy) {
		return errCrowded
	}
	if err != nil {
		return storeFailed("authenticate", err)
	}
	s.throttle.succeed(attempt)
	s.rememberBrowser(w, r, iss, found.Username)
	return s.loggedIn(w, r, iss, ix, found, s.byPassword())
}

const maxUsername = 256

// backToLogin remembers the attempt and shows the form again, by GET, so that a reload sends no password twice.
func (s *Server) backToLogin(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, username string) error {
	ix.state.Username, ix.state.Rejected, ix.state.PasskeyRejected, ix.state.Problem = username, true, false, ""
	encoded, err := json.Marshal(ix.state)
	if err != nil {
		return fmt.Errorf("encode interaction: %w", err)
	}
	ix.record.State = encoded
	err = s.store.UpdateInteraction(r.Context(), ix.record)
	// Someone else, in another tab, changed or ended it: the page shows what holds now.
	if err != nil && !expected(err) {
		return storeFailed("update interaction", err)
	}
	redirectTo(w, interactionPath(iss, ix.handle.ID))
	return nil
}

// loggedIn starts the session and goes on to what comes next, if the first factor is enough.
func (s *Server) loggedIn(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, found store.Account, how authentication) error {
	wants, err := s.demandOf(r.Context(), iss, ix.request, found.Subject, how.acr)
	if err != nil {
		return err
	}
	if wants.stage != stageRespond {
		return s.holdFirst(w, r, iss, ix, found, how)
	}
	before, err := s.currentUser(r, iss)
	if err != nil {
		return err
	}
	return s.completed(w, r, iss, ix, found, how, before)
}

// interactionForm reads a form of the interaction: from the browser that began it, and from the page that we sent it.
func (s *Server) interactionForm(r *http.Request, iss *issuer, purpose string) (interaction, params, error) {
	ix, err := s.loadInteraction(r, iss)
	if err != nil {
		return interaction{}, params{}, err
	}
	p, err := s.form(r, iss, ix.handle, purpose)
	return ix, p, err
}

// form reads a form that one of our pages sent, and nobody else.
func (s *Server) form(r *http.Request, iss *issuer, handle store.Handle, purpose string) (params, error) {
	p, err := formParams(r)
	if err != nil { // it is nobody's but our own page's, and no application is to blame
		return params{}, &pageError{
			status: status(err), title: text.Of("error.form.title"), text: text.Of("error.form.text"), cause: err,
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	fromElsewhere := site != "" && site != "same-origin" && site != "none"
	if !trace.Tell(r.Context(), "form_origin", "RFC 6819 §4.4.1.13", !fromElsewhere && csrfValid(handle, purpose, p.get("csrf"))) {
		s.audit.Record(r.Context(), audit.FormRejected, iss.Key(), "form", purpose)
		return params{}, errForged
	}
	return p, nil
}

var errForged = &pageError{
	status: http.StatusForbidden,
	title:  text.Of("error.forged.title"),
	text:   text.Of("error.forged.text"),
}
