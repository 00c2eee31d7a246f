package session

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// redisTimeout bounds each part of a call (a connection, the request, the answer), unless the URL says otherwise.
const redisTimeout = 2 * time.Second

// quiet keeps go-redis, which has one log for the whole process, from writing to it: what fails, its calls return.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

// Printf implements go-redis's logger.
func (silence) Printf(context.Context, string, ...any) {}

// OpenRedis opens the store in the Redis at a URL: redis://user:password@host:port/database, rediss:// with TLS, unix://; with
// pool_size, dial_timeout, read_timeout, write_timeout and the like as parameters. A Redis that cannot be reached or written to, or
// whose sessions are sealed with other keys, is an error that names it, without its password.
func OpenRedis(ctx context.Context, address string, sealer *Sealer, now func() time.Time) (*Redis, error) {
	options, err := redisOptions(address)
	if err != nil {
		return nil, err
	}
	quiet()
	s := &Redis{sealer: sealer, now: now, client: redis.NewClient(options), scripts: newScripts()}
	err = s.Ping(ctx)
	if err == nil {
		err = s.checkKey(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("session store %s: %w", options.Addr, err), s.Close())
	}
	return s, nil
}

func redisOptions(address string) (*redis.Options, error) {
	options, err := redis.ParseURL(address)
	if invalid, ok := errors.AsType[*url.Error](err); ok {
		err = invalid.Err // the error itself repeats the URL, password and all
	}
	if err != nil {
		return nil, fmt.Errorf("session store: not a URL of a Redis (redis://host:port/database): %w", err)
	}
	for _, timeout := range []*time.Duration{&options.DialTimeout, &options.ReadTimeout, &options.WriteTimeout, &options.PoolTimeout} {
		if *timeout <= 0 {
			*timeout = redisTimeout
		}
	}
	options.ContextTimeoutEnabled = true
	// Never send a change twice: a sign-out whose answer was lost would find its session ended and not learn its refresh token.
	options.MaxRetries = -1
	options.DialerRetries = 1
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}

// checkKey makes sure that the configured keys are those that the store was sealed with, as SQLite's does.
func (s *Redis) checkKey(ctx context.Context) error {
	sealed, err := s.client.Get(ctx, redisPrefix+"key").Bytes()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if err == nil {
		if _, err := s.sealer.Open(purposeStore, sealed, nil); err != nil {
			return fmt.Errorf("the sessions were sealed with a key that is not among the configured ones: %w", err)
		}
	}
	if s.sealer.current(sealed) {
		return nil
	}
	sealed, err = s.sealer.Seal(purposeStore, nil, nil)
	if err != nil {
		return err
	}
	return s.client.Set(ctx, redisPrefix+"key", sealed, 0).Err()
}
