package bff

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// clientTokens are the access tokens of the BFF's own (RFC 6749 §4.4), one per provider, audience and scope set. They are
// kept in memory only: a new one is one request away.
type clientTokens struct {
	flights singleflight.Group
	mu      sync.Mutex
	known   map[string]ownToken
}

// ownToken is a client token with the key that it is bound to.
type ownToken struct {
	token    session.Token
	proofKey string // of DPoP; empty without
}

func newClientTokens() *clientTokens { return &clientTokens{known: map[string]ownToken{}} }

func (c *clientTokens) recall(key string) (ownToken, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.known[key]
	return found, ok
}

func (c *clientTokens) keep(key string, token ownToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[key] = token
}

// authorizeClient puts the BFF's own token on the request: one that it has, unless that is about to end or is the stale
// one that an API has just refused.
func (b *BFF) authorizeClient(ctx context.Context, pass *passage, stale string) error {
	cfg := pass.route.cfg
	key := strings.Join(append([]string{cfg.Provider, cfg.Resource}, sorted(cfg.Scopes)...), " ")
	clients, now := b.proxy.clients, b.now()
	known, found := clients.recall(key)
	if !found || known.token.AccessToken == stale || !now.Add(refreshAhead).Before(known.token.Expires) {
		fresh, err := b.askClientToken(ctx, key, cfg)
		// RFC 6749 §5.2 or an outage: an old token that still lives will do.
		if err != nil && (!found || known.token.AccessToken == stale || !now.Before(known.token.Expires)) {
			return err
		}
		if err == nil {
			known = fresh
		}
	}
	return pass.present(session.Record{ProofKey: known.proofKey}, known.token)
}

// askClientToken asks once for all who wait, and goes on when the caller leaves.
func (b *BFF) askClientToken(ctx context.Context, key string, cfg *RouteConfig) (ownToken, error) {
	result := b.proxy.clients.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
		defer cancel()
		fresh, err := b.providers[cfg.Provider].clientCredentials(ctx, cfg.Resource, cfg.Scopes)
		if err == nil {
			b.proxy.clients.keep(key, fresh)
		}
		return fresh, err
	})
	select {
	case <-ctx.Done():
		return ownToken{}, ctx.Err()
	case got := <-result:
		if got.Err != nil {
			return ownToken{}, refuse(api.IDPUnavailable, "the server could not get a token for this API").because(got.Err)
		}
		return got.Val.(ownToken), nil
	}
}

// clientCredentials asks for a token of the client's own (RFC 6749 §4.4.2), for one audience (RFC 8707 §2).
func (p *provider) clientCredentials(ctx context.Context, resource string, scopes []string) (ownToken, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	if resource != "" {
		form.Set("resource", resource)
	}
	var own ownToken
	var err error
	if p.cfg.DPoP {
		if own.proofKey, err = newProofKey(); err != nil {
			return ownToken{}, err
		}
	}
	key, err := parseProofKey(own.proofKey)
	if err != nil {
		return ownToken{}, err
	}
	got, err := p.request(ctx, form, scopes, key)
	if err != nil {
		return ownToken{}, err
	}
	if !containsAll(got.token.Scopes, scopes) {
		return ownToken{}, errors.New("the client token lacks a scope of the route")
	}
	own.token = got.token
	return own, nil
}

func sorted(names []string) []string {
	copied := slices.Clone(names)
	slices.Sort(copied)
	return copied
}
