package bff

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"cloakroom/bff/api"
	"cloakroom/bff/trace"
)

// signIn is what the callback learns, check by check.
type signIn struct {
	provider   *provider
	metadata   *metadata
	parameters url.Values
	tx         *transaction
	key        *proofKey // of DPoP; nil without
	grant      grant
	idToken    *idToken
	claims     map[string]any
	flow       *trace.Flow
}

// callback ends a sign-in. Until the transaction is known there is nowhere to send the browser but a page; afterwards
// every failure goes back to where the user was.
//
// Step 5b: the browser brings the authorization code; the BFF believes it only as the answer to a question that this
// browser's sign-in asked this issuer.
func (b *BFF) callback(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		return b.callbackForm(w, r)
	}
	s, err := b.findTransaction(r)
	if err != nil {
		return b.callbackWithoutTransaction(w, r, s, err)
	}
	http.SetCookie(w, deletedCookie(transactionName(s.tx.State)))
	first := b.spent.spend(s.tx.State)
	s.flow.Check("state_once", "RFC 9700 §4.7.1", first)
	if !first {
		return b.callbackWithoutTransaction(w, r, s, refuse(api.StateMismatch, "this sign-in was already completed"))
	}
	err = b.completeSignIn(w, r, s)
	if err != nil {
		return b.signInFailed(w, r, s, err)
	}
	redirect(w, s.tx.ReturnURL)
	return nil
}

// completeSignIn is the order of the checks, and the order is security: the state was first, because it says what this
// answers at all; the issuer comes before anything else is believed, errors included; nobody is asked to redeem a code
// before both hold; and the session comes last.
func (b *BFF) completeSignIn(w http.ResponseWriter, r *http.Request, s *signIn) error {
	// The work ends when it is done and not when the browser leaves: a code can be redeemed once.
	limit := exchangeTimeout + 2*outboundTimeout
	if s.flow != nil {
		limit += trace.MaxHold
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), limit)
	defer cancel()
	for _, check := range []func(context.Context) error{
		s.checkIssuer,
		s.checkError,
		func(ctx context.Context) error {
			s.flow.Hold(r.Context(), api.HoldTokenRequest)
			return s.redeem(ctx, b.redirectURI(s.provider))
		},
		s.verify,
		s.askUserinfo,
	} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return b.startSession(w, r.WithContext(ctx), s)
}

// findTransaction finds the sign-in that the response's state belongs to, in this browser and with this provider.
func (b *BFF) findTransaction(r *http.Request) (*signIn, error) {
	s := &signIn{provider: b.providers[lastSegment(r)], flow: b.flow(r.Context())}
	if s.provider == nil {
		return s, refuse(api.UnknownProvider, "there is no such sign-in service")
	}
	var err error
	if s.parameters, err = singleValues(r.URL.RawQuery); err != nil {
		return s, err
	}
	state := s.parameters.Get("state")
	if state == "" || len(state) > 128 {
		return s, refuse(api.StateMismatch, "this is not the answer to a sign-in that this browser began")
	}
	cookies := r.CookiesNamed(transactionName(state))
	if len(cookies) != 1 {
		return s, refuse(api.StateMismatch, "this sign-in was completed already, or was begun in another browser")
	}
	tx, ok := b.openTransaction(cookies[0])
	s.flow.Check("transaction", "RFC 9700 §4.7.1", ok)
	if !ok {
		return s, refuse(api.TransactionExpired, "this sign-in took too long; please start again")
	}
	// RFC 9700 §4.4.2.2: a response on another provider's redirect URI is another provider's.
	answers := subtle.ConstantTimeCompare([]byte(tx.State), []byte(state)) == 1 && tx.Provider == s.provider.cfg.ID
	s.flow.Check("state", "RFC 6749 §10.12", answers)
	if !answers {
		return s, refuse(api.StateMismatch, "this is not the answer to a sign-in that this browser began")
	}
	s.tx = tx
	return s, nil
}

