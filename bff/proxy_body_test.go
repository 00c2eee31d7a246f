package bff

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/session"
)

// endless is n bytes of nothing, made as they are read.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	e.left -= n
	return int(n), nil
}

// Goal P15, small enough for a unit test; scripts/bench sends a whole gigabyte.
func TestLargeBodiesPassInConstantMemory(t *testing.T) {
	const size = 256 << 20
	h := open(t, func(c *Config) { c.Routes[0].BodyLimit, c.Routes[0].Timeout = size, 20*time.Second })
	b := h.browser()
	b.signIn()
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			n, _ := io.Copy(io.Discard, r.Body)
			_, _ = fmt.Fprint(w, n)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.Copy(w, &endless{left: size})
	})
	before := inUse()
	var peak atomic.Uint64
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				peak.Store(max(peak.Load(), inUse()))
			}
		}
	}()
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		var body io.Reader
		if method == http.MethodPost {
			body = &endless{left: size}
		}
		r, _ := http.NewRequestWithContext(t.Context(), method, h.origin+"/api/notes", body)
		for name, value := range fetchHeaders() {
			r.Header.Set(name, value)
		}
		r.AddCookie(&http.Cookie{Name: session.CookieName, Value: b.cookies[session.CookieName]})
		response, err := testTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		head, _ := io.ReadAll(io.LimitReader(response.Body, 20))
		rest, err := io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if err != nil || (method == http.MethodPost && string(head) != fmt.Sprint(size)) || (method == http.MethodGet && rest+int64(len(head)) != size) {
			t.Errorf("%s: status %d, %q, %d bytes more: %v", method, response.StatusCode, head, rest, err)
		}
	}
	close(stop)
	if grown := int64(peak.Load()) - int64(before); grown > 64<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func inUse() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse
}

func TestUpstreamThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	address := h.upstream.server.Listener.Addr().String()
	var dead atomic.Bool
	h.upstream.serve(func(http.ResponseWriter, *http.Request) {
		if dead.Load() {
			panic(http.ErrAbortHandler)
		}
	})
	call := func() result { return b.fetch(http.MethodPost, "/api/notes", "x") }
	dead.Store(true)
	h.clock.frozen.Store(new(time.Now()))
	for range breakerLimit + 10 {
		if got := call(); got.StatusCode != 502 || !strings.Contains(got.body, "upstream_unavailable") || strings.Contains(got.body, address) {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
	}
	if calls := len(h.upstream.requests()); calls != breakerLimit {
		t.Errorf("%d calls reached the API", calls)
	}
	dead.Store(false)
	if got := call(); got.StatusCode != 502 {
		t.Errorf("it was asked before its time: status %d", got.StatusCode)
	}
	h.clock.advance(breakerFirst)
	for range 2 {
		if got := call(); got.StatusCode != 200 {
			t.Errorf("it is back, and was not asked: status %d", got.StatusCode)
		}
	}
}

func TestAnUpstreamIsLeftAloneForLongerEachTime(t *testing.T) {
	at := time.Unix(1000, 0)
	now := func() time.Time { return at }
	b := &breaker{}
	for range 10 * breakerLimit { // all that were under way fail
		b.failed(at)
	}
	var pauses []time.Duration
	for last := at; len(pauses) < 7; at = at.Add(time.Millisecond) {
		if b.allow(now) {
			pauses, last = append(pauses, at.Sub(last)), at
			b.failed(at)
		}
	}
	want := []time.Duration{100, 200, 400, 800, 1600, 2000, 2000}
	for i := range want {
		if pauses[i] != want[i]*time.Millisecond {
			t.Errorf("pauses of %v, want %v", pauses, want)
			break
		}
	}
	b.answered()
	for range 2 {
		if !b.allow(now) {
			t.Error("it answers, and is left alone")
		}
	}
}

// P19: a body that does not come is waited for once, by whoever reads it, and is answered.
func TestABodyThatNeverComesIsAnswered(t *testing.T) {
	h := open(t, func(c *Config) { c.Routes[1].Methods = []string{http.MethodPost} })
	h.clock.advance(200*time.Millisecond - bodyPause) // deadlines are of this clock
	form := "Content-Type: application/x-www-form-urlencoded\r\n"
	for path, headers := range map[string]string{"/api/open": "%GUARD%\r\n", "/bff/backchannel-logout/baseline": "", "/bff/callback/baseline": ""} {
		for _, sent := range []string{"", "a"} {
			status, body := h.browser().raw("POST " + path + " HTTP/1.1\r\nHost: %HOST%\r\n" + form + headers + "Content-Length: 1000\r\n\r\n" + sent)
			if status != 408 || !strings.Contains(body, "body_too_slow") {
				t.Errorf("%s after %q: status %d: %s", path, sent, status, body)
			}
		}
	}
}

