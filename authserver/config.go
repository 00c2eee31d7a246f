package authserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"

	"go.yaml.in/yaml/v3"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/workspace"
)

// Config is what the authorization server is told: a YAML file, and for what differs by machine the environment, which wins.
// cmd/authserver/example.yaml documents every key.
type Config struct {
	// BaseURL is the server's public URL, without a path; every issuer begins with it. Environment: AUTHSERVER_BASE_URL.
	BaseURL string `yaml:"base_url"`
	// Listen is the address of the public listener, default 127.0.0.1:9000. Environment: AUTHSERVER_LISTEN.
	Listen string `yaml:"listen"`
	// AdminListen is the address for health checks, default 127.0.0.1:9091. It is never to be public. Environment:
	// AUTHSERVER_ADMIN_LISTEN.
	AdminListen string `yaml:"admin_listen"`
	// Store is the DSN of the store: a SQLite file, or a PostgreSQL URL. Environment: AUTHSERVER_STORE.
	Store string `yaml:"store"`
	// KeyEncryptionKeyFile names a file with the base64 of 32 random bytes, under which signing keys are sealed in the store.
	// Without it, the environment has the key: AUTHSERVER_KEY_ENCRYPTION_KEY. Lost, it takes all signing keys with it.
	KeyEncryptionKeyFile string       `yaml:"key_encryption_key_file"`
	KeyEncryptionKey     oauth.Secret `yaml:"-"`
	// PreviousKeyEncryptionKeyFiles name the files of earlier key-encryption keys. They open what they sealed and seal nothing; they
	// can go when the signing keys of their time have gone.
	PreviousKeyEncryptionKeyFiles []string       `yaml:"previous_key_encryption_key_files"`
	PreviousKeyEncryptionKeys     []oauth.Secret `yaml:"-"`

	// TrustedProxies are the networks, in CIDR notation, of the reverse proxies in front of the server; default none. A request that comes
	// from there is counted by the address in X-Forwarded-For, any other by that of its connection. Danger: whoever can connect from
	// there can be any address, and guess passwords without end.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// MutualTLS is for clients that authenticate, or bind their tokens, by certificate.
	MutualTLS MutualTLS `yaml:"mutual_tls"`

	// Admin says who may use the admin API; nobody by default.
	Admin Admin `yaml:"admin"`
	// TLS is for a server that ends TLS itself.
	TLS TLS `yaml:"tls"`
	// Trace tells what the server receives, sends and checks, redacted, to whoever reads GET /trace of the admin listener. It is for
	// demonstrations: only on a loopback host, and off by default.
	Trace bool `yaml:"trace"`
	// Outbound says where the server itself may connect to.
	Outbound Outbound `yaml:"outbound"`

	Tenants []Tenant `yaml:"tenants"`
}

// Tenant is a customer of the server, with workspaces of its own.
type Tenant struct {
	Name       string                `yaml:"name"` // first part of the issuers' path: lower-case letters, digits and dashes
	Workspaces []workspace.Workspace `yaml:"workspaces"`
}

// The environment's names.
const (
	EnvBaseURL          = "AUTHSERVER_BASE_URL"
	EnvListen           = "AUTHSERVER_LISTEN"
	EnvAdminListen      = "AUTHSERVER_ADMIN_LISTEN"
	EnvStore            = "AUTHSERVER_STORE"
	EnvAdminToken       = "AUTHSERVER_ADMIN_TOKEN"        //nolint:gosec // the name, not the token
	EnvKeyEncryptionKey = "AUTHSERVER_KEY_ENCRYPTION_KEY" //nolint:gosec // the name, not the key
)

