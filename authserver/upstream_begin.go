package authserver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/store"
	"cloakroom/authserver/upstream"
)

// upstreamAttempt is one time that a browser is sent to an upstream provider. There is no secret in it: state, nonce and code verifier are
// made of it with the secret of the browser's own handle, so that nobody else can answer it, from wherever they read the store.
type upstreamAttempt struct {
	Source string `json:"source"`
	ID     string `json:"id"`
	// NotBefore is the earliest instant at which the user may have authenticated there; zero for any.
	NotBefore time.Time `json:"not_before,omitzero"`
}

// derive makes one of the attempt's secrets.
func (a upstreamAttempt) derive(handle store.Handle, what string) string {
	mac := hmac.New(sha256.New, []byte(handle.Reveal()))
	fmt.Fprintf(mac, "upstream %s\x00%s\x00%s", what, a.Source, a.ID)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// state names what the answer is for, and proves that it is of this attempt at this browser.
func (a upstreamAttempt) state(handle store.Handle) string {
	return handle.ID + "." + a.derive(handle, "state")
}

func (a upstreamAttempt) isState(handle store.Handle, state string) bool {
	return hmac.Equal([]byte(a.state(handle)), []byte(state))
}

func (a upstreamAttempt) expected(handle store.Handle) upstream.Expected {
	return upstream.Expected{Nonce: a.derive(handle, "nonce"), Verifier: a.derive(handle, "verifier"), NotBefore: a.NotBefore}
}

// beginUpstream sends a user who is at the sign-in page to an upstream provider.
func (s *Server) beginUpstream(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	ix, err := s.loadInteraction(r, iss)
	if err != nil {
		return err
	}
	provider := iss.upstreams[r.PathValue("source")]
	if provider == nil {
		return errNoPage
	}
	user, err := s.currentUser(r, iss)
	if err != nil {
		return err
	}
	next, err := s.stageOf(r.Context(), iss, ix.flow, ix.state, user)
	if err != nil {
		return err
	}
	if next != stageLogin {
		redirectTo(w, interactionPath(iss, ix.handle.ID))
		return nil
	}
	attempt, request := s.newAttemptUpstream(r.PathValue("source"), ix)
	if wait := s.limits.upstreams.take(s.network(r)); wait > 0 {
		return busyPage(wait)
	}
	ix.state.Upstream, ix.state.Problem, ix.state.Rejected = &attempt, "", false
	if err := s.saveInteraction(r.Context(), &ix); err != nil {
		return err
	}
	return s.sendUpstream(w, r, iss, provider, attempt, ix.handle, request, func(problem string) error {
		return s.backToPicker(w, r, iss, ix, attempt.Source, problem)
	})
}

// newAttemptUpstream passes on what the client asked for of the sign-in. A fresh authentication is asked for as such, and held to.
func (s *Server) newAttemptUpstream(source string, ix interaction) (upstreamAttempt, upstream.Request) {
	now := s.now()
	attempt := upstreamAttempt{Source: source, ID: store.NewID(now)}
	request := upstream.Request{LoginHint: ix.request.LoginHint, MaxAge: ix.request.MaxAge, ACRValues: strings.Join(ix.request.ACRValues, " ")}
	if ix.request.MaxAge != nil {
		attempt.NotBefore = now.Add(-*ix.request.MaxAge)
	}
	if slices.Contains(ix.request.Prompt, promptSelectAccount) {
		request.Prompt = append(request.Prompt, promptSelectAccount)
	}
	if ix.state.MustLogin || slices.Contains(ix.request.Prompt, promptLogin) {
		request.Prompt = append(request.Prompt, promptLogin)
		request.MaxAge = new(time.Duration) // zero: so that auth_time has to be there (OpenID Connect Core §3.1.2.1)
		attempt.NotBefore = now
	}
	return attempt, request
}

// sendUpstream redirects to the provider; back is for when that cannot be done.
func (s *Server) sendUpstream(w http.ResponseWriter, r *http.Request, iss *issuer, provider *upstream.Provider, attempt upstreamAttempt, handle store.Handle, request upstream.Request, back func(problem string) error) error {
	expected := attempt.expected(handle)
	request.State, request.Nonce, request.Verifier = attempt.state(handle), expected.Nonce, expected.Verifier
	address, err := provider.Begin(r.Context(), request)
	if err != nil {
		return back(s.upstreamProblem(r.Context(), iss, attempt.Source, err))
	}
	redirectTo(w, address)
	return nil
}

// upstreamProblem writes down what went wrong with a provider, and names what the user is told.
func (s *Server) upstreamProblem(ctx context.Context, iss *issuer, source string, err error) string {
	problem := "failed"
	switch {
	case errors.Is(err, upstream.ErrUnavailable):
		problem = "unavailable"
	case errors.Is(err, upstream.ErrStale):
		problem = "stale"
	}
	s.audit.Record(ctx, audit.UpstreamFailed, iss.Key(), "source", source, "problem", problem)
	s.log.WarnContext(ctx, "upstream sign-in failed", "request_id", requestID(ctx), "workspace", iss.Key(), "source", source, "error", err)
	return problem
}

// saveInteraction keeps what has changed in the interaction. Somebody who was faster, in another tab, is told from an outage.
func (s *Server) saveInteraction(ctx context.Context, ix *interaction) error {
	encoded, err := json.Marshal(ix.state)
	if err != nil {
		return fmt.Errorf("encode interaction: %w", err)
	}
	ix.record.State = encoded
	err = s.store.UpdateInteraction(ctx, ix.record)
	switch {
	case err == nil:
		ix.record.Version++
		return nil
	case errors.Is(err, store.ErrConsumed):
		return finishedPage(ix.flow)
	case errors.Is(err, store.ErrNotFound):
		return errNoInteraction
	case errors.Is(err, store.ErrConflict):
		return errConflict
	default:
		return storeFailed("update interaction", err)
	}
}

// errConflict means that the interaction was changed meanwhile.
var errConflict = errors.New("the interaction was changed meanwhile")

// backToPicker shows the sign-in page again, by GET, with what was wrong. In another tab the user may have gone on: then the page shows
// what holds now.
func (s *Server) backToPicker(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, source, problem string) error {
	ix.state.Problem, ix.state.ProblemSource, ix.state.Rejected = problem, source, false
	if err := s.saveInteraction(r.Context(), &ix); err != nil && !errors.Is(err, errConflict) {
		return err
	}
	redirectTo(w, interactionPath(iss, ix.handle.ID))
	return nil
}
