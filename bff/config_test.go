package bff

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

const validYAML = `
origin: https://app.example
session: {key_files: [key]}
providers:
  - {id: one, issuer: https://as.example, client_id: c, client_secret_file: secret, scopes: [openid, notes]}
routes:
  - {prefix: /api/notes, upstream: https://api.example/notes, methods: [GET], scopes: [notes]}
`

func parse(t *testing.T, text string, environment map[string]string) (Config, error) {
	t.Helper()
	files := map[string]string{
		"key": base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))) + "\n", "hexkey": hex.EncodeToString([]byte(strings.Repeat("h", 32))),
		"short": "c2hvcnQ=", "secret": "the secret\n", "empty": "\n",
	}
	return ParseConfig("bff.yaml", []byte(text), func(name string) string { return environment[name] }, func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fmt.Errorf("open %s: no such file", name)
	})
}

func TestConfigHasDefaultsAndTheEnvironmentOverrides(t *testing.T) {
	cfg, err := parse(t, validYAML, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Listen != "localhost:8080" || cfg.Session.Idle != 30*time.Minute || cfg.Session.Store != "sqlite" || cfg.Routes[0].Token != "user" ||
		cfg.Routes[0].BodyLimit != 1<<20 || cfg.Providers[0].ClientAuth != "client_secret_basic" || cfg.Providers[0].secret.reveal() != "the secret" {
		t.Errorf("%+v", cfg)
	}
	cfg, err = parse(t, strings.Replace(validYAML, "{key_files: [key]}", "{}", 1), map[string]string{
		"BFF_LISTEN": "localhost:1", "BFF_ADMIN_LISTEN": "localhost:2", "BFF_ORIGIN": "http://localhost:1", "BFF_SESSION_PATH": "x.db",
		"BFF_SESSION_KEYS": strings.Repeat("ab", 32) + "," + strings.Repeat("cd", 32),
	})
	if err != nil || cfg.Listen != "localhost:1" || cfg.AdminListen != "localhost:2" || cfg.Origin != "http://localhost:1" || cfg.Session.Path != "x.db" || len(cfg.Session.keys) != 2 {
		t.Errorf("%+v, %v", cfg, err)
	}
}

func TestConfigNamesEveryProblem(t *testing.T) {
	for _, row := range []struct{ replace, with, want string }{
		{"origin: https://app.example", "origin: https://app.example/", "origin:"},
		{"client_secret_file: secret", "client_auth: private_key_jwt", "client_key_files: private_key_jwt needs"},
		{"client_secret_file: secret", "client_secret_file: secret, client_key_files: [key]", "are for client_auth: private_key_jwt"},
		{"client_secret_file: secret", "client_secret_file: secret, client_auth: private_key_jwt, client_key_files: [key]", "no client secret"},
		{"client_secret_file: secret", "client_auth: private_key_jwt, client_key_files: [secret]", "neither a private key in PEM nor a JWK"},
		{"client_secret_file: secret", "client_auth: private_key_jwt, client_key_files: [gone]", "client_key_files[0]: open gone"},
		{"client_secret_file: secret", "client_secret_file: secret, fapi2: true, client_auth: client_secret_basic", "fapi2 needs private_key_jwt"},
		{"client_secret_file: secret", "fapi2: true, client_key_files: [secret], id_token_algs: [RS256]", "fapi2 allows"},
		{"origin: https://app.example", "origin: http://app.example", "origin:"},
		{"origin: https://app.example", "origin: https://APP.example", "origin:"},
		{"origin: https://app.example", "origin: https://app.example:443", "origin:"},
		{"origin: https://app.example", "", "origin:"},
		{"session:", "trace: {enabled: true}\nsession:", "trace.enabled: the trace is for demonstrations"},
		{"session:", "trace: {feeds: ['http://localhost:1/trace']}\nsession:", "trace.feeds: are for enabled"},
		{"session:", "trace: {enabled: true, feeds: ['https://as.example/trace']}\nsession:", "trace.feeds[0]:"},
		{"origin:", "orgin: x\norigin:", "line 2: field orgin not found"},
		{"id: one,", "id: one, client_secret: x,", "field client_secret not found"},
		{"[key]", "[]", "session.key_files"},
		{"[key]", "[short]", "session.key_files[0]: a key is 32"},
		{"[key]", "[key, absent]", "session.key_files[1]: open absent"},
		{"key_files: [key]", "key_files: [key], idle: 10s", "session.idle"},
		{"key_files: [key]", "key_files: [key], idle: 13h", "session.absolute"},
		{"key_files: [key]", "key_files: [key], store: postgres", "session.store"},
		{"key_files: [key]", "key_files: [key], store: redis", "session.redis_url_file: is needed"},
		{"key_files: [key]", "key_files: [key], store: redis, redis_url_file: absent", "session.redis_url_file: open absent"},
		{"key_files: [key]", "key_files: [key], redis_url_file: secret", "session.redis_url_file: is for store: redis"},
		{"id: one", "id: One/..", "providers[0].id"},
		{"issuer: https://as.example", "issuer: http://as.example", "providers[0].issuer"},
		{"issuer: https://as.example", "issuer: 'https://as.example?x'", "providers[0].issuer"},
		{"client_id: c", "client_id: ''", "providers[0].client_id"},
		{"client_secret_file: secret", "client_secret_file: empty", "providers[0]: the client secret"},
		{"client_secret_file: secret", "client_secret_file: absent", "providers[0].client_secret_file"},
		{"client_secret_file: secret", "client_secret_env: ABSENT", "providers[0]: the client secret"},
		{"client_secret_file: secret", "client_secret_file: secret, client_auth: none", "providers[0].client_auth"},
		{"client_secret_file: secret", "client_secret_file: secret, id_token_algs: [HS256]", `"HS256"`},
		{"client_secret_file: secret", "client_secret_file: secret, id_token_algs: [none]", `"none"`},
		{"client_secret_file: secret", "client_secret_file: secret, authorize_params: {redirect_uri: x}", "redirect_uri is set by the BFF"},
		{"client_secret_file: secret", "client_secret_file: secret, post_logout_path: //evil", "post_logout_path"},
		{"[openid, notes]", "[notes]", "openid is missing"},
		{"[openid, notes]", "[openid]", `no provider asks for "notes"`},
		{"prefix: /api/notes", "prefix: /notes", "routes[0].prefix"},
		{"prefix: /api/notes", "prefix: /api/notes/", "routes[0].prefix"},
		{"prefix: /api/notes", "prefix: /api/..", "routes[0].prefix"},
		{"upstream: https://api.example/notes", "upstream: http://api.example", "routes[0].upstream"},
		{"upstream: https://api.example/notes", "upstream: https://u:p@api.example", "routes[0].upstream"},
		{"methods: [GET]", "methods: []", "routes[0].methods"},
		{"methods: [GET]", "methods: [TRACE]", `"TRACE"`},
		{"methods: [GET]", "methods: [GET], token: nobody", "routes[0].token"},
		{"methods: [GET]", "methods: [GET], request_headers: [cookie]", "request_headers"},
		{"methods: [GET]", "methods: [GET], request_headers: [X-Forwarded-For]", "request_headers"},
		{"methods: [GET]", "methods: [GET], response_headers: [set-cookie]", "response_headers"},
		{"methods: [GET]", "methods: [GET], response_headers: [Access-Control-Allow-Origin]", "response_headers"},
		{"routes:", "trusted_proxies: [10.0.0.1]\nroutes:", `trusted_proxies: "10.0.0.1"`},
		{"routes:", "routes:\n  - {prefix: /api/b, upstream: 'https://b.example', methods: [GET]}", "routes[0].resource: is needed"},
		{"routes:", "routes:\n  - {prefix: /api/notes, upstream: 'https://api.example', methods: [GET]}", "used twice"},
	} {
		text := strings.Replace(validYAML, row.replace, row.with, 1)
		if text == validYAML {
			t.Fatalf("%q is not in the configuration", row.replace)
		}
		if _, err := parse(t, text, nil); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.with, err, row.want)
		}
	}
	_, err := parse(t, "origin: x\nlisten: y\nproviders: [{id: A}]\n", nil)
	for _, want := range []string{"origin", "listen", "providers[0].id", "providers[0].issuer", "client secret", "session.key_files"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("all at once: %q is missing in %v", want, err)
		}
	}
}

