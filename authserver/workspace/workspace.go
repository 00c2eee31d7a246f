// Package workspace owns what one issuer is: its name and texts, its preset and policy, its scopes, clients and users. It is
// what the configuration file says about it, checked; it keeps no state and serves nothing.
//
// Start with [Workspace].
package workspace

import (
	"net/url"
	"regexp"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/ui/brand"
)

// Workspace is an issuer with its own keys, clients, users, scopes and policy. Nothing is shared between two of them.
type Workspace struct {
	Tenant string `yaml:"-"`
	// Base is the URL of the server, without a path; the issuer is made of it.
	Base string `yaml:"-"`

	Name    string          `yaml:"name"`   // the last part of the issuer's path: lower-case letters, digits and dashes
	Title   string          `yaml:"title"`  // what the user reads on top of every page; default the name
	Notice  string          `yaml:"notice"` // a line under the sign-in form; for a demo's users, never for production
	Brand   brand.Brand     `yaml:"brand"`  // how its pages look
	Preset  Preset          `yaml:"preset"` // default baseline
	Policy  Policy          `yaml:"policy"`
	Scopes  []Scope         `yaml:"scopes"`
	Clients []client.Client `yaml:"clients"`
	Users   []User          `yaml:"users"`

	// Registration is whether clients may register themselves.
	Registration Registration `yaml:"registration"`
	// Sources are where its users authenticate; default its local accounts alone.
	Sources []Source `yaml:"identity_sources"`
}

// Preset is a set of rules that the rest of the workspace may not contradict.
type Preset string

// The presets.
const (
	Baseline Preset = "baseline" // RFC 9700 and OpenID Connect
	FAPI2    Preset = "fapi2"    // the FAPI 2.0 Security Profile
)

// FAPI reports whether the workspace keeps to the FAPI 2.0 Security Profile.
func (w *Workspace) FAPI() bool { return w.Preset == FAPI2 }

// ClientAlgorithms are the algorithms that clients may sign their assertions and proofs with. FAPI 2.0 §5.4.1 leaves RS256 out.
func (w *Workspace) ClientAlgorithms() []jwa.SignatureAlgorithm {
	algorithms := []jwa.SignatureAlgorithm{jwa.PS256, jwa.ES256, jwa.EdDSA}
	if !w.FAPI() {
		algorithms = append(algorithms, jwa.RS256)
	}
	return algorithms
}

// Scope is a scope value with what it means to the user, and the resource server that it is for.
type Scope struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"` // in words, for the consent page: "Read your notes"
	// Resource is the audience of access tokens with this scope, as an absolute URI (RFC 8707); empty for scopes about the user,
	// which the authorization server answers itself.
	Resource string `yaml:"resource"`
	// AccessTokenFormat is that of access tokens for the resource; empty for the policy's. All scopes of a resource agree on it.
	AccessTokenFormat Format `yaml:"access_token_format"`
}

// User is an account that exists from the first start on. What its user changes later stays.
type User struct {
	Username string `yaml:"username"`
	// Exactly one of the next four. A password in the file is for a demo; a hash is a PHC string of Argon2id.
	Password     oauth.Secret `yaml:"password"`
	PasswordHash oauth.Secret `yaml:"password_hash"`
	PasswordFile string       `yaml:"password_file"`
	PasswordEnv  string       `yaml:"password_env"`
	// PasswordRead is what password_file or password_env has, once it is read.
	PasswordRead oauth.Secret `yaml:"-"`
	// Claims are the standard claims of OpenID Connect Core §5.1: name, email, email_verified …
	Claims map[string]any `yaml:"claims"`
}

// Key names the workspace in the store and in logs: tenant/workspace.
func (w *Workspace) Key() string { return w.Tenant + "/" + w.Name }

// Issuer is the issuer identifier: base/tenant/workspace.
func (w *Workspace) Issuer() string { return w.Base + w.Path() }

// Path is the path under which all of the workspace is served.
func (w *Workspace) Path() string { return "/" + w.Tenant + "/" + w.Name }

// OpaqueFor reports whether access tokens for an audience are opaque.
func (w *Workspace) OpaqueFor(audience string) bool {
	for _, scope := range w.Scopes {
		if scope.Resource == audience && scope.AccessTokenFormat != "" {
			return scope.AccessTokenFormat == FormatOpaque
		}
	}
	return w.Policy.AccessTokenFormat == FormatOpaque
}

// Find returns a client, nil if there is none with this id.
func (w *Workspace) Find(clientID string) *client.Client {
	for position := range w.Clients {
		if w.Clients[position].ID == clientID {
			return &w.Clients[position]
		}
	}
	return nil
}

// Scope returns a scope of the workspace.
func (w *Workspace) Scope(name string) (Scope, bool) {
	for _, scope := range w.Scopes {
		if scope.Name == name {
			return scope, true
		}
	}
	return Scope{}, false
}

var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// ValidName reports whether a text can name a tenant or a workspace: it becomes part of paths and of cookie names.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// Host is the host and port of the server.
func (w *Workspace) Host() string {
	base, err := url.Parse(w.Base)
	if err != nil {
		return ""
	}
	return base.Host
}
