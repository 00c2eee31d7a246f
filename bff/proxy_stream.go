package bff

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
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
	bound := &boundBody{ReadCloser: response.Body, bff: p.bff, session: p.session, cancel: cancel}
	if events { // a download has the time that a shutdown allows
		bound.leaving = p.bff.streams.ending
	}
	bound.timer = time.AfterFunc(grace, func() { bound.watch(ctx) })
	response.Body = bound
}

func isEventStream(response *http.Response) bool {
	return strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream")
}

// endOf waits for the end of a stream, and returns why it is to end: nil if it has ended by itself. An empty id is no
// session, a nil leaving no instance that could go.
func (b *BFF) endOf(ctx context.Context, id string, leaving <-chan struct{}) error {
	var events <-chan session.Event
	if id != "" {
		events = b.sessions.Watch(ctx, id)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-leaving:
			return errInstanceLeaving
		case event, open := <-events:
			if !open {
				return nil
			}
			if event.Kind == session.Ended {
				return errSessionEnded
			}
		}
	}
}

// boundBody is a body that ends with its session. A stream of events also ends, as if the API had ended it, when this
// instance goes: the page then asks another one.
type boundBody struct {
	io.ReadCloser
	bff     *BFF
	session string
	leaving <-chan struct{}
	timer   *time.Timer
	cancel  context.CancelFunc
	left    atomic.Bool
}

func (s *boundBody) watch(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	defer s.bff.metrics.opened(streamAnswer)()
	why := s.bff.endOf(ctx, s.session, s.leaving)
	if why == nil {
		return
	}
	s.left.Store(errors.Is(why, errInstanceLeaving))
	_ = s.ReadCloser.Close()
}

func (s *boundBody) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && s.left.Load() {
		err = io.EOF
	}
	return n, err
}

func (s *boundBody) Close() error {
	s.timer.Stop()
	s.cancel()
	return s.ReadCloser.Close()
}

var errAnswerTooLong = errors.New("the answer is longer than the route allows")

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
