package bff

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	metadataLifetime = time.Hour
	// retryPause keeps a provider that is down from being asked by every request.
	retryPause = time.Second
)

// provider is one OpenID provider. Its metadata is read when it is first needed, so that start order does not matter,
// and read again now and then; the last good one is kept when that fails.
type provider struct {
	cfg  *ProviderConfig
	out  *outbound
	now  func() time.Time
	keys *keySet
	// nonces are those that authorization servers want to see in DPoP proofs.
	nonces *nonces

	flight singleflight.Group
	mu     sync.Mutex
	known  *metadata
	read   time.Time // when known was read
	failed time.Time // when reading last failed
	why    error
}

// metadata is what the BFF uses of a provider's metadata (OpenID Connect Discovery §3, RFC 8414 §2).
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	PAREndpoint           string   `json:"pushed_authorization_request_endpoint"`
	RequirePAR            bool     `json:"require_pushed_authorization_requests"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs         []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	DPoPAlgs              []string `json:"dpop_signing_alg_values_supported"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	IssInResponse         bool     `json:"authorization_response_iss_parameter_supported"`
}

func newProvider(cfg *ProviderConfig, out *outbound, seen *nonces, now func() time.Time) *provider {
	return &provider{cfg: cfg, out: out, now: now, keys: newKeySet(out, now), nonces: seen}
}

// metadata returns the provider's metadata: the one it knows, or a fresh one. Of any number of callers one asks.
func (p *provider) metadata(ctx context.Context) (*metadata, error) {
	known, err, settled := p.recall()
	if settled {
		return known, err
	}
	result := p.flight.DoChan("metadata", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outboundTimeout)
		defer cancel()
		return p.discover(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-result:
		if got.Err != nil {
			return nil, got.Err
		}
		return got.Val.(*metadata), nil
	}
}

// recall answers from memory, unless it is time to ask.
func (p *provider) recall() (known *metadata, err error, settled bool) { //nolint:revive,staticcheck // the error is a value here
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.known != nil && now.Sub(p.read) < metadataLifetime {
		return p.known, nil, true
	}
	if p.why != nil && now.Sub(p.failed) < retryPause {
		return p.known, p.failure(), true
	}
	return nil, nil, false
}

// failure is the last error, unless there is a good answer from before.
func (p *provider) failure() error {
	if p.known != nil {
		return nil
	}
	return p.why
}

func (p *provider) discover(ctx context.Context) (*metadata, error) {
	fresh, err := p.fetch(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.failed, p.why = p.now(), err
		return p.known, p.failure()
	}
	p.known, p.read, p.why = fresh, p.now(), nil
	return fresh, nil
}

func (p *provider) fetch(ctx context.Context) (*metadata, error) {
	var m metadata
	address := strings.TrimSuffix(p.cfg.Issuer, "/") + "/.well-known/openid-configuration"
	if err := p.out.document(ctx, "discovery", address, maxDocument, &m); err != nil {
		return nil, fmt.Errorf("discover provider %q: %w", p.cfg.ID, err)
	}
	if err := errors.Join(m.validate(p.cfg.Issuer), p.cfg.capable(&m)); err != nil {
		return nil, fmt.Errorf("discover provider %q: %w", p.cfg.ID, err)
	}
	return &m, nil
}

func (m *metadata) validate(issuer string) error {
	// OpenID Connect Discovery §4.3, RFC 8414 §3.3: exactly the issuer that was asked, or its answers are another's.
	if m.Issuer != issuer {
		return fmt.Errorf("its metadata is that of issuer %q, not %q", m.Issuer, issuer)
	}
	for name, endpoint := range map[string]string{
		"authorization_endpoint": m.AuthorizationEndpoint, "token_endpoint": m.TokenEndpoint, "jwks_uri": m.JWKSURI,
	} {
		if !isEndpoint(endpoint) {
			return fmt.Errorf("its %s is missing or not https", name)
		}
	}
	for name, endpoint := range map[string]string{
		"userinfo_endpoint": m.UserinfoEndpoint, "revocation_endpoint": m.RevocationEndpoint, "end_session_endpoint": m.EndSessionEndpoint,
		"pushed_authorization_request_endpoint": m.PAREndpoint,
	} {
		if endpoint != "" && !isEndpoint(endpoint) {
			return fmt.Errorf("its %s is not https", name)
		}
	}
	// RFC 8414 §2: absent means that PKCE is not supported; many providers support it and do not say so.
	if m.ChallengeMethods != nil && !slices.Contains(m.ChallengeMethods, "S256") {
		return fmt.Errorf("it does not support the PKCE method S256")
	}
	return nil
}

// call names what an endpoint that a client authenticates to is for.
func (m *metadata) call(endpoint string) string {
	switch endpoint {
	case m.PAREndpoint:
		return "pushed_authorization_request"
	case m.RevocationEndpoint:
		return "revocation"
	default:
		return "token"
	}
}

// isEndpoint accepts a query, which RFC 6749 §3.1 allows in an endpoint.
func isEndpoint(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || (u.Scheme == "http" && isLoopback(u.Hostname()))
}

// allowedAlgs are the configured algorithms that the metadata also names: never one that a token's header chooses
// (RFC 8725 §3.1).
func (p *provider) allowedAlgs(m *metadata) []string {
	if m.IDTokenAlgs == nil {
		return p.cfg.IDTokenAlgs
	}
	return slices.DeleteFunc(slices.Clone(p.cfg.IDTokenAlgs), func(alg string) bool { return !slices.Contains(m.IDTokenAlgs, alg) })
}

// withQuery adds parameters to an endpoint, which may have some of its own.
func withQuery(endpoint string, parameters url.Values) string {
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	return endpoint + separator + parameters.Encode()
}
