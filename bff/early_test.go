package bff

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"cloakroom/bff/session"
)

func TestTokenIsRenewedAheadOfItsEndAndNobodyWaits(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	hold := make(chan struct{})
	h.provider.change(func() { h.provider.hold = hold })
	h.clock.advance(5*time.Minute - 20*time.Second)
	before := h.record(b).Tokens[""].AccessToken
	for range 5 { // the provider does not answer, and the token serves
		if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
	}
	waitFor(t, func() bool { return h.provider.count("/token") == 2 })
	h.provider.change(func() { h.provider.hold = nil })
	close(hold)
	waitFor(t, func() bool { return h.record(b).Tokens[""].AccessToken != before })
	b.fetch(http.MethodGet, "/api/notes", "")
	if asked := h.provider.count("/token"); asked != 2 {
		t.Errorf("%d token requests, want the sign-in's and one renewal", asked)
	}
}

func TestRenewalAheadOfTimeThatFailsPausesAndEndsNothing(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.provider.change(func() { h.provider.refuse = func(url.Values) (int, string) { return 503, "{}" } })
	h.clock.advance(5*time.Minute - 20*time.Second)
	for range 20 {
		if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if asked := h.provider.count("/token"); asked != 2 {
		t.Errorf("%d token requests in the pause after a failure", asked)
	}
	h.clock.advance(earlyPause)
	b.fetch(http.MethodGet, "/api/notes", "")
	waitFor(t, func() bool { return h.provider.count("/token") == 3 })
	if !sessionOf(t, b).Authenticated {
		t.Error("an outage ended the session")
	}
}

func TestShortLivedTokensAreNotRenewedAllTheTime(t *testing.T) {
	now := time.Now()
	for name, row := range map[string]struct {
		life, want time.Duration
	}{"five minutes": {5 * time.Minute, refreshAhead}, "twenty seconds": {20 * time.Second, 5 * time.Second}, "unknown": {0, refreshAhead}} {
		token := session.Token{Issued: now, Expires: now.Add(row.life)}
		if row.life == 0 {
			token = session.Token{Expires: now.Add(time.Second)}
		}
		if got := ahead(token, refreshAhead, 4); got != row.want {
			t.Errorf("%s: %s ahead, want %s", name, got, row.want)
		}
	}
}