func TestConfigErrorsHoldNoSecret(t *testing.T) {
	_, err := parse(t, validYAML, map[string]string{"BFF_SESSION_KEYS": "c3VwZXItc2VjcmV0"})
	if err == nil || strings.Contains(err.Error(), "c3VwZXItc2VjcmV0") {
		t.Error(err)
	}
	cfg, _ := parse(t, validYAML, nil)
	text, _ := json.Marshal(cfg)
	log := &lockedBuffer{}
	slog.New(slog.NewJSONHandler(log, nil)).Info("configuration", "config", cfg, "secret", cfg.Providers[0].secret)
	all := fmt.Sprintf("%v %+v %#v %s %q %x", cfg, cfg, cfg, cfg.Providers[0].secret, cfg.Providers[0].secret, cfg.Providers[0].secret) + string(text) + log.String()
	if strings.Contains(all, "the secret") || strings.Contains(all, hex.EncodeToString([]byte("the secret"))) || strings.Contains(all, "kkkk") {
		t.Error("a secret is shown")
	}
	if !strings.Contains(all, "app.example") {
		t.Error("control: nothing is shown")
	}
}

func TestExplainSaysWhatWouldHappen(t *testing.T) {
	cfg, err := parse(t, validYAML, nil)
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]string{
		"GET /api/notes/7":     "is sent to https://api.example/notes/7 with the user's access token",
		"POST /api/notes":      "405",
		"GET /api/other":       "404",
		"GET /api/notes/../x":  "400",
		"GET /bff/session":     "the BFF itself",
		"GET /about":           "the page",
		"GET //evil.example/x": "400",
	} {
		method, target, _ := strings.Cut(request, " ")
		if got := cfg.Explain(method, target); !strings.Contains(got, want) {
			t.Errorf("%s: %s", request, got)
		}
	}
}

func TestErrorsKeepTheirStatuses(t *testing.T) {
	if asRefusal(errors.New("x")).code != "internal_error" {
		t.Error("an unforeseen error has another code")
	}
	for code, status := range statuses {
		if status < 400 || status > 599 {
			t.Errorf("%s: %d", code, status)
		}
	}
}
