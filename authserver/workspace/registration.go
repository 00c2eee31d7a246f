package workspace

import (
	"fmt"
	"slices"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
)

// Registration is whether, and as what, clients may register themselves (RFC 7591). Without a word about it they may not.
type Registration struct {
	// Mode is off (default), token: whoever has an initial access token may register; or open: everybody may. Danger: open lets
	// strangers put a name of their choice on the consent page.
	Mode RegistrationMode `yaml:"mode"`
	// InitialAccessTokens are the hashes of the initial access tokens (RFC 7591 §3), each sha256: and 64 hexadecimal digits.
	InitialAccessTokens []client.Digest `yaml:"initial_access_token_hashes"`
	// RedirectHosts are the hosts that redirect URIs may have: app.example, or *.example.com for all below. Empty: every host.
	RedirectHosts []string `yaml:"redirect_hosts"`
	// LoopbackRedirects lets redirect URIs be on the user's own machine, by http; default no.
	LoopbackRedirects bool `yaml:"loopback_redirects"`
	// GrantTypes, AuthMethods and Scopes are what a client may register for. The defaults are authorization_code and refresh_token; the
	// methods that the preset has, without those by certificate; and openid, profile and email.
	GrantTypes  []string     `yaml:"grant_types"`
	AuthMethods []string     `yaml:"token_endpoint_auth_methods"`
	Scopes      oauth.Scopes `yaml:"scopes"`
	// Quota is how many clients that registered themselves the workspace has at most; default 100.
	Quota int `yaml:"quota"`
	// Unused is after how long a client goes that was never issued anything; default 24h.
	Unused time.Duration `yaml:"unused"`
}

// RegistrationMode says who may register clients.
type RegistrationMode string

// The values of RegistrationMode.
const (
	RegistrationOff   RegistrationMode = "off"
	RegistrationToken RegistrationMode = "token"
	RegistrationOpen  RegistrationMode = "open"
)

// On reports whether clients may register themselves.
func (r *Registration) On() bool { return r.Mode == RegistrationToken || r.Mode == RegistrationOpen }

const maxQuota = 10_000

func (w *Workspace) setRegistrationDefaults() {
	r := &w.Registration
	setDefault(&r.Mode, RegistrationOff)
	setDefault(&r.Quota, 100)
	setDefault(&r.Unused, 24*time.Hour)
	if len(r.GrantTypes) == 0 {
		r.GrantTypes = []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	}
	if len(r.AuthMethods) == 0 {
		r.AuthMethods = []string{oauth.AuthPrivateKeyJWT} // FAPI 2.0 §5.3.2.1 (6)
		if !w.FAPI() {
			r.AuthMethods = []string{oauth.AuthNone, oauth.AuthSecretBasic, oauth.AuthSecretPost, oauth.AuthPrivateKeyJWT}
		}
	}
	if len(r.Scopes) == 0 {
		r.Scopes = oauth.Scopes{oauth.ScopeOpenID, "profile", "email"}
	}
}

func (w *Workspace) registrationProblems() []error {
	r := &w.Registration
	var problems []error
	report := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("registration: %s: %w", key, fmt.Errorf(format, args...)))
	}
	if !slices.Contains([]RegistrationMode{RegistrationOff, RegistrationToken, RegistrationOpen}, r.Mode) {
		report("mode", "%q is none of off, token and open", r.Mode)
	}
	if r.Mode == RegistrationToken && len(r.InitialAccessTokens) == 0 {
		report("initial_access_token_hashes", "mode token needs at least one")
	}
	if r.Quota < 1 || r.Quota > maxQuota {
		report("quota", "%d is not between 1 and %d", r.Quota, maxQuota)
	}
	if r.Unused <= 0 {
		report("unused", "%s is not positive", r.Unused)
	}
	for _, grantType := range r.GrantTypes {
		if !slices.Contains([]string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials}, grantType) {
			report("grant_types", "%q is not supported", grantType)
		}
	}
	for _, method := range r.AuthMethods {
		switch {
		case !slices.Contains(client.AuthMethods(), method):
			report("token_endpoint_auth_methods", "%q is not supported", method)
		// FAPI 2.0 §5.3.2.1 (3) and (6).
		case w.FAPI() && !slices.Contains([]string{oauth.AuthPrivateKeyJWT, oauth.AuthTLS, oauth.AuthSelfSignedTLS}, method):
			report("token_endpoint_auth_methods", "%q contradicts the preset fapi2 (FAPI 2.0 §5.3.2.1)", method)
		}
	}
	for _, name := range r.Scopes {
		if _, known := w.Scope(name); !known {
			report("scopes", "%q is not a scope of the workspace", name)
		}
	}
	return problems
}
