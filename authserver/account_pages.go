package authserver

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// accountPath is where the account pages are, below the issuer.
const accountPath = "/account"

// accountSection is one part of the account pages: a page at /account/{name}, and the changes that its forms post to
// /account/{name}/{change}. Its texts are account.{name}.title, and account.{name}.done.{what} for what a change says when it is done.
type accountSection struct {
	name string
	show func(ctx context.Context, iss *issuer, user *signedIn) (ui.AccountSection, error)
	// changes are what its forms do, by the last part of their address.
	changes map[string]accountChange
	// fresh asks for a fresh sign-in, to see the section and to change anything in it.
	fresh bool
	// offered says who has the section; nil is everybody.
	offered func(iss *issuer, user *signedIn) bool
	// closed is what who comes to the section reads where it is not offered; nil is that there is no such page.
	closed func(iss *issuer) error
}

func (a accountSection) shut(iss *issuer) error {
	if a.closed == nil {
		return errNoPage
	}
	return a.closed(iss)
}

// accountChange does what a form of the account pages asks for. The form has been checked: it is from our page, at this user's browser.
type accountChange func(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, p params) (changed, error)

// changed is what came of a change.
type changed struct {
	// done names what is said on the section's page afterwards.
	done string
	// again is the section with what was wrong with the form, instead.
	again ui.AccountSection
	// shown is the section as it is to be seen now and never again, in the place of a redirect to it.
	shown ui.AccountSection
	// user is who is signed in afterwards, when the change has replaced or ended the session.
	user *signedIn
	// gone says that the session has ended with the change.
	gone bool
}

// accountSections is the table of the account pages, in the order of their navigation. The first is at /account itself.
func (s *Server) accountSections() []accountSection {
	return []accountSection{
		{name: "profile", show: s.profileSection},
		{name: "devices", show: s.devicesSection, changes: map[string]accountChange{
			"end": s.endDevice, "others": s.endOtherDevices, "all": s.endAllDevices,
		}},
		{name: "applications", show: s.applicationsSection, changes: map[string]accountChange{"withdraw": s.withdrawConsent}},
		{name: "password", show: s.passwordSection, offered: ownPassword, closed: passwordsKept, changes: map[string]accountChange{"change": s.changePassword}},
		s.identitiesSection(),
		s.factorsSection(),
	}
}

// freshFor is how long an authentication lets its user make dangerous changes.
const freshFor = 5 * time.Minute

// accountFlow is the flow of who signs in for the account pages: there is no client to ask consent for.
func accountFlow(goesTo string) flow {
	return flow{client: &client.Client{Trusted: true}, account: goesTo}
}

// signInForAccount has the user sign in, once more if user is somebody, and come back to a page of ours.
func (s *Server) signInForAccount(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, back string) error {
	state := interactionState{Account: back}
	if user != nil {
		state.MustLogin, state.Since, state.Username = true, s.now(), user.account.Username
	}
	return s.startInteraction(w, r, iss, state)
}

// accountUser is who is signed in, strongly enough for what the account asks of every sign-in now: a session can be older than the account's
// first factor, or than a policy that asks for one. When it is nobody, the answer has been written: to sign in, or to show what is missing; all
// of it where a fresh sign-in is asked for next.
func (s *Server) accountUser(w http.ResponseWriter, r *http.Request, iss *issuer, fresh bool, back string) (*signedIn, error) {
	user, err := s.currentUser(r, iss)
	if err != nil {
		return nil, err
	}
	if user != nil {
		wants, err := s.demandOf(r.Context(), iss, authorizationRequest{}, user.account.Subject, user.session.ACR)
		if err != nil || wants.stage == stageRespond {
			return user, err
		}
	}
	if user != nil && fresh {
		if ok, err := s.requireFresh(w, r, iss, user, back); err != nil || !ok {
			return nil, err
		}
	}
	return nil, s.signInForAccount(w, r, iss, nil, back)
}

// requireFresh reports whether the user has authenticated a moment ago. If not, the answer has been written: to sign in once more and
// come back to a page of ours.
func (s *Server) requireFresh(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, back string) (bool, error) {
	if s.now().Sub(user.session.AuthTime) < freshFor {
		return true, nil
	}
	return false, s.signInForAccount(w, r, iss, user, back)
}

// accountRequest is a request for the account pages: whose, and which section.
type accountRequest struct {
	user    *signedIn
	section accountSection
	offered []accountSection
}

