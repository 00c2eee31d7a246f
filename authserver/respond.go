package authserver

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui"
)

// respond issues the code and sends the user's browser back to the client with it.
//
// Step 5a: the authorization server issues the authorization code, bound to the request, and redirects with code, state and iss.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, iss *issuer, f flow, user *signedIn) error {
	if f.unexpected(user) {
		return f.refuse(oauth.LoginRequired.Errorf("the user is not the one that id_token_hint names"))
	}
	// OpenID Connect Core Unmet Authentication Requirements 1.0 §2.
	if f.request.unmet(user.session.ACR) {
		return f.refuse(oauth.UnmetAuthenticationRequirements.Errorf("the user cannot authenticate as claims insists"))
	}
	now := s.now()
	grant := s.newGrant(iss, f, user)
	handle := store.NewHandle(now)
	code := store.Code{
		Workspace:     iss.Key(),
		ID:            handle.ID,
		SecretHash:    handle.Hash(),
		GrantID:       grant.ID,
		ClientID:      f.client.ID,
		RedirectURI:   f.redirect.uri,
		RedirectGiven: f.redirect.given,
		CodeChallenge: f.request.CodeChallenge,
		Nonce:         f.request.Nonce,
		DPoPJKT:       f.request.DPoPJKT,
		Expires:       now.Add(iss.Policy.Code),
	}
	err := s.store.IssueCode(r.Context(), code, grant)
	if errors.Is(err, store.ErrRevoked) { // the session ended while this request ran
		return f.refuse(oauth.LoginRequired.Errorf("the session has ended").Because(err))
	}
	if err != nil {
		return storeFailed("issue code", err)
	}
	trace.From(r.Context()).Correlate(grant.SID)
	s.audit.Record(r.Context(), audit.CodeIssued, iss.Key(), "client_id", f.client.ID, "subject", grant.Subject, "grant", grant.ID)
	parameters := url.Values{"code": {handle.Reveal()}, "iss": {iss.Issuer()}} // RFC 9207 §2
	if f.request.State != "" {
		parameters.Set("state", f.request.State)
	}
	s.answerClient(w, r, iss, f.redirect, parameters)
	return nil
}

// answerClient sends the user's browser to the client with the answer: by redirect, or with a form that it sends.
func (s *Server) answerClient(w http.ResponseWriter, r *http.Request, iss *issuer, redirect verifiedRedirect, parameters url.Values) {
	trace.From(r.Context()).Respond(redirect.uri, parameters)
	if !redirect.formPost {
		redirectTo(w, redirect.location(parameters))
		return
	}
	form := ui.FormPost{Client: redirect.client, Action: redirect.uri}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		form.Fields = append(form.Fields, ui.Field{Name: name, Value: parameters.Get(name)})
	}
	s.render(w, r, iss, http.StatusOK, pageOptions{formTarget: redirect.origin(), script: true}, form)
}

// unexpected reports whether the user is another one than the request's id_token_hint names: there is no positive answer then
// (OpenID Connect Core §3.1.2.1).
func (f flow) unexpected(user *signedIn) bool {
	return f.request.HintedSubject != "" && f.request.HintedSubject != user.account.Subject
}

func (s *Server) newGrant(iss *issuer, f flow, user *signedIn) store.Grant {
	now := s.now()
	offline := f.request.Scopes.Has(oauth.ScopeOfflineAccess)
	expires := now.Add(iss.Policy.RefreshFor(f.client.Public()).Absolute)
	if !offline { // it ends with the session (RFC 10017 §6.3.2.3)
		expires = earlier(expires, user.session.Expires)
	}
	return store.Grant{
		Workspace: iss.Key(),
		ID:        store.NewID(now),
		ClientID:  f.client.ID,
		Subject:   user.account.Subject,
		SessionID: user.session.ID,
		SID:       sid(user.session.ID, f.client.ID),
		Scopes:    f.request.Scopes,
		Resources: f.request.Resources,
		Claims:    f.request.Claims,
		AuthTime:  user.session.AuthTime,
		ACR:       f.request.acrFor(user.session.ACR),
		AMR:       user.session.AMR,
		Offline:   offline,
		Created:   now,
		Expires:   expires,
	}
}
