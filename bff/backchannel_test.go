package bff

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func refuseRefresh(form url.Values) (int, string) {
	if form.Get("grant_type") == "refresh_token" {
		return 400, `{"error":"invalid_grant"}`
	}
	return 0, ""
}

// logoutToken sends a logout token for alice, bent as a test wants it.
func (h *house) logoutToken(bend func(claims map[string]any), header map[string]any) result {
	h.t.Helper()
	return h.sendLogout(url.Values{"logout_token": {h.makeLogoutToken(bend, header)}}.Encode())
}

func (h *house) makeLogoutToken(bend func(claims map[string]any), header map[string]any) string {
	h.t.Helper()
	now := h.clock.now()
	claims := map[string]any{
		"iss": h.provider.issuer(), "sub": "alice", "aud": "cloak room", "sid": "sid-1", "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"jti": rand.Text(), "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if bend != nil {
		bend(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		h.t.Fatal(err)
	}
	all := map[string]any{"typ": "logout+jwt"}
	maps.Copy(all, header)
	return signWith(h.t, payload, h.provider.alg, h.provider.rsa, h.provider.kid, all)
}

func (h *house) sendLogout(body string) result {
	h.t.Helper()
	return h.browser().do(http.MethodPost, "/bff/backchannel-logout/baseline", body, map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

func TestBackchannelLogoutEndsWhatItNames(t *testing.T) {
	for name, row := range map[string]struct {
		bend       func(map[string]any)
		alice, bob bool // still signed in
	}{
		"sub and sid":                  {func(map[string]any) {}, false, true},
		"sub":                          {func(c map[string]any) { delete(c, "sid") }, false, true},
		"sid":                          {func(c map[string]any) { delete(c, "sub") }, false, true},
		"L04: the sid of another user": {func(c map[string]any) { c["sid"] = "sid-of-bob" }, true, true},
		"the sid of bob alone":         {func(c map[string]any) { delete(c, "sub"); c["sid"] = "sid-of-bob" }, true, false},
		"an unknown user":              {func(c map[string]any) { c["sub"] = "carol"; delete(c, "sid") }, true, true},
		"a SUB of its own":             {func(c map[string]any) { c["SUB"], c["Nonce"] = "bob", "n" }, false, true},
		"several audiences":            {func(c map[string]any) { c["aud"] = []string{"x", "cloak room"} }, false, true},
	} {
		h := open(t)
		alice, bob := h.browser(), h.browser()
		alice.signIn()
		h.provider.change(func() { h.provider.claims = func(c map[string]any) { c["sub"], c["sid"] = "bob", "sid-of-bob" } })
		bob.signIn()
		if got := h.logoutToken(row.bend, nil); got.StatusCode != 200 || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
		if sessionOf(t, alice).Authenticated != row.alice || sessionOf(t, bob).Authenticated != row.bob {
			t.Errorf("%s: alice %v, bob %v", name, sessionOf(t, alice).Authenticated, sessionOf(t, bob).Authenticated)
		}
	}
}

// L01, L03, L04: every row is a valid token but for one thing, and ends nothing.
func TestBackchannelLogoutRefusesEveryBrokenToken(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	type change = func(map[string]any)
	for name, row := range map[string]struct {
		bend   change
		header map[string]any
	}{
		"typ JWT":                {nil, map[string]any{"typ": "JWT"}},
		"typ of an access token": {nil, map[string]any{"typ": "at+jwt"}},
		"crit":                   {nil, map[string]any{"crit": []string{"x"}, "x": 1}},
		"unknown kid":            {nil, map[string]any{"kid": "unknown"}},
		"iss of another":         {func(c map[string]any) { c["iss"] = "https://evil.example" }, nil},
		"iss with a slash":       {func(c map[string]any) { c["iss"] = h.provider.issuer() + "/" }, nil},
		"no iss":                 {func(c map[string]any) { delete(c, "iss") }, nil},
		"aud of another":         {func(c map[string]any) { c["aud"] = "another" }, nil},
		"no aud":                 {func(c map[string]any) { delete(c, "aud") }, nil},
		"no iat":                 {func(c map[string]any) { delete(c, "iat") }, nil},
		"iat in the future":      {func(c map[string]any) { c["iat"] = h.clock.now().Add(time.Minute).Unix() }, nil},
		"iat long past":          {func(c map[string]any) { c["iat"] = h.clock.now().Add(-3 * time.Minute).Unix() }, nil},
		"no exp":                 {func(c map[string]any) { delete(c, "exp") }, nil},
		"exp past":               {func(c map[string]any) { c["exp"] = h.clock.now().Add(-time.Minute).Unix() }, nil},
		"exp in an hour":         {func(c map[string]any) { c["exp"] = h.clock.now().Add(time.Hour).Unix() }, nil},
		"no jti":                 {func(c map[string]any) { delete(c, "jti") }, nil},
		"empty jti":              {func(c map[string]any) { c["jti"] = "" }, nil},
		"no events":              {func(c map[string]any) { delete(c, "events") }, nil},
		"another event":          {func(c map[string]any) { c["events"] = map[string]any{"http://x": map[string]any{}} }, nil},
		"event not an object": {func(c map[string]any) {
			c["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": true}
		}, nil},
		"nonce":                 {func(c map[string]any) { c["nonce"] = "n" }, nil},
		"null nonce":            {func(c map[string]any) { c["nonce"] = nil }, nil},
		"no sub and no sid":     {func(c map[string]any) { delete(c, "sub"); delete(c, "sid") }, nil},
		"Events in place of it": {func(c map[string]any) { c["Events"] = c["events"]; delete(c, "events") }, nil},
		"JTI in place of jti":   {func(c map[string]any) { c["JTI"] = c["jti"]; delete(c, "jti") }, nil},
		"sub not a string":      {func(c map[string]any) { c["sub"] = 7 }, nil},
		"the ID token itself":   {func(c map[string]any) { delete(c, "events"); c["nonce"] = "n" }, map[string]any{"typ": "JWT"}},
	} {
		got := h.logoutToken(row.bend, row.header)
		if got.StatusCode != 400 || !strings.Contains(got.body, `"error":"invalid_request"`) || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
	}
	good := h.makeLogoutToken(nil, nil)
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"no signature": parts[0] + "." + parts[1] + ".", "another's signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", 342), "not a JWT": "x", "empty": "",
	} {
		if got := h.sendLogout(url.Values{"logout_token": {token}}.Encode()); got.StatusCode != 400 {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
	}
	if !sessionOf(t, b).Authenticated {
		t.Fatal("a broken token ended the session")
	}
	if got := h.sendLogout("logout_token=" + good + "&other=ignored"); got.StatusCode != 200 || sessionOf(t, b).Authenticated {
		t.Errorf("control: status %d: %s", got.StatusCode, got.body)
	}
}

// L02: replayed after the user signed in again, the token is worth nothing, at any instance.
func TestBackchannelLogoutTakesATokenOnce(t *testing.T) {
	h := open(t)
	twin := h.twin()
	token := url.Values{"logout_token": {h.makeLogoutToken(nil, nil)}}.Encode()
	if got := h.sendLogout(token); got.StatusCode != 200 {
		t.Fatalf("control: status %d: %s", got.StatusCode, got.body)
	}
	b := h.browser()
	b.signIn()
	for _, at := range []*house{h, twin} {
		if got := at.sendLogout(token); got.StatusCode != 400 {
			t.Errorf("replayed: status %d: %s", got.StatusCode, got.body)
		}
	}
	if !sessionOf(t, b).Authenticated {
		t.Error("a replayed token ended the session")
	}
}

// L06: a form, by POST, with one token, of a sane size, from a server.
func TestBackchannelLogoutTakesOneForm(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	token := h.makeLogoutToken(nil, nil)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(form)
		maps.Copy(all, more)
		return all
	}
	for name, row := range map[string]struct {
		method, target, body string
		headers              map[string]string
		status               int
	}{
		"GET":                {"GET", "?logout_token=" + token, "", nil, 405},
		"in the query":       {"POST", "?logout_token=" + token, "", form, 400},
		"JSON":               {"POST", "", `{"logout_token":"` + token + `"}`, map[string]string{"Content-Type": "application/json"}, 400},
		"no type":            {"POST", "", "logout_token=" + token, nil, 400},
		"twice":              {"POST", "", "logout_token=" + token + "&logout_token=" + token, form, 400},
		"none":               {"POST", "", "x=y", form, 400},
		"a megabyte":         {"POST", "", "logout_token=" + strings.Repeat("x", 1<<20), form, 413},
		"by a browser":       {"POST", "", "logout_token=" + token, with(map[string]string{"Origin": "https://evil.example"}), 403},
		"by our own page":    {"POST", "", "logout_token=" + token, with(map[string]string{"Sec-Fetch-Site": "same-origin"}), 403},
		"unknown provider":   {"POST", "x", "logout_token=" + token, form, 400},
		"L05: front-channel": {"GET", "/../../frontchannel-logout", "", nil, 400},
	} {
		if got := b.do(row.method, "/bff/backchannel-logout/baseline"+row.target, row.body, row.headers); got.StatusCode != row.status {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
	}
	if !sessionOf(t, b).Authenticated {
		t.Fatal("one of them ended the session")
	}
	if got := h.sendLogout("logout_token=" + token); got.StatusCode != 200 || sessionOf(t, b).Authenticated {
		t.Errorf("control: status %d: %s", got.StatusCode, got.body)
	}
}

func TestBackchannelLogoutIsRetriedAfterAnOutage(t *testing.T) {
	h := open(t)
	twin := h.twin()
	b := h.browser()
	b.signIn()
	form := url.Values{"logout_token": {h.makeLogoutToken(nil, nil)}}.Encode()
	h.store.down.Store(true)
	if got := h.sendLogout(form); got.StatusCode != 503 || !strings.Contains(got.body, "store_unavailable") {
		t.Errorf("store down: status %d: %s", got.StatusCode, got.body)
	}
	h.store.down.Store(false)
	if !sessionOf(t, b).Authenticated {
		t.Error("the store was down, and the session ended")
	}
	// Which instance a provider reaches when it tries again is a load balancer's choice.
	if got := twin.sendLogout(form); got.StatusCode != 200 || sessionOf(t, b).Authenticated {
		t.Errorf("the same token again, at another instance: status %d: %s", got.StatusCode, got.body)
	}
	b.signIn()
	for _, at := range []*house{h, twin} {
		if got := at.sendLogout(form); got.StatusCode != 400 || !sessionOf(t, b).Authenticated {
			t.Errorf("and a third time: status %d", got.StatusCode)
		}
	}
}

func TestBackchannelLogoutWithoutTheProvidersKeysIsTriedAgain(t *testing.T) {
	h := open(t)
	form := url.Values{"logout_token": {h.makeLogoutToken(nil, nil)}}.Encode()
	h.provider.change(func() {
		h.provider.metadata = func(m map[string]any) { m["jwks_uri"] = h.provider.issuer() + "/nothing" }
	})
	if got := h.sendLogout(form); got.StatusCode != 503 {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
}
