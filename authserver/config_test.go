package authserver

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cloakroom/authserver/keys"
)

const validConfiguration = `
store: data.db
tenants:
  - name: demo
    workspaces:
      - name: baseline
        clients:
          - {id: web, secret_file: web.secret, redirect_uris: ["https://app.example/callback"], scopes: [openid]}
          - {id: job, secret_env: JOB_SECRET, grant_types: [client_credentials], scopes: [openid]}
        users:
          - {username: alice, password_file: alice.password}
          - {username: bob, password_env: BOB_PASSWORD}
`

func validEnvironment(name string) string {
	return map[string]string{
		EnvKeyEncryptionKey: keys.NewSealingKey().Reveal(), "JOB_SECRET": "a-secret-of-the-job-client", "BOB_PASSWORD": "builder", EnvListen: "127.0.0.1:1234",
	}[name]
}

func validFiles(path string) ([]byte, error) {
	text, found := map[string]string{"web.secret": "a-secret-of-the-web-client\n", "alice.password": "wonderland\n"}[path]
	if !found {
		return nil, errors.New("no such file")
	}
	return []byte(text), nil
}

func TestParseConfigTakesSecretsFromFilesAndTheEnvironment(t *testing.T) {
	cfg, err := ParseConfig("a.yaml", []byte(validConfiguration), validEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.ReadSecrets(validFiles); err != nil {
		t.Fatal(err)
	}
	if cfg.Listen != "127.0.0.1:1234" || cfg.AdminListen != "127.0.0.1:9091" {
		t.Errorf("listen %q, admin %q", cfg.Listen, cfg.AdminListen)
	}
	users := configuredUsers(cfg.Tenants[0].Workspaces[0].Users)
	if users[0].Password != "wonderland" || users[1].Password != "builder" {
		t.Error("passwords are not what their places have")
	}
	if printed := fmt.Sprintf("%v %+v", cfg, cfg); strings.Contains(printed, "wonderland") || strings.Contains(printed, "builder") {
		t.Error("the configuration prints a password")
	}
}

func TestParseConfigNamesEveryProblemAndItsPlace(t *testing.T) {
	for want, change := range map[string][2]string{
		"a.yaml: line 3: unknown key tenant":                      {"tenants:", "tenant:"},
		"a.yaml: line 9: unknown key secrets":                     {"secret_env: JOB_SECRET", "secrets: x"},
		"a.yaml: yaml:":                                           {"tenants:", "tenants: ["},
		"more than one document":                                  {"store: data.db", "store: data.db\n---\nstore: x"},
		"store: is missing":                                       {"store: data.db", ""},
		"tenants: there is none":                                  {validConfiguration, "store: x"},
		`trusted_proxies: "10.0.0.1" is not a network`:            {"store: data.db", "store: data.db\ntrusted_proxies: [10.0.0.0/8, 10.0.0.1]"},
		`trusted_proxies: "::ffff:10.0.0.0/104" is not a network`: {"store: data.db", "store: data.db\ntrusted_proxies: [\"::ffff:10.0.0.0/104\"]"},
		`tenant "Demo"`:                                           {"name: demo", "name: Demo"},
		`workspace demo/base line: name`:                          {"name: baseline", "name: base line"},
		`preset fapi2: client "web": token_endpoint_auth_method: "client_secret_basic" is none`: {"name: baseline", "name: baseline\n        preset: fapi2"},
		"preset: \"strict\" is neither":                 {"name: baseline", "name: baseline\n        preset: strict"},
		`client "web": redirect_uris`:                   {"https://app.example/callback", "http://app.example/callback"},
		`client "web": is there twice`:                  {"id: job, secret_env: JOB_SECRET", "id: web, secret_env: JOB_SECRET"},
		`"other" is not a scope of the workspace`:       {"scopes: [openid]}", "scopes: [openid, other]}"},
		"JOB_SECRET_MISSING: the secret is shorter":     {"JOB_SECRET", "JOB_SECRET_MISSING"},
		"BOB_MISSING is not set":                        {"BOB_PASSWORD", "BOB_MISSING"},
		`user "alice": exactly one of password`:         {"password_file: alice.password", "claims: {name: A}"},
		`base_url: "http://as.example" has to be https`: {"store: data.db", "store: data.db\nbase_url: http://as.example"},
		`base_url: "https://as.example/x" has a path`:   {"store: data.db", "store: data.db\nbase_url: https://as.example/x"},
		`"https://as.example/" has a path`:              {"store: data.db", "store: data.db\nbase_url: https://as.example/"},
		`policy: refresh_public: rotation`:              {"name: baseline", "name: baseline\n        policy: {refresh_public: {rotation: never}}"},
		`workspace demo/baseline: brand: accent: #e0b872 has a contrast of 1.84:1 with the page's #fdfefc; text needs 4.5:1`: {"name: baseline", "name: baseline\n        brand: {accent: \"#e0b872\", accent_dark: \"#e0b872\"}"},
		`policy: code_lifetime`:              {"name: baseline", "name: baseline\n        policy: {code_lifetime: 2m}"},
		`policy: second_factor: "sometimes"`: {"name: baseline", "name: baseline\n        policy: {second_factor: sometimes}"},
		`identity source "local": password_change: "never" is neither on nor off`: {"name: baseline", "name: baseline\n        identity_sources: [{id: local, type: local, password_change: never}]"},
		`identity source "corp": password_change: is for local`:                   {"name: baseline", "name: baseline\n        identity_sources: [{id: corp, type: oidc, issuer: \"https://corp.example\", client_id: a, client_secret_env: X, password_change: off}]"},
		`user "alice": claims: birthdate has to be a text`:                        {"password_file: alice.password", "password_file: alice.password, claims: {birthdate: 1852-05-04}"},
		`user "alice": claims: email_verified has to be true or`:                  {"password_file: alice.password", "password_file: alice.password, claims: {email_verified: \"yes\"}"},
		`policy: id_token_signing_alg: "HS256"`:                                   {"name: baseline", "name: baseline\n        policy: {id_token_signing_alg: HS256}"},
		`secret_hash`:                                                             {"secret_file: web.secret", "secret_hash: 12"},
	} {
		text := strings.Replace(validConfiguration, change[0], change[1], 1)
		if text == validConfiguration {
			t.Fatalf("%s: nothing changed", want)
		}
		_, err := ParseConfig("a.yaml", []byte(text), validEnvironment)
		if want == "secret_hash" {
			want = "sha256:"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %q: %v", want, err)
		}
	}
}

func TestReadSecretsNamesWhatIsMissing(t *testing.T) {
	branded := strings.Replace(validConfiguration, "name: baseline", "name: baseline\n        brand: {logo_file: logo.svg}", 1)
	cfg, err := ParseConfig("a.yaml", []byte(branded), func(name string) string {
		if name == EnvKeyEncryptionKey {
			return ""
		}
		return validEnvironment(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.ReadSecrets(func(path string) ([]byte, error) {
		if path == "web.secret" {
			return []byte("short"), nil
		}
		if path == "logo.svg" {
			return []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`), nil
		}
		return nil, errors.New("no such file")
	})
	for _, want := range []string{`client "web": secret_file: the secret is shorter`, `user "alice": password_file: no such file`, "brand: logo_file: logo.svg is an SVG with <script>"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %q: %v", want, err)
		}
	}
	cfg.Tenants[0].Workspaces[0].Brand.LogoFile = ""
	if err := cfg.ReadSecrets(validFiles); err == nil || !strings.Contains(err.Error(), EnvKeyEncryptionKey) {
		t.Errorf("no key-encryption key: %v", err)
	}
	if _, err := New(t.Context(), cfg, nil, nil); err == nil {
		t.Error("a server starts without its secrets")
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(validConfiguration))
	f.Add([]byte("tenants: [{workspaces: [{clients: [{id: 1}]}]}]"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = ParseConfig("fuzz.yaml", text, func(string) string { return "" })
	})
}
