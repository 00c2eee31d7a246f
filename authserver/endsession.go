package authserver

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// logout ends the SSO session at the request of a client (OpenID Connect RP-Initiated Logout 1.0). Without a valid
// id_token_hint of the user who is signed in, anybody could have sent the browser here: the user is asked.
func (s *Server) logout(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	p, err := authorizationParams(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		return s.repeatAsGet(w, r, p)
	}
	request, err := validateLogout(r.Context(), iss, p)
	if err != nil {
		return err
	}
	user, err := s.currentUser(r, iss)
	if err != nil {
		return err
	}
	if user != nil && user.account.Subject != request.subject {
		return s.askToSignOut(w, r, iss, user)
	}
	if user != nil {
		if err := s.signOut(w, r, iss, user); err != nil {
			return err
		}
	}
	if request.target != "" {
		redirectTo(w, request.target)
		return nil
	}
	s.render(w, r, iss, http.StatusOK, pageOptions{}, signedOutPage(request.client))
	return nil
}

// askToSignOut says what ends, and what does not.
func (s *Server) askToSignOut(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn) error {
	grants, err := s.store.Grants(r.Context(), iss.Key(), user.account.Subject, "")
	if err != nil {
		return storeFailed("list grants", err)
	}
	var online, offline []store.Grant
	for _, grant := range grants {
		if grant.Offline {
			offline = append(offline, grant)
		} else {
			online = append(online, grant)
		}
	}
	s.render(w, r, iss, http.StatusOK, pageOptions{}, ui.Logout{
		Username: displayName(user.account),
		Action:   iss.Path() + "/oauth2/logout/confirm",
		CSRF:     csrfToken(user.handle, purposeLogout),
		Ends:     clientNames(iss, online, user.session.ID),
		Keeps:    clientNames(iss, offline, user.session.ID),
		Account:  iss.Path() + accountPath + "/applications",
	})
	return nil
}

// logoutRequest is what a logout request proves: its client and user by the hint, and where to go back to.
type logoutRequest struct {
	client  *client.Client // nil without a valid hint
	subject string
	target  string // empty for none
}

// validateLogout reads the request. A hint that is not one of our ID tokens is the same as none; a redirect is only for a
// client that proved itself by the hint, and only to exactly what it registered (RP-Initiated Logout §3).
func validateLogout(ctx context.Context, iss *issuer, p params) (logoutRequest, error) {
	hint, err := iss.tokens.VerifyIDHint(p.get("id_token_hint"))
	trace.From(ctx).Correlate(hint.SID)
	if !trace.Tell(ctx, "id_token_hint", "RP-Initiated Logout §2", err == nil) {
		return logoutRequest{}, nil //nolint:nilerr // an invalid hint proves nothing; the user is asked
	}
	request := logoutRequest{client: iss.Find(hint.ClientID), subject: hint.Subject}
	if request.client == nil {
		return logoutRequest{}, nil
	}
	// RP-Initiated Logout §2: client_id has to be the one that the hint was issued to.
	if id := p.get("client_id"); id != "" && id != request.client.ID {
		return logoutRequest{}, oauth.InvalidRequest.Errorf("client_id is not that of id_token_hint")
	}
	uri := p.get("post_logout_redirect_uri")
	if uri == "" {
		return request, nil
	}
	if !trace.Tell(ctx, "post_logout_redirect_uri", "RP-Initiated Logout §3", slices.Contains(request.client.PostLogoutRedirectURIs, uri)) {
		return logoutRequest{}, oauth.InvalidRequest.Errorf("post_logout_redirect_uri is not registered for the client")
	}
	request.target = uri
	if state := p.get("state"); state != "" {
		request.target = verifiedRedirect{uri: uri}.location(url.Values{"state": {state}})
	}
	return request, nil
}

// confirmLogout takes the answer of the confirmation page.
func (s *Server) confirmLogout(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	user, err := s.currentUser(r, iss)
	if err != nil {
		return err
	}
	if user == nil { // signed out meanwhile, in another tab or by time
		s.render(w, r, iss, http.StatusOK, pageOptions{}, signedOutPage(nil))
		return nil
	}
	p, err := s.form(r, iss, user.handle, purposeLogout)
	if err != nil {
		return err
	}
	if p.get("action") != "yes" {
		s.render(w, r, iss, http.StatusOK, pageOptions{}, ui.Message{Title: text.Of("logout.stayed.title"), Text: text.Of("logout.stayed.text")})
		return nil
	}
	if err := s.signOut(w, r, iss, user); err != nil {
		return err
	}
	// 303, so that a reload asks for the page, and not to sign out again.
	redirectTo(w, iss.Path()+"/oauth2/logout")
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn) error {
	if err := s.endSession(w, r, iss, user); err != nil {
		return err
	}
	s.audit.Record(r.Context(), audit.SessionEnded, iss.Key(), "subject", user.account.Subject)
	return nil
}

func signedOutPage(c *client.Client) ui.Message {
	message := ui.Message{Title: text.Of("logout.done.title"), Text: text.Of("logout.done.text")}
	if c != nil && c.URI != "" {
		message.Next, message.NextName = c.URI, text.Of("page.next", "client", c.Name)
	}
	return message
}
