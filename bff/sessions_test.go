package bff

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestExpiredTokenWithoutRefreshTokenIsAnExpiredSession(t *testing.T) {
	h := open(t)
	h.provider.noRefresh = true
	b := h.browser()
	b.signIn()
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
		t.Errorf("control: status %d", got.StatusCode)
	}
	// Nobody is told that the session is over while it is not.
	if got := b.fetch(http.MethodPost, "/bff/session/refresh", ""); got.StatusCode != 503 || !strings.Contains(got.body, "idp_unavailable") || !sessionOf(t, b).Authenticated {
		t.Errorf("refresh: status %d: %s", got.StatusCode, got.body)
	}
	h.clock.advance(6 * time.Minute)
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 401 || !strings.Contains(got.body, "session_expired") {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	if sessionOf(t, b).Authenticated {
		t.Error("a session that no API knows any more is said to go on")
	}
}

func TestSessionsEndByThemselves(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	idle := sessionOf(t, b).Expiry.Idle
	h.clock.advance(20 * time.Minute)
	if polled := sessionOf(t, b).Expiry.Idle; !polled.Equal(idle) {
		t.Error("polling extended the session")
	}
	if got := b.fetch(http.MethodPost, "/bff/session/extend", ""); got.StatusCode != 200 || !sessionOf(t, b).Expiry.Idle.After(idle) {
		t.Errorf("extend: status %d: %s", got.StatusCode, got.body)
	}
	h.clock.advance(31 * time.Minute)
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 401 || !strings.Contains(got.body, "session_expired") {
		t.Errorf("idle: status %d: %s", got.StatusCode, got.body)
	}
	if sessionOf(t, b).Authenticated {
		t.Error("idle: still signed in")
	}
}

func TestMySessionsAreListedAndEnded(t *testing.T) {
	h := open(t)
	here, there, third := h.browser(), h.browser(), h.browser()
	here.signIn()
	there.signIn()
	third.signIn()
	handle := sessionOf(t, there).Handle
	if got := here.fetch(http.MethodGet, "/bff/sessions", ""); got.StatusCode != 200 || strings.Count(got.body, `"handle"`) != 3 || strings.Count(got.body, `"current":true`) != 1 || !strings.Contains(got.body, handle) {
		t.Errorf("list: status %d: %s", got.StatusCode, got.body)
	}
	if got := here.fetch(http.MethodDelete, "/bff/sessions/"+handle, ""); got.StatusCode != 204 {
		t.Errorf("end one: status %d: %s", got.StatusCode, got.body)
	}
	if sessionOf(t, there).Authenticated || !sessionOf(t, third).Authenticated {
		t.Error("the wrong session ended")
	}
	if got := here.fetch(http.MethodDelete, "/bff/sessions/"+handle, ""); got.StatusCode != 404 {
		t.Errorf("end it again: status %d", got.StatusCode)
	}
	if got := here.fetch(http.MethodDelete, "/bff/sessions?scope=others", ""); got.StatusCode != 204 || sessionOf(t, third).Authenticated || !sessionOf(t, here).Authenticated {
		t.Errorf("end others: status %d", got.StatusCode)
	}
	if got := here.fetch(http.MethodDelete, "/bff/sessions?scope=all", ""); got.StatusCode != 204 || len(here.cookies) > 0 {
		t.Errorf("end all: status %d, cookies %v", got.StatusCode, here.cookies)
	}
	if revoked := h.provider.revocations(); len(revoked) != 3 {
		t.Errorf("%d refresh tokens revoked", len(revoked))
	}
}
