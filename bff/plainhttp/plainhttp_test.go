package plainhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOneConnectionServesOneRequestAfterTheOther(t *testing.T) {
	u := newUpstream(t, answering(hello))
	ours := newTransport(t, u, nil)
	for _, method := range []string{http.MethodGet, http.MethodGet} {
		status, text, err := get(t, ours, u.asked(t, t.Context(), method, "/", nil))
		if status != 200 || text != "hello" || err != nil {
			t.Fatalf("%d %q %v", status, text, err)
		}
	}
	if got := u.accepted.Load(); got != 1 {
		t.Errorf("%d connections for two requests", got)
	}
}

// Everything but a GET or HEAD without a body over plain HTTP is net/http's.
func TestWhatIsNotOursIsLeftToNetHTTP(t *testing.T) {
	u := newUpstream(t, answering(hello))
	ours := newTransport(t, u, func(rest *http.Transport) { rest.DisableKeepAlives = true }) // which shows whose a connection is
	send := func(method, body string, change func(*http.Request)) int32 {
		before := u.accepted.Load()
		for range 2 {
			r := u.asked(t, t.Context(), method, "/", strings.NewReader(body))
			change(r)
			if status, _, err := get(t, ours, r); status != 200 || err != nil {
				t.Fatalf("%s %q: %d %v", method, body, status, err)
			}
		}
		return u.accepted.Load() - before
	}
	as := func(*http.Request) {}
	for name, connections := range map[string]int32{
		"POST":            send(http.MethodPost, "", as),
		"DELETE":          send(http.MethodDelete, "", as),
		"GET with a body": send(http.MethodGet, "x", as),
		"an upgrade":      send(http.MethodGet, "", func(r *http.Request) { r.Header.Set("Upgrade", "websocket") }),
		"Connection":      send(http.MethodGet, "", func(r *http.Request) { r.Header.Set("Connection", "x") }),
		"Expect":          send(http.MethodGet, "", func(r *http.Request) { r.Header.Set("Expect", "100-continue") }),
		"one connection":  send(http.MethodGet, "", func(r *http.Request) { r.Close = true }),
	} {
		if connections != 2 {
			t.Errorf("%s: %d connections for two requests, so it was not net/http's", name, connections)
		}
	}
	if got := send(http.MethodGet, "", func(r *http.Request) { r.Body = http.NoBody }); got != 1 {
		t.Errorf("control: %d connections for two requests of ours", got)
	}
	if _, plain := New(netHTTP(), &url.URL{Scheme: "https", Host: "api.example"}).(*http.Transport); !plain {
		t.Error("an upstream with TLS is not net/http's")
	}
}

// What net/http would not send, this does not send either.
func TestAnUpstreamIsDialledWhereNetHTTPWouldDialIt(t *testing.T) {
	for host, want := range map[string]string{
		"api.example": "api.example:80", "api.example:": "api.example:80", "api.example:81": "api.example:81", "[::1]": "[::1]:80", "[::1]:": "[::1]:80", "[::1]:81": "[::1]:81",
	} {
		ours, ok := New(netHTTP(), &url.URL{Scheme: "http", Host: host}).(*Transport)
		if !ok || ours.address != want || ours.host != host {
			t.Errorf("%s: %+v", host, ours)
		}
	}
}

func TestHeadersThatWouldBreakARequestApartAreNotSent(t *testing.T) {
	u := newUpstream(t, answering(hello))
	ours := newTransport(t, u, nil)
	for _, header := range []http.Header{
		{"X-A": {"a\r\nX-B: b"}}, {"X-A": {"a\nb"}}, {"X-A\r\nX-B": {"b"}}, {"X A": {"b"}}, {"": {"b"}}, {"X-A": {"a\x00"}},
	} {
		r := u.asked(t, t.Context(), http.MethodGet, "/", nil)
		r.Header = header
		if _, _, err := get(t, ours, r); err == nil {
			t.Errorf("%q was sent", header)
		}
	}
	if got := u.requests.Load(); got != 0 {
		t.Errorf("%d requests reached the upstream", got)
	}
	if _, _, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)); err != nil || u.requests.Load() != 1 {
		t.Errorf("control: %v", err)
	}
}

