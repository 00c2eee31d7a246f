package authserver

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// access is what one application may do for a user.
type access struct {
	clientID string
	scopes   oauth.Scopes
	since    time.Time
	signIns  map[string]bool // the user's sign-ins here that it is in use by: one may have led to the application more than once
	asked    bool
}

// applicationsSection lists the applications that the user allowed something, and those of the house that were used.
func (s *Server) applicationsSection(ctx context.Context, iss *issuer, user *signedIn) (ui.AccountSection, error) {
	all, err := s.applicationAccess(ctx, iss, user.account.Subject)
	if err != nil {
		return nil, err
	}
	shown := ui.AccountApplications{}
	for _, has := range all {
		application := ui.Application{
			ID: has.clientID, Name: has.clientID, Scopes: scopeGroups(iss, has.scopes, nil), Remembered: has.asked, Since: day(has.since),
			Active: text.Many("account.applications.active", len(has.signIns)), Idle: len(has.signIns) == 0,
		}
		if registered := iss.Find(has.clientID); registered != nil {
			application.Name, application.URI, application.Trusted = registered.Name, registered.URI, registered.Trusted
		}
		shown.Applications = append(shown.Applications, application)
	}
	return shown, nil
}

// applicationAccess joins what was consented to with what is in use, by the time of the consent, or else of the first use.
func (s *Server) applicationAccess(ctx context.Context, iss *issuer, subject string) ([]access, error) {
	consents, err := s.store.Consents(ctx, iss.Key(), subject)
	if err != nil {
		return nil, storeFailed("list consents", err)
	}
	grants, err := s.store.Grants(ctx, iss.Key(), subject, "")
	if err != nil {
		return nil, storeFailed("list grants", err)
	}
	byClient := map[string]*access{}
	for _, consent := range consents {
		if ofAnother(iss, consent) {
			continue
		}
		byClient[consent.ClientID] = &access{clientID: consent.ClientID, scopes: consent.Scopes, since: consent.Given, asked: true, signIns: map[string]bool{}}
	}
	for _, grant := range grants {
		has := byClient[grant.ClientID]
		if has == nil {
			has = &access{clientID: grant.ClientID, since: grant.Created, signIns: map[string]bool{}}
			byClient[grant.ClientID] = has
		}
		has.add(grant)
	}
	all := make([]access, 0, len(byClient))
	for _, has := range byClient {
		all = append(all, *has)
	}
	slices.SortFunc(all, func(a, b access) int { return cmp.Or(b.since.Compare(a.since), cmp.Compare(a.clientID, b.clientID)) })
	return all, nil
}

func (a *access) add(grant store.Grant) {
	a.signIns[grant.SessionID] = true
	if a.asked {
		return
	}
	a.scopes = oauth.ParseScopes(a.scopes.String() + " " + grant.Scopes.String())
	if grant.Created.Before(a.since) {
		a.since = grant.Created
	}
}

// withdrawConsent takes back what the user allowed an application: it is asked for again, what it was given is revoked, and it is told
// that the user's sessions with it have ended.
func (s *Server) withdrawConsent(_ http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, p params) (changed, error) {
	clientID, ctx := p.get("client"), r.Context()
	if clientID == "" {
		return changed{}, errNoPage
	}
	grants, err := s.store.WithdrawConsent(ctx, iss.Key(), user.account.Subject, clientID)
	if err != nil {
		return changed{}, storeFailed("withdraw consent", err)
	}
	s.tellClients(ctx, iss, grants)
	s.audit.Record(ctx, audit.ConsentWithdrawn, iss.Key(), "client_id", truncate(clientID, maxLoggedName), "subject", user.account.Subject, "grants", len(grants))
	return changed{done: "withdrawn"}, nil
}
