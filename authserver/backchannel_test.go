package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

func TestLogoutTellsEveryClientOfTheSession(t *testing.T) {
	web, other := newParty(t), newParty(t)
	h := startParties(t, loopback, web.URL+"/logout", other.URL+"/logout")
	b, elsewhere := h.browser(), h.browser()
	hint := b.signInAt("web", callback)
	b.signInAt("other", "https://other.example/callback")
	b.signInAt("silent", "https://silent.example/callback")
	elsewhere.signInAt("other", "https://other.example/callback") // another session of the same user

	out := b.get(h.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}}.Encode())
	out.location(t, afterLogout)
	_, id := logoutClaims(t, hint)
	header, claims := logoutClaims(t, web.token(t))
	h.verifies(claims, header, "web")
	if claims["sub"] != id["sub"] || claims["sid"] != id["sid"] || claims["sid"] == nil {
		t.Errorf("the ID token says %v, the logout token %v", id, claims)
	}
	_, others := logoutClaims(t, other.token(t))
	if others["aud"] != "other" || others["sid"] == claims["sid"] || others["jti"] == claims["jti"] {
		t.Errorf("other: %v", others)
	}
	other.quiet(t) // the other session goes on
	web.quiet(t)
}

// verifies holds a logout token to OpenID Connect Back-Channel Logout 1.0 §2.4.
func (h *house) verifies(claims, header map[string]any, client string) {
	h.t.Helper()
	if header["typ"] != "logout+jwt" || header["alg"] != "RS256" || header["kid"] == nil {
		h.t.Errorf("header %v", header)
	}
	events, _ := claims["events"].(map[string]any)
	event, _ := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	issued, _ := claims["iat"].(float64)
	expires, _ := claims["exp"].(float64)
	_, nonce := claims["nonce"]
	if claims["iss"] != h.issuer || claims["aud"] != client || claims["jti"] == nil || event == nil || len(events) != 1 || nonce ||
		issued == 0 || expires <= issued || expires-issued > 120 {
		h.t.Errorf("claims %v", claims)
	}
}

func TestLogoutTokenVerifiesWithThePublishedKeys(t *testing.T) {
	web, other := newParty(t), newParty(t)
	h := startParties(t, loopback, web.URL, other.URL)
	b := h.browser()
	b.signInAt("web", callback)
	page := b.get(h.issuer + "/oauth2/logout") // the confirmation page tells as well
	web.quiet(t)
	b.submit(page, "yes", nil)
	set, err := jwk.Parse([]byte(b.get(h.issuer + "/oauth2/jwks").body))
	if err != nil {
		t.Fatal(err)
	}
	text := web.token(t)
	if _, err := jws.Verify([]byte(text), jws.WithKeySet(set)); err != nil {
		t.Error(err)
	}
	if _, err := jws.Verify([]byte(text[:len(text)-8]+"AAAAAAAA"), jws.WithKeySet(set)); err == nil {
		t.Error("the control: an altered token verifies")
	}
}

func TestLogoutIsTriedAgainUntilTheClientTookItOrRefused(t *testing.T) {
	for _, row := range []struct {
		name     string
		answers  []int
		attempts int
	}{
		{"taken at once", nil, 1},
		{"taken without content", []int{http.StatusNoContent}, 1},
		{"down twice", []int{http.StatusServiceUnavailable, http.StatusBadGateway}, 3},
		{"too many requests", []int{http.StatusTooManyRequests}, 2},
		{"refused", []int{http.StatusBadRequest}, 1},
		{"a redirect is not followed", []int{http.StatusFound}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			web := newParty(t)
			h := startParties(t, loopback, web.URL, "https://other.example/")
			for _, status := range row.answers {
				web.answers <- status
			}
			b := h.browser()
			hint := b.signInAt("web", callback)
			b.get(h.issuer + "/oauth2/logout?id_token_hint=" + hint)
			seen := map[any]bool{}
			for range row.attempts {
				_, claims := logoutClaims(t, web.token(t))
				seen[claims["jti"]] = true
			}
			if len(seen) != row.attempts {
				t.Errorf("%d attempts had %d different jti", row.attempts, len(seen))
			}
			web.quiet(t)
		})
	}
}

func TestSessionEndsWhateverBecomesOfItsClients(t *testing.T) {
	web := newParty(t)
	h := startParties(t, loopback, web.URL, "https://other.example/")
	web.Close() // nobody listens there
	b := h.browser()
	hint := b.signInAt("web", callback)
	if out := b.get(h.issuer + "/oauth2/logout?id_token_hint=" + hint); !strings.Contains(out.body, "signed out") {
		t.Errorf("%d %s", out.StatusCode, out.body)
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(h.log.String(), "backchannel_logout_not_delivered"); {
		if time.Now().After(deadline) {
			t.Fatal("the log does not say that the client was not told")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if log := h.log.String(); strings.Contains(log, hint) || strings.Contains(log, "logout_token") {
		t.Error("a token is in the log")
	}
}

func TestDiscoverySaysBackchannelLogout(t *testing.T) {
	h := startParties(t, loopback, "https://app.example/logout", "https://other.example/")
	var document map[string]any
	if err := json.Unmarshal([]byte(h.browser().get(h.issuer+"/.well-known/openid-configuration").body), &document); err != nil {
		t.Fatal(err)
	}
	if document["backchannel_logout_supported"] != true || document["backchannel_logout_session_supported"] != true {
		t.Errorf("%v %v", document["backchannel_logout_supported"], document["backchannel_logout_session_supported"])
	}
}
