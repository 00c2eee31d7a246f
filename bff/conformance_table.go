package bff

import "strings"

// requirements are in the order of the specification's sections, as the project's list of standards numbers them.
var requirements = []requirement{
	{"6.1.3.1", "MUST", "confidential client", func(c *Config) string {
		return c.eachProvider(func(p *ProviderConfig) string { return p.ClientAuth })
	}},
	{"6.1.3.1, 9700 §2.1.1", "MUST", "authorization code grant only", always("response_type=code is set by the BFF and cannot be configured")},
	{"9700 §2.1.1", "MUST", "no code injection", always("PKCE S256 and a nonce, both, new for every sign-in")},
	{"9700 §2.1", "MUST", "no CSRF on the redirect endpoint", always("state bound to a sealed transaction cookie, spent once")},
	{"9700 §2.1, §9.3", "MUST", "no mix-up of authorization servers", func(c *Config) string {
		return "a redirect URI per provider, and iss (RFC 9207) where the provider sends it; providers: " + c.eachProvider(func(p *ProviderConfig) string { return p.Issuer })
	}},
	{"9700 §4.11", "MUST", "no open redirector", always("returnUrl is a path of the page, in its one plain form")},
	{"6.1.3.2", "MUST", "cookies Secure", (*Config).secureCookies},
	{"6.1.3.2", "MUST", "cookies HttpOnly", always("every cookie; script can read none")},
	{"6.1.3.2", "SHOULD", "SameSite=Strict", always("the session cookie; the transaction cookie is Lax, because it has to come back from the provider")},
	{"6.1.3.2", "SHOULD", "Path=/", always("every cookie")},
	{"6.1.3.2", "SHOULD NOT", "Domain", always("never set; there is no key for it")},
	{"6.1.3.2", "SHOULD", "name prefix", always("__Host-Http-")},
	{"6.1.3.2", "note", "relaxations need a reason", always("there is no key that relaxes a cookie")},
	{"6.1.3.2", "SHOULD", "encrypt tokens in cookies", always("no cookie holds a token; the transaction cookie is sealed (AES-GCM)")},
	{"6.1.3.3", "MUST", "CSRF defence", always("deny unless proven same-origin, GET included, before any upstream call")},
	{"6.1.3.3.1", "note", "SameSite is not enough with sibling subdomains", always("Sec-Fetch-Site: same-site is refused")},
	{"6.1.3.3.2", "SHOULD", "custom request header", always("X-BFF-CSRF: 1")},
	{"6.1.3.3.2", "MUST", "on every request", (*Config).headerGate},
	{"6.1.3.3.2", "note", "CORS approves nobody", always("no Access-Control-* header is ever sent")},
	{"6.1.3.3.3", "note", "double submit", always("not used: it needs a cookie that script can read")},
	{"6.1.3.6", "MUST", "outbound hosts are an allow-list", (*Config).hosts},
	{"6.1.3.6", "MUST", "dynamic paths are strictly validated", always("a target that is not in its one plain form is refused, never normalised")},
	{"6.1.3.6", "MUST", "only permitted hosts and paths", func(c *Config) string {
		return c.eachRoute(func(r *RouteConfig) string { return r.Upstream })
	}},
	{"6.1.3.6", "note", "methods per endpoint", func(c *Config) string {
		return c.eachRoute(func(r *RouteConfig) string { return strings.Join(r.Methods, " ") })
	}},
	{"6.1.1 K", "note", "strip the cookie, attach the token", func(c *Config) string {
		return c.eachRoute(func(r *RouteConfig) string { return r.Token })
	}},
	{"6.1", "note", "no token reaches the browser", always("answers are built field by field; secrets have a type that prints as redacted")},
	{"6.1.2.1", "note", "check-session endpoint", always("GET /bff/session")},
	{"6.1.2.1", "note", "sign-in starts with a navigation", always("GET /bff/login takes nothing but top-level navigations")},
	{"6.1.2.2", "note", "refresh before expiry, with client authentication", always("ahead of the end, once for all instances, by compare-and-swap")},
	{"6.1.2.2", "note", "session lifetime", func(c *Config) string {
		return "idle " + c.Session.Idle.String() + ", absolute " + c.Session.Absolute.String() + "; keep the latter within the refresh token's"
	}},
	{"6.1.2.2", "note", "a dead refresh token ends the session", always("on invalid_grant, after reading the record again; never on an outage")},
	{"6.1.2.3", "note", "server-side sessions", (*Config).sessionStore},
	{"6.1.2.4", "note", "ID token data at the check-session endpoint", func(c *Config) string { return c.eachProvider((*ProviderConfig).sayIDToken) }},
	{"6.1.3.4", "note", "privacy of a hosted BFF", always("logs hold no body, query or cookie")},
	{"6.1.3.5", "note", "upstream rate limits see one address", func(c *Config) string {
		return c.eachRoute(func(r *RouteConfig) string {
			if r.Forwarded {
				return "Forwarded from the connection, or from trusted_proxies"
			}
			return "the BFF's address (forwarded: false)"
		})
	}},
	{"6.1.3.7", "note", "key-based authentication, bound tokens", func(c *Config) string { return c.eachProvider((*ProviderConfig).sayBinding) }},
	{"6.1.4.1", "note", "XSS can still drive the session", always("the page's policy allows its own script only; audit lines and metrics show refusals")},
	{"5", "note", "CSP, origin isolation", always("COOP, CORP, CSP and nosniff on every answer")},
	{"9.1", "note", "one resource per token", func(c *Config) string { return c.eachRoute((*RouteConfig).sayToken) }},
	{"9.1", "SHOULD NOT", "a cached token with more scope than asked", always("tokens are kept per audience and scope set")},
	{"9.1", "SHOULD NOT", "unused ID token claims", func(c *Config) string { return c.eachProvider((*ProviderConfig).sayIDToken) }},
	{"9.4", "note", "one app per origin", func(c *Config) string { return "everything of " + c.Origin + " is one app" }},
	{"7.2, 7.3", "MUST NOT", "implicit, password grant", always("neither exists here")},
	{"6.3.3.3", "MUST", "postMessage checks both origins", always("the sign-in window says that it is done to this exact origin, and holds no token or code")},
	{"9700 §4.2.4", "SHOULD", "no third-party resource after the response", always("the callback answers with a redirect or a page with Referrer-Policy: no-referrer and default-src 'none'")},
	{"9700 §4.13", "MUST", "a proxy sanitises security headers", always("Forwarded, X-Forwarded-* and identity headers of requests never decide anything and never pass; X-Forwarded-For of trusted_proxies says whose a request is")},
}
