package authserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloakroom/authserver/account"
	"cloakroom/authserver/adminapi"
	"cloakroom/authserver/client"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// Admin says who may use the admin API, which is on the admin listener only. Without a token and without an authority for certificates it
// is off, and the listener has health checks and metrics.
type Admin struct {
	// Tokens are bearer tokens, each with a name that changes are recorded under. Environment: AUTHSERVER_ADMIN_TOKEN is one more, with
	// the name environment.
	Tokens []AdminToken `yaml:"tokens"`
	// ClientCAFile names a PEM file with the authorities whose client certificates may do the same. It needs tls. Danger: every
	// certificate of theirs may do everything.
	ClientCAFile string `yaml:"client_ca_file"`
	// TLS is the certificate of the admin listener.
	TLS TLS `yaml:"tls"`

	clientCA []byte // what ClientCAFile has
}

// AdminToken is a bearer token of the admin API: random, of 32 bytes and more (openssl rand -hex 32).
type AdminToken struct {
	Name string `yaml:"name"`
	// Exactly one of the next three. A hash is sha256: and 64 hexadecimal digits.
	TokenHash client.Digest `yaml:"token_hash"`
	TokenFile string        `yaml:"token_file"`
	TokenEnv  string        `yaml:"token_env"` // the name of an environment variable

	hash client.Digest // what those three come to
}

const minAdminToken = 32

var errAdminToken = fmt.Errorf("the token is shorter than %d bytes", minAdminToken)

func (a *Admin) problems() []error {
	var problems []error
	seen := map[string]bool{}
	for position := range a.Tokens {
		one := &a.Tokens[position]
		given := 0
		for _, set := range []bool{!one.TokenHash.IsZero(), one.TokenFile != "", one.TokenEnv != ""} {
			if set {
				given++
			}
		}
		if given != 1 {
			problems = append(problems, fmt.Errorf("admin: token %q: exactly one of token_hash, token_file and token_env is needed", one.Name))
		}
		if one.Name == "" || seen[one.Name] {
			problems = append(problems, fmt.Errorf("admin: token %q: the name is missing or there twice: changes are recorded under it", one.Name))
		}
		seen[one.Name] = true
		if one.hash.IsZero() {
			one.hash = one.TokenHash
		}
	}
	if (a.TLS.CertFile == "") != (a.TLS.KeyFile == "") {
		problems = append(problems, errors.New("admin: tls: cert_file and key_file need each other"))
	}
	if a.ClientCAFile != "" && !a.TLS.given() {
		problems = append(problems, errors.New("admin: client_ca_file: needs admin: tls, or no certificate could be shown"))
	}
	return problems
}

func (t *AdminToken) set(text oauth.Secret) error {
	if len(text) < minAdminToken {
		return errAdminToken
	}
	t.hash = client.DigestOf(text)
	return nil
}

func (a *Admin) readSecrets(into func(place, path string, set func(oauth.Secret) error)) {
	for position := range a.Tokens {
		one := &a.Tokens[position]
		into(fmt.Sprintf("admin: token %q: token_file", one.Name), one.TokenFile, one.set)
	}
	into("admin: client_ca_file", a.ClientCAFile, func(text oauth.Secret) error {
		a.clientCA = []byte(text.Reveal())
		return nil
	})
}

func (a *Admin) secretsFromEnvironment(getenv func(string) string) []error {
	var problems []error
	if text := oauth.Secret(getenv(EnvAdminToken)); text != "" {
		one := AdminToken{Name: "environment", TokenEnv: EnvAdminToken}
		a.Tokens = append(a.Tokens, one)
	}
	for position := range a.Tokens {
		one := &a.Tokens[position]
		if one.TokenEnv == "" {
			continue
		}
		if err := one.set(oauth.Secret(getenv(one.TokenEnv))); err != nil {
			problems = append(problems, fmt.Errorf("admin: token %q: %s: %w", one.Name, one.TokenEnv, err))
		}
	}
	return problems
}

// unread lists the tokens that nothing has filled in.
func (a *Admin) unread() []error {
	var problems []error
	for _, one := range a.Tokens {
		if one.hash.IsZero() {
			problems = append(problems, fmt.Errorf("admin: token %q: there is no token", one.Name))
		}
	}
	if a.ClientCAFile != "" && len(a.clientCA) == 0 {
		problems = append(problems, errors.New("admin: client_ca_file: was not read"))
	}
	return problems
}

// AdminTLSConfig is what the admin listener serves TLS with; nil when the configuration has no admin: tls. Whoever shows a certificate has
// to show one of the authorities'; health checks need none. Read is as for [Config.TLSConfig].
func (c *Config) AdminTLSConfig(read func(path string) ([]byte, error), log *slog.Logger) (*tls.Config, error) {
	if !c.Admin.TLS.given() {
		return nil, nil //nolint:nilnil // no TLS, and that is no error
	}
	source := &certificateFiles{files: c.Admin.TLS, read: read, log: log, now: time.Now}
	if err := source.load(); err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	config := serverTLS(source.certificate)
	if len(c.Admin.clientCA) > 0 {
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(c.Admin.clientCA) {
			return nil, errors.New("admin: client_ca_file has no certificate in PEM")
		}
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return config, nil
}

func (s *Server) newAdminAPI(cfg *Config, hasher *account.Hasher) *adminapi.API {
	settings := adminapi.Settings{
		Certificates: len(cfg.Admin.clientCA) > 0,
		Registry:     s.registry,
		Accounts:     s.store,
		Factors:      s.store,
		Hasher:       hasher,
		EndUser: func(ctx context.Context, workspace, subject string) (int, error) {
			iss := s.issuers.find(workspace)
			if iss == nil { // what is not served has no sessions any more
				return 0, nil
			}
			return s.endUser(ctx, iss, subject)
		},
		Keys: func(workspace string) *keys.Set {
			if iss := s.issuers.find(workspace); iss != nil {
				return iss.keys
			}
			return nil
		},
		Audit: s.audit, Log: s.log, Now: s.now,
	}
	for _, one := range cfg.Admin.Tokens {
		settings.Tokens = append(settings.Tokens, adminapi.Token{Name: one.Name, Hash: oauth.SecretHash(one.hash)})
	}
	return adminapi.New(settings)
}

var (
	_ adminapi.Accounts = store.Store(nil)
	_ adminapi.Factors  = store.Store(nil)
)
