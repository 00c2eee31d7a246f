package demoapi

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// listen opens an event stream and returns its lines, and a function that closes it.
func (w *world) listen(token string) (lines *bufio.Scanner, leave func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/notes/events", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response := w.do(request)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatalf("%s, %v", response.Status, response.Header)
	}
	lines = bufio.NewScanner(response.Body)
	if !lines.Scan() || lines.Text() != ": hello" {
		w.t.Fatalf("first line %q (%v)", lines.Text(), lines.Err())
	}
	w.t.Cleanup(cancel)
	return lines, cancel
}

// next reads the next event.
func next(t *testing.T, lines *bufio.Scanner) change {
	t.Helper()
	for lines.Scan() {
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
			var event change
			if err := json.Unmarshal([]byte(data), &event); err != nil {
				t.Fatal(err)
			}
			return event
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
	return change{}
}

func TestEventsTellTheUsersOwnChanges(t *testing.T) {
	w := newWorld(t)
	alice := w.token("alice")
	lines, _ := w.listen(alice)
	w.add(w.token("bob"), "bob's")
	note := w.add(alice, "a line\nand another")
	answered[any](w, w.call(alice, http.MethodDelete, "/notes/"+note.ID, ""), http.StatusNoContent)
	answered[any](w, w.call(alice, http.MethodDelete, "/notes", ""), http.StatusNoContent)

	if event := next(t, lines); event.Change != "added" || event.Note == nil || *event.Note != note {
		t.Errorf("got %+v", event)
	}
	if event := next(t, lines); event.Change != "deleted" || event.ID != note.ID {
		t.Errorf("got %+v", event)
	}
	if event := next(t, lines); event.Change != "cleared" {
		t.Errorf("got %+v", event)
	}
}

func TestStreamsOfAUserAreBounded(t *testing.T) {
	w := newWorld(t)
	alice := w.token("alice")
	var leave func()
	for range maxUserStreams {
		_, leave = w.listen(alice)
	}
	refused(w, w.call(alice, http.MethodGet, "/notes/events", ""), http.StatusTooManyRequests, "too_many_streams")
	w.listen(w.token("bob"))
	leave()
	for range 1000 { // until the server has noticed
		if stream, ok := w.api.events.subscribe(user{w.issuer, "alice"}); ok {
			w.api.events.unsubscribe(user{w.issuer, "alice"}, stream)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("a stream that was left is still counted")
}

func TestStreamsOfAllUsersAreBounded(t *testing.T) {
	events := newHub()
	for number := range maxStreams {
		if _, ok := events.subscribe(user{"issuer", string(rune('a' + number))}); !ok {
			t.Fatalf("stream %d was refused", number)
		}
	}
	if _, ok := events.subscribe(user{"issuer", "one more"}); ok {
		t.Error("one stream too many")
	}
}

func TestSlowStreamIsEndedAndHoldsNobodyUp(t *testing.T) {
	events, owner := newHub(), user{"issuer", "alice"}
	slow, _ := events.subscribe(owner)
	for range backlog + 1 {
		events.publish(owner, change{Change: "cleared"})
	}
	received := 0
	for range slow {
		received++
	}
	if received != backlog || events.count != 0 || len(events.streams) != 0 {
		t.Errorf("%d events received, %d streams left", received, events.count)
	}
	events.unsubscribe(owner, slow)
	if events.count != 0 {
		t.Errorf("%d streams left", events.count)
	}
}

func TestStreamBeatsAndEndsWithItsToken(t *testing.T) {
	w := newWorld(t)
	w.api.heartbeat = 20 * time.Millisecond
	soon := w.token("alice", map[string]any{"exp": time.Now().Add(3 * time.Second).Unix()}) // in whole seconds: two at least
	lines, _ := w.listen(soon)
	beats := 0
	for lines.Scan() {
		if lines.Text() == ": heartbeat" {
			beats++
		}
	}
	if err := lines.Err(); err != nil || beats == 0 {
		t.Errorf("%d heartbeats before the end (%v)", beats, err)
	}
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewUnstartedServer(nil)
	server.Config = HTTPServer(w.api.Handler(), slog.New(slog.DiscardHandler))
	server.Start()
	defer server.Close()
	w.url = server.URL
	lines, _ := w.listen(w.token("alice"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := server.Config.Shutdown(ctx); err != nil {
		t.Errorf("shut down: %v", err)
	}
	for lines.Scan() { // to its end
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream did not end well: %v", err)
	}
}
