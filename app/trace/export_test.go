package trace

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/api"
)

var laneNames = map[api.Party]string{
	api.PartyBrowser: "Browser", api.PartyBFF: "BFF", api.PartyAuthorizationServer: "Authorization server", api.PartyAPI: "API",
}

// hostile is a message whose every text tries to become something else.
func hostile() api.TraceEvent {
	const evil = "a'b\"; end\nNote over B: $(touch pwned) `touch pwned` %%{init}%% <script> #quot; \u2028"
	return api.TraceEvent{
		ID: 99, Flow: "hostile", Kind: api.FlowAPICall, Name: evil, Emitter: api.PartyBFF, From: api.PartyBrowser, To: api.PartyBFF,
		At: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC),
		Message: &api.TraceMessage{Method: "GET", Origin: "http://localhost:8080", Route: "/x" + evil, Values: []api.TraceValue{
			{In: api.InQuery, Name: evil, Value: evil},
			{In: api.InForm, Name: evil, Value: evil},
			{In: api.InHeader, Name: "X-Test", Value: evil},
			{In: api.InCookie, Name: evil, Ref: "abcdef", Length: 4},
			{In: api.InBody, Name: evil, Value: evil},
		}},
	}
}

func messages(t *testing.T, flow string) []api.TraceEvent {
	t.Helper()
	return Messages(Steps(logged(t).Flows(), flow))
}

func TestMermaidHasOneArrowForEachMessage(t *testing.T) {
	events := messages(t, "flow1")
	lines := strings.Split(strings.TrimSpace(Mermaid(events, laneNames)), "\n")
	if lines[0] != "sequenceDiagram" || len(lines) != 1+4+len(events) {
		t.Fatalf("%d lines for %d messages", len(lines), len(events))
	}
	for _, want := range []string{
		"  participant S as Authorization server", "  F->>S: 2 POST /demo/baseline/oauth2/par", "  S-->>F: 2 201 Created", "  Note over F: 8 id token",
		"  B->>S: 4 POST /demo/baseline/interaction/#123;id#125;/login",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no line %q", want)
		}
	}
}

func TestMermaidKeepsTextText(t *testing.T) {
	diagram := Mermaid([]api.TraceEvent{hostile()}, laneNames)
	if strings.Count(diagram, "\n") != 6 || strings.Contains(diagram, "<script>") || strings.Contains(diagram, "%%") {
		t.Errorf("it became\n%s", diagram)
	}
}

// executed runs the commands with a curl that prints its arguments, one a line, and returns them by command.
func executed(t *testing.T, commands string) [][]string {
	t.Helper()
	folder := t.TempDir()
	const curl = "#!/bin/sh\nfor a; do printf '%s\\0' \"$a\"; done\nprintf '\\1'\n"
	if err := os.WriteFile(filepath.Join(folder, "curl"), []byte(curl), 0o755); err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-e")
	shell.Dir = folder
	shell.Env = []string{
		"PATH=" + folder + ":/usr/bin:/bin", "CODE=the code", "CLIENT_ID=the client", "CLIENT_SECRET=the secret", "CODE_VERIFIER=the verifier",
		"STATE=the state", "NONCE=n", "CODE_CHALLENGE=c", "REQUEST_URI=r", "ACCESS_TOKEN=the token", "HOST_HTTP_CLOAKROOM_TX_1=x",
		"HOST_HTTP_CLOAKROOM=y",
	}
	shell.Stdin = strings.NewReader(commands)
	output, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, output, commands)
	}
	if _, err := os.Stat(filepath.Join(folder, "pwned")); err == nil {
		t.Error("a value was executed")
	}
	var calls [][]string
	for call := range strings.SplitSeq(strings.TrimSuffix(string(output), "\x01"), "\x01") {
		calls = append(calls, strings.Split(strings.TrimSuffix(call, "\x00"), "\x00"))
	}
	return calls
}

func TestCurlCommandsSendWhatWasSent(t *testing.T) {
	calls := executed(t, Curl(messages(t, "flow1")))
	requests := 0
	for _, event := range messages(t, "flow1") {
		if IsRequest(event) {
			requests++
		}
	}
	if len(calls) != requests {
		t.Errorf("%d commands for %d requests", len(calls), requests)
	}
	index := slices.IndexFunc(calls, func(call []string) bool { return strings.HasSuffix(call[len(call)-1], "/oauth2/token") })
	if index < 0 {
		t.Fatalf("there is no token request in %q", calls)
	}
	want := []string{
		"--request", "POST", "--header", "Authorization: Bearer the token", "--data-urlencode", "grant_type=authorization_code",
		"--data-urlencode", "code=the code", "--data-urlencode", "redirect_uri=http://localhost:8080/bff/callback/baseline",
		"--data-urlencode", "code_verifier=the verifier", "--globoff", "--url", "http://localhost:9000/demo/baseline/oauth2/token",
	}
	if !slices.Equal(calls[index], want) {
		t.Errorf("got  %q\nwant %q", calls[index], want)
	}
}

