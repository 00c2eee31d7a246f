package authserver

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/ui/text"
	"cloakroom/authserver/upstream"
)

// upstreamCallback takes a provider's answer. The order is that of what can be believed: the state, which is of this browser; the
// issuer; the error, or the code. Each attempt is answered once.
func (s *Server) upstreamCallback(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	p, err := queryParams(r)
	if err != nil {
		return err
	}
	provider := iss.upstreams[r.PathValue("source")]
	if provider == nil {
		return errNoPage
	}
	if strings.HasPrefix(p.get("state"), linkState) {
		return s.linkCallback(w, r, iss, provider, p)
	}
	id, _, _ := strings.Cut(p.get("state"), ".")
	r.SetPathValue("interaction", id)
	ix, err := s.loadInteraction(r, iss)
	if err != nil {
		return err
	}
	attempt := ix.state.Upstream
	if attempt == nil || attempt.Source != r.PathValue("source") || !attempt.isState(ix.handle, p.get("state")) {
		return oldAttemptPage(interactionPath(iss, ix.handle.ID))
	}
	// Before the code is used, so that of two answers to one attempt one counts.
	ix.state.Upstream = nil
	if err := s.saveInteraction(r.Context(), &ix); errors.Is(err, errConflict) {
		return oldAttemptPage(interactionPath(iss, ix.handle.ID))
	} else if err != nil {
		return err
	}
	identity, problem := s.redeemUpstream(r.Context(), iss, provider, *attempt, ix.handle, p)
	if problem != "" {
		return s.backToPicker(w, r, iss, ix, attempt.Source, problem)
	}
	return s.signInUpstream(w, r, iss, ix, attempt.Source, identity)
}

// redeemUpstream checks the answer and trades its code for what the provider says about the user. Problem names what the user is told
// when there is nothing to believe.
func (s *Server) redeemUpstream(ctx context.Context, iss *issuer, provider *upstream.Provider, attempt upstreamAttempt, handle store.Handle, p params) (identity upstream.Identity, problem string) {
	refused := p.get("error")
	if refused != "" || p.get("code") == "" {
		err := provider.CheckIssuer(ctx, p.get("iss")) // RFC 9207 §2.4: before anything else in it is believed
		if err == nil && refused == string(oauth.AccessDenied) {
			s.audit.Record(ctx, audit.UpstreamFailed, iss.Key(), "source", attempt.Source, "problem", "denied")
			return upstream.Identity{}, "denied"
		}
		if err == nil && refused == string(oauth.TemporarilyUnavailable) {
			err = upstream.ErrUnavailable
		}
		if err == nil {
			err = errors.Join(upstream.ErrInvalid, errors.New("authorization response: "+truncate(refused, maxLoggedName)))
		}
		return upstream.Identity{}, s.upstreamProblem(ctx, iss, attempt.Source, err)
	}
	identity, err := provider.Redeem(ctx, upstream.Answer{Code: p.get("code"), Issuer: p.get("iss")}, attempt.expected(handle))
	if err != nil {
		return upstream.Identity{}, s.upstreamProblem(ctx, iss, attempt.Source, err)
	}
	return identity, ""
}

// oldAttemptPage is for an answer that was given before, or to an attempt that another one has replaced.
func oldAttemptPage(back string) error {
	return &pageError{
		status: http.StatusBadRequest,
		title:  text.Of("source.old.title"),
		text:   text.Of("source.old.text"),
		next:   back, nextName: text.Of("source.old.next"),
	}
}

// signInUpstream signs in whoever the provider says that it is.
func (s *Server) signInUpstream(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, source string, identity upstream.Identity) error {
	found, problem, err := s.accountOf(r.Context(), iss, source, identity)
	if err != nil {
		return err
	}
	if problem != "" {
		s.audit.Record(r.Context(), audit.SignInRejected, iss.Key(), "client_id", ix.client.ID, "source", source, "problem", problem)
		return s.backToPicker(w, r, iss, ix, source, problem)
	}
	rememberSource(w, iss, source)
	return s.loggedIn(w, r, iss, ix, found, s.byUpstream(iss, source, identity))
}

// acrUpstream says that a provider vouches for the user, and nothing about how it knows.
const acrUpstream = "urn:cloakroom:acr:upstream"

// byUpstream is what the session says of how the user authenticated. A provider that is trusted says it itself; of any other it is
// known only that it sent the user here now.
func (s *Server) byUpstream(iss *issuer, source string, identity upstream.Identity) authentication {
	how := authentication{at: s.now(), acr: acrUpstream}
	if !iss.Upstream(source).TrustAuthentication {
		return how
	}
	if identity.ACR != "" {
		how.acr = identity.ACR
	}
	how.amr = identity.AMR
	if !identity.AuthTime.IsZero() {
		how.at = earlier(how.at, identity.AuthTime)
	}
	return how
}