func (a accountRequest) path(iss *issuer) string {
	if a.section.name == a.offered[0].name {
		return iss.Path() + accountPath
	}
	return iss.Path() + accountPath + "/" + a.section.name
}

// enterAccount finds the section and who asks for it. When nobody is signed in, or not freshly enough, ok is false and the answer has
// been written.
func (s *Server) enterAccount(w http.ResponseWriter, r *http.Request, iss *issuer) (a accountRequest, ok bool, err error) {
	name, sections := r.PathValue("section"), s.sections
	at := slices.IndexFunc(sections, func(section accountSection) bool { return section.name == name })
	switch {
	case at < 0 && name == "":
		at = 0
	case at < 0, at == 0 && r.Method == http.MethodGet: // one address for each page
		return a, false, errNoPage
	}
	a.section, a.offered = sections[at], sections
	if a.user, err = s.accountUser(w, r, iss, a.section.fresh, a.path(iss)); err != nil || a.user == nil {
		return a, false, err
	}
	a.offered = nil
	for _, section := range sections {
		if section.offered == nil || section.offered(iss, a.user) {
			a.offered = append(a.offered, section)
		}
	}
	if a.section.offered != nil && !a.section.offered(iss, a.user) {
		return a, false, a.section.shut(iss)
	}
	if !a.section.fresh {
		return a, true, nil
	}
	ok, err = s.requireFresh(w, r, iss, a.user, a.path(iss))
	return a, ok, err
}

// showAccount shows a section.
func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	a, ok, err := s.enterAccount(w, r, iss)
	if err != nil || !ok {
		return err
	}
	p, err := queryParams(r)
	if err != nil {
		return err
	}
	shown, err := a.section.show(r.Context(), iss, a.user)
	if err != nil {
		return err
	}
	s.renderAccount(w, r, iss, a, http.StatusOK, shown, a.said(p.get("done")))
	return nil
}

// changeAccount makes a change and goes back to the section, which says so. A reload asks for the page, and does not change it again.
func (s *Server) changeAccount(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	a, ok, err := s.enterAccount(w, r, iss)
	if err != nil || !ok {
		return err
	}
	change := a.section.changes[r.PathValue("change")]
	if change == nil {
		return errNoPage
	}
	p, err := s.form(r, iss, a.user.handle, accountPurpose(a.section.name))
	if err != nil {
		return err
	}
	outcome, err := change(w, r, iss, a.user, p)
	if outcome.user != nil {
		a.user = outcome.user
	}
	switch {
	case err != nil:
		return err
	case outcome.shown != nil:
		s.renderAccount(w, r, iss, a, http.StatusOK, outcome.shown, text.Of("account."+a.section.name+".done."+outcome.done))
		return nil
	case outcome.again != nil:
		s.renderAccount(w, r, iss, a, http.StatusUnprocessableEntity, outcome.again, text.Message{})
		return nil
	case outcome.gone:
		redirectTo(w, iss.Path()+"/oauth2/logout")
		return nil
	}
	redirectTo(w, a.path(iss)+"?done="+a.saying(outcome.done))
	return nil
}

// saying names what was done, for the address of the page that says it. It is sealed with the session, so that a link from elsewhere
// cannot make our page say what did not happen.
func (a accountRequest) saying(done string) string {
	return done + "." + csrfToken(a.user.handle, "done "+a.section.name+" "+done)
}

func (a accountRequest) said(value string) text.Message {
	done, _, _ := strings.Cut(value, ".")
	if done == "" || value != a.saying(done) {
		return text.Message{}
	}
	return text.Of("account." + a.section.name + ".done." + done)
}

// accountPurpose is what a form of a section is for.
func accountPurpose(section string) string { return "account " + section }

func (s *Server) renderAccount(w http.ResponseWriter, r *http.Request, iss *issuer, a accountRequest, status int, shown ui.AccountSection, done text.Message) {
	page := ui.Account{
		Username: displayName(a.user.account), SignOut: iss.Path() + "/oauth2/logout", Done: done, Section: shown,
		CSRF: csrfToken(a.user.handle, accountPurpose(a.section.name)), Action: iss.Path() + accountPath + "/" + a.section.name,
	}
	for _, section := range a.offered {
		link := accountRequest{section: section, offered: a.offered}
		page.Sections = append(page.Sections, ui.AccountLink{
			Title: text.Of("account." + section.name + ".title"), Address: link.path(iss), Current: section.name == a.section.name,
		})
	}
	s.render(w, r, iss, status, pageOptions{}, page)
}
