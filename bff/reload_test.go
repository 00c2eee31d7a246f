package bff

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestReloadReplacesRoutesAndProvidersAndKeepsSessions(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	if got := b.fetch(http.MethodGet, "/api/added/x", ""); got.StatusCode != 404 {
		t.Fatalf("control: status %d", got.StatusCode)
	}
	discovered := h.provider.count("/.well-known/openid-configuration")
	next := h.config(t)
	added := next.Routes[0]
	added.Prefix = "/api/added"
	next.Routes = append(next.Routes[:1:1], added)
	if err := h.bff.Reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/api/added/x": 200, "/api/notes": 200, "/api/open": 404} {
		if got := b.fetch(http.MethodGet, path, ""); got.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, got.StatusCode, want)
		}
	}
	h.browser().signIn()
	if again := h.provider.count("/.well-known/openid-configuration"); again != discovered {
		t.Error("a provider that did not change was discovered again")
	}
	next = h.config(t)
	next.Providers[0].ID = "other"
	if err := h.bff.Reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 401 || !strings.Contains(got.body, "session_revoked") {
		t.Errorf("a session of a provider that is gone: status %d: %s", got.StatusCode, got.body)
	}
	if !h.logs.holds("event=configuration_reload outcome=ok") {
		t.Error("the reload is not in the audit stream")
	}
}

func TestReloadKeepsTheOldConfigurationWhenTheNewOneIsBad(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	for name, row := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"not valid":       {func(c *Config) { c.Routes[0].Methods = nil }, "routes[0].methods"},
		"another origin":  {func(c *Config) { c.Origin = "https://app.example" }, "origin: a change needs a restart"},
		"another address": {func(c *Config) { c.Listen = "localhost:1" }, "listen: a change needs a restart"},
		"other lifetimes": {func(c *Config) { c.Session.Idle *= 2 }, "session: a change needs a restart"},
		"the trace":       {func(c *Config) { c.Trace.Enabled = true }, "trace: a change needs a restart"},
		"two at once":     {func(c *Config) { c.Listen = "localhost:1"; c.Routes[0].Upstream = "ftp://x" }, "routes[0].upstream"},
	} {
		next := h.config(t)
		row.change(&next)
		if err := h.bff.Reload(t.Context(), next); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
		if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
			t.Errorf("%s: the old route is gone: status %d", name, got.StatusCode)
		}
	}
	if !h.logs.holds("event=configuration_reload outcome=kept") {
		t.Error("the failed reload is not in the audit stream")
	}
}

// The refresh token of one issuer is not for another that takes over its id.
func TestASessionOfAnotherIssuerUnderTheSameIDIsOver(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	another := newStub(t, h.clock.now)
	next := h.config(t)
	next.Providers[0].Issuer = another.issuer()
	if err := h.bff.Reload(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	h.clock.advance(6 * time.Minute)
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 401 || !strings.Contains(got.body, "session_revoked") {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	if sessionOf(t, b).Authenticated {
		t.Error("the session goes on")
	}
	b.fetch(http.MethodPost, "/bff/logout", "")
	if asked := another.count("/token") + another.count("/revoke"); asked != 0 {
		t.Errorf("the other issuer was shown the refresh token %d times", asked)
	}
}