func TestCurlNamesCredentialsAsPeopleDo(t *testing.T) {
	for name, row := range map[string]struct {
		value api.TraceValue
		want  []string
	}{
		"client secret": {api.TraceValue{Value: "Basic"}, []string{"--user", "the client:the secret"}},
		"bearer":        {api.TraceValue{Value: "Bearer", Ref: "abcdef"}, []string{"--header", "Authorization: Bearer the token"}},
		"DPoP":          {api.TraceValue{Value: "DPoP"}, []string{"--header", "Authorization: DPoP the token"}},
	} {
		t.Run(name, func(t *testing.T) {
			row.value.In, row.value.Name = api.InHeader, "Authorization"
			event := api.TraceEvent{Message: &api.TraceMessage{Method: "GET", Origin: "http://localhost", Route: "/", Values: []api.TraceValue{row.value}}}
			if got := executed(t, Curl([]api.TraceEvent{event}))[0][2:4]; !slices.Equal(got, row.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestCurlExecutesNoValue(t *testing.T) {
	event := hostile()
	call := executed(t, Curl([]api.TraceEvent{event}))[0]
	if !slices.Contains(call, "X-Test: "+event.Message.Values[2].Value) {
		t.Errorf("the header's value arrives as %q", call)
	}
	address, err := url.Parse(call[len(call)-1])
	if err == nil && address.Query().Get(event.Message.Values[0].Name) != event.Message.Values[0].Value {
		t.Errorf("the query arrives as %q", call[len(call)-1])
	}
	// The control: without the quotes it would be executed.
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", "echo $(echo executed)").Output(); err != nil || string(out) != "executed\n" {
		t.Errorf("the shell of this test executes nothing: %s, %v", out, err)
	}
}

func TestCurlTakesNoValueForAnOption(t *testing.T) {
	event := api.TraceEvent{Message: &api.TraceMessage{Method: "GET", Route: "--config=/tmp/[1-9]{a,b}", Values: []api.TraceValue{
		{In: api.InHeader, Name: "@/etc/passwd", Value: "x"}, {In: api.InHeader, Name: "X-Test", Value: "x"},
	}}}
	want := []string{"--request", "GET", "--header", "X-Test: x", "--globoff", "--url", "--config=/tmp/[1-9]{a,b}"}
	if call := executed(t, Curl([]api.TraceEvent{event}))[0]; !slices.Equal(call, want) {
		t.Errorf("got  %q\nwant %q", call, want)
	}
}

func TestSameValueHasTheSameVariable(t *testing.T) {
	request := func(ref string) api.TraceEvent {
		return api.TraceEvent{Message: &api.TraceMessage{Method: "GET", Origin: "http://localhost", Route: "/", Values: []api.TraceValue{{In: api.InQuery, Name: "code", Ref: ref}}}}
	}
	got := Curl([]api.TraceEvent{request("one"), request("two"), request("one")})
	if strings.Count(got, `"$CODE"`) != 2 || strings.Count(got, `"$CODE_2"`) != 1 {
		t.Errorf("got\n%s", got)
	}
}

func TestHARHasOneEntryForEachExchange(t *testing.T) {
	events := messages(t, "flow1")
	encoded, err := HAR(events, "Cloakroom", "comment")
	if err != nil {
		t.Fatal(err)
	}
	var archive struct {
		Log struct {
			Version string
			Creator struct{ Name, Version string }
			Entries []map[string]any
		}
	}
	if err := json.Unmarshal(encoded, &archive); err != nil {
		t.Fatal(err)
	}
	if archive.Log.Version != "1.2" || archive.Log.Creator.Name != "Cloakroom" || len(archive.Log.Entries) != 10 {
		t.Fatalf("version %s, %d entries", archive.Log.Version, len(archive.Log.Entries))
	}
	for i, one := range archive.Log.Entries {
		// What HAR 1.2 requires of an entry.
		for path, want := range map[string][]string{
			"":         {"startedDateTime", "time", "request", "response", "cache", "timings"},
			"request":  {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"},
			"response": {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"},
			"timings":  {"send", "wait", "receive"},
		} {
			object := one
			if path != "" {
				object, _ = one[path].(map[string]any)
			}
			for _, member := range want {
				if value, ok := object[member]; !ok || value == nil {
					t.Errorf("entry %d: %s has no %s", i, path, member)
				}
			}
		}
		address, _ := one["request"].(map[string]any)["url"].(string)
		if parsed, err := url.Parse(address); err != nil || !parsed.IsAbs() {
			t.Errorf("entry %d: the URL is %q", i, address)
		}
		if started, _ := one["startedDateTime"].(string); started == "" {
			t.Errorf("entry %d has no time", i)
		} else if _, err := time.Parse(time.RFC3339Nano, started); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	token := archive.Log.Entries[6]
	if token["time"] != 12.4 || token["response"].(map[string]any)["status"] != 200.0 ||
		!strings.Contains(string(mustJSON(t, token)), "{code c0dec0, 43 bytes}") {
		t.Errorf("the token exchange is %v", token)
	}
}

func TestRequestWithoutAnAnswerHasTheStatusZero(t *testing.T) {
	encoded, err := HAR([]api.TraceEvent{hostile()}, "", "")
	if err != nil || !strings.Contains(string(encoded), `"status": 0`) {
		t.Errorf("%s, %v", encoded, err)
	}
}

func TestMessageThatBothEndsTellIsExportedOnce(t *testing.T) {
	request := messages(t, "flow1")[1] // the pushed request, as the BFF tells it
	again := request
	again.ID, again.Emitter = 1000, api.PartyAuthorizationServer
	both := []api.TraceEvent{request, again}
	if got := strings.Count(Curl(both), "curl --request"); got != 1 {
		t.Errorf("%d commands", got)
	}
	if got := strings.Count(Mermaid(both, laneNames), "->>"); got != 1 {
		t.Errorf("%d arrows", got)
	}
	if echoes := Echoes(both); len(echoes) != 1 || !echoes[Key(again)] {
		t.Errorf("the echoes are %v", echoes)
	}
	// The same party that asks twice does ask twice.
	again.Emitter = request.Emitter
	if len(Once([]api.TraceEvent{request, again})) != 2 {
		t.Error("a second request is taken for an echo")
	}
}
