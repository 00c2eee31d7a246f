package bff

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
)

// requirement is one of RFC 10017 for a backend-for-frontend (and of the RFC 9700 sections that it makes binding), with how
// a configuration meets it.
type requirement struct {
	section string
	level   string // MUST, SHOULD or note
	what    string
	how     func(*Config) string
}

// always is for what no configuration can change.
func always(text string) func(*Config) string { return func(*Config) string { return text } }

// WriteConformance prints each requirement of RFC 10017 §6.1 with how this configuration meets it. Lines that begin with
// "attention" are those that a reader should weigh.
func (c Config) WriteConformance(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "#\tRFC 10017\tlevel\trequirement\tthis configuration")
	for i, r := range requirements {
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", i+1, r.section, r.level, r.what, r.how(&c))
	}
	return table.Flush()
}

func (c *Config) eachProvider(say func(*ProviderConfig) string) string {
	said := make([]string, 0, len(c.Providers))
	for i := range c.Providers {
		said = append(said, c.Providers[i].ID+": "+say(&c.Providers[i]))
	}
	return strings.Join(said, "; ")
}

func (c *Config) eachRoute(say func(*RouteConfig) string) string {
	said := make([]string, 0, len(c.Routes))
	for i := range c.Routes {
		said = append(said, c.Routes[i].Prefix+": "+say(&c.Routes[i]))
	}
	if len(said) == 0 {
		return "no routes"
	}
	return strings.Join(said, "; ")
}

func (c *Config) secureCookies() string {
	if strings.HasPrefix(c.Origin, "http://") {
		return "attention: Secure is always set, and this origin is http (loopback only)"
	}
	return "Secure on every cookie, deletions included; http is accepted for loopback hosts only"
}

func (c *Config) headerGate() string {
	return "every /bff/ and /api/ route has a gate; X-BFF-CSRF: 1 and same-origin by Sec-Fetch-Site or Origin. Navigations, callbacks and the provider's calls have gates of their own" + c.streamGates()
}

func (c *Config) streamGates() string {
	var open []string
	for i := range c.Routes {
		if c.Routes[i].EventSource || c.Routes[i].WebSocket {
			open = append(open, c.Routes[i].Prefix)
		}
	}
	if len(open) == 0 {
		return ""
	}
	return "; exact Origin in place of the header for EventSource or WebSocket on " + strings.Join(open, ", ")
}

func (c *Config) hosts() string {
	var hosts []string
	for i := range c.Routes {
		if u, err := url.Parse(c.Routes[i].Upstream); err == nil && !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	return "the only hosts ever dialled for the page: " + strings.Join(hosts, ", ")
}

func (c *Config) sessionStore() string {
	switch c.Session.Store {
	case storeMemory:
		return "attention: sessions are in memory, and gone at a restart"
	case storeSQLite:
		return "records sealed in " + c.Session.Path + "; one instance, or several on one file"
	default:
		return "records sealed in Redis, for any number of instances without sticky sessions"
	}
}

func (p *ProviderConfig) sayBinding() string {
	switch {
	case p.FAPI2:
		return "private_key_jwt and DPoP (FAPI 2.0)"
	case p.DPoP:
		return p.ClientAuth + " and DPoP"
	default:
		return "attention: " + p.ClientAuth + " and bearer tokens; dpop: true binds them"
	}
}

func (r *RouteConfig) sayToken() string {
	if r.Token == tokenNone {
		return "no token"
	}
	if r.Resource == "" {
		return "attention: the provider's default audience, scopes " + strings.Join(r.Scopes, " ")
	}
	return r.Resource + ", scopes " + strings.Join(r.Scopes, " ")
}

func (p *ProviderConfig) sayIDToken() string {
	return "claims shown to the page: " + strings.Join(p.Claims, " ")
}
