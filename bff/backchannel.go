package bff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

const (
	maxLogoutForm = 64 << 10
	// maxLogoutAge is how long a logout token may live (Back-Channel Logout §2.4: at most two minutes).
	maxLogoutAge   = 2 * time.Minute
	logoutPurpose  = "logout_token"
	logoutEvent    = "http://schemas.openid.net/event/backchannel-logout"
	specBadRequest = "invalid_request"
)

// backchannelLogout ends the sessions that the provider says are over, on all instances and with their open streams
// (OpenID Connect Back-Channel Logout §2.7). Nobody but the provider can make such a token, so no cookie and no header
// of a browser counts for anything here.
func (b *BFF) backchannelLogout(w http.ResponseWriter, r *http.Request) error {
	p := b.providers[lastSegment(r)]
	if p == nil {
		return badLogout("there is no such provider")
	}
	compact, err := b.logoutParameter(w, r)
	if err != nil {
		return err
	}
	// The provider may leave; what it said stays said.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), outboundTimeout)
	defer cancel()
	token, err := p.verifyLogoutToken(ctx, compact)
	if err != nil {
		return err
	}
	ended, err := b.sessions.EndBy(ctx, token.Issuer, token.Subject, token.SID, token.once())
	if errors.Is(err, session.ErrUsed) {
		return badLogout("the logout token was used before")
	}
	for _, record := range ended {
		b.flow(ctx).Bind(record.ID, record.Provider)
		b.flow(ctx).Correlate(record.SID)
		b.auditSession(ctx, auditSessionEnded, string(api.EndedByProvider), record)
		b.revokeLater(ctx, b.providerOf(record), record.RefreshToken)
	}
	if err != nil {
		return refuse(api.StoreUnavailable, "the sessions could not be ended; send the token again").because(err)
	}
	b.log.InfoContext(ctx, "back-channel logout", "provider", p.cfg.ID, "sessions", len(ended))
	w.WriteHeader(http.StatusOK)
	return nil
}

// badLogout is the answer of §2.8: 400 with an OAuth error in JSON.
func badLogout(detail string) *refusal {
	refused := refuse(api.InvalidRequest, detail)
	refused.oauthError = specBadRequest
	return refused
}

// logoutParameter reads the form (§2.5). Parameters that are not understood are ignored, the token is there once.
func (b *BFF) logoutParameter(w http.ResponseWriter, r *http.Request) (string, error) {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType != "application/x-www-form-urlencoded" {
		return "", badLogout("a logout token comes in a form")
	}
	body, err := b.readBody(w, r, maxLogoutForm)
	if err != nil {
		return "", err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["logout_token"]) != 1 {
		return "", badLogout("the form has no logout_token, or several")
	}
	return form.Get("logout_token"), nil
}

// logoutToken is a logout token whose signature and claims were verified (§2.4).
type logoutToken struct {
	Issuer   string                     `json:"iss"`
	Subject  string                     `json:"sub"`
	Audience audience                   `json:"aud"`
	IssuedAt *float64                   `json:"iat"`
	Expires  *float64                   `json:"exp"`
	JTI      string                     `json:"jti"`
	SID      string                     `json:"sid"`
	Nonce    json.RawMessage            `json:"nonce"`
	Events   map[string]json.RawMessage `json:"events"`
	end      time.Time
}

// once takes the token once, on all instances (§2.6 item 8): replayed after the user signed in again, it would end that
// session too. It is spent in the step that ends the sessions, so that a provider which tries again after a failure is heard,
// at whichever instance.
func (t *logoutToken) once() session.Once {
	return session.Once{Purpose: logoutPurpose, Value: t.Issuer + " " + t.JTI, Expires: t.end}
}

// verifyLogoutToken is §2.6. The signature comes first. When the provider's keys cannot be read we cannot know: 503, and the
// provider tries again.
func (p *provider) verifyLogoutToken(ctx context.Context, compact string) (*logoutToken, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, refuse(api.IDPUnavailable, "the provider's metadata cannot be read").because(err)
	}
	flow := p.out.flow(ctx)
	flow.Carries(api.InForm, "logout_token", compact)
	payload, _, err := p.verifyJWS(ctx, m, compact, kindLogoutToken)
	flow.Judge(api.TraceBackchannelLogout, 0)
	flow.Check("signature", "OpenID Connect Back-Channel Logout §2.6 item 2", err == nil)
	if errors.Is(err, errKeysUnread) {
		return nil, refuse(api.IDPUnavailable, "the provider's keys cannot be read").because(err)
	}
	if err != nil {
		return nil, badLogout("the logout token is not one of this provider's").because(err)
	}
	token := &logoutToken{}
	if err := decodeClaims(payload, token); err != nil {
		return nil, badLogout("the logout token's claims cannot be read").because(err)
	}
	err = token.check(m.Issuer, p.cfg.ClientID, p.now())
	flow.Check("claims", "OpenID Connect Back-Channel Logout §2.6 items 3 to 7", err == nil)
	if err != nil {
		return nil, badLogout("the logout token's claims do not hold").because(err)
	}
	return token, nil
}

func (t *logoutToken) check(issuer, clientID string, now time.Time) error {
	// What it shares with an ID token is checked as an ID token's.
	shared := idToken{Issuer: t.Issuer, Audience: t.Audience, AuthorizedParty: &clientID, Expires: t.Expires, IssuedAt: t.IssuedAt}
	for _, err := range []error{shared.checkIssuer(issuer), shared.checkAudience(clientID), shared.checkTimes(now), t.checkContent()} {
		if err != nil {
			return err
		}
	}
	return t.checkAge(now)
}

// checkContent is §2.6 items 4 to 7.
func (t *logoutToken) checkContent() error {
	event, found := t.Events[logoutEvent]
	var members map[string]json.RawMessage
	switch {
	case t.JTI == "" || len(t.JTI) > 512:
		return errors.New("jti is missing or too long")
	case t.Subject == "" && t.SID == "":
		return errors.New("neither sub nor sid")
	case !found || json.Unmarshal(event, &members) != nil || members == nil:
		return errors.New("events has no back-channel logout")
	case t.Nonce != nil:
		return errors.New("nonce is prohibited: an ID token is no logout token")
	}
	return nil
}

// checkAge bounds the token's life, and with it how long its jti has to be remembered. Both times are there.
func (t *logoutToken) checkAge(now time.Time) error {
	issued, _ := instant(*t.IssuedAt)
	end, _ := instant(*t.Expires)
	if end.Sub(issued) > maxLogoutAge+clockSkew || now.Sub(issued) > maxLogoutAge+clockSkew {
		return fmt.Errorf("it lives from %s to %s, longer than a logout token may", issued, end)
	}
	t.end = end.Add(clockSkew)
	return nil
}