// ParseConfig reads a configuration strictly: an unknown key is an error. Name is the file's, for the errors. The error joins
// every problem, and the configuration is returned with it, so that a caller can go on to [Config.ReadSecrets] and list the
// problems of both.
func ParseConfig(name string, data []byte, getenv func(string) string) (Config, error) {
	var cfg Config
	mistakes, err := decodeStrictly(name, data, &cfg)
	if err != nil {
		return cfg, err
	}
	for variable, value := range map[string]*string{
		EnvBaseURL: &cfg.BaseURL, EnvListen: &cfg.Listen, EnvAdminListen: &cfg.AdminListen, EnvStore: &cfg.Store,
		EnvKeyEncryptionKey: (*string)(&cfg.KeyEncryptionKey),
	} {
		if given := getenv(variable); given != "" {
			*value = given
		}
	}
	err = cfg.secretsFromEnvironment(getenv)
	return cfg, errors.Join(mistakes, err, cfg.Validate())
}

// decodeStrictly decodes one YAML document. Mistakes, each with its line, leave the rest decoded; an error does not.
func decodeStrictly(name string, data []byte, into any) (mistakes, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	err = decoder.Decode(into)
	var problems []error
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, mistake := range wrong.Errors {
			problems = append(problems, fmt.Errorf("%s: %s", name, unknownField.ReplaceAllString(mistake, "unknown key $1")))
		}
		err = nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		problems = append(problems, fmt.Errorf("%s: has more than one document", name))
	}
	return errors.Join(problems...), nil
}

var unknownField = regexp.MustCompile(`field (\S+) not found in type \S+`)

func (c *Config) setDefaults() {
	for value, fallback := range map[*string]string{&c.Listen: "127.0.0.1:9000", &c.AdminListen: "127.0.0.1:9091", &c.BaseURL: "http://localhost:9000"} {
		if *value == "" {
			*value = fallback
		}
	}
	for _, tenant := range c.Tenants {
		for position := range tenant.Workspaces {
			ws := &tenant.Workspaces[position]
			ws.Tenant, ws.Base = tenant.Name, c.BaseURL
			ws.SetDefaults()
		}
	}
}

// Validate fills in the defaults and joins every problem in one error; each names its place. It does not look at secrets:
// those may still have to be read.
func (c *Config) Validate() error {
	c.setDefaults()
	var problems []error
	if err := checkBaseURL(c.BaseURL); err != nil {
		problems = append(problems, fmt.Errorf("base_url: %q %w", c.BaseURL, err))
	}
	if _, err := parseProxies(c.TrustedProxies); err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, c.MutualTLS.problems()...)
	problems = append(problems, c.tlsProblems()...)
	problems = append(problems, c.traceProblems()...)
	problems = append(problems, c.Admin.problems()...)
	problems = append(problems, c.Outbound.problems()...)
	if c.Store == "" {
		problems = append(problems, fmt.Errorf("store: is missing (or set %s)", EnvStore))
	}
	if len(c.Tenants) == 0 {
		problems = append(problems, errors.New("tenants: there is none"))
	}
	seen := map[string]bool{}
	for _, tenant := range c.Tenants {
		if !workspace.ValidName(tenant.Name) {
			problems = append(problems, fmt.Errorf("tenant %q: name: is not one to forty lower-case letters, digits and inner dashes", tenant.Name))
		}
		for position := range tenant.Workspaces {
			ws := &tenant.Workspaces[position]
			problems = append(problems, c.workspaceProblems(ws)...)
			for _, problem := range ws.Problems() {
				problems = append(problems, fmt.Errorf("workspace %s: %w", ws.Key(), problem))
			}
			if seen[ws.Key()] {
				problems = append(problems, fmt.Errorf("workspace %s: is there twice", ws.Key()))
			}
			seen[ws.Key()] = true
		}
	}
	return errors.Join(problems...)
}

var errBasePath = errors.New("has a path, query or trailing slash; the server is at the root of its host")

func checkBaseURL(text string) error {
	if err := oauth.CheckURL(text); err != nil {
		return err
	}
	if base, err := url.Parse(text); err != nil || base.Path != "" || base.RawQuery != "" || base.ForceQuery {
		return errBasePath
	}
	return nil
}

// workspaces calls each with every workspace of every tenant.
func (c *Config) workspaces(each func(*workspace.Workspace)) {
	for _, tenant := range c.Tenants {
		for position := range tenant.Workspaces {
			each(&tenant.Workspaces[position])
		}
	}
}
