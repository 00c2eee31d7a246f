package authserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/trace"
)

// traceOn is a configuration with the trace on.
func traceOn(text string) string {
	return strings.Replace(text, "store: unused", "store: unused\ntrace: true", 1)
}

func startTracing(t *testing.T) *house {
	t.Helper()
	return startAs(t, setup{text: traceOn(configuration)})
}

// feed reads the trace of a house.
type feed struct {
	t     *testing.T
	lines *bufio.Scanner
	raw   strings.Builder // all that was read
}

// feed opens the trace and reads its first event.
func (h *house) feed() *feed {
	h.t.Helper()
	admin := httptest.NewServer(h.as.Admin())
	ctx, leave := context.WithTimeout(h.t.Context(), time.Minute) // a missing event fails the test
	h.t.Cleanup(func() {
		leave()
		admin.Close()
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, admin.URL+"/trace", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r) //nolint:forbidigo // a test
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		h.t.Fatalf("%s, %s", response.Status, response.Header.Get("Content-Type"))
	}
	f := &feed{t: h.t, lines: bufio.NewScanner(response.Body)}
	f.lines.Buffer(nil, 1<<20)
	if name, data := f.frame(); name != "hello" || !strings.Contains(data, `"`+h.issuer+`"`) {
		h.t.Fatalf("the first event is %q %s", name, data)
	}
	return f
}

func (f *feed) frame() (name, data string) {
	f.t.Helper()
	for f.lines.Scan() {
		line := f.lines.Text()
		f.raw.WriteString(line + "\n")
		switch {
		case strings.HasPrefix(line, "event: "):
			name = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data: "):
			data = strings.TrimPrefix(line, "data: ")
		case line == "" && name != "":
			return name, data
		}
	}
	f.t.Fatalf("the feed ended: %v", f.lines.Err())
	return "", ""
}

// event reads the next event.
func (f *feed) event() trace.Event {
	f.t.Helper()
	name, data := f.frame()
	var event trace.Event
	if err := json.Unmarshal([]byte(data), &event); err != nil || name != "trace" {
		f.t.Fatalf("%s %s: %v", name, data, err)
	}
	return event
}

// until reads the events up to the response of the exchange that is named.
func (f *feed) until(last trace.Name) []trace.Event {
	f.t.Helper()
	return f.untilNth(last, 1)
}

func (f *feed) untilNth(last trace.Name, count int) []trace.Event {
	f.t.Helper()
	var events []trace.Event
	for {
		event := f.event()
		events = append(events, event)
		if event.Name == last && event.Message.Status != 0 {
			if count--; count == 0 {
				return events
			}
		}
	}
}

// told finds the value of a name in a message.
func told(message *trace.Message, name string) trace.Value {
	at := slices.IndexFunc(message.Values, func(v trace.Value) bool { return v.Name == name })
	if at < 0 {
		return trace.Value{}
	}
	return message.Values[at]
}

func checked(event trace.Event) map[string]bool {
	made := map[string]bool{}
	for _, check := range event.Checks {
		made[check.Name] = check.OK
	}
	return made
}

const (
	traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
)

func traced(r *http.Request) { r.Header.Set("Traceparent", traceparent) }
