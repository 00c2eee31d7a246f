package bff

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// frame is an unmasked frame of the opcode.
func frame(opcode byte, payload string) string {
	return string([]byte{0x80 | opcode, byte(len(payload))}) + payload
}

// exchange sends bytes and reads so many back.
func exchange(t *testing.T, connection io.Writer, reader *bufio.Reader, sent string) {
	t.Helper()
	_, _ = io.WriteString(connection, sent)
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != sent {
		t.Fatalf("sent %q, got %q: %v", sent, got, err)
	}
}

func TestShutdownEndsStreamsAndDoesNotWaitForThem(t *testing.T) {
	h := open(t, withStreams)
	b := h.browser()
	b.signIn()
	events := b.listen()
	events.want("hello")
	h.upstream.serve(ticks("text/event-stream"))
	bound, unbound := b.stream("/api/notes/events", eventSource), b.stream("/api/open/events", fetchHeaders())
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := h.server.Shutdown(impatient); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("control: streams that nobody ends keep a server: %v", err)
	}
	h.bff.EndStreams()
	events.want("degraded")
	events.want("")
	for name, stream := range map[string]*http.Response{"bound": bound, "without a session": unbound} {
		// A clean end, and not half an answer: the API could have ended it so.
		if _, err := io.Copy(io.Discard, stream.Body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	patient, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := h.server.Shutdown(patient); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if record := h.record(b); !h.clock.now().Before(record.End()) {
		t.Error("the session ended with the instance")
	}
}

func TestStreamOpenedWhileTheInstanceGoesEndsAtOnce(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.bff.EndStreams()
	events := b.listen()
	events.want("hello")
	events.want("degraded")
	events.want("")
}

func TestDownloadIsNotCutWhenTheInstanceGoes(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.upstream.serve(ticks("application/octet-stream"))
	download := b.stream("/api/notes/file", fetchHeaders())
	waitFor(t, func() bool { return h.metric(`bff_streams{kind="answer"}`) == "1" })
	h.bff.EndStreams()
	if _, err := io.ReadFull(download.Body, make([]byte, 100)); err != nil {
		t.Errorf("the download was cut: %v", err)
	}
}

func TestWebSocketIsToldWhyItEnds(t *testing.T) {
	for name, row := range map[string]struct {
		before string // what the API sends first
		end    func(h *house, b *browser)
		want   string
	}{
		"the instance goes": {frame(1, "one"), func(h *house, _ *browser) { h.bff.EndStreams() }, frame(8, "\x03\xe9")},
		"the session ends":  {frame(1, "one"), func(_ *house, b *browser) { b.fetch(http.MethodPost, "/bff/logout", "") }, frame(8, "\x03\xf0")},
		"between the parts of a message, with every size of length": {
			"\x01\x02ab" + "\x00\x7e\x00\x80" + strings.Repeat("c", 128) + "\x80\x7f\x00\x00\x00\x00\x00\x00\x00\x01d" + "\x8a\x81\x01\x02\x03\x04x",
			func(h *house, _ *browser) { h.bff.EndStreams() }, frame(8, "\x03\xe9"),
		},
		"in the middle of a frame": {"\x81\x05one", func(h *house, _ *browser) { h.bff.EndStreams() }, ""},
		"in a frame's header":      {"\x81\x7e\x00", func(h *house, _ *browser) { h.bff.EndStreams() }, ""},
		"the API has said so":      {frame(8, "\x03\xe8"), func(h *house, _ *browser) { h.bff.EndStreams() }, ""},
	} {
		h := open(t, withStreams)
		h.upstream.serve(echoes)
		b := h.browser()
		b.signIn()
		connection, response, reader := b.dial("", "")
		if response.StatusCode != 101 {
			t.Fatalf("%s: status %d", name, response.StatusCode)
		}
		exchange(t, connection, reader, row.before)
		row.end(h, b)
		if rest, err := io.ReadAll(reader); err != nil || string(rest) != row.want {
			t.Errorf("%s: got %q, %v; want %q", name, rest, err, row.want)
		}
	}
}

func TestClosingWaitsUntilWebSocketsHaveBeenTold(t *testing.T) {
	h := open(t, withStreams)
	h.upstream.serve(echoes)
	b := h.browser()
	b.signIn()
	connection, _, reader := b.dial("", "")
	exchange(t, connection, reader, frame(1, "one"))
	if open := h.bff.streams.sockets.Load(); open != 1 {
		t.Fatalf("control: %d open", open)
	}
	// As a process ends: the server first, which does not know of the connection, then what it served.
	_ = h.server.Shutdown(t.Context())
	h.bff.EndStreams()
	go func() {
		_, _ = io.ReadAll(reader)
		_ = connection.Close()
	}()
	h.bff.streams.drain()
	if open := h.bff.streams.sockets.Load(); open != 0 {
		t.Errorf("%d still open", open)
	}
}
