// Package plainhttp sends small requests over kept connections in the caller's own goroutine. [http.Transport] keeps two
// goroutines for every connection and hands each request to the one and waits for the other; for a call of a page to an API
// nearby that is a good part of all that it costs.
//
// What is written and what is read is net/http's own: [http.Request.Write] and [http.ReadResponse]. This package owns only
// which connection a request takes, for how long, and whether it may be used again. It does so for GET and HEAD without a
// body over HTTP/1.1 without TLS; everything else goes to an [http.Transport].
//
// Start with [Transport.RoundTrip], then connection.go.
package plainhttp

import (
	"cmp"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"
)

// RoundTripper is what [Transport] and [http.Transport] are.
type RoundTripper interface {
	http.RoundTripper
	CloseIdleConnections()
}

// Transport is an [http.RoundTripper] for one upstream. Its limits are those of the [http.Transport] that it was made with.
type Transport struct {
	rest    *http.Transport
	host    string // the upstream's, as its requests have it in their URL
	address string // where to dial it

	mu    sync.Mutex
	idle  []*connection // the one that was used last is at the end
	sweep *time.Timer   // nil while nothing is idle
}

// New makes a Transport for an upstream. What it does not do itself, rest does; for an upstream with TLS that is everything.
func New(rest *http.Transport, upstream *url.URL) RoundTripper {
	if upstream.Scheme != "http" || !canProbe {
		return rest
	}
	address := net.JoinHostPort(upstream.Hostname(), cmp.Or(upstream.Port(), "80"))
	return &Transport{rest: rest, host: upstream.Host, address: address}
}

// RoundTrip sends the request and returns the answer as soon as its head is there (net/http, RoundTripper). A connection that
// the upstream closed while it was idle costs a second attempt, with a new one (RFC 9112 §9.3.1); nothing else does.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.takes(r) {
		return t.rest.RoundTrip(r)
	}
	if kept := t.take(); kept != nil {
		response, err := kept.roundTrip(r)
		if _, closed := err.(closedError); !closed { //nolint:errorlint // never wrapped: the connection made it
			return response, err
		}
	}
	fresh, err := t.dial(r.Context())
	if err != nil {
		return nil, err
	}
	return fresh.roundTrip(r)
}

// takes reports whether a request is one for a kept connection. One that net/http would refuse is for net/http to refuse.
func (t *Transport) takes(r *http.Request) bool {
	if (r.Method != http.MethodGet && r.Method != http.MethodHead) || (r.Body != nil && r.Body != http.NoBody) || r.Close ||
		r.URL == nil || r.URL.Scheme != "http" || r.URL.Host != t.host || len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 {
		return false
	}
	for name, values := range r.Header {
		if !httpguts.ValidHeaderFieldName(name) || name == "Upgrade" || name == "Connection" || name == "Expect" {
			return false
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return false
			}
		}
	}
	return true
}

// take returns the connection that was used last, so that those that are too many grow old, or nil. One on which something
// came while nothing was asked is closed: it would be taken for the next request's answer.
func (t *Transport) take() *connection {
	for {
		kept := t.pop()
		if kept == nil || kept.silent() {
			return kept
		}
		kept.close()
	}
}

func (t *Transport) pop() *connection {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.idle) - 1
	if last < 0 {
		return nil
	}
	kept := t.idle[last]
	t.idle[last] = nil
	t.idle = t.idle[:last]
	return kept
}

// keep takes a connection back whose answer was read to its end.
func (t *Transport) keep(c *connection) {
	c.since = time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.idle) >= t.rest.MaxIdleConnsPerHost {
		c.close()
		return
	}
	t.idle = append(t.idle, c)
	if t.sweep == nil {
		t.sweep = time.AfterFunc(t.rest.IdleConnTimeout, t.closeOld)
	}
}

// closeOld closes what has been idle for too long, and comes again while anything is idle.
func (t *Transport) closeOld() {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, now := 0, time.Now()
	for old < len(t.idle) && now.Sub(t.idle[old].since) >= t.rest.IdleConnTimeout {
		t.idle[old].close()
		old++
	}
	t.idle = append(t.idle[:0], t.idle[old:]...)
	if len(t.idle) == 0 {
		t.sweep = nil
		return
	}
	t.sweep.Reset(t.rest.IdleConnTimeout - now.Sub(t.idle[0].since))
}

// CloseIdleConnections closes what is not in use, here and in the [http.Transport].
func (t *Transport) CloseIdleConnections() {
	for kept := t.pop(); kept != nil; kept = t.pop() {
		kept.close()
	}
	t.rest.CloseIdleConnections()
}
