package bff

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"cloakroom/bff/api"
)

const (
	// bodyPause is how long a browser may send nothing of a body, and from when on bodyRate counts.
	bodyPause = 10 * time.Second
	// bodyRate is how many bytes of a body a second have to come on average: less is nobody's upload.
	bodyRate = 100
)

var (
	errBodySlow     = errors.New("the body comes too slowly")
	errUpstreamSlow = errors.New("the upstream stopped taking the body")
)

// upload is a request's body on its way: as large as the route allows, as long as it takes, and cut when either side
// stalls. It holds one buffer, however much passes.
type upload struct {
	io.ReadCloser
	control *http.ResponseController
	now     func() time.Time
	began   time.Time
	size    int64
	// watchdog cancels the request when the upstream does not ask for more for so long.
	watchdog *time.Timer
	patience time.Duration
	// failed is why there is no more of it. The transport may say something else: the request's context ends with its body.
	failed atomic.Pointer[error]
	mu     sync.Mutex
	ended  bool
}

// newUpload wraps the body. The returned context ends when the upstream stalls.
func newUpload(w http.ResponseWriter, r *http.Request, cfg *RouteConfig, now func() time.Time) (*upload, context.Context, func()) {
	ctx, cancel := context.WithCancelCause(r.Context())
	u := &upload{
		ReadCloser: http.MaxBytesReader(w, r.Body, cfg.BodyLimit), control: http.NewResponseController(w),
		now: now, began: now(), patience: cfg.Timeout,
	}
	u.watchdog = time.AfterFunc(cfg.Timeout, func() { cancel(errUpstreamSlow) })
	return u, ctx, func() {
		u.watchdog.Stop()
		cancel(nil)
	}
}

func (u *upload) Read(p []byte) (int, error) {
	u.watchdog.Stop()
	started := u.now()
	if !u.while(func() { _ = u.control.SetReadDeadline(started.Add(bodyPause)) }) {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := u.ReadCloser.Read(p)
	u.size += int64(n)
	if passed := u.now().Sub(u.began); err == nil && passed > bodyPause && float64(u.size) < bodyRate*passed.Seconds() {
		err = errBodySlow
	}
	if err != nil {
		u.while(func() { err = gaveUp(u.control, err) })
		u.failed.Store(&err)
		return n, err
	}
	u.watchdog.Reset(u.patience)
	return n, nil
}

// while does something with the connection, unless that is the next request's by now: the transport may still be reading.
func (u *upload) while(do func()) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.ended {
		do()
	}
	return !u.ended
}

// Close is the transport's, when it wants no more of it. It is not for the transport to wait for what is left.
func (u *upload) Close() error { return nil }

// end is the last that is done with the upload. A body that is slow is closed here, at once; of any other, [BFF.hurry] does it.
func (u *upload) end() {
	u.while(func() { u.ended = true })
	if u.blame(nil) != nil {
		_ = u.ReadCloser.Close()
	}
}

// blame returns the body's own error, if that is why there is no answer.
func (u *upload) blame(err error) error {
	if u == nil {
		return err
	}
	if failed := u.failed.Load(); failed != nil && errors.Is(*failed, errBodySlow) {
		return *failed
	}
	return err
}

// readBody reads a small body whole, and waits for all of it as long as for a piece of an upload.
func (b *BFF) readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(b.now().Add(bodyPause))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	switch err = gaveUp(control, cmp.Or(err, io.EOF)); {
	case err == io.EOF: //nolint:errorlint // put there a line above
		return body, nil
	case errors.Is(err, errBodySlow):
		_ = r.Body.Close() // at once: see gaveUp
		return nil, refuse(api.BodyTooSlow, "the body did not come in time").because(err)
	default:
		return nil, refuse(api.BodyTooLarge, "the body is too large").because(err)
	}
}

// gaveUp is called when no more of a body is read. What is known to be slow is not waited for again: net/http reads the rest of a
// body before it answers. Otherwise no deadline is left, which would end the wait for the answer.
func gaveUp(control *http.ResponseController, err error) error {
	slow, ok := errors.AsType[net.Error](err)
	if errors.Is(err, errBodySlow) || (ok && slow.Timeout()) {
		_ = control.SetReadDeadline(time.Unix(1, 0))
		return errBodySlow
	}
	_ = control.SetReadDeadline(time.Time{})
	return err
}
