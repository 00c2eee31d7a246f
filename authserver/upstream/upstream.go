// Package upstream signs users in at someone else's OpenID provider: it is the authorization server's own side as a relying party, with
// discovery, the authorization code flow with PKCE, and ID tokens that are verified in full. It owns what is said to a provider and
// what is believed of its answers; it does not own whose account a user of the provider gets, nor browsers, cookies and pages.
//
// Nothing of it is shared with the BFF, which is a relying party too: each is a check of the other. The ID tokens are read by package
// jose, as client assertions are, and by no library: what is left to check after one is the greater part, and it is here to be read.
//
// Start with [Provider.Begin], then [Provider.Redeem].
package upstream

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"golang.org/x/sync/singleflight"

	"cloakroom/authserver/jose"
	"cloakroom/authserver/oauth"
)

var (
	// ErrUnavailable: the provider cannot be reached, or it says that it is out of order. Trying again may help.
	ErrUnavailable = errors.New("upstream: the provider is not available")
	// ErrInvalid: the provider answered, and the answer is not to be believed, or not what was agreed with it.
	ErrInvalid = errors.New("upstream: the answer is not valid")
	// ErrStale: the user authenticated longer ago than was asked for.
	ErrStale = errors.New("upstream: the authentication is too old")
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalid, fmt.Errorf(format, args...))
}

func unavailable(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUnavailable, fmt.Errorf(format, args...))
}

// Config is what we are registered as at a provider.
type Config struct {
	Issuer   string // exactly as its metadata has it
	ClientID string
	// AuthMethod is client_secret_basic, client_secret_post or private_key_jwt; the first two have a Secret, the last a Key.
	AuthMethod  string
	Secret      oauth.Secret
	Key         crypto.Signer // ECDSA P-256, RSA of 2048 bits or more, or Ed25519
	RedirectURI string
	Scopes      oauth.Scopes // openid among them
	Userinfo    bool         // ask for the user's claims there too
}

// Keys finds the public keys at a provider's jwks_uri, anew when none of those that are held has the kid.
type Keys interface {
	Keys(ctx context.Context, uri, kid string) ([]jose.Key, error)
}

// Provider is one provider. It is safe for concurrent use, and asks the provider for nothing until it has to.
type Provider struct {
	config Config
	client *http.Client
	keys   Keys
	now    func() time.Time

	flight singleflight.Group
	mu     sync.Mutex
	held   held
}

// New makes a provider of a configuration that package workspace has validated. The HTTP client decides which addresses may be reached;
// redirects are not followed.
func New(config Config, client *http.Client, keys Keys, now func() time.Time) *Provider {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Provider{config: config, client: &own, keys: keys, now: now}
}

// Issuer is the provider's name for itself.
func (p *Provider) Issuer() string { return p.config.Issuer }

// algorithms are those that a provider may sign with. None is not among them, nor is any with a shared secret: a client_secret is too
// many people's to sign with.
func algorithms() []jwa.SignatureAlgorithm {
	return []jwa.SignatureAlgorithm{jwa.RS256, jwa.PS256, jwa.ES256, jwa.EdDSA}
}

// Identity is what a provider says about a user who has just come from it.
type Identity struct {
	Subject string
	// Claims are all that it says about the user. Which of them are taken over, the source's configuration says.
	Claims map[string]any
	// AuthTime is zero when the provider does not say it; ACR and AMR are empty then. They are the provider's words and no more.
	AuthTime time.Time
	ACR      string
	AMR      []string
}
