package bff

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"cloakroom/bff/api"
)

// Why a stream ends that neither side ended.
var (
	errSessionEnded    = errors.New("the session ended")
	errInstanceLeaving = errors.New("this instance is shutting down")
)

// WebSocket close codes (RFC 6455 §7.4.1).
const (
	closeGoingAway       = 1001
	closePolicyViolation = 1008
)

// farewell is how long the browser may take to read that its connection ends, and to say so.
const farewell = time.Second

// tunnel opens a WebSocket: from here on bytes pass both ways, until either side or the session ends, or this instance goes.
func (p *passage) tunnel(ctx context.Context, w http.ResponseWriter, response *http.Response) error {
	upstream, ok := response.Body.(io.ReadWriteCloser)
	if !ok || !isWebSocket(response) {
		_ = response.Body.Close()
		return refuse(api.UpstreamInvalid, "the API switched to a protocol that nobody asked for")
	}
	defer func() { _ = upstream.Close() }()
	browser, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return fmt.Errorf("take over the connection: %w", err)
	}
	defer func() { _ = browser.Close() }()
	if buffered.Reader.Buffered() > 0 {
		return nil // what came before the answer (RFC 6455 §4.1) would be lost, and the rest not be what it says
	}
	header := w.Header()
	for name, values := range response.Header {
		if webSocketReturned[name] {
			header[name] = values
		}
	}
	secureAnswer(header)
	opening := http.Response{StatusCode: http.StatusSwitchingProtocols, ProtoMajor: 1, ProtoMinor: 1, Header: header}
	if opening.Write(browser) != nil {
		return nil // the browser has gone
	}
	// Closing the upstream ends what waits for it; the browser gets a moment to be told.
	defer context.AfterFunc(ctx, func() {
		_ = browser.SetDeadline(time.Now().Add(farewell))
		_ = upstream.Close()
	})()
	passed := &framesTo{writer: browser}
	down, up := copying(passed, upstream), copying(upstream, browser)
	select {
	case <-down:
	case <-up:
	}
	if ctx.Err() == nil {
		return nil // one of the two has hung up, and so does the other
	}
	<-down
	passed.close(browser, context.Cause(ctx))
	<-up
	return nil
}

// copying copies in the background, and closes the channel when it cannot go on.
func copying(to io.Writer, from io.Reader) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(to, from)
	}()
	return ended
}

// boundToSession is a context that ends with the session, or when this instance goes, so that the connection does.
func (p *passage) boundToSession(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	closed, left := p.bff.metrics.opened(streamWebSocket), p.bff.streams.connected()
	go func() {
		if why := p.bff.endOf(ctx, p.session, p.bff.streams.ending); why != nil {
			cancel(why)
		}
	}()
	return ctx, func() {
		cancel(nil)
		closed()
		left()
	}
}

// framesTo passes on what an API sends to a WebSocket, and knows whether it is between two frames (RFC 6455 §5.2): only there
// can another one be put.
type framesTo struct {
	writer io.Writer
	header [14]byte // of the frame under way, as far as it was read
	read   int
	rest   uint64 // of its payload
	closed bool   // a close frame was the last
}

const opcodeClose = 8

func (f *framesTo) Write(piece []byte) (int, error) {
	n, err := f.writer.Write(piece)
	f.follow(piece[:n])
	return n, err
}

func (f *framesTo) follow(piece []byte) {
	for len(piece) > 0 {
		if f.rest > 0 {
			skipped := min(f.rest, uint64(len(piece)))
			piece, f.rest = piece[skipped:], f.rest-skipped
			continue
		}
		f.header[f.read] = piece[0]
		f.read++
		piece = piece[1:]
		if f.read >= 2 && f.read == f.headerSize() {
			f.closed = f.closed || f.header[0]&0x0f == opcodeClose
			f.rest, f.read = f.payload(), 0
		}
	}
}

func (f *framesTo) headerSize() int {
	size := 2
	switch f.header[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if f.header[1]&0x80 != 0 {
		size += 4
	}
	return size
}

func (f *framesTo) payload() uint64 {
	switch length := f.header[1] & 0x7f; length {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.header[2:])
	default:
		return uint64(length)
	}
}

// close says why the connection ends (RFC 6455 §5.5.1), if nothing of another frame is in the way and the API has not said so.
// What the browser still sends is read, so that its system does not forget what it was told.
func (f *framesTo) close(browser net.Conn, why error) {
	if f.read > 0 || f.rest > 0 || f.closed {
		return
	}
	code := uint16(closePolicyViolation)
	if errors.Is(why, errInstanceLeaving) {
		code = closeGoingAway
	}
	frame := binary.BigEndian.AppendUint16([]byte{0x80 | opcodeClose, 2}, code)
	if _, err := browser.Write(frame); err != nil {
		return
	}
	if half, ok := browser.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, browser)
}
