package bff

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/bff/session"
)

func (h *house) record(b *browser) session.Record {
	h.t.Helper()
	r, _ := http.NewRequest(http.MethodGet, "/", http.NoBody)
	r.AddCookie(&http.Cookie{Name: session.CookieName, Value: b.cookies[session.CookieName]})
	record, err := h.bff.sessions.Current(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return record
}

func TestHundredCallsWithAnExpiredTokenRefreshOnce(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	before := h.record(b)
	h.clock.advance(6 * time.Minute)
	var calls sync.WaitGroup
	for range 100 {
		calls.Go(func() {
			client := &browser{h, map[string]string{session.CookieName: b.cookies[session.CookieName]}}
			if got := client.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
		})
	}
	calls.Wait()
	if asked := h.provider.count("/token"); asked != 2 {
		t.Errorf("%d token requests, want the sign-in's and one refresh", asked)
	}
	after := h.record(b)
	if after.RefreshToken == before.RefreshToken || after.Tokens[""].AccessToken == before.Tokens[""].AccessToken {
		t.Error("the record holds the old tokens")
	}
	for _, seen := range h.upstream.requests() {
		if seen.Header.Get("Authorization") != "Bearer "+after.Tokens[""].AccessToken {
			t.Error("the API got another token")
		}
	}
	if form := h.provider.forms[1]; form.Get("grant_type") != "refresh_token" || form.Get("refresh_token") != before.RefreshToken || form.Get("resource") != "https://api.example" {
		t.Errorf("refresh request: %v", form)
	}
}

func TestRefreshOutageKeepsTheSession(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"503":                    {503, `{}`},
		"500 with a code":        {500, `{"error":"invalid_grant"}`},
		"429":                    {429, `{"error":"slow_down"}`},
		"not JSON":               {400, `<html>`},
		"our secret is wrong":    {401, `{"error":"invalid_client"}`},
		"the scope is refused":   {400, `{"error":"invalid_scope"}`},
		"no token in the answer": {200, `{"token_type":"Bearer"}`},
	} {
		h := open(t)
		b := h.browser()
		b.signIn()
		h.provider.change(func() {
			h.provider.refuse = func(url.Values) (int, string) { return answer.status, answer.body }
		})
		h.clock.advance(5*time.Minute - 5*time.Second)
		if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
			t.Errorf("%s: the old token still lives: status %d: %s", name, got.StatusCode, got.body)
		}
		h.clock.advance(time.Minute)
		if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 503 || !strings.Contains(got.body, "idp_unavailable") {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
		if !sessionOf(t, b).Authenticated {
			t.Errorf("%s: ended the session", name)
		}
		h.provider.change(func() { h.provider.refuse = nil })
		// The renewal ahead of time may still be under way, and be joined: what it was answered in the outage is not the end.
		got := b.fetch(http.MethodGet, "/api/notes", "")
		for tries := 0; got.StatusCode == 503 && tries < 3; tries++ {
			got = b.fetch(http.MethodGet, "/api/notes", "")
		}
		if got.StatusCode != 200 {
			t.Errorf("%s: after the outage: status %d: %s", name, got.StatusCode, got.body)
		}
	}
}

