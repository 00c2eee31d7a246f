package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloakroom/authserver/oauth"
)

const (
	// metadataLife is how old the metadata may get, staleLife how old while the provider gives no newer.
	metadataLife = 10 * time.Minute
	staleLife    = 24 * time.Hour
	// retryPause is the least time between two fetches while they fail: a provider that is down is not asked with every click.
	retryPause = time.Second
	// fetchTimeout bounds one fetch.
	fetchTimeout = 5 * time.Second
)

// metadata is what is needed of a provider's configuration (OpenID Connect Discovery §3).
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	PushedEndpoint        string   `json:"pushed_authorization_request_endpoint"`
	AssertionAlgorithms   []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	// SaysIssuer promises iss in every authorization response (RFC 9207 §3).
	SaysIssuer bool `json:"authorization_response_iss_parameter_supported"`
}

// held is what the last fetches came to.
type held struct {
	metadata *metadata
	fetched  time.Time // when it was had
	tried    time.Time // the last fetch
	failed   error     // why it failed, nil if it did not
}

// discover returns the provider's metadata. Old ones are better than none.
func (p *Provider) discover(ctx context.Context) (metadata, error) {
	if known, err, enough := p.known(); enough {
		return known, err
	}
	fetched := p.flight.DoChan("metadata", func() (any, error) {
		if _, _, enough := p.known(); enough {
			return nil, nil //nolint:nilnil // another caller was faster
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		found, err := p.fetchMetadata(ctx)
		p.keep(found, err)
		return nil, nil //nolint:nilnil // kept
	})
	select {
	case <-fetched:
	case <-ctx.Done():
		return metadata{}, unavailable("%w", ctx.Err())
	}
	known, err, _ := p.known()
	return known, err
}

// known returns what is held, and whether that is enough for now.
func (p *Provider) known() (metadata, error, bool) { //nolint:revive // the error is part of what is known
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	age, justFailed := now.Sub(p.held.fetched), p.held.failed != nil && now.Sub(p.held.tried) < retryPause
	switch {
	case p.held.metadata != nil && age < metadataLife:
		return *p.held.metadata, nil, true
	case p.held.metadata != nil && age < staleLife:
		return *p.held.metadata, nil, justFailed
	case p.held.failed != nil:
		return metadata{}, p.held.failed, justFailed
	default:
		return metadata{}, ErrUnavailable, false
	}
}

func (p *Provider) keep(found metadata, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held.tried, p.held.failed = p.now(), err
	if err == nil {
		p.held.metadata, p.held.fetched = &found, p.held.tried
	}
}

func (p *Provider) fetchMetadata(ctx context.Context) (metadata, error) {
	// OpenID Connect Discovery §4: a slash at the end of the issuer is not doubled.
	document, err := p.get(ctx, strings.TrimSuffix(p.config.Issuer, "/")+"/.well-known/openid-configuration", "")
	if err != nil {
		return metadata{}, fmt.Errorf("metadata: %w", err)
	}
	var found metadata
	if err := json.Unmarshal(document, &found); err != nil {
		return metadata{}, invalid("metadata: %w", err)
	}
	// OpenID Connect Discovery §4.3: the metadata is of the issuer that was asked for, exactly.
	if found.Issuer != p.config.Issuer {
		return metadata{}, invalid("metadata: it is of issuer %q", found.Issuer)
	}
	var problems []error
	for name, address := range map[string]string{
		"authorization_endpoint": found.AuthorizationEndpoint, "token_endpoint": found.TokenEndpoint, "jwks_uri": found.JWKSURI,
		"userinfo_endpoint": found.UserinfoEndpoint, "pushed_authorization_request_endpoint": found.PushedEndpoint,
	} {
		optional := name == "pushed_authorization_request_endpoint" || (name == "userinfo_endpoint" && !p.config.Userinfo)
		if address == "" && optional {
			continue
		}
		if err := oauth.CheckURL(address); err != nil {
			problems = append(problems, fmt.Errorf("%s: %q %w", name, address, err))
		}
	}
	if len(problems) > 0 {
		return metadata{}, invalid("metadata: %w", errors.Join(problems...))
	}
	return found, nil
}
