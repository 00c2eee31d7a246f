package workspace

import (
	"crypto"
	"errors"
	"fmt"
	"slices"

	"cloakroom/authserver/oauth"
)

// Source is where the users of a workspace authenticate: its local accounts, or an OpenID provider upstream.
type Source struct {
	ID   string     `yaml:"id"`   // part of paths and of element ids: lower-case letters, digits and dashes
	Name string     `yaml:"name"` // what the user reads: "Continue with Example Corp"
	Type SourceType `yaml:"type"` // local or oidc
	// SignUp is off (default) or open. Open lets anybody make an account: with user name and password at a local source, by signing
	// in for the first time at an upstream one. It never gives anybody an account that is there already.
	SignUp SignUp `yaml:"sign_up"`
	// PasswordChange is on (default) or off, at a local source. Off leaves passwords to the administration: users have no page for it.
	PasswordChange PasswordChange `yaml:"password_change"`

	// What follows is for type oidc.

	Issuer   string `yaml:"issuer"` // the provider's, exactly as its metadata has it
	ClientID string `yaml:"client_id"`
	// AuthMethod is client_secret_basic (default), client_secret_post or private_key_jwt.
	AuthMethod string `yaml:"token_endpoint_auth_method"`
	// Exactly one of the next three: a secret, or for private_key_jwt a private key (PKCS #8 in PEM).
	ClientSecretFile string `yaml:"client_secret_file"`
	ClientSecretEnv  string `yaml:"client_secret_env"`
	ClientKeyFile    string `yaml:"client_key_file"`
	// ClientSecret and ClientKey are what those three come to, once they are read.
	ClientSecret oauth.Secret  `yaml:"-"`
	ClientKey    crypto.Signer `yaml:"-"`

	Scopes   oauth.Scopes `yaml:"scopes"`   // what is asked for; default openid and profile
	Userinfo bool         `yaml:"userinfo"` // ask for claims at the userinfo endpoint too
	// Claims are the claims about the user that are taken over, by our name for each; the value is the provider's. Default name, and
	// nothing else. Danger: with email_verified the provider decides whose address applications take to be proven.
	Claims map[string]string `yaml:"claims"`
	// TrustAuthentication takes over when and how the provider says that the user authenticated: auth_time, acr and amr. Danger:
	// without a second factor here, step-up is then as good as the provider's word.
	TrustAuthentication bool `yaml:"trust_authentication"`
}

// SourceType says of which kind a source is.
type SourceType string

// The kinds of identity sources.
const (
	SourceLocal SourceType = "local"
	SourceOIDC  SourceType = "oidc"
)

// SignUp says who may make an account.
type SignUp string

// The values of SignUp.
const (
	SignUpOff  SignUp = "off"
	SignUpOpen SignUp = "open"
)

// Open reports whether anybody may make an account.
func (s *Source) Open() bool { return s.SignUp == SignUpOpen }

// PasswordChange says whether users may change their passwords.
type PasswordChange string

// The values of PasswordChange.
const (
	PasswordChangeOn  PasswordChange = "on"
	PasswordChangeOff PasswordChange = "off"
)

// ChangesPasswords reports whether users may change their passwords themselves. Where they sign in elsewhere only, there is nothing to change.
func (w *Workspace) ChangesPasswords() bool {
	local := w.Local()
	return local != nil && local.PasswordChange != PasswordChangeOff
}

// Local is the source of local accounts, nil if the workspace has none.
func (w *Workspace) Local() *Source {
	return w.source(func(s *Source) bool { return s.Type == SourceLocal })
}

// Upstream is the upstream provider of this id, nil if there is none.
func (w *Workspace) Upstream(id string) *Source {
	return w.source(func(s *Source) bool { return s.Type == SourceOIDC && s.ID == id })
}

func (w *Workspace) source(is func(*Source) bool) *Source {
	for position := range w.Sources {
		if is(&w.Sources[position]) {
			return &w.Sources[position]
		}
	}
	return nil
}

// setSourceDefaults fills in what the configuration leaves out.
func (w *Workspace) setSourceDefaults() {
	if len(w.Sources) == 0 {
		w.Sources = []Source{{ID: string(SourceLocal), Type: SourceLocal}}
	}
	for position := range w.Sources {
		source := &w.Sources[position]
		setDefault(&source.SignUp, SignUpOff)
		if source.Name == "" {
			source.Name = source.ID
		}
		if source.Type == SourceLocal {
			setDefault(&source.PasswordChange, PasswordChangeOn)
		}
		if source.Type != SourceOIDC {
			continue
		}
		setDefault(&source.AuthMethod, oauth.AuthSecretBasic)
		if len(source.Scopes) == 0 {
			source.Scopes = oauth.Scopes{oauth.ScopeOpenID, "profile"}
		}
		if source.Claims == nil {
			source.Claims = map[string]string{"name": "name"}
		}
	}
}