// checkIssuer ends mix-up: the response is from the issuer that was asked (RFC 9207 §2.4).
func (s *signIn) checkIssuer(ctx context.Context) error {
	m, err := s.provider.metadata(ctx)
	if err != nil {
		return refuse(api.TokenExchangeFailed, "the sign-in service cannot be reached").because(err)
	}
	s.metadata = m
	iss, given := s.parameters["iss"]
	wrong := m.Issuer != s.tx.Issuer || (given && iss[0] != m.Issuer) || (!given && m.IssInResponse)
	s.flow.Check("issuer", "RFC 9207 §2.4", !wrong)
	if wrong {
		return refuse(api.IssuerMismatch, "the answer is not from the sign-in service that was asked")
	}
	return nil
}

// checkError maps what the authorization server refused (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
func (s *signIn) checkError(context.Context) error {
	code := s.parameters.Get("error")
	ok := code == "" && !s.parameters.Has("access_token") && !s.parameters.Has("id_token") && s.parameters.Get("code") != ""
	s.flow.Check("no_error", "RFC 6749 §4.1.2.1", ok)
	if ok {
		return nil
	}
	cause := fmt.Errorf("authorization response: error %q: %q", code, s.parameters.Get("error_description"))
	if code == "access_denied" {
		return refuse(api.AccessDenied, "the sign-in was cancelled").because(cause)
	}
	if slices.Contains([]string{"login_required", "interaction_required", "consent_required", "account_selection_required"}, code) {
		return refuse(api.LoginRequired, "the sign-in service needs to ask the user").because(cause)
	}
	if code == "unmet_authentication_requirements" { // OpenID Connect Core Unmet Authentication Requirements 1.0
		return refuse(api.StepUpUnmet, "the user cannot sign in as strongly as was asked").because(cause)
	}
	return refuse(api.TokenExchangeFailed, "the sign-in service refused the request").because(cause)
}

// redeem exchanges the code.
//
// Step 6: the BFF authenticates at the token endpoint with the method registered for it, and sends the code with the
// PKCE verifier that only it knows.
func (s *signIn) redeem(ctx context.Context, redirectURI string) error {
	key, err := parseProofKey(string(s.tx.ProofKey))
	if err != nil {
		return err
	}
	got, err := s.provider.redeemCode(ctx, s.parameters.Get("code"), s.tx.Verifier, redirectURI, key)
	if err != nil {
		return refuse(api.TokenExchangeFailed, "the sign-in service did not accept the code").because(err)
	}
	s.grant, s.key = got, key
	return nil
}

// verify accepts the tokens, and nothing of them before the ID token is verified whole.
//
// Step 8b: the BFF receives the access, refresh and ID tokens, and checks that the ID token is this issuer's, for this
// client and for this very sign-in.
func (s *signIn) verify(ctx context.Context) error {
	want := expectation{flow: s.flow, nonce: s.tx.Nonce, accessToken: s.grant.token.AccessToken, maxAge: s.tx.MaxAge, acr: s.tx.ACR, started: s.tx.Started}
	s.flow.Judge(api.TraceIDToken, api.StepTokenResponse)
	verified, err := s.provider.verifyIDToken(ctx, s.metadata, s.grant.idToken, want)
	if errors.Is(err, errWeaker) {
		return refuse(api.StepUpUnmet, "the user did not sign in as strongly as was asked").because(err)
	}
	if err != nil {
		return answerRefused(err)
	}
	s.idToken, s.claims = verified, verified.claims
	return nil
}

// askUserinfo adds claims that the ID token does not have; what both have stays the ID token's.
func (s *signIn) askUserinfo(ctx context.Context) error {
	if !s.provider.cfg.Userinfo || s.metadata.UserinfoEndpoint == "" {
		return nil
	}
	more, err := s.provider.userinfo(ctx, s.metadata, s.grant.token, s.key, s.idToken.Subject)
	if err != nil {
		return answerRefused(err)
	}
	for name, value := range more {
		if _, known := s.claims[name]; !known {
			s.claims[name] = value
		}
	}
	return nil
}

// answerRefused keeps apart an answer that does not hold, and one that could not be looked at.
func answerRefused(err error) error {
	if errors.Is(err, errKeysUnread) || errors.Is(err, errUserinfoUnread) {
		return refuse(api.TokenExchangeFailed, "the sign-in service cannot be reached").because(err)
	}
	return refuse(api.IDTokenInvalid, "the sign-in service's answer does not hold").because(err)
}
