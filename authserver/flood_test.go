package authserver_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/store"
)

// counted is a store that counts what is kept of a flood.
type counted struct {
	store.Store
	interactions, pushes, accounts atomic.Int64
}

func (c *counted) StartInteraction(ctx context.Context, interaction store.Interaction) error {
	c.interactions.Add(1)
	return c.Store.StartInteraction(ctx, interaction)
}

func (c *counted) PushRequest(ctx context.Context, request store.PushedRequest) error {
	c.pushes.Add(1)
	return c.Store.PushRequest(ctx, request)
}

func (c *counted) SaveAccount(ctx context.Context, account store.Account) error {
	c.accounts.Add(1)
	return c.Store.SaveAccount(ctx, account)
}

// at is a browser at another address of this machine.
func (h *house) at(address string) *browser {
	h.t.Helper()
	b := h.browser()
	transport := h.server.Client().Transport.(*http.Transport).Clone()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport.DialContext = dialer.DialContext
	h.t.Cleanup(transport.CloseIdleConnections)
	b.client.Transport = transport
	return b
}

// quiet sends a request of a flood and says what came of it; a flood does not care for errors.
func (b *browser) quiet(method, address string, form url.Values) int {
	request, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := b.client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// flooder asks for one thing again and again.
type flooder struct {
	name string
	send func(b *browser, n int) int
}

// enough is how often a flood has to be told to wait before it gives up: it would be told so for ever.
const enough = 100

// The clock stands still, so that no quota comes back: what is kept is exactly what one address may have at once.
func TestFloodsLeaveMemoryBoundedAndAUserSignsInMeanwhile(t *testing.T) {
	c := &counted{}
	h := startAs(t, setup{
		text: strings.Replace(configuration, "        title: The test house", "        title: The test house\n        identity_sources: [{id: local, type: local, sign_up: open}]", 1),
		wrap: func(st store.Store) store.Store { c.Store = st; return c },
	})
	configured := c.accounts.Load()
	b := h.at("127.0.0.2")
	page := b.get(h.authorizeURL(request()))
	form := page.Request.URL.String()
	signUp := b.get(form + "/signup")
	csrf, signUpCSRF := csrfField.FindStringSubmatch(page.body)[1], csrfField.FindStringSubmatch(signUp.body)[1]
	pushed := request(with("client_id", "spa"), with("redirect_uri", "https://spa.example/callback"), with("scope", "openid"))
	floods := []flooder{
		{"sign-ins", func(b *browser, n int) int {
			return b.quiet(http.MethodPost, form+"/login", url.Values{"csrf": {csrf}, "action": {"login"}, "username": {fmt.Sprint("user", n)}, "password": {"wrong"}})
		}},
		{"/par", func(b *browser, _ int) int { return b.quiet(http.MethodPost, h.issuer+"/oauth2/par", pushed) }},
		{"/authorize", func(b *browser, _ int) int { return b.quiet(http.MethodGet, h.authorizeURL(request()), nil) }},
		{"registrations", func(b *browser, n int) int {
			return b.quiet(http.MethodPost, form+"/signup", url.Values{
				"csrf": {signUpCSRF}, "username": {fmt.Sprint("bot", n)}, "password": {"nine quiet lanterns"}, "password_again": {"nine quiet lanterns"},
			})
		}},
	}
	before, started := heap(), time.Now()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute) // in case that no limit is ever met
	defer stop()
	outcomes := make([]outcome, len(floods))
	var flooders sync.WaitGroup
	for at, flood := range floods {
		for range 8 {
			flooder := h.at("127.0.0.2")
			flooder.client.Jar, _ = cookiejar.New(nil)
			parsed, _ := url.Parse(h.issuer)
			flooder.client.Jar.SetCookies(parsed, b.client.Jar.Cookies(parsed))
			flooder.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			flooders.Go(func() {
				for ctx.Err() == nil && outcomes[at].waiting.Load() < enough {
					n := outcomes[at].sent.Add(1)
					outcomes[at].note(flood.send(flooder, int(n)))
				}
			})
		}
	}
	var slowest time.Duration
	signIns := 0
	over := make(chan struct{})
	go func() { flooders.Wait(); close(over) }()
	for going := true; going; { // somebody else, at another address, who has nothing to do with it
		begun := time.Now()
		user := h.at("127.0.0.3")
		if page := user.signIn(user.get(h.authorizeURL(request())), "alice", "wonderland"); !strings.Contains(page.body, `id="consent_allow"`) {
			t.Errorf("a user in the flood: %d\n%s", page.StatusCode, page.body)
			break
		}
		slowest = max(slowest, time.Since(begun))
		signIns++
		select {
		case <-over:
			going = false
		default:
		}
	}
	stop()
	<-over
	for at, flood := range floods {
		t.Logf("%-14s %6d sent, %6d taken, %6d told to wait", flood.name, outcomes[at].sent.Load(), outcomes[at].taken.Load(), outcomes[at].waiting.Load())
		if outcomes[at].waiting.Load() < enough {
			t.Errorf("the control: the flood of %s never met its limit", flood.name)
		}
	}
	t.Logf("in %s: %d sign-ins of somebody else, the slowest in %s; heap %d kB before and %d kB after", time.Since(started).Round(time.Millisecond), signIns, slowest.Round(time.Millisecond), before>>10, heap()>>10)
	if kept := c.interactions.Load() - int64(signIns); kept > authserver.InteractionBurst {
		t.Errorf("%d interactions are kept", kept)
	}
	if kept := c.pushes.Load(); kept > authserver.PublicPushBurst {
		t.Errorf("%d pushed requests are kept", kept)
	}
	if made := c.accounts.Load() - configured; made > authserver.SignUpBurst {
		t.Errorf("%d accounts were made", made)
	}
	if keys := authserver.LimitKeys(h.as); keys > 4*authserver.AddressAttempts {
		t.Errorf("the limits hold %d keys", keys)
	}
	if after := heap(); after > before+64<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
}

type outcome struct{ sent, taken, waiting atomic.Int64 }

func (o *outcome) note(status int) {
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		o.waiting.Add(1)
	case 0:
	default:
		o.taken.Add(1)
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
