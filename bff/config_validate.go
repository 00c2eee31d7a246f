package bff

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	providerID  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	routePrefix = regexp.MustCompile(`^/api(/[A-Za-z0-9._~-]*[A-Za-z0-9_~-])+$`)
	scopeToken  = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`) // RFC 6749 §3.3
)

// knownAlgs are the ID token signature algorithms that can be allowed: asymmetric ones only (RFC 8725 §3.1).
var knownAlgs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// routableMethods are those that a route can list. CONNECT and TRACE are never proxied.
var routableMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

// ownAuthorizeParams are set by the BFF and cannot be configured.
var ownAuthorizeParams = []string{
	"response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
	"code_challenge_method", "dpop_jkt", "resource", "request", "request_uri", "prompt", "max_age", "acr_values", "login_hint",
}

// Validate joins everything that is wrong with the configuration in one error.
func (c *Config) Validate() error {
	v := &validator{}
	v.check(isOrigin(c.Origin), "origin: %q is not an origin such as https://app.example (http for loopback hosts only, lower case, no path, no default port)", c.Origin)
	v.check(isAddress(c.Listen), "listen: %q is not host:port", c.Listen)
	v.check(isAddress(c.AdminListen), "admin_listen: %q is not host:port", c.AdminListen)
	_, err := parseProxies(c.TrustedProxies)
	v.check(err == nil, "%v", err)
	c.Session.validate(v)
	v.check(len(c.Providers) > 0, "providers: at least one is needed")
	ids := map[string]bool{}
	for i := range c.Providers {
		c.Providers[i].validate(v, fmt.Sprintf("providers[%d]", i))
		v.check(!ids[c.Providers[i].ID], "providers[%d].id: %q is used twice", i, c.Providers[i].ID)
		ids[c.Providers[i].ID] = true
	}
	c.validateRoutes(v)
	endpoint := c.Telemetry.TracesEndpoint
	v.check(endpoint == "" || isSecureURL(endpoint), "telemetry.traces_endpoint: %q is not an https URL without query and fragment (http for loopback hosts only)", endpoint)
	c.Trace.validate(v, c.Origin)
	return errors.Join(v.problems...)
}

func (s *SessionConfig) validate(v *validator) {
	v.check(slices.Contains([]string{storeSQLite, storeRedis, storeMemory}, s.Store), "session.store: %q is not sqlite, redis or memory", s.Store)
	v.check(s.Store != storeSQLite || s.Path != "", "session.path: is needed for sqlite")
	v.check(s.Store != storeRedis || s.RedisURLFile != "" || s.redisURL.reveal() != "", "session.redis_url_file: is needed for redis (or BFF_REDIS_URL)")
	v.check(s.Store == storeRedis || s.RedisURLFile == "", "session.redis_url_file: is for store: redis")
	v.check(s.Idle >= time.Minute, "session.idle: %s is less than a minute", s.Idle)
	v.check(s.Absolute >= s.Idle, "session.absolute: %s is less than session.idle", s.Absolute)
	v.check(len(s.keys) > 0 || len(s.KeyFiles) > 0, "session.key_files: at least one key is needed (or BFF_SESSION_KEYS)")
}

func (p *ProviderConfig) validate(v *validator, place string) {
	v.check(providerID.MatchString(p.ID), "%s.id: %q is not up to 32 lower-case letters, digits and hyphens", place, p.ID)
	v.check(isSecureURL(p.Issuer), "%s.issuer: %q is not an https URL without query and fragment (http for loopback hosts only)", place, p.Issuer)
	v.check(p.ClientID != "", "%s.client_id: is missing", place)
	v.check(slices.Contains([]string{clientSecretBasic, clientSecretPost, privateKeyJWT}, p.ClientAuth),
		"%s.client_auth: %q is not client_secret_basic, client_secret_post or private_key_jwt", place, p.ClientAuth)
	p.validateFAPI2(v, place)
	v.check(slices.Contains(p.Scopes, "openid"), "%s.scopes: openid is missing", place)
	for _, scope := range p.Scopes {
		v.check(scopeToken.MatchString(scope), "%s.scopes: %q is not a scope", place, scope)
	}
	v.check(len(p.IDTokenAlgs) > 0, "%s.id_token_algs: is empty", place)
	for _, alg := range p.IDTokenAlgs {
		v.check(slices.Contains(knownAlgs, alg), "%s.id_token_algs: %q is not one of %s", place, alg, strings.Join(knownAlgs, ", "))
	}
	v.check(p.Resource == "" || isResource(p.Resource), "%s.resource: %q is not an absolute URI without fragment", place, p.Resource)
	for name := range p.AuthorizeParams {
		v.check(!slices.Contains(ownAuthorizeParams, name), "%s.authorize_params: %s is set by the BFF itself", place, name)
	}
	_, err := parseReturnURL(p.PostLogoutPath)
	v.check(err == nil, "%s.post_logout_path: %q is not a path of the page", place, p.PostLogoutPath)
}

func (c *Config) validateRoutes(v *validator) {
	prefixes, upstreams := map[string]bool{}, map[string]bool{}
	for i := range c.Routes {
		route, place := &c.Routes[i], fmt.Sprintf("routes[%d]", i)
		route.validate(v, place)
		v.check(!prefixes[route.Prefix], "%s.prefix: %q is used twice", place, route.Prefix)
		prefixes[route.Prefix] = true
		if u, err := url.Parse(route.Upstream); err == nil && route.Token == tokenUser {
			upstreams[u.Host] = true
		}
		v.check(route.Provider == "" || slices.ContainsFunc(c.Providers, func(p ProviderConfig) bool { return p.ID == route.Provider }),
			"%s.provider: there is no provider %q", place, route.Provider)
		for _, scope := range route.userScopes() {
			v.check(c.someProviderAsks(scope), "%s.scopes: no provider asks for %q", place, scope)
		}
	}
	// RFC 9700 §4.9.1: a token for one API is of no use to another, so every API needs its own audience.
	for i, route := range c.Routes {
		v.check(len(upstreams) < 2 || route.Token != tokenUser || route.Resource != "",
			"routes[%d].resource: is needed, because user routes lead to %d upstream hosts", i, len(upstreams))
	}
}

// userScopes are those that a sign-in has to have asked for. A client token is asked for when it is needed.
func (r *RouteConfig) userScopes() []string {
	if r.Token == tokenClient {
		return nil
	}
	return r.Scopes
}

func (r *RouteConfig) validate(v *validator, place string) {
	v.check(routePrefix.MatchString(r.Prefix), "%s.prefix: %q is not a path under /api/", place, r.Prefix)
	v.check(isSecureURL(r.Upstream), "%s.upstream: %q is not an https URL without query and fragment (http for loopback hosts only)", place, r.Upstream)
	v.check(len(r.Methods) > 0, "%s.methods: at least one is needed", place)
	for _, method := range r.Methods {
		v.check(slices.Contains(routableMethods, method), "%s.methods: %q is not one of %s", place, method, strings.Join(routableMethods, ", "))
	}
	v.check(slices.Contains([]string{tokenNone, tokenUser, tokenClient}, r.Token), "%s.token: %q is not none, user or client", place, r.Token)
	v.check(r.Provider == "" || r.Token == tokenClient, "%s.provider: is for token: client", place)
	v.check(r.ResponseLimit >= 0, "%s.response_limit: must not be negative", place)
	v.check(!(r.EventSource || r.WebSocket) || slices.Contains(r.Methods, http.MethodGet), "%s.methods: event_source and websocket need GET", place)
	v.check(r.Resource == "" || isResource(r.Resource), "%s.resource: %q is not an absolute URI without fragment", place, r.Resource)
	v.check(r.Timeout > 0, "%s.timeout: must be positive", place)
	v.check(r.BodyLimit > 0, "%s.body_limit: must be positive", place)
	for _, name := range r.RequestHeaders {
		v.check(mayForward(name, neverSent), "%s.request_headers: %q is never passed on", place, name)
	}
	for _, name := range r.ResponseHeaders {
		v.check(mayForward(name, neverReturned), "%s.response_headers: %q is never passed on", place, name)
	}
}

func (c *Config) someProviderAsks(scope string) bool {
	return slices.ContainsFunc(c.Providers, func(p ProviderConfig) bool { return slices.Contains(p.Scopes, scope) })
}

type validator struct{ problems []error }

func (v *validator) check(ok bool, format string, args ...any) {
	if !ok {
		v.problems = append(v.problems, fmt.Errorf(format, args...))
	}
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Path != "" || u.User != nil || text != u.Scheme+"://"+u.Host {
		return false
	}
	// A browser's Host and Origin headers are in lower case and leave the default port out.
	if text != strings.ToLower(text) || (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") {
		return false
	}
	return u.Scheme == "https" || (u.Scheme == "http" && isLoopback(u.Hostname()))
}

func isSecureURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#") {
		return false
	}
	return u.Scheme == "https" || (u.Scheme == "http" && isLoopback(u.Hostname()))
}

// RFC 8707 §2: an absolute URI without a fragment.
func isResource(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.IsAbs() && !strings.Contains(text, "#")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}

func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	return err == nil && port != ""
}

func mayForward(name string, never map[string]bool) bool {
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	return !never[canonical] && !strings.HasPrefix(canonical, "X-Forwarded-") && !strings.HasPrefix(canonical, "Sec-") &&
		!strings.HasPrefix(canonical, "Access-Control-") && !strings.ContainsAny(name, "_ :\r\n")
}
