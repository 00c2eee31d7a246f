package authserver

import (
	"sync"
	"time"

	"cloakroom/authserver/account"
)

// throttle slows down the guessing of passwords. It counts failures by account, whether the account exists or not, and by
// address; a key that has used up its attempts waits until they come back, one by one. Nobody is locked out for good.
// It counts in this process only.
type throttle struct {
	now func() time.Time
	// leak is how long a failure counts.
	leak time.Duration

	mu       sync.Mutex
	failures map[string]failures
	swept    time.Time
}

// failures is a leaking bucket.
type failures struct {
	level float64
	at    time.Time
}

const (
	accountAttempts = 10
	addressAttempts = 100
	// passwordLeak and factorLeak are how long a failure counts. A code has six digits, three of which count at a time: a guesser who
	// has the password is right once in three years.
	passwordLeak = 30 * time.Second
	factorLeak   = 5 * time.Minute
	// maxThrottleKeys bounds the memory. When it is reached, the keys that count for nothing any more go; if all still
	// count, a new key is refused: a flood slows the guessing down and never opens it.
	maxThrottleKeys = 100_000
)

func newThrottle(now func() time.Time, leak time.Duration) *throttle {
	return &throttle{now: now, leak: leak, failures: map[string]failures{}}
}

// attempt is one try to sign in, counted under every key before the password is looked at: a flood of concurrent tries
// gains nothing.
type attempt struct {
	account string
	address string
}

// newAttempt spells the name as accounts do, so that no other spelling of it counts apart. All names that no account can have
// share one key.
func newAttempt(workspace, username, network string) attempt {
	name, err := account.Canonical(username)
	if err != nil {
		name = ""
	}
	return attempt{account: "account " + workspace + " " + name, address: "address " + network}
}

// begin counts the attempt and returns zero if it may go on, else how long to wait.
func (t *throttle) begin(a attempt) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	account, address := t.current(a.account, now), t.current(a.address, now)
	if wait := max(account.wait(accountAttempts, t.leak), address.wait(addressAttempts, t.leak)); wait > 0 {
		return wait
	}
	if len(t.failures) >= maxThrottleKeys && t.sweepLocked(now) == 0 {
		return t.leak
	}
	t.failures[a.account] = failures{level: account.level + 1, at: now}
	t.failures[a.address] = failures{level: address.level + 1, at: now}
	return 0
}

// succeed forgets the account's failures, and this attempt of the address.
func (t *throttle) succeed(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	delete(t.failures, a.account)
	address := t.current(a.address, now)
	t.failures[a.address] = failures{level: max(0, address.level-1), at: now}
}

func (t *throttle) current(key string, now time.Time) failures {
	f := t.failures[key]
	if f.at.IsZero() {
		return failures{at: now}
	}
	return failures{level: max(0, f.level-now.Sub(f.at).Seconds()/t.leak.Seconds()), at: now}
}

func (f failures) wait(limit float64, leak time.Duration) time.Duration {
	if f.level+1 <= limit {
		return 0
	}
	return time.Duration((f.level + 1 - limit) * float64(leak))
}

func (t *throttle) sweep() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweepLocked(t.now())
}

func (t *throttle) sweepLocked(now time.Time) int {
	if now.Sub(t.swept) < time.Second { // a flood does not make every attempt walk all the keys
		return 0
	}
	t.swept = now
	swept := 0
	for key := range t.failures {
		if t.current(key, now).level == 0 {
			delete(t.failures, key)
			swept++
		}
	}
	return swept
}