func TestInvalidGrantEndsTheSession(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.provider.change(func() {
		h.provider.refuse = func(url.Values) (int, string) { return 400, `{"error":"invalid_grant"}` }
	})
	if got := b.fetch(http.MethodPost, "/bff/session/refresh", ""); got.StatusCode != 401 || !strings.Contains(got.body, "session_revoked") {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	if sessionOf(t, b).Authenticated {
		t.Error("still signed in")
	}
}

func TestInvalidGrantForATokenThatWasRotatedElsewhereEndsNothing(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	record := h.record(b)
	h.provider.change(func() {
		h.provider.refuse = func(url.Values) (int, string) {
			// Another instance stores its rotation between our reading and the answer.
			changed := record.Clone()
			changed.RefreshToken = "rt-of-the-other-instance"
			changed.Tokens[""] = session.Token{AccessToken: "at-of-the-other-instance", Type: "Bearer", Expires: h.clock.now().Add(time.Hour), Scopes: []string{"notes.read"}}
			if _, err := h.store.Update(context.Background(), changed); err != nil {
				t.Error(err)
			}
			return 400, `{"error":"invalid_grant"}`
		}
	})
	h.clock.advance(6 * time.Minute)
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	if seen := h.upstream.requests(); len(seen) != 1 || seen[0].Header.Get("Authorization") != "Bearer at-of-the-other-instance" {
		t.Errorf("the API got %v", seen)
	}
}

func TestRefreshSurvivesItsCaller(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	before := h.record(b)
	hold := make(chan struct{})
	h.provider.change(func() { h.provider.hold = hold })
	h.clock.advance(6 * time.Minute)
	ctx, abort := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, h.origin+"/api/notes", http.NoBody)
	for name, value := range fetchHeaders() {
		r.Header.Set(name, value)
	}
	r.AddCookie(&http.Cookie{Name: session.CookieName, Value: b.cookies[session.CookieName]})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if response, err := testTransport.RoundTrip(r); err == nil {
			_ = response.Body.Close()
			t.Error("the aborted request got an answer")
		}
	}()
	waitFor(t, func() bool { return h.provider.count("/token") == 2 })
	abort()
	<-gone
	h.provider.change(func() { h.provider.hold = nil })
	close(hold)
	waitFor(t, func() bool {
		record, err := h.store.Store.Load(t.Context(), before.ID)
		return err == nil && record.RefreshToken != before.RefreshToken
	})
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 || h.provider.count("/token") != 2 {
		t.Errorf("status %d after %d token requests", got.StatusCode, h.provider.count("/token"))
	}
}

func TestLogoutDuringARefreshWinsAndTheNewTokenIsRevoked(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	hold := make(chan struct{})
	h.provider.change(func() { h.provider.hold = hold })
	var refresh sync.WaitGroup
	refresh.Go(func() {
		other := &browser{h, map[string]string{session.CookieName: b.cookies[session.CookieName]}}
		if got := other.fetch(http.MethodPost, "/bff/session/refresh", ""); got.StatusCode != 401 || !strings.Contains(got.body, "session_revoked") {
			t.Errorf("refresh: status %d: %s", got.StatusCode, got.body)
		}
	})
	waitFor(t, func() bool { return h.provider.count("/token") == 2 })
	cookie := b.cookies[session.CookieName]
	b.fetch(http.MethodPost, "/bff/logout", "")
	close(hold)
	refresh.Wait()
	b.cookies[session.CookieName] = cookie
	if sessionOf(t, b).Authenticated {
		t.Error("the refresh brought the session back")
	}
	waitFor(t, func() bool { return len(h.provider.revocations()) == 2 })
}

func TestRouteOfAnotherAudienceGetsItsOwnToken(t *testing.T) {
	h := open(t, func(c *Config) {
		c.Routes = append(c.Routes, RouteConfig{
			Prefix: "/api/other", Upstream: c.Routes[0].Upstream, Methods: []string{"GET"}, Token: tokenUser, Resource: "https://other.example",
			Timeout: time.Second, BodyLimit: 1,
		})
	})
	b := h.browser()
	b.signIn()
	for range 2 {
		for _, path := range []string{"/api/notes", "/api/other"} {
			if got := b.fetch(http.MethodGet, path, ""); got.StatusCode != 200 {
				t.Fatalf("%s: status %d: %s", path, got.StatusCode, got.body)
			}
		}
	}
	seen := h.upstream.requests()
	notes, other := seen[0].Header.Get("Authorization"), seen[1].Header.Get("Authorization")
	if notes == other || seen[2].Header.Get("Authorization") != notes || seen[3].Header.Get("Authorization") != other {
		t.Error("a token for one audience was sent to another, or not kept")
	}
	if h.provider.count("/token") != 2 || h.provider.forms[1].Get("resource") != "https://other.example" {
		t.Errorf("token requests: %v", h.provider.forms)
	}
}

