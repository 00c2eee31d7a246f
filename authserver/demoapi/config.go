package demoapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cloakroom/authserver/resource"
	"cloakroom/authserver/trace"
)

// The environment variables that override keys of the file.
const (
	EnvIssuers     = "DEMOAPI_ISSUERS"
	EnvAudience    = "DEMOAPI_AUDIENCE"
	EnvListen      = "DEMOAPI_LISTEN"
	EnvAdminListen = "DEMOAPI_ADMIN_LISTEN"
	EnvDatabase    = "DEMOAPI_DATABASE"
)

// Config is the configuration of the demo API.
type Config struct {
	// Issuers are the authorization server's workspaces whose access tokens are accepted. A user of one is nobody at another.
	// Default: the demo's. In the environment, they are separated by commas.
	Issuers []string `yaml:"issuers"`
	// Audience is this API's resource indicator, as the tokens name it. Default: http://localhost:9001.
	Audience string `yaml:"audience"`
	// Algorithms are the accepted signature algorithms. Default: ES256, PS256, RS256, EdDSA.
	Algorithms []string `yaml:"algorithms"`
	// Listen is the address of the API. Default: 127.0.0.1:9001.
	Listen string `yaml:"listen"`
	// AdminListen is the loopback address of the health checks. Default: 127.0.0.1:9092.
	AdminListen string `yaml:"admin_listen"`
	// StepUpACR are the authentication context classes of which one is needed to delete all notes at once (RFC 9470), besides a recent
	// authentication. Default: none, so that who has no second factor can do it too.
	StepUpACR []string `yaml:"step_up_acr"`
	// Database is the path of a SQLite file. Default: demoapi.db.
	Database string `yaml:"database"`
	// Trace tells what is checked of every request's access token, redacted, to whoever reads GET /trace of the admin listener. It is
	// for demonstrations: only for an audience on a loopback host. Default: false.
	Trace bool `yaml:"trace"`
}

// ParseConfig reads the configuration from YAML and the environment, sets defaults, and joins every problem in one error. name is how
// the problems call the data.
func ParseConfig(name string, data []byte, getenv func(string) string) (Config, error) {
	var cfg Config
	mistakes, err := decodeStrictly(name, data, &cfg)
	if err != nil {
		return cfg, err
	}
	for variable, value := range map[string]*string{
		EnvAudience: &cfg.Audience, EnvListen: &cfg.Listen, EnvAdminListen: &cfg.AdminListen,
		EnvDatabase: &cfg.Database,
	} {
		if given := getenv(variable); given != "" {
			*value = given
		}
	}
	if given := getenv(EnvIssuers); given != "" {
		cfg.Issuers = strings.Split(given, ",")
	}
	cfg.setDefaults()
	return cfg, errors.Join(mistakes, cfg.Validate())
}

func (c *Config) setDefaults() {
	for value, standard := range map[*string]string{
		&c.Audience: "http://localhost:9001", &c.Listen: "127.0.0.1:9001",
		&c.AdminListen: "127.0.0.1:9092", &c.Database: "demoapi.db",
	} {
		if *value == "" {
			*value = standard
		}
	}
	if c.Issuers == nil {
		c.Issuers = []string{"http://localhost:9000/demo/baseline"}
	}
	if c.StepUpACR == nil {
		c.StepUpACR = []string{}
	}
	if c.Algorithms == nil {
		c.Algorithms = []string{"ES256", "PS256", "RS256", "EdDSA"}
	}
}

// Validate joins everything that is wrong with the configuration.
func (c Config) Validate() error {
	problems := []error{
		validateAddress("listen", c.Listen),
		validateAddress("admin_listen", c.AdminListen),
	}
	if len(c.Issuers) == 0 {
		problems = append(problems, errors.New("issuers: at least one is needed"))
	}
	for _, issuer := range c.Issuers {
		problems = append(problems, resource.Config{Issuer: issuer, Audience: c.Audience, Algorithms: c.Algorithms}.Validate())
	}
	if host, _, err := net.SplitHostPort(c.AdminListen); err == nil && !isLoopback(host) {
		problems = append(problems, fmt.Errorf("admin_listen: %q is not a loopback address", c.AdminListen))
	}
	if c.Listen == c.AdminListen && !slices.Contains([]string{"127.0.0.1:0", "localhost:0", "[::1]:0"}, c.Listen) {
		problems = append(problems, fmt.Errorf("listen and admin_listen: are both %q", c.Listen))
	}
	if c.Trace && !c.onLoopback() {
		problems = append(problems, fmt.Errorf("trace: audience %q or admin_listen is not on a loopback host; the trace is for demonstrations", c.Audience))
	}
	for _, class := range c.StepUpACR {
		if class == "" || strings.ContainsAny(class, " \"\\") {
			problems = append(problems, fmt.Errorf("step_up_acr: %q is not an authentication context class", class))
		}
	}
	if c.Database == "" {
		problems = append(problems, errors.New("database: is missing"))
	}
	return errors.Join(problems...)
}

// onLoopback reports whether nobody but this machine uses the API.
func (c Config) onLoopback() bool {
	audience, err := url.Parse(c.Audience)
	return err == nil && trace.LoopbackHost(audience.Host) && trace.LoopbackHost(c.AdminListen)
}

func validateAddress(key, address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return fmt.Errorf("%s: %q is not an address like 127.0.0.1:9001", key, address)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
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
