package authserver

import (
	"errors"
	"net/http"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloakroom/authserver/account"
	"cloakroom/authserver/audit"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

const purposeSignUp = "sign up"

// signUp shows the form of who has no account yet, and takes its answer, where anybody may make one.
func (s *Server) signUp(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	if local := iss.Local(); local == nil || !local.Open() {
		return errNoPage
	}
	ix, err := s.loadInteraction(r, iss)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		return s.takeSignUp(w, r, iss, ix)
	}
	s.renderSignUp(w, r, iss, ix, http.StatusOK, ui.SignUp{})
	return nil
}

func (s *Server) renderSignUp(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, status int, page ui.SignUp) {
	page.Client, page.Own = ix.client.Name, ix.account != ""
	page.Back = interactionPath(iss, ix.handle.ID)
	page.Action, page.CSRF = page.Back+"/signup", csrfToken(ix.handle, purposeSignUp)
	page.Least = account.MinPassword
	s.render(w, r, iss, status, pageOptions{formTarget: ix.formTarget()}, page)
}

// takeSignUp makes an account and goes on with its user signed in. That a user name is taken has to be told, or nobody could choose one. So it
// is told last, to a form that is right otherwise, after the work that a free name costs, and seldom to one address.
func (s *Server) takeSignUp(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction) error {
	p, err := s.form(r, iss, ix.handle, purposeSignUp)
	if err != nil {
		return err
	}
	page := ui.SignUp{
		Username: ui.Input{Value: truncate(strings.TrimSpace(p.get("username")), maxUsername)},
		Name:     ui.Input{Value: truncate(strings.TrimSpace(p.get("name")), maxUsername)},
		Email:    ui.Input{Value: truncate(strings.TrimSpace(p.get("email")), maxUsername)},
	}
	if !checkSignUp(&page, p.get("password"), p.get("password_again")) {
		s.renderSignUp(w, r, iss, ix, http.StatusUnprocessableEntity, page)
		return nil
	}
	address := s.network(r)
	if wait := s.limits.signUps.take(address); wait > 0 {
		s.audit.Record(r.Context(), audit.SignUpThrottled, iss.Key(), "client_id", ix.client.ID, "address", address)
		return busyPage(wait)
	}
	leave, ok := s.limits.hashing.enter(address)
	if !ok {
		return errCrowded
	}
	defer leave()
	made, err := s.accounts.Create(r.Context(), iss.Key(), account.User{
		Username: page.Username.Value, Password: p.get("password"), Claims: signUpClaims(page),
	})
	switch {
	case errors.Is(err, account.ErrTaken) && s.isSignedIn(r, iss, page.Username.Value): // the form was sent twice
		return s.backTo(w, iss, ix)
	case errors.Is(err, account.ErrTaken):
		page.Username.Wrong = text.Of("signup.wrong.taken")
		s.renderSignUp(w, r, iss, ix, http.StatusConflict, page)
		return nil
	case errors.Is(err, account.ErrBusy):
		return errCrowded
	case err != nil:
		return storeFailed("sign up", err)
	}
	s.audit.Record(r.Context(), audit.AccountCreated, iss.Key(), "client_id", ix.client.ID, "subject", made.Subject, "address", address)
	s.rememberBrowser(w, r, iss, made.Username)
	return s.loggedIn(w, r, iss, ix, made, s.byPassword())
}

// isSignedIn reports whether the user of this browser has the name.
func (s *Server) isSignedIn(r *http.Request, iss *issuer, username string) bool {
	user, err := s.currentUser(r, iss)
	name, wrong := account.Canonical(username)
	return err == nil && wrong == nil && user != nil && user.account.Username == name
}

// checkSignUp puts what is wrong beside its field and reports whether nothing is.
func checkSignUp(page *ui.SignUp, password, again string) bool {
	switch err := account.CheckNewName(page.Username.Value); {
	case page.Username.Value == "":
		page.Username.Wrong = text.Of("signup.wrong.username_missing")
	case errors.Is(err, account.ErrLong):
		page.Username.Wrong = text.Of("signup.wrong.username_long")
	case errors.Is(err, account.ErrMixed):
		page.Username.Wrong = text.Of("signup.wrong.username_mixed")
	case err != nil:
		page.Username.Wrong = text.Of("signup.wrong.username")
	}
	page.Password.Wrong = passwordProblem(password, page.Username.Value, page.Name.Value, page.Email.Value)
	if password != again && !page.Password.Wrong.Given() {
		page.Again.Wrong = text.Of("signup.wrong.again")
	}
	if strings.ContainsFunc(page.Name.Value, unicode.IsControl) || utf8.RuneCountInString(page.Name.Value) > maxPersonName {
		page.Name.Wrong = text.Of("signup.wrong.name")
	}
	// RFC 5321 §4.5.3.1.3; a display name beside the address is none.
	if parsed, err := mail.ParseAddress(page.Email.Value); page.Email.Value != "" && (err != nil || parsed.Address != page.Email.Value || len(page.Email.Value) > maxEmail) {
		page.Email.Wrong = text.Of("signup.wrong.email")
	}
	for _, input := range []ui.Input{page.Username, page.Password, page.Again, page.Name, page.Email} {
		if input.Wrong.Given() {
			return false
		}
	}
	return true
}

const (
	maxPersonName = 100 // characters
	maxEmail      = 254 // bytes
)

// passwordProblem says what keeps a text from being somebody's new password; the zero message when nothing does.
func passwordProblem(password string, about ...string) text.Message {
	switch err := account.CheckPassword(password, about...); {
	case err == nil:
		return text.Message{}
	case password == "":
		return text.Of("signup.wrong.password_missing")
	case errors.Is(err, account.ErrPasswordShort):
		return text.Many("signup.wrong.password_short", account.MinPassword)
	case errors.Is(err, account.ErrPasswordLong):
		return text.Of("signup.wrong.password_long")
	case errors.Is(err, account.ErrPasswordCommon):
		return text.Of("signup.wrong.password_common")
	case errors.Is(err, account.ErrPasswordNamed):
		return text.Of("signup.wrong.password_named")
	default:
		return text.Of("signup.wrong.password")
	}
}

// signUpClaims are what the user says about themselves. Nobody has proven the address.
func signUpClaims(page ui.SignUp) map[string]any {
	claims := map[string]any{}
	if page.Name.Value != "" {
		claims["name"] = page.Name.Value
	}
	if page.Email.Value != "" {
		claims["email"], claims["email_verified"] = page.Email.Value, false
	}
	return claims
}
