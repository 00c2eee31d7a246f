package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"golang.org/x/sync/singleflight"
)

const (
	// keysLife is how old the keys may get before a request fetches them anew, so that a key which the issuer withdrew is not
	// accepted for ever.
	keysLife = 10 * time.Minute
	// retryPause is the least time between two fetches while the issuer cannot be reached, stalePause while old keys do.
	retryPause = time.Second
	stalePause = 30 * time.Second
	// fetchTimeout bounds a fetch of the metadata and the keys together.
	fetchTimeout = 5 * time.Second
)

// key is a public key that the issuer publishes, for one algorithm.
type key struct {
	id        string
	algorithm jwa.SignatureAlgorithm
	public    any // *ecdsa.PublicKey, *rsa.PublicKey or ed25519.PublicKey
}

// keySet is what the issuer published at one time. It does not change; its identity tells verified tokens under which keys they
// were verified.
type keySet struct {
	keys map[string][]key
	text string // the document that it was read from
}

// fit are the keys of a kid that verify an algorithm.
func (s *keySet) fit(kid, algorithm string) []key {
	var fitting []key
	for _, key := range s.keys[kid] {
		if key.algorithm.String() == algorithm {
			fitting = append(fitting, key)
		}
	}
	return fitting
}

// keySource has the issuer's keys. It fetches them when they are first needed, when they are old, and when a token names one that
// is not there, but for the last never more often than once in the refetch interval: anybody can make up a kid.
type keySource struct {
	config Config
	client *http.Client
	flight singleflight.Group
	now    func() time.Time

	held atomic.Pointer[held]

	mu     sync.Mutex
	tried  time.Time // the last fetch
	failed error     // why it failed, nil if it did not
}

// held is a key set and when it was fetched.
type held struct {
	set     *keySet
	fetched time.Time
}

func newKeySource(config Config) *keySource {
	client := *config.Client
	// RFC 8414 §3: the keys come from where the issuer says, and from nowhere that a redirect points to.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &keySource{config: config, client: &client, now: config.Now}
}

// current returns the keys that are held, fetching them when there are none or when they are old. Old ones are better than none:
// an outage of the issuer does not sign anybody out. Nobody waits for new ones until they are very old.
func (s *keySource) current(ctx context.Context) (*keySet, error) {
	held := s.held.Load()
	if held == nil {
		if err := s.wait(ctx, s.refresh(ctx, retryPause, retryPause)); err != nil {
			return nil, err
		}
		return s.held.Load().set, nil
	}
	age := s.now().Sub(held.fetched)
	if age < keysLife {
		return held.set, nil
	}
	fetched := s.refresh(ctx, keysLife, stalePause)
	if age < 2*keysLife {
		return held.set, nil
	}
	_ = s.wait(ctx, fetched) // logged; the old ones have to do
	return s.held.Load().set, nil
}

// find returns the keys with a kid that verify an algorithm.
func (s *keySource) find(ctx context.Context, kid, algorithm string) (*keySet, []key, error) {
	set, err := s.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	if keys := set.fit(kid, algorithm); keys != nil {
		return set, keys, nil
	}
	if err := s.wait(ctx, s.refresh(ctx, s.config.Refetch, retryPause)); err != nil {
		return nil, nil, err
	}
	set = s.held.Load().set
	if keys := set.fit(kid, algorithm); keys != nil {
		return set, keys, nil
	}
	return nil, nil, invalid("kid %q is not a key of the issuer for its alg", kid)
}

// refresh fetches the keys, unless that was done less than pause ago (afterFailure, if it failed); then it answers as that time.
// All that call it at once share one fetch, which goes on when they give up.
func (s *keySource) refresh(ctx context.Context, pause, afterFailure time.Duration) <-chan singleflight.Result {
	return s.flight.DoChan("keys", func() (any, error) {
		if recent, err := s.recent(pause, afterFailure); recent {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		return nil, s.keep(s.fetch(ctx))
	})
}

// wait waits for a refresh as long as the caller does.
func (s *keySource) wait(ctx context.Context, fetched <-chan singleflight.Result) error {
	select {
	case result := <-fetched:
		return result.Err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

// recent reports whether the last fetch was less than a pause ago, and how it ended.
func (s *keySource) recent(pause, afterFailure time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		pause = afterFailure
	}
	return !s.tried.IsZero() && s.now().Sub(s.tried) < pause, s.failed
}

// keep remembers how a fetch ended. Keys that are the same as before stay the same set, so that no token is verified again.
func (s *keySource) keep(set *keySet, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried, s.failed = s.now(), nil
	if err != nil {
		s.config.Logger.Warn("fetch of the issuer's keys failed", "issuer", s.config.Issuer, "error", err)
		s.failed = errors.Join(ErrUnavailable, err)
		return s.failed
	}
	if before := s.held.Load(); before != nil && before.set.text == set.text {
		set = before.set
	}
	s.held.Store(&held{set: set, fetched: s.now()})
	return nil
}
