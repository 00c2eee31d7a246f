package authserver

import (
	"net/http"
	"testing"
)

func TestAddressIsWhatTheNearestTrustedProxySays(t *testing.T) {
	trusted, err := parseProxies([]string{"10.0.0.0/8", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		peer  string
		lists []string
		want  string
	}{
		"no proxy":                        {"192.0.2.1:1", nil, "192.0.2.1"},
		"no proxy, and a list":            {"192.0.2.1:1", []string{"198.51.100.7"}, "192.0.2.1"},
		"no proxy, and proxies in a list": {"192.0.2.1:1", []string{"198.51.100.7, 10.0.0.1"}, "192.0.2.1"},
		"a proxy":                         {"10.0.0.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		"a proxy within IPv6":             {"[::ffff:10.0.0.1]:1", []string{"198.51.100.7"}, "198.51.100.7"},
		"a proxy by IPv6":                 {"[fd00::1]:1", []string{"198.51.100.7"}, "198.51.100.7"},
		"a proxy without a list":          {"10.0.0.1:1", nil, "10.0.0.1"},
		"a proxy with an empty list":      {"10.0.0.1:1", []string{""}, "10.0.0.1"},
		"two proxies":                     {"10.0.0.1:1", []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		"two proxies, two headers":        {"10.0.0.1:1", []string{"198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		"what the sender made up":         {"10.0.0.1:1", []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		"made up in another header":       {"10.0.0.1:1", []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
		"a made-up proxy":                 {"10.0.0.1:1", []string{"10.0.0.9, 198.51.100.7"}, "198.51.100.7"},
		"rubbish that was made up":        {"10.0.0.1:1", []string{"<script>, 198.51.100.7"}, "198.51.100.7"},
		"rubbish":                         {"10.0.0.1:1", []string{"198.51.100.7, unknown"}, "10.0.0.1"},
		"rubbish behind a proxy":          {"10.0.0.1:1", []string{"198.51.100.7, rubbish, 10.0.0.2"}, "10.0.0.1"},
		"a name":                          {"10.0.0.1:1", []string{"client.example"}, "10.0.0.1"},
		"nothing at the end":              {"10.0.0.1:1", []string{"198.51.100.7,"}, "10.0.0.1"},
		"nothing but proxies":             {"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.1"},
		"a proxy's port":                  {"10.0.0.1:1", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		"IPv6":                            {"10.0.0.1:1", []string{"2001:db8:1:2::1"}, "2001:db8:1:2::/64"},
		"IPv6 of the same customer":       {"10.0.0.1:1", []string{"2001:db8:1:2:ffff::1"}, "2001:db8:1:2::/64"},
		"IPv6 in brackets":                {"10.0.0.1:1", []string{"[2001:db8:1:2::1]"}, "2001:db8:1:2::/64"},
		"IPv6 and a port":                 {"10.0.0.1:1", []string{"[2001:db8:1:2::1]:4711"}, "2001:db8:1:2::/64"},
		"IPv4 within IPv6":                {"10.0.0.1:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		"a zone":                          {"10.0.0.1:1", []string{"fe80::1%eth0"}, "10.0.0.1"},
		"a peer that is no address":       {"@", []string{"198.51.100.7"}, "@"},
	} {
		s := &Server{proxies: trusted}
		r := &http.Request{RemoteAddr: row.peer, Header: http.Header{"X-Forwarded-For": row.lists}}
		if got := s.network(r); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
		if got := (&Server{}).network(r); got != networkOf(peer(r), row.peer) {
			t.Errorf("%s, where no proxy is trusted: %q", name, got)
		}
	}
}

func FuzzForwardedAddress(f *testing.F) {
	trusted, err := parseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("198.51.100.7, 10.0.0.2", "203.0.113.9")
	f.Add("[2001:db8::1]:4711", "[::ffff:10.0.0.1%x]")
	f.Fuzz(func(t *testing.T, list, left string) {
		at := func(lists ...string) string {
			return (&Server{proxies: trusted}).network(&http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": lists}})
		}
		// Nothing that is put before what the proxy appended moves the address.
		if got := at(left, list, "198.51.100.7"); got != "198.51.100.7" {
			t.Errorf("%q", got)
		}
		if got := at(list); got == "" {
			t.Error("no address")
		}
	})
}
