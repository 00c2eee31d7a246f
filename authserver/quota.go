package authserver

import (
	"net/http"
	"sync"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/ui/text"
)

// quota bounds how often one key may have something done: a bucket for each, which leaks. It counts in this process only, and its own
// memory is bounded: when there are too many keys, a new one has to wait.
type quota struct {
	now func() time.Time
	// burst is how often at once; every is how long one of them counts.
	burst float64
	every time.Duration

	mu      sync.Mutex
	buckets map[string]failures
	swept   time.Time
}

const maxQuotaKeys = 50_000

func newQuota(now func() time.Time, burst int, every time.Duration) *quota {
	return &quota{now: now, burst: float64(burst), every: every, buckets: map[string]failures{}}
}

// take counts one and returns zero, or how long to wait for it.
func (q *quota) take(key string) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	bucket, known := q.buckets[key]
	level := q.level(bucket, now)
	if level+1 > q.burst {
		return time.Duration((level + 1 - q.burst) * float64(q.every))
	}
	if !known && len(q.buckets) >= maxQuotaKeys && q.sweepLocked(now) == 0 {
		return q.every
	}
	q.buckets[key] = failures{level: level + 1, at: now}
	return 0
}

func (q *quota) level(bucket failures, now time.Time) float64 {
	return max(0, bucket.level-now.Sub(bucket.at).Seconds()/q.every.Seconds())
}

func (q *quota) sweep() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweepLocked(q.now())
}

func (q *quota) sweepLocked(now time.Time) int {
	if now.Sub(q.swept) < time.Second { // a flood does not make every request walk all the keys
		return 0
	}
	q.swept = now
	swept := 0
	for key, bucket := range q.buckets {
		if q.level(bucket, now) == 0 {
			delete(q.buckets, key)
			swept++
		}
	}
	return swept
}

// limits are the quotas of what anybody can have the server keep, or do at others' expense. Each is far above what people do, and below
// what a store or a provider would suffer from.
type limits struct {
	// interactions are kept for their lifetime and [store.Retention]. One address has twenty sign-in pages a second, and all together two
	// hundred for each workspace.
	interactions    *quota
	allInteractions *quota
	// pushes are kept for a minute and [store.Retention], by client; those that anybody can push for a public client, by address too.
	pushes       *quota
	publicPushes *quota
	// upstreams have us ask somebody else's server.
	upstreams *quota
	// signUps leave an account, which stays; and they tell whether a user name is taken, which an address is not to ask all day.
	signUps *quota
	// registrations leave a client, of which a workspace has a bounded number.
	registrations *quota

	hashing *inFlight
}

// How often at once.
const (
	interactionBurst = 500
	pushBurst        = 6000
	publicPushBurst  = 300
	signUpBurst      = 20
	registerBurst    = 20
)

func newLimits(now func() time.Time) *limits {
	return &limits{
		interactions:    newQuota(now, interactionBurst, 50*time.Millisecond),
		allInteractions: newQuota(now, 40*interactionBurst, 5*time.Millisecond),
		pushes:          newQuota(now, pushBurst, 5*time.Millisecond),
		publicPushes:    newQuota(now, publicPushBurst, 50*time.Millisecond),
		upstreams:       newQuota(now, 60, 2*time.Second),
		signUps:         newQuota(now, signUpBurst, time.Minute),
		registrations:   newQuota(now, registerBurst, 10*time.Second),
		hashing:         newInFlight(maxHashing),
	}
}

func (l *limits) sweep() {
	for _, q := range []*quota{l.interactions, l.allInteractions, l.pushes, l.publicPushes, l.upstreams, l.signUps, l.registrations} {
		q.sweep()
	}
}

// interaction counts a sign-in page that is about to be kept. What one address may not have does not count for the others.
func (l *limits) interaction(iss *issuer, network string) error {
	wait := l.interactions.take(network)
	if wait == 0 {
		wait = l.allInteractions.take(iss.Key())
	}
	if wait > 0 {
		return busyPage(wait)
	}
	return nil
}

// push counts a pushed request that is about to be kept (RFC 9126 §2.3: 429). A public client is whoever says its name, so that each
// address has its own share, and nobody uses up the client's.
func (l *limits) push(iss *issuer, c *client.Client, network string) error {
	key, quota := iss.Key()+" "+c.ID, l.pushes
	if c.Public() {
		key, quota = key+" "+network, l.publicPushes
	}
	if wait := quota.take(key); wait > 0 {
		return busyPage(wait)
	}
	return nil
}

// maxHashing is how many passwords one address may have us look at, or wait to be looked at, at the same time: nobody fills the queue.
const maxHashing = 8

// inFlight bounds what runs for one key at the same time. It keeps no key for which nothing runs.
type inFlight struct {
	most int

	mu      sync.Mutex
	running map[string]int
}

func newInFlight(most int) *inFlight { return &inFlight{most: most, running: map[string]int{}} }

// enter reports whether one more may run; leave has to be called when it has.
func (f *inFlight) enter(key string) (leave func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[key] >= f.most {
		return nil, false
	}
	f.running[key]++
	return func() { f.leave(key) }, true
}

func (f *inFlight) leave(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[key]--; f.running[key] == 0 {
		delete(f.running, key)
	}
}

// busyPage asks to come back later (RFC 6585 §4).
func busyPage(wait time.Duration) error {
	return &pageError{
		status: http.StatusTooManyRequests,
		title:  text.Of("error.busy.title"),
		text:   text.Of("error.busy.text"),
		wait:   max(1, int(wait.Round(time.Second).Seconds())),
	}
}

// errCrowded is for who comes when too many passwords wait to be looked at: a moment later it is somebody else's turn.
var errCrowded = &pageError{
	status: http.StatusServiceUnavailable,
	title:  text.Of("error.busy.title"),
	text:   text.Of("error.busy.text"),
	wait:   2,
}
