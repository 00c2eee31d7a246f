package bff

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
	"cloakroom/bff/trace"
)

const (
	// traceAfter is how long the stream goes on when the session is over, for the last that is told of its end.
	traceAfter    = time.Second
	traceBeat     = 15 * time.Second
	maxStepBody   = 1 << 10
	canonicalLast = "Last-Event-Id"
)

// newTracer is nil unless the configuration has the trace: nothing is wrapped then, and nothing is told.
func newTracer(cfg *Config, now func() time.Time) *trace.Tracer {
	if !cfg.Trace.Enabled {
		return nil
	}
	return trace.New(trace.Config{Cookie: traceableCookie, Now: now})
}

// traceableCookie is the name by which the trace shows a cookie of ours. That of a transaction names it.
func traceableCookie(name string) string {
	switch {
	case name == session.CookieName:
		return name
	case strings.HasPrefix(name, transactionPrefix):
		return transactionPrefix + "…"
	default:
		return ""
	}
}

// flow is the request's flow in the trace; nil when the trace is off, or does not follow such requests.
func (b *BFF) flow(ctx context.Context) *trace.Flow {
	if b.inspector == nil {
		return nil
	}
	return trace.Of(ctx)
}

// trace streams what happens in the session's flows, in every server that tells.
func (b *BFF) trace(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	after, _ := strconv.ParseUint(r.Header.Get(canonicalLast), 10, 64)
	watcher, ok := b.inspector.Watch(record.ID, after)
	if !ok {
		return refuse(api.TooManyStreams, "this session has as many streams of the trace as it may")
	}
	defer watcher.Close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stream := &traceStream{eventStream{b: b, w: w, control: http.NewResponseController(w), record: record}, watcher}
	stream.run(ctx, b.sessions.Watch(ctx, record.ID))
	return nil
}

// traceStep is the page's Next, and its switch of step mode.
func (b *BFF) traceStep(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	var step api.TraceStep
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxStepBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&step); err != nil && !errors.Is(err, io.EOF) {
		return refuse(api.InvalidRequest, "the body is not a step of the trace").because(err)
	}
	writeJSON(w, "application/json", http.StatusOK, b.traceState(b.inspector.Step(record.ID, step)))
	return nil
}

// traceState names the providers whose servers tell their side.
func (b *BFF) traceState(state *trace.State) api.TraceState {
	shown := state.TraceState
	shown.Instrumented = []string{}
	for _, p := range b.cfg.Providers {
		for _, issuer := range state.Issuers {
			if issuer == p.Issuer {
				shown.Instrumented = append(shown.Instrumented, p.ID)
				break
			}
		}
	}
	return shown
}

// traceStream is one page's view of its session's trace.
type traceStream struct {
	eventStream
	watcher *trace.Watcher
}

func (s *traceStream) run(ctx context.Context, watched <-chan session.Event) {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.WriteHeader(http.StatusOK)
	beat := time.NewTicker(traceBeat)
	defer beat.Stop()
	var over <-chan time.Time
	var end api.SessionEvent
	for s.sendNews() == nil {
		select {
		case <-ctx.Done():
			return
		case <-s.b.streams.ending:
			return
		case <-over:
			if s.sendNews() == nil { // the last: who reads on would only be refused
				_ = s.send(api.EventEnded, end)
			}
			return
		case event, open := <-watched:
			if open && event.Kind != session.Ended {
				continue
			}
			if open {
				end.Reason = s.reason(event.Reason)
			}
			watched, over = nil, time.After(traceAfter)
		case <-beat.C:
			if s.write([]byte(": alive\n\n")) != nil {
				return
			}
		case <-s.watcher.News():
		}
	}
}

// sendNews sends what is new, and fails when the reader has left.
func (s *traceStream) sendNews() error {
	state, events := s.watcher.Read()
	if state != nil {
		data, err := json.Marshal(s.b.live.Load().traceState(state))
		if err != nil {
			return err
		}
		if err := s.write([]byte("event: " + api.EventTraceState + "\ndata: " + string(data) + "\n\n")); err != nil {
			return err
		}
	}
	for _, e := range events {
		text := "id: " + strconv.FormatUint(e.ID, 10) + "\nevent: " + api.EventTrace + "\ndata: " + string(e.Data) + "\n\n"
		if err := s.write([]byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// feeds reads what other servers tell, in the background.
type feeds struct {
	stop    context.CancelFunc
	running sync.WaitGroup
}

// listenToFeeds begins to read the feeds of the configuration, until close.
func (b *BFF) listenToFeeds() *feeds {
	ctx, stop := context.WithCancel(context.Background())
	f := &feeds{stop: stop}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     newTransport(outboundTimeout),
	}
	for _, feed := range b.cfg.Trace.Feeds {
		f.running.Go(func() { b.inspector.Listen(ctx, client, feed) })
	}
	return f
}

func (f *feeds) close() {
	f.stop()
	f.running.Wait()
}

// validate lets the trace on only where nobody but this machine's user can see it.
func (t *TraceConfig) validate(v *validator, origin string) {
	v.check(t.Enabled || len(t.Feeds) == 0, "trace.feeds: are for enabled: true")
	u, err := url.Parse(origin)
	v.check(!t.Enabled || (err == nil && isLoopback(u.Hostname())), "trace.enabled: the trace is for demonstrations: origin has to be a loopback host")
	for i, feed := range t.Feeds {
		u, err := url.Parse(feed)
		v.check(err == nil && isSecureURL(feed) && isLoopback(u.Hostname()), "trace.feeds[%d]: %q is not a URL of a loopback host", i, feed)
	}
}
