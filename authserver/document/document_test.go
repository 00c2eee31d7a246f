package document_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/document"
	"cloakroom/authserver/workspace"
)

func TestDocumentIsReadStrictlyAndEveryProblemHasItsPlace(t *testing.T) {
	for name, test := range map[string]struct{ text, problem string }{
		"the control":         {`{"name":"Web","redirect_uris":["https://a.example/"],"trusted":true}`, ""},
		"unknown member":      {`{"nmae":"Web"}`, "/nmae is not known here"},
		"unknown inside":      {`{"redirect_uris":[{"a":1}]}`, "/redirect_uris/0 has to be a text"},
		"a number for a text": {`{"name":5}`, "/name has to be a text"},
		"a text for a bool":   {`{"trusted":"true"}`, "/trusted has to be true or false"},
		"a text for a list":   {`{"scopes":"openid"}`, "/scopes has to be a list"},
		"a file of ours":      {`{"secret_file":"/etc/passwd"}`, "/secret_file is for the configuration file only"},
		"a variable of ours":  {`{"secret_env":"HOME"}`, "/secret_env is for the configuration file only"},
		"a hash":              {`{"secret_hash":"sha256:00"}`, "/secret_hash is for the configuration file only"},
		"case":                {`{"Name":"Web"}`, "/Name is not known here"},
		"a key that is none":  {`{"jwks":{"keys":[{"kty":"oct","k":"AAAA"}]}}`, "/jwks jose: invalid: key: it is private or symmetric"},
	} {
		var into client.Client
		var said []string
		for _, problem := range document.Decode([]byte(test.text), &into) {
			said = append(said, problem.Pointer+" "+problem.Detail)
		}
		if got := strings.Join(said, "; "); got != test.problem {
			t.Errorf("%s: %q, want %q", name, got, test.problem)
		}
	}
	var ws workspace.Workspace
	problems := document.Decode([]byte(`{"policy":{"access_token_lifetime":"soon","keys":{"rotation":720}}}`), &ws)
	if len(problems) != 2 || problems[0].Pointer != "/policy/access_token_lifetime" || problems[1].Pointer != "/policy/keys/rotation" {
		t.Errorf("%+v", problems)
	}
}

func TestCheckRefusesWhatTwoReadersWouldReadDifferently(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		ok   bool
	}{
		"the control":   {`{"a":{"b":[1,2,{"c":null}]}}`, true},
		"same name far": {`{"a":{"b":1},"b":1}`, true},
		"twice":         {`{"a":1,"a":1}`, false},
		"twice inside":  {`{"x":[{"a":1,"a":1}]}`, false},
		"a list":        {`[]`, false},
		"nothing":       {``, false},
		"more after":    {`{} {}`, false},
		"cut off":       {`{"a":`, false},
		"not UTF-8":     {"{\"a\":\"\xff\"}", false},
		"too deep":      {`{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, false},
		"too many":      {`{"a":[` + strings.Repeat("1,", 3000) + `1]}`, false},
	} {
		if err := document.Check([]byte(test.text)); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEncodedDocumentIsReadBackAndHasNoSecret(t *testing.T) {
	c := client.Client{
		ID: "web", Name: "Web", RedirectURIs: []string{"https://a.example/"}, Secret: client.DigestOf("a secret"), SecretHash: client.DigestOf("a secret"),
		SecretFile: "secrets/web", Subject: client.Subject{DNS: "client.example"},
	}
	text, err := json.Marshal(document.Encode(c))
	if err != nil {
		t.Fatal(err)
	}
	var again client.Client
	if problems := document.Decode(text, &again); problems != nil || again.Name != "Web" || again.Subject.DNS != "client.example" || !slices.Equal(again.RedirectURIs, c.RedirectURIs) {
		t.Errorf("%s: %v, %+v", text, problems, again)
	}
	for _, secret := range []string{"secret", "sha256"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s has %q", text, secret)
		}
	}
	ws := workspace.Workspace{Tenant: "t", Name: "w", Base: "https://as.example", Users: []workspace.User{{Username: "alice", Password: "wonderland"}}}
	ws.SetDefaults()
	text, err = json.Marshal(document.Encode(ws))
	if err != nil || strings.Contains(string(text), "wonderland") || !strings.Contains(string(text), `"access_token_lifetime":"5m"`) {
		t.Errorf("%v\n%s", err, text)
	}
	var read workspace.Workspace
	if problems := document.Decode(text, &read); problems != nil || read.Policy.AccessToken != 5*time.Minute || read.Policy.Keys.Rotation != ws.Policy.Keys.Rotation {
		t.Errorf("%v", problems)
	}
}

// RFC 7396 appendix A.
func TestMergePatchKeepsToTheExamplesOfTheRFC(t *testing.T) {
	for _, test := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		if got := string(document.Merge(json.RawMessage(test.target), json.RawMessage(test.patch))); got != test.want {
			t.Errorf("%s with %s: %s, want %s", test.target, test.patch, got, test.want)
		}
	}
}

func TestSchemaHasTheMembersThatAreRead(t *testing.T) {
	schema := document.Schema(reflect.TypeFor[client.Client]())
	properties, _ := schema["properties"].(map[string]any)
	for name := range properties {
		var into client.Client
		for _, problem := range document.Decode(fmt.Appendf(nil, `{%q:null}`, name), &into) {
			t.Error(problem)
		}
	}
	for _, name := range []string{"id", "redirect_uris", "tls_client_auth_san_dns", "jwks", "trusted"} {
		if properties[name] == nil {
			t.Errorf("no %s", name)
		}
	}
	for _, name := range []string{"secret_file", "secret_env", "secret_hash"} {
		if properties[name] != nil {
			t.Errorf("%s is offered", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"policy":{"access_token_lifetime":"5m"},"scopes":[{"name":"a"}]}`))
	f.Add([]byte(`{"clients":[{"jwks":{"keys":[]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if document.Check(data) != nil {
			return
		}
		var ws workspace.Workspace
		if document.Decode(data, &ws) != nil {
			return
		}
		text, err := json.Marshal(document.Encode(ws))
		if err != nil {
			t.Fatal(err)
		}
		var again workspace.Workspace
		if problems := document.Decode(text, &again); problems != nil {
			t.Fatalf("%s: %v", text, problems)
		}
	})
}
