package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/sync/singleflight"
)

// What [Manager.Current] answers when there is no usable session. Any other error means that the store is down: 503.
var (
	// ErrNoSession: the request carries no session's cookie.
	ErrNoSession = errors.New("session: none")
	// ErrExpired: the session came to its idle or absolute end.
	ErrExpired = errors.New("session: expired")
	// ErrRevoked: the session was ended, here or elsewhere.
	ErrRevoked = errors.New("session: revoked")
	// ErrDuplicateCookie: two cookies bear the session cookie's name; one was planted (400, and clear).
	ErrDuplicateCookie = errors.New("session: two cookies of one name")
)

// ManagerConfig says how long sessions live. The zero value of each field but the first two is its default.
type ManagerConfig struct {
	// Idle ends a session that is not used for so long. At least a minute.
	Idle time.Duration
	// Absolute ends a session so long after sign-in, whatever happens in it. At least Idle.
	Absolute time.Duration
	// CookieName begins with __Host-Http-, without which script could set it. Default [CookieName].
	CookieName string
	// CacheLifetime is how long a loaded session answers without the store, as long as the store's notices are heard: how long this
	// process may not notice that the store is down, or that another one was killed before it could tell what it did. What this
	// process ends, it ends at once. Default 5s, at most 1m.
	CacheLifetime time.Duration
	// FlushInterval is how often the store is told what was seen: how much of the last activity a crash loses. Default 10s,
	// at most half of Idle.
	FlushInterval time.Duration
}

// Validate returns every problem in one error.
func (c ManagerConfig) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf("session: "+format, args...))
		}
	}
	check(c.Idle >= time.Minute, "idle is %s; it has to be a minute or more", c.Idle)
	check(c.Absolute >= c.Idle, "absolute is %s; it has to be idle (%s) or more", c.Absolute, c.Idle)
	check(strings.HasPrefix(c.CookieName, cookiePrefix) && validName(c.CookieName), "cookie name %q: it has to begin with %s and be an HTTP token", c.CookieName, cookiePrefix)
	check(c.CacheLifetime > 0 && c.CacheLifetime <= time.Minute, "cache lifetime is %s; it has to be above 0 and a minute or less", c.CacheLifetime)
	check(c.FlushInterval > 0 && c.FlushInterval <= c.Idle/2, "flush interval is %s; it has to be above 0 and half of idle (%s) or less", c.FlushInterval, c.Idle)
	return errors.Join(problems...)
}

func (c ManagerConfig) withDefaults() ManagerConfig {
	if c.CookieName == "" {
		c.CookieName = CookieName
	}
	if c.CacheLifetime == 0 {
		c.CacheLifetime = 5 * time.Second
	}
	if c.FlushInterval == 0 {
		c.FlushInterval = 10 * time.Second
	}
	return c
}

func validName(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c) })
}

// Manager holds the sessions of one BFF: it gives a browser its cookie, finds the record that the cookie stands for, and
// ends both. All methods are safe for concurrent use.
type Manager struct {
	scs      *scs.SessionManager
	store    Store
	cache    *cache
	watched  *watchers
	flights  singleflight.Group
	origin   string // tells this instance's notices from others'
	idle     time.Duration
	absolute time.Duration
	// exclusive is exclusiveTimeout.
	exclusive time.Duration
	now       func() time.Time
	log       *slog.Logger
	stop      context.CancelFunc
	deaf      func() // ends the subscription
	stopped   sync.WaitGroup
}

// NewManager makes a manager on a store, which stays the caller's to close, after [Manager.Close].
func NewManager(store Store, config ManagerConfig, now func() time.Time, log *slog.Logger) (*Manager, error) {
	config = config.withDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	m := &Manager{
		scs: newSCS(store, config.CookieName), store: store, cache: newCache(config.CacheLifetime),
		watched: newWatchers(), origin: rand.Text(), exclusive: exclusiveTimeout,
		idle: config.Idle, absolute: config.Absolute, now: now, log: log, stop: stop,
	}
	m.deaf = store.Subscribe(m.heard, m.listening)
	m.stopped.Go(func() { m.follow(ctx) })
	m.stopped.Go(func() { m.keep(ctx, config.FlushInterval) })
	return m, nil
}

const (
	flushTimeout  = 10 * time.Second
	sweepInterval = time.Minute
	sweepLimit    = 1000
	// sweepDelay leaves other instances time to tell the store what they have seen.
	sweepDelay = time.Minute
)

// keep flushes and sweeps until ctx ends.
func (m *Manager) keep(ctx context.Context, interval time.Duration) {
	flush, sweep := time.NewTicker(interval), time.NewTicker(sweepInterval)
	defer flush.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			m.logError(ctx, "sessions not flushed", m.bounded(ctx, m.Flush))
		case <-sweep.C:
			m.cache.reap(m.now())
			m.logError(ctx, "sessions not swept", m.bounded(ctx, m.sweep))
		}
	}
}

func (m *Manager) sweep(ctx context.Context) error {
	_, err := m.store.Sweep(ctx, m.now().Add(-sweepDelay), sweepLimit)
	return err
}

func (m *Manager) bounded(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	return work(ctx)
}

func (m *Manager) logError(ctx context.Context, message string, err error) {
	if err != nil && ctx.Err() == nil {
		m.log.ErrorContext(ctx, message, "error", err) //nolint:sloglint // static-msg: the callers' messages are constants
	}
}

// Close waits for the work that [Manager.Exclusive] has under way, stops what runs in the background and flushes what was seen.
// No request may be under way.
func (m *Manager) Close() error {
	m.stop()
	m.deaf()
	m.stopped.Wait()
	return m.bounded(context.Background(), m.Flush)
}
