package authserver

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks whose word about a client's address is taken. This file is the one place that says what a request's address
// is: the throttle, the quotas and the audit count by it.
type proxies []netip.Prefix

// parseProxies reads networks in CIDR notation.
func parseProxies(networks []string) (proxies, error) {
	var parsed proxies
	var problems []error
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil || prefix.Addr().Is4In6() {
			problems = append(problems, fmt.Errorf("trusted_proxies: %q is not a network like 10.0.0.0/8", network))
		}
		parsed = append(parsed, prefix.Masked())
	}
	return parsed, errors.Join(problems...)
}

func (p proxies) has(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// peer is who the connection is from. The zero address is nobody's.
func peer(r *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	return from.Addr().Unmap().WithZone("")
}

// client is whose request it is: the peer, or what a trusted proxy says that it had as its own peer. Every proxy appends, so that the list is
// read from the right, and ends at the first address that is no proxy's: what is left of that, its sender may have made up (RFC 7239 §8.1).
// A list that cannot be read so far says nothing.
func (p proxies) client(r *http.Request) netip.Addr {
	from := peer(r)
	if !p.has(from) {
		return from
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, ok := hopAddress(strings.TrimSpace(hop))
		switch {
		case !ok:
			return from
		case !p.has(address):
			return address
		}
	}
	return from
}

// hopAddress reads one address of the list; some proxies say the port as well.
func hopAddress(hop string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(hop)
		address = withPort.Addr()
	}
	return address.Unmap(), err == nil && address.Zone() == ""
}

// network is the address of a request that counts.
func (s *Server) network(r *http.Request) string { return networkOf(s.proxies.client(r), r.RemoteAddr) }

// networkOf is the network of one customer: an IPv6 customer has a /64. Where the address is none, the text stands for itself.
func networkOf(address netip.Addr, text string) string {
	if !address.IsValid() {
		return text
	}
	if address.Is4() {
		return address.String()
	}
	return netip.PrefixFrom(address, 64).Masked().String()
}
