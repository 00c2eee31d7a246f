package bff

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"cloakroom/bff/session"
)

const (
	// streamGrace is how long an answer may take before it counts as a stream.
	streamGrace = time.Second
	// streamSize is from when on an answer may take that long.
	streamSize = 1 << 20
)

// bindStream makes a long answer end with its session: a stream of events at once, anything of unknown or great length
// if it is still under way after a moment.
func (p *passage) bindStream(ctx context.Context, response *http.Response) {
	if limit := p.route.cfg.ResponseLimit; limit > 0 {
		response.Body = &limited{response.Body, limit}
	}
	events := isEventStream(response)
	if !events && response.ContentLength >= 0 && response.ContentLength < streamSize {
		return
	}
	grace := streamGrace
	if events {
		grace = 0
	}
	ctx, cancel := context.WithCancel(ctx)
	body, metrics, sessions, id := response.Body, p.bff.metrics, p.bff.sessions, p.session
	timer := time.AfterFunc(grace, func() {
		if ctx.Err() != nil {
			return
		}
		defer metrics.opened(streamAnswer)()
		if endsFirst(ctx, sessions, id) {
			_ = body.Close()
		}
	})
	response.Body = &boundBody{body, func() {
		timer.Stop()
		cancel()
	}}
}

func isEventStream(response *http.Response) bool {
	return strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream")
}

// endsFirst waits for the session's end or the context's, and reports whether it was the session's. Without a session, the
// context's is all there is.
func endsFirst(ctx context.Context, sessions *session.Manager, id string) bool {
	if id == "" {
		<-ctx.Done()
		return false
	}
	for event := range sessions.Watch(ctx, id) {
		if event.Kind == session.Ended {
			return true
		}
	}
	return false
}

// boundBody is a body that says when nobody reads it any more.
type boundBody struct {
	io.ReadCloser
	done func()
}

func (s *boundBody) Close() error {
	s.done()
	return s.ReadCloser.Close()
}

// limited cuts an answer off: its reader fails, so that nobody takes the part for the whole.
type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		// What is exactly as long as the limit ends here.
		var more [1]byte
		n, err := l.ReadCloser.Read(more[:])
		if n == 0 {
			return 0, err
		}
		return 0, errAnswerTooLong
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.ReadCloser.Read(p)
	l.left -= int64(n)
	return n, err
}
