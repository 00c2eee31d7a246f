package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"cloakroom/bff/api"
)

func TestFileThatWasWrittenIsReadAgain(t *testing.T) {
	file := recorded(t)
	encoded, err := Write(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"", "\ufeff"} { // some editors begin a file with it
		again, err := Read(append([]byte(mark), encoded...))
		if err != nil || !reflect.DeepEqual(again, file) {
			t.Errorf("after %q: got %+v, %v", mark, again, err)
		}
	}
}

func TestFileThatIsNoTraceIsRefused(t *testing.T) {
	valid, err := os.ReadFile("testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) []byte {
		if !bytes.Contains(valid, []byte(old)) {
			t.Fatalf("the file has no %s", old)
		}
		return bytes.Replace(valid, []byte(old), []byte(new), 1)
	}
	long := strings.Repeat("x", maxValue+1)
	for name, row := range map[string]struct {
		content []byte
		want    error
	}{
		"too large":           {make([]byte, MaxFile+1), ErrTooLarge},
		"empty":               {nil, ErrNotJSON},
		"text":                {[]byte("hello"), ErrNotJSON},
		"cut":                 {valid[:len(valid)/2], ErrNotJSON},
		"something follows":   {append(bytes.Clone(valid), "{}"...), ErrNotJSON},
		"other JSON":          {[]byte(`{"log":{"version":"1.2"}}`), ErrNotTrace},
		"null":                {[]byte(`null`), ErrNotTrace},
		"a list":              {[]byte(`[]`), ErrNotTrace},
		"another version":     {swap(`"cloakroom_trace": 1`, `"cloakroom_trace": 2`), ErrVersion},
		"no events":           {[]byte(`{"cloakroom_trace":1,"exported_at":"2026-01-02T12:00:00Z","instrumented":[],"events":[]}`), ErrEmpty},
		"unknown member":      {swap(`"cloakroom_trace": 1`, `"cloakroom_trace": 1, "html": "<b>"`), ErrNotTrace},
		"unknown kind":        {swap(`"kind": "sign_in"`, `"kind": "other"`), ErrNotTrace},
		"unknown party":       {swap(`"from": "browser"`, `"from": "mallory"`), ErrNotTrace},
		"unknown emitter":     {swap(`"emitter": "bff"`, `"emitter": ""`), ErrNotTrace},
		"step eleven":         {swap(`"step": 1`, `"step": 11`), ErrNotTrace},
		"negative step":       {swap(`"step": 1`, `"step": -1`), ErrNotTrace},
		"no name":             {swap(`"name": "login"`, `"name": ""`), ErrNotTrace},
		"the same id twice":   {swap(`"id": 2`, `"id": 1`), ErrNotTrace},
		"no time":             {swap(`"at": "2026-01-02T12:00:00.003Z"`, `"at": "0001-01-01T00:00:00Z"`), ErrNotTrace},
		"time that is none":   {swap(`"at": "2026-01-02T12:00:00.003Z"`, `"at": "noon"`), ErrNotTrace},
		"impossible status":   {swap(`"status": 201`, `"status": 7`), ErrNotTrace},
		"value in no place":   {swap(`"in": "query"`, `"in": "script"`), ErrNotTrace},
		"value without name":  {swap(`"name": "returnUrl"`, `"name": ""`), ErrNotTrace},
		"value that is long":  {swap(`"value": "/"`, `"value": "`+long+`"`), ErrNotTrace},
		"route that is long":  {swap(`"route": "/bff/login"`, `"route": "`+long+`"`), ErrNotTrace},
		"flow with a quote":   {swap(`"flow": "flow1"`, `"flow": "f\"><b>"`), ErrNotTrace},
		"reference in markup": {swap(`"ref": "c11e27"`, `"ref": "<b>"`), ErrNotTrace},
		"check without words": {swap(`"name": "issuer"`, `"name": ""`), ErrNotTrace},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := Read(row.content)
			if !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if err != nil && len(file.Events) > 0 {
				t.Error("what was refused is handed over")
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	valid, err := os.ReadFile("testdata/session.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(valid)
	f.Add([]byte(`{"cloakroom_trace":1}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := Read(content)
		if err != nil {
			return
		}
		encoded, err := Write(file)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read(encoded)
		if err != nil {
			t.Fatalf("what was read and written is refused: %v", err)
		}
		if before, after := mustJSON(t, file), mustJSON(t, again); !bytes.Equal(before, after) {
			t.Errorf("%s became %s", before, after)
		}
		var log Log
		for _, event := range file.Events {
			log.Add(event)
		}
		// Nothing that is read can stop what draws it.
		for _, flow := range log.Flows() {
			messages := Messages(Steps(log.Flows(), flow.ID))
			_ = Curl(messages) + Mermaid(messages, nil)
			_, _ = HAR(messages, "", "")
			_ = Compare(messages, file.Events)
			for _, event := range messages {
				_ = HTTP(event) + Label(event)
				_ = See(SeatScript, event)
			}
		}
	})
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestPlaceholdersAreNamesOfShellVariables(t *testing.T) {
	for name, want := range map[string]string{
		"code": "CODE", "client_secret": "CLIENT_SECRET", "DPoP": "DPOP", "__Host-Http-cloakroom": "HOST_HTTP_CLOAKROOM",
		"": "VALUE_", "1st": "VALUE_1ST", "$(rm)": "RM", "é": "VALUE_",
	} {
		if got := Placeholder(name); got != want {
			t.Errorf("%q becomes %s", name, got)
		}
	}
}

func TestReferencesHaveTheSameMarkEverywhere(t *testing.T) {
	messages := Messages(Steps(logged(t).Flows(), "flow1"))
	links := NewLinks(messages)
	if links.Count("57a7e0") != 3 || links.Count("0ce0ce") != 2 || links.Count("nowhere") != 0 {
		t.Errorf("state occurs %d times, nonce %d", links.Count("57a7e0"), links.Count("0ce0ce"))
	}
	if links.Mark("57a7e0") == links.Mark("0ce0ce") || links.Mark("57a7e0") != NewLinks(messages).Mark("57a7e0") {
		t.Error("the marks tell nothing apart, or change")
	}
	carriers := 0
	for _, event := range messages {
		if Has(event, "0ce0ce") {
			carriers++
		}
	}
	if carriers != 2 || Has(api.TraceEvent{}, "") {
		t.Errorf("the nonce is carried by %d messages", carriers)
	}
}
