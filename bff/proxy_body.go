package bff

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
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
	_ = u.control.SetReadDeadline(started.Add(bodyPause))
	n, err := u.ReadCloser.Read(p)
	u.size += int64(n)
	if err != nil {
		// The deadline must not end the wait for the answer.
		_ = u.control.SetReadDeadline(time.Time{})
		return n, u.explain(err)
	}
	if passed := u.now().Sub(u.began); passed > bodyPause && float64(u.size) < bodyRate*passed.Seconds() {
		return n, errBodySlow
	}
	u.watchdog.Reset(u.patience)
	return n, nil
}

func (u *upload) explain(err error) error {
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		return errBodySlow
	}
	return err
}
