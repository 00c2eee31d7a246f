package authserver

import (
	"context"
	"errors"
	"net/http"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui"
)

// showConsent asks for what the client wants. When the user has allowed a part of it before, only the rest is marked as new.
func (s *Server) showConsent(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, user *signedIn) error {
	trace.From(r.Context()).Is(trace.ConsentForm)
	given, err := s.consentOf(r.Context(), iss, user.account.Subject, ix.client.ID)
	if err != nil {
		return err
	}
	s.render(w, r, iss, http.StatusOK, pageOptions{formTarget: ix.formTarget()}, ui.Consent{
		Client:     ix.client.Name,
		Host:       ix.redirect.host(),
		Username:   displayName(user.account),
		Action:     interactionPath(iss, ix.handle.ID) + "/consent",
		CSRF:       csrfToken(ix.handle, consentPurpose(user)),
		More:       len(given.Scopes) > 0 && !given.Scopes.Covers(ix.consentScopes()),
		Unverified: ix.client.Dynamic,
		Scopes:     scopeGroups(iss, ix.consentScopes(), given.Scopes),
	})
	return nil
}

// consentOf is what the user has allowed the client, nothing if nothing.
func (s *Server) consentOf(ctx context.Context, iss *issuer, subject, clientID string) (store.Consent, error) {
	given, err := s.store.Consent(ctx, iss.Key(), subject, clientID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Consent{}, nil
	case err != nil:
		return store.Consent{}, storeFailed("load consent", err)
	case ofAnother(iss, given):
		return store.Consent{}, nil
	default:
		return given, nil
	}
}

// ofAnother reports whether a consent was given to a client that was deleted since, and whose id another one has now.
func ofAnother(iss *issuer, given store.Consent) bool {
	registered := iss.registered.Client(given.ClientID)
	return registered != nil && given.Given.Before(registered.Created)
}

// consentPurpose binds the consent form to the session of who read it: another user's click is not theirs.
func consentPurpose(user *signedIn) string { return purposeConsent + user.session.ID }

// consent takes the answer of the consent form. It counts only where the consent form is what comes next: nobody gets here
// without having signed in.
func (s *Server) consent(w http.ResponseWriter, r *http.Request, iss *issuer) error {
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
	if next < stageConsent {
		redirectTo(w, interactionPath(iss, ix.handle.ID))
		return nil
	}
	p, err := s.form(r, iss, ix.handle, consentPurpose(user))
	if err != nil {
		return err
	}
	switch p.get("action") {
	case "allow":
	case "deny":
		s.audit.Record(r.Context(), audit.ConsentDenied, iss.Key(), "client_id", ix.client.ID, "subject", user.account.Subject)
		return s.abandon(w, r, iss, ix, "the user denied the request")
	default:
		return oauth.InvalidRequest.Errorf("action is unknown")
	}
	if err := s.rememberConsent(r, iss, ix, user); err != nil {
		return err
	}
	return s.finish(w, r, iss, ix, user)
}

// rememberConsent adds the scopes to what the user has consented to before.
func (s *Server) rememberConsent(r *http.Request, iss *issuer, ix interaction, user *signedIn) error {
	ctx, subject := r.Context(), user.account.Subject
	given, err := s.consentOf(ctx, iss, subject, ix.client.ID)
	if err != nil {
		return err
	}
	err = s.store.SaveConsent(ctx, store.Consent{
		Workspace: iss.Key(),
		Subject:   subject,
		ClientID:  ix.client.ID,
		Scopes:    oauth.ParseScopes(given.Scopes.String() + " " + ix.consentScopes().String()),
		Given:     s.now(),
	})
	if err != nil {
		return storeFailed("save consent", err)
	}
	s.audit.Record(ctx, audit.ConsentGiven, iss.Key(), "client_id", ix.client.ID, "subject", subject, "scope", ix.request.Scopes.String())
	return nil
}
