package authserver

import (
	"context"
	"crypto/hmac"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/store"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
	"cloakroom/authserver/upstream"
	"cloakroom/authserver/workspace"
)

const identitiesName = "identities"

// identitiesSection is where a user adds the providers that they want to sign in with, and takes them away. Only who is signed in at an
// account adds to it, and a moment after they signed in: nothing that a provider says links an account by itself.
func (s *Server) identitiesSection() accountSection {
	return accountSection{
		name: identitiesName, fresh: true,
		show:    s.showIdentities,
		changes: map[string]accountChange{"unlink": s.unlinkIdentity},
		offered: func(iss *issuer, _ *signedIn) bool { return len(iss.upstreams) > 0 },
	}
}

func (s *Server) showIdentities(ctx context.Context, iss *issuer, user *signedIn) (ui.AccountSection, error) {
	linked, err := s.store.Identities(ctx, iss.Key(), user.account.Subject)
	if err != nil {
		return nil, storeFailed("list identities", err)
	}
	shown, taken := ui.AccountIdentities{}, map[string]bool{}
	for at, identity := range linked {
		taken[identity.Issuer] = true
		shown.Linked = append(shown.Linked, ui.LinkedIdentity{
			Name: issuerName(iss, identity.Issuer), Issuer: identity.Issuer, Subject: identity.Subject, Since: day(identity.Created),
			Only: !canSignIn(iss, user.account, slices.Delete(slices.Clone(linked), at, at+1)),
		})
	}
	for position := range iss.Sources {
		source := &iss.Sources[position]
		if source.Type != workspace.SourceOIDC || taken[source.Issuer] {
			continue
		}
		shown.Offered = append(shown.Offered, ui.SourceLink{
			ID: source.ID, Name: source.Name,
			Address: upstreamPath(iss.Workspace, source.ID) + "/link?csrf=" + csrfToken(user.handle, linkPurpose(source.ID)),
		})
	}
	return shown, nil
}

// issuerName is how people know a provider; one that is no source any more is known by its issuer.
func issuerName(iss *issuer, issuer string) string {
	for position := range iss.Sources {
		if source := &iss.Sources[position]; source.Issuer == issuer {
			return source.Name
		}
	}
	return issuer
}

// canSignIn reports whether an account with these identities can be signed in to: with a password where the workspace has its own accounts,
// or at a provider that is one of its sources still.
func canSignIn(iss *issuer, account store.Account, identities []store.Identity) bool {
	return (account.PasswordHash != "" && iss.Local() != nil) || slices.ContainsFunc(identities, func(identity store.Identity) bool {
		return slices.ContainsFunc(iss.Sources, func(source workspace.Source) bool { return source.Issuer == identity.Issuer })
	})
}

// unlinkIdentity takes a provider's user from the account, unless nobody could sign in to it any more.
func (s *Server) unlinkIdentity(_ http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, p params) (changed, error) {
	err := s.store.UnlinkIdentity(r.Context(), iss.Key(), user.account.Subject, p.get("issuer"), p.get("subject"),
		func(account store.Account, left []store.Identity) bool { return canSignIn(iss, account, left) })
	switch {
	case errors.Is(err, store.ErrNotFound): // in another tab, it is gone already
		return changed{done: "unlinked"}, nil
	case errors.Is(err, store.ErrConflict):
		return changed{done: "only"}, nil
	case err != nil:
		return changed{}, storeFailed("unlink identity", err)
	}
	s.audit.Record(r.Context(), audit.IdentityUnlinked, iss.Key(), "subject", user.account.Subject, "issuer", p.get("issuer"))
	return changed{done: "unlinked"}, nil
}

// linkState begins the state of an attempt to link. It says so that the callback knows which cookie the rest is of.
const linkState = "link."

// linkLife is how long a user may take at the provider.
const linkLife = 15 * time.Minute

func linkPurpose(source string) string { return "link " + source }

// newLink is an attempt that is kept nowhere: its id says until when it is good.
func (s *Server) newLink(source string) upstreamAttempt {
	until := strconv.FormatInt(s.now().Add(linkLife).Unix(), 10)
	return upstreamAttempt{Source: source, ID: until + "." + store.NewID(s.now())}
}

func linkStateOf(attempt upstreamAttempt, handle store.Handle) string {
	return linkState + attempt.ID + "." + attempt.derive(handle, "link state")
}

