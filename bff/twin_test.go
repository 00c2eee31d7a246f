package bff

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// twin is another instance on the same store, reached at an address of its own.
func (h *house) twin() *house {
	h.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	other := &house{t: h.t, origin: "http://" + listener.Addr().String(), provider: h.provider, upstream: h.upstream, store: h.store, logs: h.logs, clock: h.clock}
	cfg := h.bff.cfg
	cfg.Origin = other.origin
	log := slog.New(slog.NewTextHandler(h.logs, nil))
	if other.bff, err = newBFF(cfg, h.store, http.NotFoundHandler(), log, h.clock.now); err != nil {
		h.t.Fatal(err)
	}
	other.server = NewServer(other.bff.Handler(), log)
	go func() { _ = other.server.Serve(listener) }()
	h.t.Cleanup(func() {
		_ = other.server.Close()
		_ = other.bff.Close()
	})
	return other
}

// at is the same browser, at another instance.
func (b *browser) at(other *house) *browser {
	return &browser{other, map[string]string{session.CookieName: b.cookies[session.CookieName]}}
}

// feed is an open event stream.
type feed struct {
	t      *testing.T
	events chan string // "name data"
	stop   context.CancelFunc
}

var eventSource = map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Accept": "text/event-stream"}

// listen opens /bff/session/events as an EventSource does.
func (b *browser) listen() *feed {
	b.h.t.Helper()
	ctx, stop := context.WithCancel(b.h.t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, b.h.origin+"/bff/session/events", http.NoBody)
	for name, value := range eventSource {
		r.Header.Set(name, value)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := testTransport.RoundTrip(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" || response.Header.Get("Cache-Control") != "no-store" {
		body, _ := io.ReadAll(response.Body)
		b.h.t.Fatalf("events: status %d, %v: %s", response.StatusCode, response.Header, body)
	}
	s := &feed{b.h.t, make(chan string, 100), stop}
	b.h.t.Cleanup(stop)
	go func() {
		defer close(s.events)
		defer func() { _ = response.Body.Close() }()
		name := ""
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = text
			}
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				s.events <- name + " " + text
			}
		}
	}()
	return s
}

// want waits for the next event and returns its data; "" stands for the end of the stream.
func (s *feed) want(name string) string {
	s.t.Helper()
	select {
	case event, open := <-s.events:
		got, data, _ := strings.Cut(event, " ")
		if got != name || open != (name != "") {
			s.t.Fatalf("event %q %s, want %q", got, data, name)
		}
		return data
	case <-time.After(10 * time.Second):
		s.t.Fatalf("no event, want %q", name)
		return ""
	}
}
