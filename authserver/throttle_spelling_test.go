package authserver

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// networkFrom is what counts of a request from an address.
func networkFrom(address string) string {
	return (&Server{}).network(&http.Request{RemoteAddr: address})
}

func TestNoSpellingOfANameOrAddressCountsApart(t *testing.T) {
	of := func(name, address string) attempt { return newAttempt("demo/baseline", name, networkFrom(address)) }
	base := of("alice", "192.0.2.1:1000")
	for name, spelling := range map[string]string{
		"capitals": "ALICE", "mixed": "aLiCe", "full width": "Ａｌｉｃｅ", "full-width capitals": "ＡＬＩＣＥ",
	} {
		if got := of(spelling, "192.0.2.1:1"); got.account != base.account {
			t.Errorf("%s: %q counts as %q", name, spelling, got.account)
		}
	}
	composed, decomposed := of("zo\u00eb", "192.0.2.1:1"), of("zoe\u0308", "192.0.2.1:1")
	if composed.account != decomposed.account {
		t.Errorf("normal forms: %q and %q", composed.account, decomposed.account)
	}
	// What can be nobody's name is looked up by nobody: all of it is one key, and not alice's.
	impossible := of("", "192.0.2.1:1")
	for name, spelling := range map[string]string{
		"a space": "alice ", "a space within": "al ice", "a zero-width space": "al\u200bice", "a soft hyphen": "al\u00adice", "a joiner": "ali\u200dce",
		"right to left": "\u202ealice", "a null": "alice\x00", "a tab": "\talice", "too long": strings.Repeat("alice", 100), "broken text": "alice\xff",
		"a circled letter": "ⓐlice", "a ligature": "ﬁona",
	} {
		if got := of(spelling, "192.0.2.1:1"); got.account != impossible.account || got.account == base.account {
			t.Errorf("%s: %q counts as %q", name, spelling, got.account)
		}
	}
	for name, spelling := range map[string]string{"a letter of another script": "аlice", "another name": "alicf", "another workspace": "alice"} {
		other := of(spelling, "192.0.2.1:1")
		if name == "another workspace" {
			other = newAttempt("demo/fapi2", spelling, networkFrom("192.0.2.1:1"))
		}
		if other.account == base.account { // the control: not everything is one
			t.Errorf("%s counts as alice", name)
		}
	}
	for name, same := range map[string][2]string{
		"ports":                   {"192.0.2.1:1000", "192.0.2.1:2"},
		"IPv4 within IPv6":        {"192.0.2.1:1000", "[::ffff:192.0.2.1]:2"},
		"IPv4 within IPv6 in hex": {"192.0.2.1:1000", "[::ffff:c000:201]:2"},
		"a /64":                   {"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:1"},
		"IPv6 spelt out":          {"[2001:db8:1:2::1]:1", "[2001:0DB8:0001:0002:0000:0000:0000:0001]:1"},
		"a zone":                  {"[fe80::1%eth0]:1", "[fe80::1%eth1]:1"},
		"the zone of a /64":       {"[fe80::1]:1", "[fe80::2%eth1]:1"},
	} {
		if a, b := of("alice", same[0]), of("alice", same[1]); a.address != b.address {
			t.Errorf("%s: %q and %q", name, a.address, b.address)
		}
	}
	if a, b := of("alice", "[2001:db8:1:2::1]:1"), of("alice", "[2001:db8:1:3::1]:1"); a.address == b.address { // the control
		t.Errorf("two customers are one: %q", a.address)
	}
}

func TestQuotaComesBackAndIsBounded(t *testing.T) {
	now := time.Now()
	q := newQuota(func() time.Time { return now }, 3, time.Second)
	for n := range 3 {
		if wait := q.take("a"); wait > 0 {
			t.Fatalf("%d waits %s", n, wait)
		}
	}
	if wait := q.take("a"); wait <= 0 || wait > time.Second {
		t.Errorf("the fourth waits %s", wait)
	}
	if wait := q.take("b"); wait > 0 { // the control
		t.Errorf("another key waits %s", wait)
	}
	now = now.Add(1100 * time.Millisecond)
	if wait := q.take("a"); wait > 0 {
		t.Errorf("a second later it waits %s", wait)
	}
	for n := range maxQuotaKeys {
		q.take(string(rune('A'+n%26)) + time.Duration(n).String())
	}
	if len(q.buckets) > maxQuotaKeys || q.take("new") <= 0 {
		t.Errorf("%d keys, and another one is let in", len(q.buckets))
	}
	now = now.Add(time.Minute)
	if q.sweep(); len(q.buckets) != 0 || q.take("new") > 0 {
		t.Errorf("%d keys are left", len(q.buckets))
	}
}

func TestInFlightHoldsNothingForWhoHasLeft(t *testing.T) {
	f := newInFlight(2)
	first, _ := f.enter("a")
	second, ok := f.enter("a")
	if _, third := f.enter("a"); !ok || third {
		t.Error("the third runs")
	}
	if leave, other := f.enter("b"); !other {
		t.Error("another key waits") // the control
	} else {
		leave()
	}
	first()
	if leave, again := f.enter("a"); !again {
		t.Error("nobody comes after who left")
	} else {
		leave()
	}
	if second(); len(f.running) != 0 {
		t.Errorf("%v", f.running)
	}
}
