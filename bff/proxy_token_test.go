package bff

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// refuseFirst is an API that takes its first caller's token for dead.
func refuseFirst(challenge string) http.HandlerFunc {
	var once sync.Once
	return func(w http.ResponseWriter, _ *http.Request) {
		status := http.StatusOK
		once.Do(func() {
			w.Header().Set("WWW-Authenticate", challenge)
			status = http.StatusUnauthorized
		})
		w.WriteHeader(status)
	}
}

func TestACallIsReplayedOnceAfterAForcedRefresh(t *testing.T) {
	for _, row := range []struct {
		name, method, body, challenge string
		after                         time.Duration
		status, calls                 int
	}{
		{"GET", "GET", "", `Bearer error="invalid_token"`, time.Minute, 200, 2},
		{"DELETE", "DELETE", "", `Bearer error="invalid_token"`, time.Minute, 200, 2},
		{"no reason given", "GET", "", "Bearer", time.Minute, 200, 2},
		{"POST may have done its work", "POST", "", `Bearer error="invalid_token"`, time.Minute, 401, 1},
		{"a body is not sent twice", "DELETE", "x", `Bearer error="invalid_token"`, time.Minute, 401, 1},
		{"another reason", "GET", "", `Bearer error="insufficient_scope"`, time.Minute, 401, 1},
		{"a token that is new already", "GET", "", `Bearer error="invalid_token"`, 0, 401, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := open(t)
			b := h.browser()
			b.signIn()
			h.clock.advance(row.after)
			h.upstream.serve(refuseFirst(row.challenge))
			before := h.provider.count("/token")
			got := b.fetch(row.method, "/api/notes", row.body)
			seen := h.upstream.requests()
			if got.StatusCode != row.status || len(seen) != row.calls || h.provider.count("/token")-before != row.calls-1 {
				t.Fatalf("status %d, %d calls, %d renewals", got.StatusCode, len(seen), h.provider.count("/token")-before)
			}
			if row.calls == 2 && seen[0].Header.Get("Authorization") == seen[1].Header.Get("Authorization") {
				t.Error("it was sent again with the token that was refused")
			}
		})
	}
}

func TestAnAPIThatRefusesEveryTokenIsAskedTwice(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.clock.advance(time.Minute)
	h.upstream.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	if got := b.fetch("GET", "/api/notes", ""); got.StatusCode != 401 || len(h.upstream.requests()) != 2 {
		t.Errorf("status %d after %d calls", got.StatusCode, len(h.upstream.requests()))
	}
	if !sessionOf(t, b).Authenticated {
		t.Error("an API's 401 ended the session")
	}
}

func clientRoute(h *house) func(*Config) {
	return func(c *Config) {
		route := c.Routes[0]
		route.Prefix, route.Token, route.Provider, route.Resource, route.Scopes = "/api/weather", tokenClient, "baseline", "https://weather.example", []string{"weather.read"}
		c.Routes = append(c.Routes, route)
	}
}

func TestClientTokensAreTheServersOwnAndShared(t *testing.T) {
	var h *house
	h = open(t, func(c *Config) { clientRoute(h)(c) })
	h.provider.respond = func(answer map[string]any) { answer["scope"] = "weather.read"; delete(answer, "refresh_token") }
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			if got := h.browser().fetch("GET", "/api/weather", ""); got.StatusCode != 200 {
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
		})
	}
	calls.Wait()
	if asked := h.provider.count("/token"); asked != 1 {
		t.Fatalf("the token endpoint was asked %d times", asked)
	}
	form := h.provider.forms[0]
	for name, want := range map[string]string{"grant_type": "client_credentials", "scope": "weather.read", "resource": "https://weather.example"} {
		if form.Get(name) != want {
			t.Errorf("%s: %q", name, form.Get(name))
		}
	}
	first := h.upstream.requests()[0].Header.Get("Authorization")
	if !strings.HasPrefix(first, "Bearer at-") {
		t.Errorf("Authorization: %q", first)
	}
	h.clock.advance(6 * time.Minute)
	h.browser().fetch("GET", "/api/weather", "")
	seen := h.upstream.requests()
	if last := seen[len(seen)-1].Header.Get("Authorization"); last == first || h.provider.count("/token") != 2 {
		t.Errorf("an expired token was not replaced: %d requests", h.provider.count("/token"))
	}
	h.provider.change(func() {
		h.provider.refuse = func(url.Values) (int, string) { return 503, "" }
	})
	h.clock.advance(6 * time.Minute)
	if got := h.browser().fetch("GET", "/api/weather", ""); got.StatusCode != 503 || !strings.Contains(got.body, "idp_unavailable") {
		t.Errorf("an outage: status %d: %s", got.StatusCode, got.body)
	}
	if status, _ := h.browser().raw("GET /api/weather HTTP/1.1\r\nHost: %HOST%\r\nConnection: close\r\n\r\n"); status != 403 {
		t.Errorf("without the header: status %d", status)
	}
}

func TestClientTokensNeverReachAnotherAudience(t *testing.T) {
	var h *house
	h = open(t, func(c *Config) { clientRoute(h)(c) })
	h.provider.respond = func(answer map[string]any) { answer["scope"] = "openid profile notes.read weather.read" }
	b := h.browser()
	b.signIn()
	tokens := map[string]string{}
	for _, path := range []string{"/api/notes", "/api/weather", "/api/notes", "/api/weather"} {
		b.fetch("GET", path, "")
		seen := h.upstream.requests()
		sent := seen[len(seen)-1].Header.Get("Authorization")
		if known := tokens[path]; known != "" && known != sent {
			t.Errorf("%s got another token", path)
		}
		tokens[path] = sent
	}
	if tokens["/api/notes"] == tokens["/api/weather"] || tokens["/api/notes"] == "" {
		t.Errorf("one token for both: %v", tokens)
	}
}
