package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cloakroom/authserver"
)

// operator runs authserver admin against a server that runs.
type operator struct {
	t      *testing.T
	folder string
	env    map[string]string
}

func newOperator(t *testing.T) (o *operator, public string) {
	t.Helper()
	folder := example(t)
	public, admin, stop := serveExample(t, folder)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return &operator{t: t, folder: folder, env: map[string]string{envAdminURL: "http://" + admin, authserver.EnvAdminToken: adminToken}}, public
}

func (o *operator) try(args ...string) (string, error) {
	o.t.Helper()
	var out bytes.Buffer
	err := run(o.t.Context(), append([]string{"admin"}, args...), environment(o.env), &out, &out)
	return out.String(), err
}

func (o *operator) says(args ...string) string {
	o.t.Helper()
	text, err := o.try(args...)
	if err != nil {
		o.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return text
}

func (o *operator) file(name, text string) string {
	o.t.Helper()
	path := filepath.Join(o.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return path
}

var place = []string{"--tenant", "example", "--workspace", "main"}

func TestAdminCommandDoesWhatTheAPIDoes(t *testing.T) {
	o, public := newOperator(t)
	in := func(args ...string) []string { return append(args, place...) }
	if list := o.says(in("clients", "list")...); !strings.Contains(list, "CLIENT_ID") || !regexp.MustCompile(`web +The web application +client_secret_basic +active, managed by the file`).MatchString(list) {
		t.Errorf("%s", list)
	}
	file := o.file("client.yaml", "id: nightly\nname: The other nightly job\ngrant_types: [client_credentials]\nscopes: [notes.read]\n")
	created := o.says(in("clients", "create", "-f", file)...)
	secret := regexp.MustCompile(`client_secret: (\S+)`).FindStringSubmatch(created)
	if secret == nil || !strings.Contains(created, "told this once") {
		t.Fatalf("%s", created)
	}
	if again := o.says(in("clients", "get", "nightly", "-o", "json")...); strings.Contains(again, secret[1]) || !strings.Contains(again, `"name": "The other nightly job"`) {
		t.Errorf("%s", again)
	}
	if changed := o.says(in("clients", "change", "nightly", "--set", "name=Renamed", "--set", "default_scopes=[notes.read]")...); !strings.Contains(changed, "Renamed") {
		t.Errorf("%s", changed)
	}
	if rotated := o.says(in("clients", "rotate-secret", "nightly", "--overlap", "1h")...); !strings.Contains(rotated, "client_secret: ") || strings.Contains(rotated, secret[1]) {
		t.Errorf("%s", rotated)
	}
	if disabled := o.says(in("clients", "disable", "nightly")...); !strings.Contains(disabled, "disabled") {
		t.Errorf("%s", disabled)
	}
	o.says(in("clients", "enable", "nightly")...)
	if deleted := o.says(in("clients", "delete", "nightly")...); deleted != "deleted nightly\n" {
		t.Errorf("%s", deleted)
	}

	password := o.file("password", "down the rabbit hole\n")
	o.says(in("users", "create", "--set", "username=dora")...)
	o.says(in("users", "set-password", "dora", "--password-file", password)...)
	if reset := o.says(in("users", "reset-password", "DORA")...); !strings.Contains(reset, "password: ") {
		t.Errorf("%s", reset)
	}
	if ended := o.says(in("users", "end-sessions", "dora")...); ended != "0 sessions ended\n" {
		t.Errorf("%s", ended)
	}
	if list := o.says(in("users", "list", "--query", "d")...); !strings.Contains(list, "dora") || strings.Contains(list, "carol") {
		t.Errorf("%s", list)
	}
	o.says(in("users", "disable", "dora")...)
	if deleted := o.says(in("users", "delete", "dora")...); !strings.HasPrefix(deleted, "deleted ") {
		t.Errorf("%s", deleted)
	}
	if list := o.says(in("users", "list")...); strings.Contains(list, "dora") || !strings.Contains(list, "carol") {
		t.Errorf("%s", list)
	}

	o.says("tenants", "create", "--set", "name=acme")
	o.says("workspaces", "create", "--tenant", "acme", "-f", o.file("ws.json", `{"name":"main","policy":{"id_token_signing_alg":"ES256"}}`))
	if text := body(t, "http://"+public+"/acme/main/.well-known/openid-configuration"); !strings.Contains(text, "/acme/main") {
		t.Errorf("%s", text)
	}
	if keys := o.says("keys", "rotate", "--tenant", "acme", "--workspace", "main"); strings.Count(keys, "ES256") != 2 {
		t.Errorf("%s", keys)
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(o.says("openapi", "get")), &document); err != nil || document["openapi"] == nil {
		t.Errorf("%v", err)
	}
}

func TestAdminCommandSaysWhatIsWrongAndEndsWithACode(t *testing.T) {
	o, _ := newOperator(t)
	weak := o.file("weak", "password1\n")
	for name, test := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"managed":            {[]string{"clients", "disable", "web", "--tenant", "example", "--workspace", "main"}, exitRefused, []string{"configuration file", "409"}},
		"no such thing":      {[]string{"clients", "get", "nobody", "--tenant", "example", "--workspace", "main"}, exitRefused, []string{"no such resource"}},
		"invalid":            {[]string{"clients", "create", "--tenant", "example", "--workspace", "main", "--set", "id=x", "--set", "nmae=y"}, exitRefused, []string{"nmae: is not known here"}},
		"another version":    {[]string{"clients", "disable", "web", "--tenant", "example", "--workspace", "main", "--if-match", `"7"`}, exitRefused, []string{"409"}},
		"a weak password":    {[]string{"users", "set-password", "carol", "--tenant", "example", "--workspace", "main", "--password-file", weak}, exitRefused, []string{"configuration file"}},
		"another token":      {[]string{"tenants", "list", "--token-file", weak}, exitRefused, []string{"credential", "401"}},
		"nobody answers":     {[]string{"tenants", "list", "--url", "http://127.0.0.1:1"}, exitUnreachable, []string{"does not answer"}},
		"no resource":        {[]string{"things", "list"}, exitUsage, []string{"clients", "authserver admin help"}},
		"no action":          {[]string{"clients", "burn"}, exitUsage, []string{"rotate-secret"}},
		"no name":            {[]string{"tenants", "get"}, exitUsage, []string{"needs a name"}},
		"no tenant":          {[]string{"workspaces", "list"}, exitUsage, []string{"--tenant"}},
		"no workspace":       {[]string{"clients", "list", "--tenant", "example"}, exitUsage, []string{"--workspace"}},
		"no document":        {[]string{"tenants", "create"}, exitUsage, []string{"--file"}},
		"an unknown flag":    {[]string{"tenants", "list", "--surprise"}, exitUsage, []string{"surprise"}},
		"a word too many":    {[]string{"tenants", "get", "a", "b"}, exitUsage, []string{`"b"`}},
		"no such token file": {[]string{"tenants", "list", "--token-file", "absent"}, exitUsage, []string{"--token-file"}},
		"nothing":            {nil, exitUsage, []string{"authserver admin help"}},
	} {
		_, err := o.try(test.args...)
		if err == nil || exitCode(err) != test.code {
			t.Errorf("%s: %v ends with %d, want %d", name, err, exitCode(err), test.code)
			continue
		}
		for _, text := range test.says {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: does not say %q: %v", name, text, err)
			}
		}
	}
	delete(o.env, authserver.EnvAdminToken)
	if _, err := o.try("tenants", "list"); exitCode(err) != exitUsage || !strings.Contains(err.Error(), authserver.EnvAdminToken) {
		t.Errorf("without a credential: %v", err)
	}
	if list := o.says("tenants", "list", "--token-file", filepath.Join(o.folder, "secrets/admin-token")); !strings.Contains(list, "example") {
		t.Errorf("the control: %s", list)
	}
}

func TestAdminHelpNamesEveryResourceActionAndFlag(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"clients", "list", "--help"}} {
		var out bytes.Buffer
		if err := run(t.Context(), append([]string{"admin"}, args...), environment(nil), &out, &out); err != nil || out.String() != adminHelp {
			t.Errorf("%v: %v", args, err)
		}
	}
	for resource, actions := range resources {
		line := regexp.MustCompile(`(?m)^    ` + resource + ` +(.*)$`).FindStringSubmatch(adminHelp)
		for _, action := range actions {
			if line == nil || !strings.Contains(line[1], action) {
				t.Errorf("%s %s is not in the help", resource, action)
			}
		}
	}
	text, err := os.ReadFile("admin.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`"([a-z-]+)": &c\.`).FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(adminHelp, "-"+found[1]) {
			t.Errorf("the flag %s is not in the help", found[1])
		}
	}
}

func TestTableShowsWhatWouldMoveTheCursorAsWhatItIs(t *testing.T) {
	if got := cell(map[string]any{"name": "evil\x1b[2J\u009b1m name"}, column{"NAME", "name"}); strings.ContainsAny(got, "\x1b\u009b") || !strings.Contains(got, "evil") {
		t.Errorf("%q", got)
	}
}