// maxSources bounds the picker.
const maxSources = 20

func (w *Workspace) sourceProblems() []error {
	var problems []error
	if len(w.Sources) > maxSources {
		problems = append(problems, fmt.Errorf("identity_sources: there are more than %d", maxSources))
	}
	ids, issuers, local := map[string]bool{}, map[string]bool{}, 0
	for position := range w.Sources {
		source := &w.Sources[position]
		for _, problem := range source.problems() {
			problems = append(problems, fmt.Errorf("identity source %q: %w", source.ID, problem))
		}
		if ids[source.ID] {
			problems = append(problems, fmt.Errorf("identity source %q: is there twice", source.ID))
		}
		// The accounts of an issuer's users are known by issuer and subject: two sources of one issuer could not be told apart.
		if source.Issuer != "" && issuers[source.Issuer] {
			problems = append(problems, fmt.Errorf("identity source %q: issuer: another source has it", source.ID))
		}
		if source.Issuer == w.Issuer() {
			problems = append(problems, fmt.Errorf("identity source %q: issuer: is the workspace itself", source.ID))
		}
		ids[source.ID], issuers[source.Issuer] = true, true
		if source.Type == SourceLocal {
			local++
		}
	}
	if local > 1 {
		problems = append(problems, errors.New("identity_sources: more than one is local"))
	}
	return problems
}

func (s *Source) problems() []error {
	var problems []error
	report := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %w", key, fmt.Errorf(format, args...)))
	}
	if !ValidName(s.ID) {
		report("id", "is not one to forty lower-case letters, digits and inner dashes")
	}
	if s.SignUp != SignUpOff && s.SignUp != SignUpOpen {
		report("sign_up", "%q is neither off nor open", s.SignUp)
	}
	switch s.Type {
	case SourceLocal:
		if s.Issuer != "" || s.ClientID != "" || s.AuthMethod != "" || s.credentials() > 0 || len(s.Claims) > 0 || len(s.Scopes) > 0 || s.Userinfo || s.TrustAuthentication {
			report("type", "what is configured is for oidc")
		}
		if s.PasswordChange != PasswordChangeOn && s.PasswordChange != PasswordChangeOff {
			report("password_change", "%q is neither on nor off", s.PasswordChange)
		}
	case SourceOIDC:
		if s.PasswordChange != "" {
			report("password_change", "is for local: passwords of others are changed there")
		}
		s.checkProvider(report)
	default:
		report("type", "%q is neither local nor oidc", s.Type)
	}
	return problems
}

func (s *Source) credentials() int {
	given := 0
	for _, text := range []string{s.ClientSecretFile, s.ClientSecretEnv, s.ClientKeyFile} {
		if text != "" {
			given++
		}
	}
	return given
}

func (s *Source) checkProvider(report func(key, format string, args ...any)) {
	if err := oauth.CheckURL(s.Issuer); err != nil {
		report("issuer", "%q %w", s.Issuer, err)
	}
	if s.ClientID == "" {
		report("client_id", "is missing")
	}
	switch s.AuthMethod {
	case oauth.AuthSecretBasic, oauth.AuthSecretPost:
		if s.ClientKeyFile != "" || s.credentials() != 1 {
			report("client_secret", "exactly one of client_secret_file and client_secret_env is needed for %s", s.AuthMethod)
		}
	case oauth.AuthPrivateKeyJWT:
		if s.ClientKeyFile == "" || s.credentials() != 1 {
			report("client_key_file", "is needed for %s, and no secret", s.AuthMethod)
		}
	default:
		report("token_endpoint_auth_method", "%q is none of client_secret_basic, client_secret_post and private_key_jwt", s.AuthMethod)
	}
	if !s.Scopes.Has(oauth.ScopeOpenID) {
		report("scopes", "openid is missing")
	}
	for ours, theirs := range s.Claims {
		if theirs == "" || slices.Contains(protocolClaims, ours) {
			report("claims", "%q cannot be taken over", ours)
		}
	}
}

// protocolClaims are those that this server says itself. A provider has no say in them.
var protocolClaims = []string{
	"", "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "sid", "cnf",
	"client_id", "scope", "events", "updated_at", "preferred_username",
}