// beginLink sends a signed-in user to a provider, to come back as somebody whose account this is. The address is of our own account page,
// and good at this session only: nobody else can begin it, and have a victim's account linked to a user of theirs.
func (s *Server) beginLink(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	source := r.PathValue("source")
	provider := iss.upstreams[source]
	if provider == nil {
		return errNoPage
	}
	section := iss.Path() + accountPath + "/" + identitiesName
	user, err := s.accountUser(w, r, iss, true, section)
	if err != nil || user == nil {
		return err
	}
	p, err := queryParams(r)
	if err != nil {
		return err
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if (site != "" && site != "same-origin") || !csrfValid(user.handle, linkPurpose(source), p.get("csrf")) {
		s.audit.Record(r.Context(), audit.FormRejected, iss.Key(), "form", "link")
		return errForged
	}
	if fresh, err := s.requireFresh(w, r, iss, user, section); err != nil || !fresh {
		return err
	}
	if wait := s.limits.upstreams.take(s.network(r)); wait > 0 {
		return busyPage(wait)
	}
	attempt := s.newLink(source)
	expected := attempt.expected(user.handle)
	address, err := provider.Begin(r.Context(), upstream.Request{
		State: linkStateOf(attempt, user.handle), Nonce: expected.Nonce, Verifier: expected.Verifier, Prompt: []string{promptSelectAccount},
	})
	if err != nil {
		return s.linkProblemPage(iss, source, s.upstreamProblem(r.Context(), iss, source, err))
	}
	redirectTo(w, address)
	return nil
}

// linkCallback gives the account of who is signed in the identity that the provider speaks of.
func (s *Server) linkCallback(w http.ResponseWriter, r *http.Request, iss *issuer, provider *upstream.Provider, p params) error {
	source := iss.Upstream(r.PathValue("source"))
	section := iss.Path() + accountPath + "/" + identitiesName
	user, err := s.accountUser(w, r, iss, false, section)
	if err != nil || user == nil { // the session ended meanwhile; nothing is linked for whoever signs in next
		return err
	}
	attempt, good := s.linkAttempt(source.ID, user.handle, p.get("state"))
	if !good {
		return oldAttemptPage(section)
	}
	err = s.store.UseOnce(r.Context(), iss.Key(), "upstream link", attempt.ID, s.now().Add(linkLife))
	if errors.Is(err, store.ErrConsumed) {
		return oldAttemptPage(section)
	}
	if err != nil {
		return storeFailed("use link", err)
	}
	identity, problem := s.redeemUpstream(r.Context(), iss, provider, attempt, user.handle, p)
	if problem == "" {
		problem, err = s.link(r.Context(), iss, source, user, identity)
	}
	if err != nil {
		return err
	}
	if problem != "" {
		return s.linkProblemPage(iss, source.ID, problem)
	}
	a := accountRequest{user: user, section: accountSection{name: identitiesName}}
	redirectTo(w, section+"?done="+a.saying("linked"))
	return nil
}

// linkAttempt finds the attempt that a state is of, if it is of this session and not too old.
func (s *Server) linkAttempt(source string, handle store.Handle, state string) (upstreamAttempt, bool) {
	parts := strings.Split(strings.TrimPrefix(state, linkState), ".")
	if len(parts) != 3 {
		return upstreamAttempt{}, false
	}
	attempt := upstreamAttempt{Source: source, ID: parts[0] + "." + parts[1]}
	until, err := strconv.ParseInt(parts[0], 10, 64)
	ours := hmac.Equal([]byte(linkStateOf(attempt, handle)), []byte(state))
	return attempt, ours && err == nil && s.now().Before(time.Unix(until, 0))
}

func (s *Server) link(ctx context.Context, iss *issuer, source *workspace.Source, user *signedIn, identity upstream.Identity) (problem string, err error) {
	err = s.store.LinkIdentity(ctx, store.Identity{
		Workspace: iss.Key(), Issuer: source.Issuer, Subject: identity.Subject, Account: user.account.Subject, Created: s.now(),
	})
	if errors.Is(err, store.ErrConflict) {
		known, err := s.store.Identity(ctx, iss.Key(), source.Issuer, identity.Subject)
		switch {
		case err != nil:
			return "", storeFailed("load identity", err)
		case known.Account == user.account.Subject:
			return "", nil
		default:
			return "taken", nil
		}
	}
	if err != nil {
		return "", storeFailed("link identity", err)
	}
	s.audit.Record(ctx, audit.IdentityLinked, iss.Key(), "subject", user.account.Subject, "source", source.ID)
	return "", nil
}

// linkProblemPage says why nothing was linked.
func (s *Server) linkProblemPage(iss *issuer, source, problem string) error {
	status := http.StatusBadRequest
	if problem == "unavailable" {
		status = http.StatusServiceUnavailable
	}
	return &pageError{
		status: status,
		title:  text.Of("source.link.title"),
		text:   text.Of("source.link."+problem, "source", sourceName(iss, source)),
		next:   iss.Path() + accountPath + "/" + identitiesName, nextName: text.Of("source.link.next"),
	}
}
