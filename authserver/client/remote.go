package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"cloakroom/authserver/jose"
)

// ErrKeys means that a client's keys cannot be had, so that nobody knows whether its signature is good.
var ErrKeys = errors.New("client: the keys are not available")

const (
	// keysLife is how old fetched keys may get.
	keysLife = 5 * time.Minute
	// refetch is the least time between two fetches for a kid that is not known: anybody can make one up.
	refetch = 30 * time.Second
	// fetchTimeout bounds one fetch.
	fetchTimeout = 5 * time.Second
	// maxDocument is the size in bytes up to which a key set is read.
	maxDocument = 64 << 10
)

// RemoteKeys fetches the key sets of clients that registered a jwks_uri, and keeps them for a while. It is safe for concurrent
// use.
type RemoteKeys struct {
	client *http.Client
	now    func() time.Time
	flight singleflight.Group

	mu   sync.Mutex
	sets map[string]fetched
}

type fetched struct {
	keys []jose.Key
	at   time.Time // of the last fetch, whether it succeeded or not
	good time.Time // of the last that did
	err  error
}

// NewRemoteKeys makes the source. The HTTP client decides which addresses may be reached; redirects are not followed.
func NewRemoteKeys(httpClient *http.Client, now func() time.Time) *RemoteKeys {
	own := *httpClient
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &RemoteKeys{client: &own, now: now, sets: map[string]fetched{}}
}

// Keys are the keys at a registered address. When none has the kid they are fetched anew, but not all the time.
func (r *RemoteKeys) Keys(ctx context.Context, uri, kid string) ([]jose.Key, error) {
	held := r.held(uri)
	age := r.now().Sub(held.at)
	known := kid == "" || slices.ContainsFunc(held.keys, func(key jose.Key) bool { return key.ID == kid })
	if held.keys != nil && (age < refetch || (known && r.now().Sub(held.good) < keysLife)) {
		return held.keys, nil
	}
	if held.err != nil && age < time.Second { // a client that cannot be reached is not asked with every request
		return nil, held.err
	}
	outcome := r.flight.DoChan(uri, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		return r.keep(uri, r.now(), func() ([]jose.Key, error) { return r.fetch(ctx, uri) })
	})
	select {
	case result := <-outcome:
		keys, _ := result.Val.([]jose.Key)
		return keys, result.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrKeys, ctx.Err())
	}
}

func (r *RemoteKeys) held(uri string) fetched {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sets[uri]
}

// keep remembers how a fetch ended. Old keys are better than none: a client's outage does not lock it out at once.
func (r *RemoteKeys) keep(uri string, at time.Time, fetch func() ([]jose.Key, error)) ([]jose.Key, error) {
	keys, err := fetch()
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.sets[uri]
	good := at
	if err != nil {
		good = before.good
	}
	if err != nil && before.keys != nil && at.Sub(before.good) < 2*keysLife {
		keys, err = before.keys, nil
	}
	r.sets[uri] = fetched{keys: keys, at: at, good: good, err: err}
	return keys, err
}

func (r *RemoteKeys) fetch(ctx context.Context, uri string) ([]jose.Key, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s answered %s", ErrKeys, uri, response.Status)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil || len(document) > maxDocument {
		return nil, fmt.Errorf("%w: %s has more than %d bytes, or broke off", ErrKeys, uri, maxDocument)
	}
	keys, err := jose.ParseSet(document, true)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return keys, nil
}