// RFC 9112 §9.3.1: a server may close an idle connection at any time.
func TestAConnectionThatTheUpstreamClosedCostsASecondAttempt(t *testing.T) {
	for name, shown := range map[string]bool{"before it was asked": true, "when it was asked": false} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{}, 4)
			u := newUpstream(t, func(c *talk) {
				_, _ = c.request()
				c.say(hello)
				if !shown && c.accepted.Load() == 1 {
					_, _ = c.request() // and no answer
				}
				_ = c.Close()
				closed <- struct{}{}
			})
			ours := newTransport(t, u, nil)
			for range 2 {
				if _, text, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)); text != "hello" || err != nil {
					t.Fatalf("%q %v", text, err)
				}
				if shown {
					<-closed
				}
			}
			if got := u.accepted.Load(); got != 2 {
				t.Errorf("%d connections", got)
			}
		})
	}
}

// RFC 9112 §9.6: who announces that a connection closes takes no further request on it, even if it is slow to close.
func TestAConnectionThatIsToCloseIsNotUsedAgain(t *testing.T) {
	for said, connections := range map[string]int32{
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello":                2,
		"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n":                                  2,
		"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello":                                     2,
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n": 2,
		hello: 1,
	} {
		u := newUpstream(t, answering(said))
		ours := newTransport(t, u, nil)
		for range 2 {
			if _, _, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)); err != nil {
				t.Error(err)
			}
		}
		if got := u.accepted.Load(); got != connections {
			t.Errorf("%d connections, want %d, after %q", got, connections, said)
		}
	}
}

// An upstream that closes every connection is asked once more and not for ever; a new connection is not tried again.
func TestAnUpstreamThatNeverAnswersIsNotAskedForEver(t *testing.T) {
	u := newUpstream(t, func(c *talk) { _, _ = c.request() })
	ours := newTransport(t, u, nil)
	if _, _, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if got := u.requests.Load(); got != 1 {
		t.Errorf("it was asked %d times", got)
	}
}

func TestAnAnswerThatDoesNotBeginInTimeIsATimeout(t *testing.T) {
	u := newUpstream(t, func(c *talk) {
		for {
			if _, ok := c.request(); !ok {
				return
			}
			if c.requests.Load() == 1 {
				c.say(hello)
			}
		}
	})
	ours := newTransport(t, u, func(rest *http.Transport) { rest.ResponseHeaderTimeout = time.Second })
	if _, _, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)); err != nil {
		t.Fatal(err)
	}
	_, _, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)) // on the connection that was kept
	if slow, ok := errors.AsType[net.Error](err); !ok || !slow.Timeout() {
		t.Error(err)
	}
	if got := u.requests.Load(); got != 2 {
		t.Errorf("%d requests: what is slow was asked again", got)
	}
}

// The time is for the head: a body may take longer.
func TestABodyMayTakeLongerThanItsHead(t *testing.T) {
	u := newUpstream(t, func(c *talk) {
		_, _ = c.request()
		c.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
		time.Sleep(1500 * time.Millisecond)
		c.say("llo")
	})
	ours := newTransport(t, u, func(rest *http.Transport) { rest.ResponseHeaderTimeout = time.Second })
	if _, text, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)); text != "hello" || err != nil {
		t.Errorf("%q %v", text, err)
	}
}

var errLeft = errors.New("whoever asked has left")

func TestWhoLeavesEndsTheRequestWhereverItIs(t *testing.T) {
	for name, said := range map[string]string{
		"before the answer":  "",
		"in its head":        "HTTP/1.1 200 OK\r\nContent-Le",
		"after a 1xx answer": "HTTP/1.1 103 Early Hints\r\n\r\n",
		"in its body":        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
	} {
		t.Run(name, func(t *testing.T) {
			begun, gone := make(chan struct{}), make(chan struct{})
			u := newUpstream(t, func(c *talk) {
				_, _ = c.request()
				c.say(said)
				close(begun)
				_, _ = c.Read(make([]byte, 1)) // until it is closed
				close(gone)
			})
			ours := newTransport(t, u, nil)
			ctx, leave := context.WithCancelCause(t.Context())
			go func() {
				<-begun
				time.Sleep(50 * time.Millisecond) // until it has come
				leave(errLeft)
			}()
			if _, _, err := get(t, ours, u.asked(t, ctx, http.MethodGet, "/", nil)); !errors.Is(err, errLeft) {
				t.Error(err)
			}
			<-gone
			if len(ours.idle) != 0 {
				t.Error("the connection was kept")
			}
		})
	}
	t.Run("before it begins", func(t *testing.T) {
		u := newUpstream(t, answering(hello))
		ctx, leave := context.WithCancelCause(t.Context())
		leave(errLeft)
		if _, _, err := get(t, newTransport(t, u, nil), u.asked(t, ctx, http.MethodGet, "/", nil)); err == nil {
			t.Error("it was answered")
		}
	})
}

