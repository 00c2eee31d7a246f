package workspace

import (
	"fmt"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

// Policy is how long things live and how they are signed. Durations are written like 5m or 24h; zero means the default.
type Policy struct {
	AccessToken     time.Duration `yaml:"access_token_lifetime"` // default 5m; at most 1h
	IDToken         time.Duration `yaml:"id_token_lifetime"`     // default 5m
	Code            time.Duration `yaml:"code_lifetime"`         // default 60s; at most that (FAPI 2.0 §5.3.2.1)
	Interaction     time.Duration `yaml:"interaction_lifetime"`  // default 15m: how long the user may take to sign in and consent
	SessionIdle     time.Duration `yaml:"session_idle"`          // default 2h
	SessionAbsolute time.Duration `yaml:"session_absolute"`      // default 12h; a grant that is not offline ends with it

	// DefaultAudience is the audience of access tokens when neither the request nor its scopes say one; default the issuer.
	DefaultAudience string `yaml:"default_audience"`

	// AccessTokenFormat is jwt (default, RFC 9068), which resource servers verify themselves, or opaque, which they introspect.
	AccessTokenFormat Format `yaml:"access_token_format"`

	// SecondFactor says whether users have to show more than a password: optional (default), required or off.
	SecondFactor SecondFactor `yaml:"second_factor"`

	// PasskeySignIn offers to sign in with a passkey and nothing else; default true. It never does where SecondFactor is off.
	PasskeySignIn *bool `yaml:"passkey_sign_in"`

	// RequirePAR refuses authorization requests that were not pushed (RFC 9126 §5); always so in preset fapi2.
	RequirePAR *bool `yaml:"require_par"`

	// DPoPNonce is required (default): proofs need a nonce of ours (RFC 9449 §8); or offered: they may have one.
	DPoPNonce DPoPNonce `yaml:"dpop_nonce"`

	// Refresh tokens by client class.
	Confidential Refresh `yaml:"refresh_confidential"`
	Public       Refresh `yaml:"refresh_public"`

	AccessTokenAlgorithm jwa.SignatureAlgorithm `yaml:"access_token_signing_alg"` // ES256 (default), PS256, EdDSA or RS256
	IDTokenAlgorithm     jwa.SignatureAlgorithm `yaml:"id_token_signing_alg"`     // RS256 (default), PS256, ES256 or EdDSA

	Keys Keys `yaml:"keys"`
}

// Format is what an access token is.
type Format string

// The formats of access tokens.
const (
	FormatJWT    Format = "jwt"
	FormatOpaque Format = "opaque"
)

func (f Format) valid() bool { return f == "" || f == FormatJWT || f == FormatOpaque }

// PushedOnly reports whether all authorization requests have to be pushed.
func (p *Policy) PushedOnly() bool { return p.RequirePAR != nil && *p.RequirePAR }

// DPoPNonce says whether DPoP proofs need a nonce of the server.
type DPoPNonce string

// The values of DPoPNonce.
const (
	NonceRequired DPoPNonce = "required"
	NonceOffered  DPoPNonce = "offered"
)

// Required reports whether proofs need a nonce.
func (n DPoPNonce) Required() bool { return n != NonceOffered }

// Refresh is the policy for the refresh tokens of one class of clients.
type Refresh struct {
	// Rotation is always (default) or never; never is not for public clients (RFC 9700 §2.2.2).
	Rotation Rotation `yaml:"rotation"`
	// Grace is how long a rotated token may be used once more because the answer was lost; default 10s.
	Grace time.Duration `yaml:"grace"`
	// Idle ends a token that is not used; default 24h. Absolute ends the family; default 720h.
	Idle     time.Duration `yaml:"idle"`
	Absolute time.Duration `yaml:"absolute"`
}

// Rotation says whether a refresh token is replaced when it is used.
type Rotation string

// The values of Rotation.
const (
	RotationAlways Rotation = "always"
	RotationNever  Rotation = "never"
)

// Rotates reports whether a refresh token is replaced when it is used.
func (r Refresh) Rotates() bool { return r.Rotation != RotationNever }

// RefreshFor is the policy for a client's class.
func (p *Policy) RefreshFor(public bool) Refresh {
	if public {
		return p.Public
	}
	return p.Confidential
}

// Algorithms are the algorithms that the workspace signs with, each once.
func (p *Policy) Algorithms() []jwa.SignatureAlgorithm {
	if p.AccessTokenAlgorithm == p.IDTokenAlgorithm {
		return []jwa.SignatureAlgorithm{p.IDTokenAlgorithm}
	}
	return []jwa.SignatureAlgorithm{p.IDTokenAlgorithm, p.AccessTokenAlgorithm}
}

// signingAlgorithms are those that a workspace can sign with.
func signingAlgorithms() []jwa.SignatureAlgorithm {
	return []jwa.SignatureAlgorithm{jwa.RS256, jwa.PS256, jwa.ES256, jwa.EdDSA}
}

const (
	maxCode        = time.Minute
	maxAccessToken = time.Hour
)

func (p *Policy) setDefaults() {
	setDefault(&p.AccessToken, 5*time.Minute)
	setDefault(&p.IDToken, 5*time.Minute)
	setDefault(&p.Code, maxCode)
	setDefault(&p.Interaction, 15*time.Minute)
	setDefault(&p.SessionIdle, 2*time.Hour)
	setDefault(&p.SessionAbsolute, 12*time.Hour)
	setDefault(&p.AccessTokenFormat, FormatJWT)
	setDefault(&p.DPoPNonce, NonceRequired)
	setDefault(&p.SecondFactor, SecondFactorOptional)
	setDefault(&p.AccessTokenAlgorithm, jwa.ES256)
	setDefault(&p.IDTokenAlgorithm, jwa.RS256) // OpenID Connect Discovery §3: RS256 has to be there
	for _, refresh := range []*Refresh{&p.Confidential, &p.Public} {
		setDefault(&refresh.Rotation, RotationAlways)
		setDefault(&refresh.Grace, 10*time.Second)
		setDefault(&refresh.Idle, 24*time.Hour)
		setDefault(&refresh.Absolute, 30*24*time.Hour)
	}
	p.Keys.setDefaults(p)
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

func (p *Policy) problems() []error {
	var problems []error
	report := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("policy: %s: %w", key, fmt.Errorf(format, args...)))
	}
	for key, lifetime := range map[string]time.Duration{
		"access_token_lifetime": p.AccessToken, "id_token_lifetime": p.IDToken, "code_lifetime": p.Code,
		"interaction_lifetime": p.Interaction, "session_idle": p.SessionIdle, "session_absolute": p.SessionAbsolute,
		"refresh_confidential: grace": p.Confidential.Grace, "refresh_public: grace": p.Public.Grace,
		"refresh_confidential: idle": p.Confidential.Idle, "refresh_public: idle": p.Public.Idle,
		"refresh_confidential: absolute": p.Confidential.Absolute, "refresh_public: absolute": p.Public.Absolute,
	} {
		if lifetime <= 0 {
			report(key, "%s is not positive", lifetime)
		}
	}
	if p.Code > maxCode {
		report("code_lifetime", "%s is more than %s", p.Code, maxCode)
	}
	if p.AccessToken > maxAccessToken {
		report("access_token_lifetime", "%s is more than %s", p.AccessToken, maxAccessToken)
	}
	if !p.AccessTokenFormat.valid() {
		report("access_token_format", "%q is neither jwt nor opaque", p.AccessTokenFormat)
	}
	if p.DPoPNonce != NonceRequired && p.DPoPNonce != NonceOffered {
		report("dpop_nonce", "%q is neither required nor offered", p.DPoPNonce)
	}
	if !p.SecondFactor.valid() {
		report("second_factor", "%q is none of optional, required and off", p.SecondFactor)
	}
	if p.Public.Rotation != RotationAlways {
		report("refresh_public: rotation", "has to be always (RFC 9700 §2.2.2)")
	}
	if p.Confidential.Rotation != RotationAlways && p.Confidential.Rotation != RotationNever {
		report("refresh_confidential: rotation", "%q is neither always nor never", p.Confidential.Rotation)
	}
	for key, algorithm := range map[string]jwa.SignatureAlgorithm{"access_token_signing_alg": p.AccessTokenAlgorithm, "id_token_signing_alg": p.IDTokenAlgorithm} {
		if !slices.Contains(signingAlgorithms(), algorithm) {
			report(key, "%q is none of RS256, PS256, ES256 and EdDSA", algorithm)
		}
	}
	p.Keys.problems(p, report)
	return problems
}