// Who does not read a body to its end still gets it closed, and what is left of it may never come.
func TestTheRestOfABodyIsNotWaitedForWithoutEnd(t *testing.T) {
	dead := newUpstream(t)
	dead.server.Close()
	h := open(t, func(c *Config) {
		c.Routes[1].Methods, c.Routes[1].BodyLimit = []string{http.MethodPost}, 1000
		c.Routes = append(c.Routes, c.Routes[1])
		c.Routes[2].Prefix, c.Routes[2].Upstream = "/api/dead", dead.server.URL
	})
	h.clock.advance(200*time.Millisecond - bodyPause) // deadlines are of this clock
	head := " HTTP/1.1\r\nHost: %HOST%\r\n%GUARD%\r\n"
	for name, row := range map[string]struct {
		request string
		want    int
	}{
		"too large":            {"POST /api/open" + head + "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + strings.Repeat("a", 2000), 413},
		"an upstream is down":  {"POST /api/dead" + head + "Content-Length: 1000\r\n\r\na", 502},
		"down, nothing begins": {"POST /api/dead" + head + "Transfer-Encoding: chunked\r\n\r\n", 502},
	} {
		if status, body := h.browser().raw(row.request); status != row.want {
			t.Errorf("%s: status %d: %s", name, status, body)
		}
	}
}

func TestBodyThatTricklesIsCut(t *testing.T) {
	var at time.Duration
	began := time.Unix(1000, 0)
	now := func() time.Time { return began.Add(at) }
	read := func(pace int, seconds int) error {
		at = 0
		u := &upload{
			ReadCloser: io.NopCloser(&endless{left: 1 << 20}), control: http.NewResponseController(nil), now: now, began: began,
			watchdog: time.AfterFunc(time.Hour, func() {}), patience: time.Hour,
		}
		for range seconds {
			at += time.Second
			if _, err := u.Read(make([]byte, pace)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := read(1, 20); err != errBodySlow {
		t.Errorf("a byte a second: %v", err)
	}
	if err := read(1, 9); err != nil {
		t.Errorf("a slow beginning: %v", err)
	}
	if err := read(200, 600); err != nil {
		t.Errorf("control: %v", err)
	}
}

func TestAnswersAreCutAtTheRoutesLimit(t *testing.T) {
	h := open(t, func(c *Config) { c.Routes[0].ResponseLimit = 1000 })
	b := h.browser()
	b.signIn()
	for _, row := range []struct {
		size     int64
		declared bool
		want     bool
	}{{1000, true, true}, {1000, false, true}, {1001, true, false}, {1001, false, false}, {100 << 20, false, false}} {
		h.upstream.serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if row.declared {
				w.Header().Set("Content-Length", fmt.Sprint(row.size))
			} else {
				_ = http.NewResponseController(w).Flush()
			}
			_, _ = io.Copy(w, &endless{left: row.size})
		})
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, h.origin+"/api/notes", http.NoBody)
		for name, value := range fetchHeaders() {
			r.Header.Set(name, value)
		}
		r.AddCookie(&http.Cookie{Name: session.CookieName, Value: b.cookies[session.CookieName]})
		response, err := testTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if whole := response.StatusCode == 200 && err == nil && n == row.size; whole != row.want || (!whole && response.StatusCode == 200 && n > 1000) {
			t.Errorf("%d bytes, declared %v: status %d, %d bytes, %v", row.size, row.declared, response.StatusCode, n, err)
		}
	}
}

func TestAddressOfATrustedProxyReachesTheAPI(t *testing.T) {
	for name, row := range map[string]struct {
		trusted []string
		lists   string
		want    string
		node    string
	}{
		"nobody is trusted":       {nil, "198.51.100.7", "127.0.0.1", "127.0.0.1"},
		"somebody else is":        {[]string{"10.0.0.0/8"}, "198.51.100.7", "127.0.0.1", "127.0.0.1"},
		"trusted":                 {[]string{"127.0.0.0/8"}, "198.51.100.7", "198.51.100.7", "198.51.100.7"}, // the control
		"with what was made up":   {[]string{"127.0.0.0/8"}, "203.0.113.9, 198.51.100.7", "198.51.100.7", "198.51.100.7"},
		"two proxies":             {[]string{"127.0.0.0/8", "10.0.0.0/8"}, "198.51.100.7, 10.1.2.3", "198.51.100.7", "198.51.100.7"},
		"by IPv6":                 {[]string{"127.0.0.0/8"}, "2001:db8::1", "2001:db8::1", `"[2001:db8::1]"`},
		"rubbish":                 {[]string{"127.0.0.0/8"}, `198.51.100.7, x";host="evil`, "127.0.0.1", "127.0.0.1"},
		"rubbish that was before": {[]string{"127.0.0.0/8"}, "unknown, 198.51.100.7", "198.51.100.7", "198.51.100.7"},
		"nothing":                 {[]string{"127.0.0.0/8"}, "", "127.0.0.1", "127.0.0.1"},
	} {
		h := open(t, func(c *Config) { c.Routes[0].Forwarded, c.TrustedProxies = true, row.trusted })
		b := h.browser()
		b.signIn()
		headers := fetchHeaders()
		headers["X-Forwarded-For"] = row.lists
		if got := b.do(http.MethodGet, "/api/notes", "", headers); got.StatusCode != 200 {
			t.Fatalf("%s: status %d", name, got.StatusCode)
		}
		seen := h.upstream.requests()[0].Header
		host := strings.TrimPrefix(h.origin, "http://")
		if got, forwarded := seen.Get("X-Forwarded-For"), seen.Get("Forwarded"); got != row.want || forwarded != "for="+row.node+`;host="`+host+`";proto=http` {
			t.Errorf("%s: %q and %q", name, got, forwarded)
		}
	}
}

func TestForwardedHeadersAreRebuiltFromTheConnection(t *testing.T) {
	h := open(t, func(c *Config) { c.Routes[0].Forwarded = true })
	b := h.browser()
	b.signIn()
	headers := fetchHeaders()
	for name, value := range map[string]string{"Forwarded": "for=6.6.6.6", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp", "X-Forwarded-Prefix": "/evil"} {
		headers[name] = value
	}
	if got := b.do(http.MethodGet, "/api/notes", "", headers); got.StatusCode != 200 {
		t.Fatalf("status %d", got.StatusCode)
	}
	seen := h.upstream.requests()[0].Header
	host := strings.TrimPrefix(h.origin, "http://")
	for name, want := range map[string]string{
		"Forwarded": `for=127.0.0.1;host="` + host + `";proto=http`, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": host, "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "",
	} {
		if got := strings.Join(seen.Values(name), "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