// waitFor is for what happens in the background.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it did not happen")
}

// An instance that is paused after it read the session, until its turn is another's, sends no refresh token that may be spent.
func TestInstanceThatWasPausedRedeemsNothingASecondTime(t *testing.T) {
	h := open(t)
	twin := h.twin()
	b := h.browser()
	b.signIn()
	var there result
	pause := sync.OnceFunc(func() {
		h.clock.advance(7 * time.Second) // longer than a lease lives
		there = b.at(twin).fetch(http.MethodPost, "/bff/session/refresh", "")
	})
	h.store.beginPause.Store(&pause)
	here := b.fetch(http.MethodPost, "/bff/session/refresh", "")
	if here.StatusCode != 200 || there.StatusCode != 200 {
		t.Errorf("here status %d: %s; there status %d: %s", here.StatusCode, here.body, there.StatusCode, there.body)
	}
	spent := map[string]int{}
	for _, form := range h.provider.forms {
		if token := form.Get("refresh_token"); token != "" {
			spent[token]++
		}
	}
	if len(spent) == 0 {
		t.Fatal("control: nothing was redeemed")
	}
	for token, times := range spent {
		if times != 1 {
			t.Errorf("%s was redeemed %d times", token, times)
		}
	}
}

// OpenID Connect Core §12.2: an ID token that comes with renewed tokens is about the same user.
func TestRenewedTokensOfAnotherUserEndTheSession(t *testing.T) {
	for name, row := range map[string]struct {
		idToken func(*stub) any
		want    int
	}{
		"none":          {func(*stub) any { return nil }, 200},
		"the same user": {func(s *stub) any { return s.idToken(url.Values{"client_id": {"cloak room"}}, "") }, 200},
		"unreadable":    {func(*stub) any { return "a.b.c" }, 200},
		"another user": {func(s *stub) any {
			s.claims = func(c map[string]any) { c["sub"] = "mallory" }
			return s.idToken(nil, "")
		}, 401},
		"another's issuer": {func(s *stub) any {
			s.claims = func(c map[string]any) { c["iss"] = "https://evil.example" }
			return s.idToken(nil, "")
		}, 401},
	} {
		h := open(t)
		b := h.browser()
		b.signIn()
		h.provider.change(func() {
			h.provider.respond = func(response map[string]any) { response["id_token"] = row.idToken(h.provider) }
		})
		h.clock.advance(6 * time.Minute)
		got := b.fetch(http.MethodGet, "/api/notes", "")
		if got.StatusCode != row.want || sessionOf(t, b).Authenticated != (row.want == 200) {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
		if reached := len(h.upstream.requests()); row.want != 200 && reached != 0 {
			t.Errorf("%s: the API was shown another user's token", name)
		}
	}
}

// RFC 6749 §5.1: expires_in is recommended. What a server makes of it costs nobody their session.
func TestAnOddLifetimeIsAsGoodAsNone(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`300`: 5 * time.Minute, `"60"`: time.Minute, `60.5`: 60500 * time.Millisecond, `null`: defaultTokenLifetime, `0`: defaultTokenLifetime, `-1`: defaultTokenLifetime,
		`""`: defaultTokenLifetime, `"soon"`: defaultTokenLifetime, `true`: defaultTokenLifetime, `{}`: defaultTokenLifetime, `1e300`: defaultTokenLifetime, `"NaN"`: defaultTokenLifetime,
	} {
		h := open(t)
		h.provider.respond = func(response map[string]any) { response["expires_in"] = json.RawMessage(text) }
		b := h.browser()
		b.signIn()
		if token := h.record(b).Tokens[""]; token.Expires.Sub(token.Issued) != want {
			t.Errorf("%s: %s, want %s", text, token.Expires.Sub(token.Issued), want)
		}
	}
}
