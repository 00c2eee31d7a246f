package bff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// errUserinfoUnread is an endpoint that did not answer what it is asked: an outage, and no other user.
var errUserinfoUnread = errors.New("userinfo cannot be read")

// userinfo asks for claims with the access token (OpenID Connect Core §5.3).
func (p *provider) userinfo(ctx context.Context, m *metadata, token session.Token, key *proofKey, subject string) (map[string]any, error) {
	got, err := p.askUserinfo(ctx, m, token, key)
	if err != nil {
		return nil, fmt.Errorf("%w: ask %q: %w", errUserinfoUnread, p.cfg.ID, err)
	}
	if got.status != http.StatusOK {
		return nil, fmt.Errorf("%w: %q answers status %d", errUserinfoUnread, p.cfg.ID, got.status)
	}
	claims, err := p.readUserinfo(ctx, m, got)
	if err != nil {
		return nil, fmt.Errorf("userinfo of %q: %w", p.cfg.ID, err)
	}
	// OpenID Connect Core §5.3.2: claims of another subject are not this user's.
	flow := p.out.flow(ctx)
	flow.Judge(api.TraceUserinfo, api.StepTokenResponse)
	flow.Check("subject", "OpenID Connect Core §5.3.2", claims["sub"] == subject)
	if claims["sub"] != subject {
		return nil, errors.New("userinfo is about another subject than the ID token")
	}
	return claims, nil
}

// readUserinfo reads the claims: as JSON or, if that is how the client is registered, as a signed JWT, which says whose it is and
// for whom (OpenID Connect Core §5.3.2).
func (p *provider) readUserinfo(ctx context.Context, m *metadata, got answer) (claims map[string]any, err error) {
	if !got.isJWT {
		err = decodeClaims(got.body, &claims)
		return claims, err
	}
	payload, _, err := p.verifyJWS(ctx, m, string(bytes.TrimSpace(got.body)), kindUserinfo)
	if err != nil {
		return nil, err
	}
	var signed idToken
	if err := decodeClaims(payload, &signed, &claims); err != nil {
		return nil, err
	}
	return claims, errors.Join(signed.checkIssuer(m.Issuer), signed.checkAudience(p.cfg.ClientID))
}

// askUserinfo shows the token as an API is shown it: the endpoint is a protected resource, with nonces of its own.
func (p *provider) askUserinfo(ctx context.Context, m *metadata, token session.Token, key *proofKey) (answer, error) {
	server := p.cfg.ID + " userinfo"
	for again := false; ; again = true {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserinfoEndpoint, http.NoBody)
		if err != nil {
			return answer{}, err
		}
		r.Header.Set("Accept", "application/json, application/jwt")
		r.Header.Set("Authorization", token.Type+" "+token.AccessToken)
		if err := key.attach(r, token.AccessToken, p.nonces.of(server), p.now()); err != nil {
			return answer{}, err
		}
		got, err := p.out.do(r, "userinfo", maxDocument)
		if err != nil {
			return answer{}, err
		}
		p.nonces.learn(server, got.nonce)
		if again || key == nil || got.nonce == "" || !challengesNonce(got.status, got.challenges) {
			return got, nil
		}
	}
}
