package bff

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// maxKept is the greatest body, in bytes, that is kept for the case that the API asks for its nonce.
const maxKept = 64 << 10

// keepBody makes a body ready to be sent twice: a small one is read, a larger one is held back until the API takes it.
func keepBody(r *http.Request) error {
	switch {
	case r.Body == nil || r.Body == http.NoBody || r.GetBody != nil:
		return nil
	case r.ContentLength < 0 || r.ContentLength > maxKept:
		held := newHeldBody(r.Body)
		asked := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got100Continue: held.release})
		*r = *r.WithContext(asked)
		r.Body, r.Header["Expect"] = held, expectContinue
		return nil
	}
	kept, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kept)), nil }
	return errors.Join(r.Body.Close(), rewound(r))
}

var expectContinue = []string{"100-continue"}

func rewound(r *http.Request) (err error) {
	r.Body, err = r.GetBody()
	return err
}

// rewind makes the request's body ready to be sent again, and reports whether that is possible.
func rewind(r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	if held, ok := r.Body.(*heldBody); ok {
		body, untouched := held.take()
		if untouched {
			r.Body = body
			delete(r.Header, "Expect")
		}
		return untouched
	}
	return r.GetBody != nil && rewound(r) == nil
}

// heldBody is a body that can be taken back from the transport that was given it, as long as nothing of it was read. A transport
// reads it when the API says that it may, when the API says nothing for a while, or, to keep the connection, after an answer
// that came without it: then it belongs to whoever has the answer.
type heldBody struct {
	io.ReadCloser
	decided     chan struct{} // closed when it may be read, or never will be
	decide      sync.Once
	mu          sync.Mutex
	begun, gone bool
}

var errBodyTaken = errors.New("the body goes with another request")

// heldGrace is how long a transport that asks for the body unasked waits for whoever may have got an answer.
const heldGrace = 100 * time.Millisecond

func newHeldBody(body io.ReadCloser) *heldBody {
	return &heldBody{ReadCloser: body, decided: make(chan struct{})}
}

// release lets it be read at once.
func (h *heldBody) release() { h.decide.Do(func() { close(h.decided) }) }

func (h *heldBody) Read(p []byte) (int, error) {
	select {
	case <-h.decided:
	default:
		h.await()
	}
	h.mu.Lock()
	gone := h.gone
	h.begun = true
	h.mu.Unlock()
	if gone {
		return 0, errBodyTaken
	}
	return h.ReadCloser.Read(p)
}

func (h *heldBody) await() {
	select {
	case <-h.decided:
	case <-time.After(heldGrace):
		h.release()
	}
}

// Close leaves a body that nothing was read of to its owner: a transport closes what it does not send.
func (h *heldBody) Close() error {
	h.mu.Lock()
	mine := h.begun && !h.gone
	h.mu.Unlock()
	if !mine {
		return nil
	}
	return h.ReadCloser.Close()
}

// take returns the body for another request, unless it has begun to be sent.
func (h *heldBody) take() (body io.ReadCloser, untouched bool) {
	defer h.release()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.begun {
		return nil, false
	}
	h.gone = true
	return h.ReadCloser, true
}
