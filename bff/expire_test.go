package bff

import (
	"net/http"
	"sync"
	"testing"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

func TestExpiredOnPurposeTheAccessTokenIsRenewedByTheNextCall(t *testing.T) {
	h := open(t, traced)
	b := h.browser()
	b.signIn()
	if got := sessionOf(t, b).Links.Expire; got != api.PathSessionExpire {
		t.Fatalf("the session's document leads to %q", got)
	}
	b.fetch(http.MethodGet, "/api/notes", "")
	if asked := h.provider.count("/token"); asked != 1 {
		t.Fatalf("control: %d token requests before", asked)
	}
	before := h.record(b)
	if got := b.fetch(http.MethodPost, api.PathSessionExpire, ""); got.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	expired := h.record(b)
	if expired.Tokens[""].AccessToken != before.Tokens[""].AccessToken || expired.RefreshToken != before.RefreshToken {
		t.Error("a token changed")
	}
	if expiry := sessionOf(t, b).Expiry; expiry.AccessToken.After(expiry.Now) || !expiry.Idle.After(expiry.Now) || !expiry.Absolute.Equal(before.Absolute) {
		t.Errorf("the session says %+v", expiry)
	}
	s := b.inspect()
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			client := &browser{h, map[string]string{session.CookieName: b.cookies[session.CookieName]}}
			if got := client.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != http.StatusOK {
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
		})
	}
	calls.Wait()
	if asked := h.provider.count("/token"); asked != 2 {
		t.Errorf("%d token requests, want the sign-in's and one renewal", asked)
	}
	if after := h.record(b); after.Tokens[""].AccessToken == before.Tokens[""].AccessToken {
		t.Error("the token was not renewed")
	}
	s.of(api.FlowRefresh, api.TraceTokenEndpoint, api.PartyAuthorizationServer, api.PartyBFF)
}

func TestAccessTokenIsExpiredOnPurposeOnlyInTheDemonstrationAndOnlyOnesOwn(t *testing.T) {
	plain := open(t)
	b := plain.browser()
	b.signIn()
	if got := b.fetch(http.MethodPost, api.PathSessionExpire, ""); got.StatusCode != http.StatusNotFound || sessionOf(t, b).Links.Expire != "" {
		t.Errorf("outside the demonstration: status %d: %s", got.StatusCode, got.body)
	}

	h := open(t, traced)
	hers, his := h.browser(), h.browser()
	hers.signIn()
	his.signIn()
	before := h.record(his)
	if got := h.browser().fetch(http.MethodPost, api.PathSessionExpire, ""); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a session: status %d", got.StatusCode)
	}
	for name, headers := range map[string]map[string]string{
		"no header":    {"Sec-Fetch-Site": "same-origin"},
		"cross-site":   {"Sec-Fetch-Site": "cross-site", api.CSRFHeader: "1"},
		"other origin": {"Origin": "https://evil.example", api.CSRFHeader: "1"},
	} {
		if got := hers.do(http.MethodPost, api.PathSessionExpire, "", headers); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d", name, got.StatusCode)
		}
	}
	if got := hers.fetch(http.MethodGet, api.PathSessionExpire, ""); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", got.StatusCode)
	}
	if now := h.clock.now(); !h.record(hers).Tokens[""].Expires.After(now) {
		t.Error("a request that was refused expired the token")
	}
	if got := hers.fetch(http.MethodPost, api.PathSessionExpire, ""); got.StatusCode != http.StatusOK {
		t.Errorf("control: status %d", got.StatusCode)
	}
	if got := h.record(his).Tokens[""].Expires; !got.Equal(before.Tokens[""].Expires) {
		t.Error("another session's token is expired")
	}
}
