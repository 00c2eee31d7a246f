package plainhttp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

// maxInterim is how many 1xx answers may come before the answer, as in net/http.
const maxInterim = 5

var (
	errHeadTooLong = errors.New("the head of the upstream's answer is too long")
	errInterim     = errors.New("the upstream sends too many 1xx answers")
)

// closedError says that a connection ended before the first byte of an answer. Whether the upstream read the request is not
// known: it is sent again because it is a GET or a HEAD (RFC 9110 §9.2.2).
type closedError struct{ cause error }

func (e closedError) Error() string {
	return "the upstream closed the connection before it answered: " + e.cause.Error()
}

// Unwrap returns what the connection said.
func (e closedError) Unwrap() error { return e.cause }

// connection carries one request at a time.
type connection struct {
	transport *Transport
	conn      net.Conn
	raw       syscall.RawConn
	probe     probe
	reader    *bufio.Reader
	writer    *bufio.Writer
	mayRead   int64     // bytes, while a head is read
	since     time.Time // when it became idle
	interrupt func()
}

func (t *Transport) dial(ctx context.Context) (*connection, error) {
	conn, err := t.rest.DialContext(ctx, "tcp", t.address)
	if err != nil {
		return nil, err
	}
	c := &connection{transport: t, conn: conn, writer: bufio.NewWriter(conn)}
	c.reader = bufio.NewReader(c)
	c.interrupt = func() { _ = conn.SetDeadline(time.Unix(1, 0)) }
	if exposed, ok := conn.(syscall.Conn); ok {
		c.raw, err = exposed.SyscallConn()
	}
	if c.raw == nil || err != nil {
		c.close()
		return nil, fmt.Errorf("a connection that cannot be looked at: %w", err)
	}
	return c, nil
}

func (c *connection) close() { _ = c.conn.Close() }

// silent reports whether nothing has come since the last answer: no byte and no end.
func (c *connection) silent() bool { return c.probe.nothingToRead(c.raw) }

// Read is what the reader reads from: the connection, and of a head not more than may be.
func (c *connection) Read(p []byte) (int, error) {
	if c.mayRead <= 0 {
		return 0, errHeadTooLong
	}
	n, err := c.conn.Read(p)
	c.mayRead -= int64(n)
	return n, err
}

// roundTrip is one request and its answer. The connection is kept when the answer's body has been read to its end, and
// closed when anything else becomes of it.
func (c *connection) roundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if timeout := c.transport.rest.ResponseHeaderTimeout; timeout > 0 {
		_ = c.conn.SetDeadline(time.Now().Add(timeout))
	}
	stop := context.AfterFunc(ctx, c.interrupt)
	response, err := c.exchange(r)
	if err == nil && c.transport.rest.ResponseHeaderTimeout > 0 {
		err = c.conn.SetDeadline(time.Time{})
	}
	// After the deadline was lifted: whoever leaves from now on sets it again.
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		stop()
		c.close()
		return nil, err
	}
	c.mayRead = math.MaxInt64
	b := &body{ReadCloser: response.Body, connection: c, stop: stop, ctx: ctx, reusable: !response.Close && response.StatusCode >= http.StatusOK}
	if response.Body == http.NoBody {
		b.end(true)
		return response, nil
	}
	response.Body = b
	return response, nil
}

// exchange writes the request and reads the answer's head.
func (c *connection) exchange(r *http.Request) (*http.Response, error) {
	c.mayRead = c.transport.rest.MaxResponseHeaderBytes
	err := r.Write(c.writer)
	if err == nil {
		err = c.writer.Flush()
	}
	if err == nil {
		_, err = c.reader.Peek(1)
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return nil, err
	}
	if err != nil {
		return nil, closedError{err}
	}
	for range maxInterim + 1 {
		response, err := http.ReadResponse(c.reader, r)
		if err != nil {
			return nil, err
		}
		if response.StatusCode >= http.StatusOK {
			return response, nil
		}
		if response.StatusCode == http.StatusSwitchingProtocols { // nobody asked for it
			response.Body = http.NoBody
			return response, nil
		}
	}
	return nil, errInterim
}

// body is an answer's body. It may be closed while another goroutine reads it.
type body struct {
	io.ReadCloser
	connection *connection
	ctx        context.Context //nolint:containedctx // it is the request's, and the body is the request's too
	stop       func() bool
	reusable   bool
	ended      atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	b.end(err == io.EOF) //nolint:errorlint // only the bare one is the end
	if err != io.EOF && b.ctx.Err() != nil {
		err = context.Cause(b.ctx)
	}
	return n, err
}

// Close closes the connection too, unless the body was read to its end: what is left would be the next answer's beginning.
func (b *body) Close() error {
	b.end(false)
	return nil
}

// end gives the connection back, once. It is closed if the answer says so (RFC 9112 §9.6), if more came than the answer, and
// if whoever asked has left, because then it is being interrupted.
func (b *body) end(whole bool) {
	if b.ended.Swap(true) {
		return
	}
	c := b.connection
	if b.stop() && whole && b.reusable && c.reader.Buffered() == 0 {
		c.transport.keep(c)
		return
	}
	c.close()
}
