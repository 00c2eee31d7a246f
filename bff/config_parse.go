package bff

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ParseConfig reads a configuration: strict YAML, then the environment, then the files that hold secrets. The error
// joins every problem found, each with the key it is about; name is the file's name, for those messages.
func ParseConfig(name string, data []byte, getenv func(string) string, readFile func(string) ([]byte, error)) (Config, error) {
	var cfg Config
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&cfg); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("%s: more than one YAML document", name)
	}
	cfg.override(getenv)
	cfg.setDefaults()
	err := errors.Join(cfg.loadSecrets(getenv, readFile), cfg.Validate())
	if err != nil {
		return Config{}, fmt.Errorf("%s:\n%w", name, err)
	}
	return cfg, nil
}

// override lets the environment replace what depends on the machine.
func (c *Config) override(getenv func(string) string) {
	c.Telemetry.override(getenv)
	for key, field := range map[string]*string{
		"BFF_ORIGIN":        &c.Origin,
		"BFF_LISTEN":        &c.Listen,
		"BFF_ADMIN_LISTEN":  &c.AdminListen,
		"BFF_SESSION_STORE": &c.Session.Store,
		"BFF_SESSION_PATH":  &c.Session.Path,
	} {
		if value := getenv(key); value != "" {
			*field = value
		}
	}
}

// override reads the variables that the OpenTelemetry specification names for where spans go; the others are the SDK's.
func (t *TelemetryConfig) override(getenv func(string) string) {
	if base := getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); base != "" {
		t.TracesEndpoint = strings.TrimSuffix(base, "/") + "/v1/traces"
	}
	if endpoint := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); endpoint != "" {
		t.TracesEndpoint = endpoint
	}
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		t.TracesEndpoint = ""
	}
}

func (c *Config) loadSecrets(getenv func(string) string, readFile func(string) ([]byte, error)) error {
	problems := []error{c.Session.loadKeys(getenv, readFile), c.Session.loadRedisURL(getenv, readFile)}
	for i := range c.Providers {
		problems = append(problems, c.Providers[i].loadSecret(i, getenv, readFile))
	}
	return errors.Join(problems...)
}

func (s *SessionConfig) loadKeys(getenv func(string) string, readFile func(string) ([]byte, error)) error {
	var problems []error
	if value := getenv("BFF_SESSION_KEYS"); value != "" {
		for text := range strings.SplitSeq(value, ",") {
			key, err := decodeKey(text)
			problems = append(problems, prefixed("BFF_SESSION_KEYS", err))
			s.keys = append(s.keys, key)
		}
		return errors.Join(problems...)
	}
	for i, file := range s.KeyFiles {
		place := fmt.Sprintf("session.key_files[%d]", i)
		data, err := readFile(file)
		if err != nil {
			problems = append(problems, prefixed(place, err))
			continue
		}
		key, err := decodeKey(string(data))
		problems = append(problems, prefixed(place, err))
		s.keys = append(s.keys, key)
	}
	return errors.Join(problems...)
}

func (s *SessionConfig) loadRedisURL(getenv func(string) string, readFile func(string) ([]byte, error)) error {
	if value := getenv("BFF_REDIS_URL"); value != "" || s.RedisURLFile == "" {
		s.redisURL = newSecret(value)
		return nil
	}
	data, err := readFile(s.RedisURLFile)
	s.redisURL = newSecret(strings.TrimSpace(string(data)))
	return prefixed("session.redis_url_file", err)
}

// decodeKey reads 32 bytes in base64 (either alphabet, padded or not) or hex. It never repeats its input.
func decodeKey(text string) (Secret, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	decoders := []func(string) ([]byte, error){
		hex.DecodeString, base64.RawURLEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
	}
	for _, decode := range decoders {
		if key, err := decode(text); err == nil && len(key) == 32 {
			return newSecret(string(key)), nil
		}
	}
	return Secret{}, errors.New("a key is 32 random bytes in base64 or hex")
}

func (p *ProviderConfig) loadSecret(index int, getenv func(string) string, readFile func(string) ([]byte, error)) error {
	place := fmt.Sprintf("providers[%d]", index)
	if p.ClientAuth == privateKeyJWT {
		return p.loadClientKeys(place, readFile)
	}
	switch {
	case len(p.ClientKeyFiles) > 0:
		return fmt.Errorf("%s.client_key_files: are for client_auth: private_key_jwt", place)
	case p.ClientSecretFile != "" && p.ClientSecretEnv != "":
		return fmt.Errorf("%s: give client_secret_file or client_secret_env, not both", place)
	case p.ClientSecretFile != "":
		data, err := readFile(p.ClientSecretFile)
		if err != nil {
			return prefixed(place+".client_secret_file", err)
		}
		p.secret = newSecret(strings.TrimRight(string(data), "\r\n"))
	case p.ClientSecretEnv != "":
		p.secret = newSecret(getenv(p.ClientSecretEnv))
	}
	// RFC 10017 §6.1.3.1: the BFF is a confidential client.
	if p.secret.reveal() == "" {
		return fmt.Errorf("%s: the client secret is missing or empty: set client_secret_file or client_secret_env", place)
	}
	return nil
}

// loadClientKeys reads the keys of private_key_jwt. A secret beside them would be one more thing to lose.
func (p *ProviderConfig) loadClientKeys(place string, readFile func(string) ([]byte, error)) error {
	if p.ClientSecretFile != "" || p.ClientSecretEnv != "" {
		return fmt.Errorf("%s: private_key_jwt takes client_key_files and no client secret", place)
	}
	if len(p.ClientKeyFiles) == 0 {
		return fmt.Errorf("%s.client_key_files: private_key_jwt needs at least one key", place)
	}
	var problems []error
	for i, file := range p.ClientKeyFiles {
		where := fmt.Sprintf("%s.client_key_files[%d]", place, i)
		data, err := readFile(file)
		if err != nil {
			problems = append(problems, prefixed(where, err))
			continue
		}
		key, err := parseClientKey(data)
		problems = append(problems, prefixed(where, err))
		p.keys = append(p.keys, key)
	}
	return errors.Join(problems...)
}

func prefixed(place string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", place, err)
}
