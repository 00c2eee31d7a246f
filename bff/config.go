package bff

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Config is what a BFF is made from. [ParseConfig] reads it from YAML and the environment; example.yaml in cmd/bff
// documents every key.
type Config struct {
	// Origin is the one origin that the page is served from, such as https://app.example: scheme, host and port. Every
	// absolute URL is built from it, never from a request. http is accepted for loopback hosts only.
	Origin string `yaml:"origin"`
	// Listen is the public address, host:port. BFF_LISTEN overrides it. Default: localhost:8080.
	Listen string `yaml:"listen"`
	// AdminListen is the address of /livez, /readyz and /metrics. BFF_ADMIN_LISTEN overrides it. Keep it off the public network.
	// Default: localhost:8081.
	AdminListen string `yaml:"admin_listen"`
	// TrustedProxies are the networks, such as 10.0.0.0/8, of the reverse proxies in front of the BFF. What X-Forwarded-For says on a
	// connection from there is what routes with Forwarded tell their API; nothing else is decided by it. Default: none.
	TrustedProxies []string `yaml:"trusted_proxies"`

	Session   SessionConfig    `yaml:"session"`
	Providers []ProviderConfig `yaml:"providers"`
	Routes    []RouteConfig    `yaml:"routes"`
	Telemetry TelemetryConfig  `yaml:"telemetry"`
	Trace     TraceConfig      `yaml:"trace"`

	tracer trace.Tracer
}

// TelemetryConfig says where the command sends what it measures of itself; metrics are at the admin address.
type TelemetryConfig struct {
	// TracesEndpoint is the URL that OpenTelemetry spans are posted to (OTLP over HTTP), such as
	// http://localhost:4318/v1/traces. http is accepted for loopback hosts only. Default: none, and no spans are made.
	TracesEndpoint string `yaml:"traces_endpoint"`
}

// WithTracer has a BFF of this configuration make spans. Without a tracer there are none, and they cost nothing.
func (c Config) WithTracer(tracer trace.Tracer) Config {
	c.tracer = tracer
	return c
}

// TraceConfig is for demonstrations: it shows a session's own messages, redacted, to its page.
type TraceConfig struct {
	// Enabled is refused unless the origin is a loopback host. Default: false.
	Enabled bool `yaml:"enabled"`
	// Feeds are the URLs where the authorization server and the APIs tell their side, on loopback hosts: their admin listeners'
	// /trace.
	Feeds []string `yaml:"feeds"`
}

// SessionConfig says where BFF sessions are kept and how long they live.
type SessionConfig struct {
	// Store is "sqlite" (default), "redis" for several instances, or "memory", which forgets everybody at a restart.
	// BFF_SESSION_STORE overrides it.
	Store string `yaml:"store"`
	// Path is the SQLite file. BFF_SESSION_PATH overrides it. Default: bff.db.
	Path string `yaml:"path"`
	// RedisURLFile names a file with the URL of the Redis that several instances share; BFF_REDIS_URL overrides it. It is
	// a secret: it holds the password.
	RedisURLFile string `yaml:"redis_url_file"`
	// KeyFiles name files with one 32-byte key each, base64 or hex. The first seals; the others still open, so that a
	// key is rotated by putting a new one in front. BFF_SESSION_KEYS, comma-separated keys, overrides them.
	KeyFiles []string `yaml:"key_files"`
	// Idle ends a session that made no request for so long. Default: 30m.
	Idle time.Duration `yaml:"idle"`
	// Absolute ends a session however busy it is. Default: 12h.
	Absolute time.Duration `yaml:"absolute"`

	keys     []Secret
	redisURL Secret
}

// ProviderConfig is one OpenID provider; everything that is not here is read from its metadata.
type ProviderConfig struct {
	// ID names the provider in URLs: lower-case letters, digits and hyphens. It is part of the redirect URI,
	// {origin}/bff/callback/{id}, so that each issuer has its own (RFC 9700 §4.4.2.2).
	ID string `yaml:"id"`
	// Name is what the user reads. Default: the ID.
	Name string `yaml:"name"`
	// Issuer is compared exactly with the metadata's issuer. http is accepted for loopback hosts only.
	Issuer   string `yaml:"issuer"`
	ClientID string `yaml:"client_id"`
	// ClientAuth is client_secret_basic (default), client_secret_post or private_key_jwt.
	ClientAuth string `yaml:"client_auth"`
	// ClientSecretFile or ClientSecretEnv names where the secret is; it is never in the configuration itself.
	ClientSecretFile string `yaml:"client_secret_file"`
	ClientSecretEnv  string `yaml:"client_secret_env"`
	// ClientKeyFiles name the private keys of private_key_jwt: PEM or JWK; RSA of 2048 bits and more, P-256 or Ed25519. The
	// first signs; the public parts of all are at /bff/jwks.json, so that a key is rotated by adding a new one behind the
	// first, and putting it in front when the provider has read it.
	ClientKeyFiles []string `yaml:"client_key_files"`
	// DPoP binds the tokens to a key of the session's own (RFC 9449), so that a stolen token is of no use.
	DPoP bool `yaml:"dpop"`
	// FAPI2 is the whole FAPI 2.0 Security Profile: private_key_jwt, DPoP, pushed authorization requests, iss in responses,
	// and the profile's algorithms. The BFF refuses to start, or to sign in, when the provider cannot.
	FAPI2 bool `yaml:"fapi2"`
	// Scopes are asked for at every sign-in. openid is required; offline_access is what most providers want for a
	// refresh token. Default: openid profile email.
	Scopes []string `yaml:"scopes"`
	// Resource is the audience of the token that a sign-in yields (RFC 8707). Default: the resource of the user routes, if
	// they all name the same one; otherwise the provider decides.
	Resource string `yaml:"resource"`
	// IDTokenAlgs are the signature algorithms accepted, further narrowed by the metadata.
	// Default: RS256, PS256, ES256, EdDSA.
	IDTokenAlgs []string `yaml:"id_token_algs"`
	// Claims are those of the ID token that the page may see. Default: sub, name, given_name, family_name,
	// preferred_username, email, email_verified, picture, locale.
	Claims []string `yaml:"claims"`
	// Userinfo asks the userinfo endpoint too and adds what the ID token does not have.
	Userinfo bool `yaml:"userinfo"`
	// AuthorizeParams are added to the authorization request, such as Auth0's audience.
	AuthorizeParams map[string]string `yaml:"authorize_params"`
	// PostLogoutPath is where the provider sends the browser after sign-out. Register {origin}{path}. Default: /.
	PostLogoutPath string `yaml:"post_logout_path"`

	secret Secret
	keys   []*clientKey
}

