package bff

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEventsTellWhatHappensToTheSession(t *testing.T) {
	h := open(t)
	h.bff.streams.tick = 20 * time.Millisecond
	b := h.browser()
	b.signIn()
	if links := sessionOf(t, b).Links; links.Events != "/bff/session/events" {
		t.Errorf("links %+v", links)
	}
	idle := sessionOf(t, b).Expiry.Idle
	s := b.listen()
	if data := s.want("hello"); !strings.Contains(data, `"idle"`) || strings.Contains(data, "at-") || strings.Contains(data, "rt-") {
		t.Errorf("hello %s", data)
	}
	b.fetch(http.MethodPost, "/bff/session/refresh", "")
	s.want("refreshed")
	h.clock.advance(29 * time.Minute)
	s.want("expiring")
	if !sessionOf(t, b).Expiry.Idle.Equal(idle) {
		t.Error("listening extended the session")
	}
	b.fetch(http.MethodPost, "/bff/session/extend", "")
	s.want("extended")
	h.clock.advance(31 * time.Minute)
	if data := s.want("expiring") + s.want("ended"); !strings.Contains(data, `"reason":"idle"`) {
		t.Errorf("ended %s", data)
	}
	s.want("")
	if got := b.do(http.MethodGet, "/bff/session/events", "", eventSource); got.StatusCode != 401 || !strings.Contains(got.body, "session_") {
		t.Errorf("afterwards: status %d: %s", got.StatusCode, got.body)
	}
}

func TestEventsSayWhyASessionEndedOnEveryInstanceWithinASecond(t *testing.T) {
	h := open(t)
	twin := h.twin()
	for reason, end := range map[string]func(b, other *browser){
		"signed_out": func(b, _ *browser) { b.fetch(http.MethodPost, "/bff/logout", "") },
		"ended": func(b, other *browser) {
			other.fetch(http.MethodDelete, "/bff/sessions/"+sessionOf(t, b).Handle, "")
		},
		"new_sign_in": func(b, _ *browser) {
			// The session cookie is Strict: the callback, which comes from the provider's site, does not see it.
			callback := b.startSignIn("")
			delete(b.cookies, "__Host-Http-cloakroom")
			b.navigate(callback)
		},
		"refresh": func(b, _ *browser) {
			h.provider.change(func() { h.provider.refuse = refuseRefresh })
			b.fetch(http.MethodPost, "/bff/session/refresh", "")
			h.provider.change(func() { h.provider.refuse = nil })
		},
		"provider": func(*browser, *browser) {
			if got := h.logoutToken(nil, nil); got.StatusCode != 200 {
				t.Errorf("back-channel logout: status %d: %s", got.StatusCode, got.body)
			}
		},
	} {
		b, other := h.browser(), h.browser()
		b.signIn()
		other.signIn()
		here, there := b.listen(), b.at(twin).listen()
		here.want("hello")
		there.want("hello")
		start := time.Now()
		end(b, other)
		for name, s := range map[string]*feed{"here": here, "at the twin": there} {
			if data := s.want("ended"); !strings.Contains(data, `"reason":"`+reason+`"`) {
				t.Errorf("%s, %s: %s", reason, name, data)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: told after %s", reason, took)
		}
	}
}

func TestEventsAreForOurOwnPageAndFewStreams(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	for name, row := range map[string]struct {
		headers map[string]string
		status  int
		code    string
	}{
		"cross-site":              {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "csrf_rejected"},
		"a sibling":               {map[string]string{"Sec-Fetch-Site": "same-site"}, 403, "csrf_rejected"},
		"nothing proves anything": {nil, 403, "csrf_rejected"},
		"another origin":          {map[string]string{"Origin": "https://evil.example"}, 403, "csrf_rejected"},
	} {
		if got := b.do(http.MethodGet, "/bff/session/events", "", row.headers); got.StatusCode != row.status || !strings.Contains(got.body, row.code) {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
	}
	if got := h.browser().do(http.MethodGet, "/bff/session/events", "", eventSource); got.StatusCode != 401 || !strings.Contains(got.body, "session_missing") {
		t.Errorf("anonymous: status %d: %s", got.StatusCode, got.body)
	}
	first, second := b.listen(), b.listen()
	if got := b.do(http.MethodGet, "/bff/session/events", "", eventSource); got.StatusCode != 429 || !strings.Contains(got.body, "too_many_streams") {
		t.Errorf("the third: status %d: %s", got.StatusCode, got.body)
	}
	first.stop()
	waitFor(t, func() bool {
		h.bff.streams.mu.Lock()
		defer h.bff.streams.mu.Unlock()
		return h.bff.streams.total == 1
	})
	b.listen().want("hello")
	second.want("hello")
}

func TestEventsSayThatTheStoreCannotBeAsked(t *testing.T) {
	h := open(t)
	h.bff.streams.tick = time.Millisecond
	b := h.browser()
	b.signIn()
	s := b.listen()
	s.want("hello")
	h.store.down.Store(true)
	s.want("degraded")
	h.store.down.Store(false)
	s.want("hello")
	if !sessionOf(t, b).Authenticated {
		t.Error("an outage ended the session")
	}
}