func TestABodyThatIsNotReadToItsEndClosesItsConnection(t *testing.T) {
	gone := make(chan struct{})
	u := newUpstream(t, func(c *talk) {
		_, _ = c.request()
		c.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhe")
		_, _ = c.Read(make([]byte, 1))
		close(gone)
	})
	response, err := newTransport(t, u, nil).RoundTrip(u.asked(t, t.Context(), http.MethodGet, "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = response.Body.Close() }) // while it is read
	if _, err := io.ReadAll(response.Body); err == nil {
		t.Error("it ended as if it were whole")
	}
	<-gone
}

func TestHeadsAreNoLongerThanTheyMayBe(t *testing.T) {
	line := "X: " + strings.Repeat("x", 1000) + "\r\n"
	for name, test := range map[string]struct {
		head string
		ok   bool
	}{
		"one head":       {"HTTP/1.1 200 OK\r\n" + strings.Repeat(line, 20), false},
		"a line":         {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 20_000), false},
		"1xx answers":    {strings.Repeat("HTTP/1.1 103 Early Hints\r\n"+strings.Repeat(line, 4)+"\r\n", 4) + "HTTP/1.1 200 OK\r\n", false},
		"too many 1xx":   {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", maxInterim+1) + "HTTP/1.1 200 OK\r\n", false},
		"as many as may": {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", maxInterim) + "HTTP/1.1 200 OK\r\n", true},
		"a short one":    {"HTTP/1.1 200 OK\r\n" + line, true},
	} {
		u := newUpstream(t, answering(test.head+"Content-Length: 0\r\n\r\n"))
		if status, _, err := get(t, newTransport(t, u, nil), u.asked(t, t.Context(), http.MethodGet, "/", nil)); (err == nil) != test.ok {
			t.Errorf("%s: %d %v", name, status, err)
		}
	}
}

func TestIdleConnectionsAreFewAndDoNotStayForEver(t *testing.T) {
	u := newUpstream(t, answering(hello))
	ours := newTransport(t, u, func(rest *http.Transport) { rest.IdleConnTimeout, rest.MaxIdleConnsPerHost = 50*time.Millisecond, 2 })
	var bodies []io.Closer
	for range 3 {
		response, err := ours.RoundTrip(u.asked(t, t.Context(), http.MethodGet, "/", nil))
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, response.Body)
	}
	idle := func() int {
		ours.mu.Lock()
		defer ours.mu.Unlock()
		return len(ours.idle)
	}
	for _, one := range bodies {
		_, _ = io.Copy(io.Discard, one.(io.Reader))
	}
	if got := idle(); got > 2 {
		t.Errorf("%d are kept", got)
	}
	for began := time.Now(); idle() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("they stay")
		}
	}
}

// Many at a time, of which some leave and some do not read: nobody ever gets another's answer.
func TestNobodyGetsAnothersAnswer(t *testing.T) {
	u := newUpstream(t, func(c *talk) {
		for {
			r, ok := c.request()
			if !ok {
				return
			}
			time.Sleep(time.Duration(anyOf(300)) * time.Microsecond)
			c.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(r.URL.Path), r.URL.Path))
			if anyOf(50) == 0 {
				return
			}
		}
	})
	ours := newTransport(t, u, nil)
	var group sync.WaitGroup
	for caller := range 32 {
		group.Go(func() {
			for nth := range 100 {
				path := fmt.Sprintf("/%d/%d", caller, nth)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				if anyOf(3) == 0 {
					time.AfterFunc(time.Duration(anyOf(400))*time.Microsecond, cancel)
				}
				response, err := ours.RoundTrip(u.asked(t, ctx, http.MethodGet, path, nil))
				if err == nil && anyOf(5) > 0 {
					all, err := io.ReadAll(response.Body)
					if (err == nil && string(all) != path) || !strings.HasPrefix(path, string(all)) {
						t.Errorf("%s got %q", path, all)
					}
				}
				if err == nil {
					_ = response.Body.Close()
				}
				if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
					t.Errorf("%s: an interruption that was meant for another: %v", path, err)
				}
				cancel()
			}
		})
	}
	group.Wait()
	if u.accepted.Load() >= u.requests.Load() {
		t.Error("control: no connection was ever used again")
	}
}
