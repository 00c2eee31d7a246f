package authserver

import (
	"fmt"
	"testing"
	"time"
)

func TestThrottleCountsByAddressAcrossAccounts(t *testing.T) {
	now := time.Now()
	limits := newThrottle(func() time.Time { return now }, passwordLeak)
	for n := range addressAttempts {
		if wait := limits.begin(newAttempt("w", fmt.Sprintf("user%d", n), networkFrom("192.0.2.1:1000"))); wait > 0 {
			t.Fatalf("attempt %d waits %s", n, wait)
		}
	}
	if wait := limits.begin(newAttempt("w", "fresh", networkFrom("192.0.2.1:2000"))); wait <= 0 {
		t.Error("an address may try any number of accounts")
	}
	if wait := limits.begin(newAttempt("w", "fresh", networkFrom("192.0.2.2:2000"))); wait > 0 {
		t.Errorf("another address waits %s", wait)
	}
}

func TestThrottleKeepsIPv6CustomersTogether(t *testing.T) {
	a, b, c := newAttempt("w", "x", networkFrom("[2001:db8::1]:1")), newAttempt("w", "x", networkFrom("[2001:db8::ffff:1]:1")), newAttempt("w", "x", networkFrom("[2001:db8:0:1::1]:1"))
	if a.address != b.address || a.address == c.address {
		t.Errorf("%q %q %q", a.address, b.address, c.address)
	}
}

func TestThrottleForgetsAndIsBounded(t *testing.T) {
	now := time.Now()
	limits := newThrottle(func() time.Time { return now }, passwordLeak)
	for n := range maxThrottleKeys {
		limits.begin(attempt{account: fmt.Sprint("a", n), address: fmt.Sprint("b", n/50)})
	}
	if len(limits.failures) > maxThrottleKeys+1 {
		t.Errorf("%d keys", len(limits.failures))
	}
	if wait := limits.begin(attempt{account: "account new", address: "address new"}); wait <= 0 {
		t.Error("a full table lets a new key in")
	}
	now = now.Add(time.Hour)
	if wait := limits.begin(attempt{account: "account new", address: "address new"}); wait > 0 || len(limits.failures) != 2 {
		t.Errorf("nothing was forgotten: waits %s, %d keys", wait, len(limits.failures))
	}
}
