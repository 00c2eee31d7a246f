package bff

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks whose word about a client's address is taken.
type proxies []netip.Prefix

// parseProxies reads networks in CIDR notation.
func parseProxies(networks []string) (proxies, error) {
	parsed := make(proxies, 0, len(networks))
	var problems []error
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil || prefix.Addr().Is4In6() {
			problems = append(problems, fmt.Errorf("trusted_proxies: %q is not a network such as 10.0.0.0/8", network))
		}
		parsed = append(parsed, prefix)
	}
	return parsed, errors.Join(problems...)
}

func (p proxies) has(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// client is whose request it is: the connection's other end, or, where that is a trusted proxy, the last address of X-Forwarded-For
// that is none. What stands before it, its sender may have written; what is no address makes the rest worth nothing.
func (p proxies) client(r *http.Request) netip.Addr {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	peer := connection.Addr().Unmap().WithZone("")
	if err != nil || !p.has(peer) {
		return peer
	}
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for last := len(said) - 1; last >= 0; last-- {
		address, err := netip.ParseAddr(strings.TrimSpace(said[last]))
		if err != nil || address.Zone() != "" {
			break
		}
		if address = address.Unmap(); !p.has(address) {
			return address
		}
	}
	return peer
}

// forwardedFor says whose request it is, from the connection and the configuration: what a request claims of itself does
// not pass (RFC 7239 §5, §8.1).
func (b *BFF) forwardedFor(h http.Header, r *http.Request) {
	address := b.proxies.client(r)
	if !address.IsValid() {
		return
	}
	scheme, _, _ := strings.Cut(b.cfg.Origin, "://")
	node := address.String()
	if address.Is6() {
		node = `"[` + node + `]"` // RFC 7239 §6
	}
	h["Forwarded"] = []string{"for=" + node + `;host="` + b.host + `";proto=` + scheme}
	h["X-Forwarded-For"], h["X-Forwarded-Host"], h["X-Forwarded-Proto"] = []string{address.String()}, []string{b.host}, []string{scheme}
}
