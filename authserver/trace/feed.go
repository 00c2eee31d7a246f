// Package trace tells what this server sends, receives and checks, redacted, to whoever reads its feed on the admin listener: the
// demo's BFF, which shows each session its own flows. It owns the events, their redaction and the feed; where something is told,
// the code beside it says. It is off unless the configuration says otherwise, and then every one of its methods, on a nil pointer, does
// nothing and costs nothing.
//
// Start with [Feed.Begin], then [Exchange.End], which is where a message becomes an event; redact.go says what may be shown.
package trace

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of a feed.
const (
	// backlog is how many events wait for a slow reader; what comes beyond is lost to it.
	backlog = 256
	// maxReaders is how many read at once: the demo has one.
	maxReaders = 8
	heartbeat  = 15 * time.Second
	// writeTimeout is how long a reader may take to take an event.
	writeTimeout = 10 * time.Second
)

// Feed hands events to its readers and waits for none of them. A nil feed is a trace that is off. It is safe for concurrent use.
type Feed struct {
	emitter Party
	issuers func() []string
	now     func() time.Time

	count   atomic.Int32 // of the readers
	mu      sync.Mutex
	readers map[*reader]bool

	closing  chan struct{}
	close    sync.Once
	shutdown sync.Once
}

// reader is one request to the feed.
type reader struct {
	events chan string
	lost   atomic.Int64
}

// New makes the feed of a server that is these issuers, or of an API, which is none: nil.
func New(emitter Party, issuers func() []string, now func() time.Time) *Feed {
	return &Feed{emitter: emitter, issuers: issuers, now: now, readers: map[*reader]bool{}, closing: make(chan struct{})}
}

// Close ends the feed's streams.
func (f *Feed) Close() {
	if f != nil {
		f.close.Do(func() { close(f.closing) })
	}
}

// listening reports whether anybody would hear.
func (f *Feed) listening() bool { return f != nil && f.count.Load() > 0 }

// Emit hands an event to all readers. One whose backlog is full loses it, and is told how many it lost when it reads on.
func (f *Feed) Emit(event Event) {
	if !f.listening() {
		return
	}
	event.Emitter = f.emitter
	text := frame("trace", event)
	f.mu.Lock()
	defer f.mu.Unlock()
	for to := range f.readers {
		select {
		case to.events <- text:
		default:
			to.lost.Add(1)
		}
	}
}

// frame is a server-sent event.
func frame(name string, data any) string {
	text, err := json.Marshal(data)
	if err != nil {
		return ": an event was lost\n\n" // strings, numbers and times always can be encoded
	}
	return fmt.Sprintf("event: %s\ndata: %s\n\n", name, text)
}

func (f *Feed) subscribe() *reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.readers) >= maxReaders {
		return nil
	}
	added := &reader{events: make(chan string, backlog)}
	f.readers[added] = true
	f.count.Store(int32(len(f.readers))) //nolint:gosec // maxReaders at most
	return added
}

func (f *Feed) unsubscribe(gone *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.readers, gone)
	f.count.Store(int32(len(f.readers))) //nolint:gosec // maxReaders at most
}

// ServeHTTP is the feed: server-sent events, "hello" first, then each [Event] as "trace", and "lost" with a number where events are
// missing. It belongs on a loopback address. Off, it is not there.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f == nil {
		http.NotFound(w, r)
		return
	}
	// It is for a server on this machine. A page in a browser there, whatever name leads it here, is none.
	if !LoopbackHost(r.Host) || r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != "" {
		http.Error(w, "not for browsers", http.StatusForbidden)
		return
	}
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		f.shutdown.Do(func() { server.RegisterOnShutdown(f.Close) }) // a stream would keep it waiting
	}
	from := f.subscribe()
	if from == nil {
		http.Error(w, "too many readers", http.StatusServiceUnavailable)
		return
	}
	defer f.unsubscribe(from)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	f.send(w, r, from)
}

// hello tells a new reader whose feed it is.
func (f *Feed) hello() string {
	names := []string{}
	if f.issuers != nil {
		names = append(names, f.issuers()...)
	}
	return frame("hello", map[string][]string{"issuers": names})
}

func (f *Feed) send(w http.ResponseWriter, r *http.Request, from *reader) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	text := f.hello()
	for {
		if lost := from.lost.Swap(0); lost > 0 {
			text = frame("lost", map[string]int64{"lost": lost}) + text
		}
		if push(w, text) != nil {
			return // the reader has left
		}
		select {
		case text = <-from.events:
		case <-beat.C:
			text = ": heartbeat\n\n"
		case <-r.Context().Done():
			return
		case <-f.closing:
			return
		}
	}
}

// LoopbackHost reports whether a host, with or without a port, is this very machine.
func LoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}

// push writes and flushes. The deadline is the stream's own: the server's is for answers that end.
func push(w http.ResponseWriter, text string) error {
	controller := http.NewResponseController(w)
	if err := controller.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return controller.Flush()
}