// RouteConfig maps one prefix of the origin to one upstream API.
type RouteConfig struct {
	// Prefix is a path under /api/, matched whole: /api/notes covers /api/notes/7 and not /api/notesmore.
	Prefix string `yaml:"prefix"`
	// Upstream is the base URL that replaces the prefix. Nothing in a request can change its host.
	Upstream string   `yaml:"upstream"`
	Methods  []string `yaml:"methods"`
	// Token says what the upstream is sent: none, user (the signed-in user's access token) or client (a token of the BFF's
	// own, by the client_credentials grant, for calls of anybody who opens the page). Default: user.
	Token string `yaml:"token"`
	// Provider is who issues client tokens. Default: the first provider.
	Provider string `yaml:"provider"`
	// Resource is the audience of the access token (RFC 8707). A token for one audience is never sent to another, so
	// it is required as soon as user routes lead to more than one upstream.
	Resource string `yaml:"resource"`
	// Scopes are what the token needs to have. Each must be among those of at least one provider.
	Scopes []string `yaml:"scopes"`
	// Timeout is how long the upstream may take to begin its answer. Default: 30s.
	Timeout time.Duration `yaml:"timeout"`
	// BodyLimit is the greatest request body, in bytes. Default: 1048576.
	BodyLimit int64 `yaml:"body_limit"`
	// ResponseLimit is the greatest answer, in bytes; what is longer is cut off. Default: no limit.
	ResponseLimit int64 `yaml:"response_limit"`
	// EventSource lets the browser's EventSource in, which cannot send the static header: GET, with Accept:
	// text/event-stream, same-origin by the browser's word. Streams by fetch need no key.
	EventSource bool `yaml:"event_source"`
	// WebSocket lets WebSocket connections in: exact Origin, and closed when the session ends. GET has to be among Methods.
	WebSocket bool `yaml:"websocket"`
	// Forwarded tells the upstream who called, in Forwarded (RFC 7239) and X-Forwarded-*: from the connection and the
	// configuration, never from a request's headers. Default: false.
	Forwarded bool `yaml:"forwarded"`
	// RequestHeaders and ResponseHeaders are passed on in addition to the built-in lists.
	RequestHeaders  []string `yaml:"request_headers"`
	ResponseHeaders []string `yaml:"response_headers"`
}

// What a route sends to its upstream.
const (
	tokenNone   = "none"
	tokenUser   = "user"
	tokenClient = "client"
)

// Where sessions are kept.
const (
	storeSQLite = "sqlite"
	storeRedis  = "redis"
	storeMemory = "memory"
)

// Client authentication methods (OpenID Connect Core §9).
const (
	clientSecretBasic = "client_secret_basic"
	clientSecretPost  = "client_secret_post"
	privateKeyJWT     = "private_key_jwt"
)

func (c *Config) setDefaults() {
	setDefault(&c.Listen, "localhost:8080")
	setDefault(&c.AdminListen, "localhost:8081")
	setDefault(&c.Session.Store, storeSQLite)
	setDefault(&c.Session.Path, "bff.db")
	setDefault(&c.Session.Idle, 30*time.Minute)
	setDefault(&c.Session.Absolute, 12*time.Hour)
	for i := range c.Routes {
		setDefault(&c.Routes[i].Token, tokenUser)
		if c.Routes[i].Token == tokenClient && len(c.Providers) > 0 {
			setDefault(&c.Routes[i].Provider, c.Providers[0].ID)
		}
		setDefault(&c.Routes[i].Timeout, 30*time.Second)
		setDefault(&c.Routes[i].BodyLimit, 1<<20)
	}
	for i := range c.Providers {
		c.Providers[i].setDefaults()
		if resources := c.userResources(); len(resources) == 1 {
			setDefault(&c.Providers[i].Resource, resources[0])
		}
	}
}

// userResources are the audiences that user routes name, each once.
func (c *Config) userResources() []string {
	var found []string
	for i := range c.Routes {
		route := &c.Routes[i]
		if route.Token == tokenUser && route.Resource != "" && !slices.Contains(found, route.Resource) {
			found = append(found, route.Resource)
		}
	}
	return found
}

func (p *ProviderConfig) setDefaults() {
	setDefault(&p.Name, p.ID)
	if p.FAPI2 {
		p.setFAPI2()
	}
	setDefault(&p.ClientAuth, clientSecretBasic)
	setDefault(&p.PostLogoutPath, "/")
	if p.Scopes == nil {
		p.Scopes = []string{"openid", "profile", "email"}
	}
	if p.IDTokenAlgs == nil {
		p.IDTokenAlgs = []string{"RS256", "PS256", "ES256", "EdDSA"}
	}
	if p.Claims == nil {
		p.Claims = []string{
			"sub", "name", "given_name", "family_name", "preferred_username", "email", "email_verified", "picture", "locale",
		}
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
