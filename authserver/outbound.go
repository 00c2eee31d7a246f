package authserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/workspace"
)

// Outbound says where the server itself may connect to: the addresses that clients registered for their keys and for back-channel
// logout. Without more it reaches public addresses, by https, and nothing else (L07).
type Outbound struct {
	// Allow are networks in CIDR notation that are reached although they are private, link-local or this machine's own. Danger: who
	// registers a client can make the server send requests there.
	Allow []string `yaml:"allow"`
	// CAFile names a PEM file with authorities to trust besides the system's.
	CAFile string `yaml:"ca_file"`

	ca []byte // what CAFile has
}

func (o *Outbound) problems() []error {
	var problems []error
	for _, network := range o.Allow {
		if _, err := netip.ParsePrefix(network); err != nil {
			problems = append(problems, fmt.Errorf("outbound: allow: %q is not a network like 10.0.0.0/8", network))
		}
	}
	return problems
}

// addressProblems reports the addresses of clients that the guard would refuse whatever their names come to: those that are written as
// numbers, and localhost.
func (c *Config) addressProblems(ws *workspace.Workspace) []error {
	guard := newGuard(c.Outbound)
	problems := sourceAddressProblems(guard, ws)
	for position := range ws.Clients {
		registered := &ws.Clients[position]
		for key, text := range map[string]string{"jwks_uri": registered.JWKSURI, "backchannel_logout_uri": registered.BackchannelLogoutURI} {
			if err := guard.checkHost(text); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", place(ws, "client", registered.ID, key), err))
			}
		}
	}
	return problems
}

// Limits of one request.
const (
	outboundTimeout   = 10 * time.Second
	outboundConnect   = 3 * time.Second
	outboundHeader    = 16 << 10
	outboundIdle      = 16
	outboundKeepAlive = 30 * time.Second
)

// ErrOutbound means that the guard refused to connect.
var ErrOutbound = errors.New("outbound: the address is not public, and not in outbound: allow")

// newOutboundClient makes the one HTTP client that requests leave this server by.
func newOutboundClient(o Outbound) (*http.Client, error) {
	guard := newGuard(o)
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(o.ca) > 0 {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(o.ca) {
			return nil, errors.New("outbound: ca_file has no certificate in PEM")
		}
		config.RootCAs = roots
	}
	dialer := &net.Dialer{Timeout: outboundConnect, KeepAlive: outboundKeepAlive, ControlContext: guard.control}
	return &http.Client{
		Timeout: outboundTimeout,
		Transport: secureOnly{&http.Transport{
			DialContext:            dialer.DialContext, // no proxy: it would resolve names behind the guard's back
			TLSClientConfig:        config,
			TLSHandshakeTimeout:    outboundConnect,
			ResponseHeaderTimeout:  outboundTimeout,
			MaxResponseHeaderBytes: outboundHeader,
			MaxIdleConnsPerHost:    outboundIdle,
			IdleConnTimeout:        outboundKeepAlive,
			ForceAttemptHTTP2:      true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// secureOnly refuses http except to a loopback host.
type secureOnly struct{ next http.RoundTripper }

func (s secureOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := oauth.CheckURL(request.URL.String()); err != nil {
		return nil, fmt.Errorf("outbound: %w", err)
	}
	return s.next.RoundTrip(request)
}

// guard decides on addresses, after names were resolved: a name says nothing about where it leads, and may say something else the
// next time it is asked.
type guard struct{ allowed []netip.Prefix }

func newGuard(o Outbound) guard {
	var g guard
	for _, network := range o.Allow {
		if prefix, err := netip.ParsePrefix(network); err == nil { // problems reports the others
			g.allowed = append(g.allowed, prefix.Masked())
		}
	}
	return g
}

// control is called for every connection, with the very address that is about to be connected to.
func (g guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !g.permits(target.Addr()) {
		return fmt.Errorf("%w: %s", ErrOutbound, address)
	}
	return nil
}

// checkHost refuses what is known to be refused without asking the DNS.
func (g guard) checkHost(text string) error {
	parsed, err := url.Parse(text)
	if text == "" || err != nil { // what is wrong with it, the registration reports
		return nil
	}
	host := parsed.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if address, err := netip.ParseAddr(host); err == nil && !g.permits(address) {
		return fmt.Errorf("%q: %w", text, ErrOutbound)
	}
	return nil
}

func (g guard) permits(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, network := range g.allowed {
		if network.Contains(address) {
			return true
		}
	}
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false
	}
	for _, network := range notPublic() {
		if network.Contains(address) {
			return false
		}
	}
	return true
}

// notPublic are the networks of IANA's special-purpose registries (RFC 6890) that the standard library takes for global, and those
// that carry another address within them.
func notPublic() []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		networks = append(networks, netip.MustParsePrefix(text))
	}
	return networks
}
