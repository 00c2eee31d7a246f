package authserver_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestLogoutRedirectsOnlyForAProvenClientToItsOwnAddress(t *testing.T) {
	h := start(t)
	b := h.browser()
	hint := b.exchange(redemption(b.code(request()))).IDToken
	stranger := h.browser()
	page := stranger.get(h.authorizeURL(request()))
	page = stranger.signIn(page, "bob", "builder")
	foreign := stranger.exchange(redemption(stranger.submit(page, "allow", nil).location(t, callback).Get("code"))).IDToken
	parts := strings.Split(hint, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	for name, query := range map[string]url.Values{
		"no hint":         {"post_logout_redirect_uri": {afterLogout}},
		"client_id alone": {"post_logout_redirect_uri": {afterLogout}, "client_id": {"web"}},
		"unsigned hint":   {"post_logout_redirect_uri": {afterLogout}, "id_token_hint": {unsigned}},
		"altered hint":    {"post_logout_redirect_uri": {afterLogout}, "id_token_hint": {hint[:len(hint)-8]}},
		"unregistered":    {"post_logout_redirect_uri": {"https://evil.example/"}, "id_token_hint": {hint}},
		"appended":        {"post_logout_redirect_uri": {afterLogout + "?x"}, "id_token_hint": {hint}},
		"other client_id": {"post_logout_redirect_uri": {afterLogout}, "id_token_hint": {hint}, "client_id": {"other"}},
		"nothing":         {},
		"repeated":        {"post_logout_redirect_uri": {afterLogout, afterLogout}, "id_token_hint": {hint}},
		"of another user": {"post_logout_redirect_uri": {afterLogout}, "id_token_hint": {foreign}},
	} {
		answer := b.get(h.issuer + "/oauth2/logout?" + query.Encode())
		if answer.Header.Get("Location") != "" {
			t.Errorf("%s: redirects to %s", name, answer.Header.Get("Location"))
		}
		if got := b.get(h.authorizeURL(request(with("prompt", "none")))).location(t, callback); got.Get("code") == "" {
			t.Fatalf("%s: signed out without being asked", name)
		}
	}
	out := b.post(h.issuer+"/oauth2/logout", url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}, "state": {"s"}})
	if got := out.location(t, afterLogout); got.Get("state") != "s" {
		t.Errorf("control: %v", got)
	}
}

func TestLogoutConfirmationSignsOutOnYesOnly(t *testing.T) {
	h := start(t)
	b := h.browser()
	access := b.exchange(redemption(b.code(request()))).AccessToken
	page := b.get(h.issuer + "/oauth2/logout")
	if !strings.Contains(page.body, `id="logout_yes"`) || !strings.Contains(page.body, `id="logout_no"`) {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	forged := b.post(h.issuer+"/oauth2/logout/confirm", url.Values{"action": {"yes"}})
	if forged.StatusCode != http.StatusForbidden {
		t.Errorf("without token: %d", forged.StatusCode)
	}
	if stay := b.submit(page, "no", nil); !strings.Contains(stay.body, "still signed in") || b.userinfo(access) != http.StatusOK {
		t.Errorf("no: %d", stay.StatusCode)
	}
	if gone := b.submit(page, "yes", nil); !strings.Contains(gone.body, "You are signed out") {
		t.Errorf("yes: %d\n%s", gone.StatusCode, gone.body)
	}
	if got := b.userinfo(access); got != http.StatusUnauthorized {
		t.Errorf("the access token outlives the session: %d", got)
	}
}

func TestSignOutPageSaysWhatEndsAndWhatStays(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.atAccount("")
	if page := b.get(h.issuer + "/oauth2/logout"); strings.Contains(page.body, "The web app") || !strings.Contains(page.body, `id="logout_yes"`) {
		t.Errorf("nothing was used: %d %s", page.StatusCode, page.body)
	}
	b.code(request(with("scope", "openid")))
	if page := b.get(h.issuer + "/oauth2/logout"); !strings.Contains(page.body, "With it ends the access of:") || !strings.Contains(page.body, "<li>The web app</li>") || strings.Contains(page.body, "while you are away") {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	other := h.browser()
	other.code(request(with("scope", "openid offline_access")))
	if page := other.get(h.issuer + "/oauth2/logout"); !strings.Contains(page.body, "while you are away") || strings.Contains(page.body, "With it ends") || !strings.Contains(page.body, `href="/demo/baseline/account/applications"`) {
		t.Errorf("with offline access: %d %s", page.StatusCode, page.body)
	}
}
