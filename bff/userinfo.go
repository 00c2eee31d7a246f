package bff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// userinfo asks for claims with the access token (OpenID Connect Core §5.3).
func (p *provider) userinfo(ctx context.Context, m *metadata, token session.Token, key *proofKey, subject string) (map[string]any, error) {
	got, err := p.askUserinfo(ctx, m, token, key)
	if err != nil {
		return nil, fmt.Errorf("ask userinfo of %q: %w", p.cfg.ID, err)
	}
	var claims map[string]any
	if err := json.Unmarshal(got.body, &claims); err != nil || got.status != http.StatusOK {
		return nil, fmt.Errorf("ask userinfo of %q: status %d, or not JSON", p.cfg.ID, got.status)
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

// askUserinfo shows the token as an API is shown it: the endpoint is a protected resource, with nonces of its own.
func (p *provider) askUserinfo(ctx context.Context, m *metadata, token session.Token, key *proofKey) (answer, error) {
	server := p.cfg.ID + " userinfo"
	for again := false; ; again = true {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserinfoEndpoint, http.NoBody)
		if err != nil {
			return answer{}, err
		}
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
