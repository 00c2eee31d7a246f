// Package resource protects an API: it verifies the access tokens of one issuer (RFC 9068, RFC 6750) and answers for the
// API when a token is missing, wrong or too weak. It owns the verification, the issuer's keys and the challenges; it does
// not own what the API does, and it knows the authorization server by its metadata only.
//
// Start with [New] and [Verifier.Require]; what is checked, in order, is [Verifier.Verify].
package resource

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloakroom/authserver/dpop"
)

// algorithms are those that a Verifier can be told to accept. There is no symmetric one, and no none.
var algorithms = []string{"ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "EdDSA"}

// Config says whose tokens an API accepts.
type Config struct {
	// Issuer is the issuer's identifier, exactly as its tokens spell it: https, or http on a loopback host.
	Issuer string
	// Audience is this API's resource indicator: the one audience of its tokens (RFC 8707).
	Audience string
	// PublicURL is where clients reach this API, without a path: what DPoP proofs are compared with. Default: the audience's scheme and
	// host.
	PublicURL string
	// Algorithms are the JWS algorithms that the issuer signs access tokens with. The token's header never chooses.
	Algorithms []string
	// Client fetches metadata and keys. It is copied and follows no redirects. Default: one of its own.
	Client *http.Client
	// Skew is how far the issuer's clock may be ahead or behind, 10 s at most. Default: 5 s.
	Skew time.Duration
	// Refetch is the least time between two fetches of the keys for a key that is not known. Default: 60 s.
	Refetch time.Duration
	// CacheSize is how many verified tokens are remembered until they expire. Default: 10,000.
	CacheSize int
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Logger gets one line for each fetch of the keys that fails. Default: slog.DiscardHandler.
	Logger *slog.Logger
	// Checked, unless it is nil, is told every check of a request as it is made: a stable name such as "aud", its place in the
	// specification, and whether it passed. A token that was verified before is found by its hash, and told as "verified_before". It
	// is called on the request's path and must not block.
	Checked func(ctx context.Context, name, spec string, ok bool)
}

const maxSkew = 10 * time.Second

// Validate joins everything that is wrong with the configuration.
func (c Config) Validate() error {
	problems := []error{validateIssuer(c.Issuer)}
	if c.Audience == "" {
		problems = append(problems, errors.New("audience: is missing"))
	}
	if len(c.Algorithms) == 0 {
		problems = append(problems, errors.New("algorithms: at least one is needed"))
	}
	for _, algorithm := range c.Algorithms {
		if !slices.Contains(algorithms, algorithm) {
			problems = append(problems, fmt.Errorf("algorithms: %q is none of %s", algorithm, strings.Join(algorithms, ", ")))
		}
	}
	if c.Skew < 0 || c.Skew > maxSkew {
		problems = append(problems, fmt.Errorf("skew: %s is not between 0 and %s", c.Skew, maxSkew))
	}
	if c.Refetch < 0 || c.CacheSize < 0 {
		problems = append(problems, errors.New("refetch and cache size: must not be negative"))
	}
	return errors.Join(problems...)
}

func validateIssuer(issuer string) error {
	parsed, err := url.Parse(issuer)
	switch {
	case issuer == "":
		return errors.New("issuer: is missing")
	case err != nil || parsed.Host == "" || parsed.User != nil || strings.ContainsAny(issuer, "?#"):
		return fmt.Errorf("issuer: %q is not a URL without query and fragment (RFC 8414 §2)", issuer)
	case !secure(parsed):
		return fmt.Errorf("issuer: %q is neither https nor on a loopback host", issuer)
	default:
		return nil
	}
}

// secure reports whether a URL is https, or http to this very machine.
func secure(address *url.URL) bool {
	if address.Scheme == "https" {
		return true
	}
	host := address.Hostname()
	ip := net.ParseIP(host)
	return address.Scheme == "http" && (host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback()))
}

// Verifier verifies access tokens. It is safe for concurrent use.
type Verifier struct {
	config Config
	keys   *keySource
	cache  *cache
	nonces *dpop.Nonces
	proofs dpop.Verifier
}

// New makes a verifier. It contacts nobody: metadata and keys are fetched for the first token, so that it does not matter
// whether the authorization server or the API starts first.
func New(_ context.Context, config Config) (*Verifier, error) {
	config = withDefaults(config)
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("resource: %w", err)
	}
	config.Algorithms = slices.Clone(config.Algorithms)
	v := &Verifier{config: config, keys: newKeySource(config), cache: newCache(config.CacheSize)}
	// The nonces are of this process: another instance's client learns of it with its first answer (RFC 9449 §9).
	v.nonces = dpop.NewNonces([]byte(rand.Text()), config.Audience)
	v.proofs = dpop.Verifier{Nonces: v.nonces, Once: dpop.NewMemory(maxProofs, config.Now).Use, Now: config.Now, Checked: config.Checked}
	return v, nil
}

func withDefaults(config Config) Config {
	if config.PublicURL == "" {
		config.PublicURL = originOf(config.Audience)
	}
	if config.Client == nil {
		config.Client = &http.Client{}
	}
	if config.Skew == 0 {
		config.Skew = 5 * time.Second
	}
	if config.Refetch == 0 {
		config.Refetch = time.Minute
	}
	if config.CacheSize == 0 {
		config.CacheSize = 10_000
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return config
}

// check tells a check and returns its result.
func (v *Verifier) check(ctx context.Context, name, spec string, ok bool) bool {
	if v.config.Checked != nil {
		v.config.Checked(ctx, name, spec, ok)
	}
	return ok
}
