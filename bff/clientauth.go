package bff

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/bff/session"
)

const (
	// assertionLifetime is as short as clocks allow (RFC 7523 §3; FAPI 2.0 §5.3.3).
	assertionLifetime = time.Minute
	assertionType     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// send posts a form with client authentication, and with a DPoP proof if there is a key. A server that wants its nonce in
// the proof gets the request once more: with the nonce, a proof and an assertion of their own (RFC 9449 §8, RFC 7523 §3
// item 7: a jti is used once).
func (p *provider) send(ctx context.Context, m *metadata, endpoint string, form url.Values, key *proofKey) (answer, error) {
	for again := false; ; again = true {
		r, err := p.clientRequest(ctx, m, endpoint, form)
		if err != nil {
			return answer{}, err
		}
		// A refresh token is redeemed by whose turn it is, and by nobody who only thinks so.
		if err := session.Fence(ctx); err != nil {
			return answer{}, err
		}
		if err := key.attach(r, "", p.nonces.of(p.cfg.ID), p.now()); err != nil {
			return answer{}, err
		}
		got, err := p.out.do(r, m.call(endpoint), maxDocument)
		if err != nil {
			// The error of http.Client names the URL, which holds nothing secret: forms are in the body.
			return answer{}, err
		}
		p.nonces.learn(p.cfg.ID, got.nonce)
		if again || key == nil || got.nonce == "" || !wantsNonce(got) {
			return got, nil
		}
	}
}

// wantsNonce is the authorization server's use_dpop_nonce (RFC 9449 §8).
func wantsNonce(got answer) bool {
	var problem struct {
		Error string `json:"error"`
	}
	return (got.status == http.StatusBadRequest || got.status == http.StatusUnauthorized) &&
		json.Unmarshal(got.body, &problem) == nil && problem.Error == "use_dpop_nonce"
}

// clientRequest authenticates the client in exactly one way (RFC 6749 §2.3).
func (p *provider) clientRequest(ctx context.Context, m *metadata, endpoint string, form url.Values) (*http.Request, error) {
	sent := maps.Clone(form)
	switch p.cfg.ClientAuth {
	case clientSecretPost:
		sent.Set("client_id", p.cfg.ClientID)
		sent.Set("client_secret", p.cfg.secret.reveal())
	case privateKeyJWT:
		assertion, err := p.assertion(m)
		if err != nil {
			return nil, err
		}
		sent.Set("client_id", p.cfg.ClientID)
		sent.Set("client_assertion_type", assertionType)
		sent.Set("client_assertion", assertion)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(sent.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.cfg.ClientAuth == clientSecretBasic {
		// RFC 6749 §2.3.1: both are form-encoded before they are joined.
		r.SetBasicAuth(url.QueryEscape(p.cfg.ClientID), url.QueryEscape(p.cfg.secret.reveal()))
	}
	return r, nil
}

// assertion says who the client is, to this issuer only: of several audiences, or of an endpoint's URL, another server
// could make use (RFC 7523bis §3, security row N01).
func (p *provider) assertion(m *metadata) (string, error) {
	key, now := p.cfg.keys[0], p.now()
	claims, err := json.Marshal(map[string]any{
		"iss": p.cfg.ClientID, "sub": p.cfg.ClientID, "aud": m.Issuer, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLifetime).Unix(),
	})
	if err != nil {
		return "", err
	}
	headers := jws.NewHeaders()
	for name, value := range map[string]any{jws.KeyIDKey: key.kid, jws.TypeKey: "JWT"} {
		if err := headers.Set(name, value); err != nil {
			return "", err
		}
	}
	signed, err := jws.Sign(claims, jws.WithKey(key.signingAlg(m.TokenAuthAlgs), key.private, jws.WithProtectedHeaders(headers)))
	if err != nil {
		return "", fmt.Errorf("sign the client assertion: %w", err)
	}
	return string(signed), nil
}
