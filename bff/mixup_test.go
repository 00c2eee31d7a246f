package bff

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloakroom/bff/session"
)

// openTwo is a house with a second provider, "other", at another issuer.
func openTwo(t *testing.T) (*house, *stub) {
	t.Helper()
	var second *stub
	h := open(t, func(c *Config) {
		second = newStub(t, (&clock{}).now)
		another := c.Providers[0]
		another.ID, another.Name, another.Issuer = "other", "Other", second.issuer()
		c.Providers = append(c.Providers, another)
	})
	return h, second
}

func TestProvidersAreOfferedAndEachHasItsOwnRedirectURI(t *testing.T) {
	h, other := openTwo(t)
	b := h.browser()
	document := sessionOf(t, b)
	if len(document.Providers) != 2 || document.Providers[1].Login != "/bff/login?provider=other" {
		t.Errorf("providers: %+v", document.Providers)
	}
	login := b.navigate(document.Providers[1].Login)
	location, _ := url.Parse(login.Header.Get("Location"))
	if !strings.HasPrefix(location.String(), other.issuer()) || location.Query().Get("redirect_uri") != h.origin+"/bff/callback/other" {
		t.Errorf("login: %s", location)
	}
	if got := b.navigate("/bff/login?provider=nobody"); got.StatusCode != 400 || !strings.Contains(got.body, "unknown_provider") {
		t.Errorf("an unknown provider: status %d", got.StatusCode)
	}
	b.navigate(b.startSignIn("?provider=other"))
	if document = sessionOf(t, b); document.Provider != "other" || document.Auth.Issuer != other.issuer() {
		t.Errorf("session: %+v", document)
	}
}

// N02, N03, R09: a response counts where the sign-in was begun, with whom, and in which browser; nobody is asked to redeem
// anything else.
func TestResponseOfOneProviderIsWorthNothingElsewhere(t *testing.T) {
	for name, bend := range map[string]func(h *house, other *stub, callback *url.URL, cookies map[string]string){
		"control": func(*house, *stub, *url.URL, map[string]string) {},
		"N02: on the other provider's redirect URI": func(_ *house, _ *stub, u *url.URL, _ map[string]string) {
			u.Path = "/bff/callback/other"
		},
		"N02: there, with the other's iss": func(_ *house, other *stub, u *url.URL, _ map[string]string) {
			u.Path = "/bff/callback/other"
			set(u, "iss", other.issuer())
		},
		"N03: without the browser's transaction": func(_ *house, _ *stub, _ *url.URL, cookies map[string]string) { clear(cookies) },
		"R09: with the other's iss":              func(_ *house, other *stub, u *url.URL, _ map[string]string) { set(u, "iss", other.issuer()) },
		"R09: with a slash more": func(h *house, _ *stub, u *url.URL, _ map[string]string) {
			set(u, "iss", h.provider.issuer()+"/")
		},
		"R09: without iss": func(_ *house, _ *stub, u *url.URL, _ map[string]string) { set(u, "iss", "") },
		"R09: with two": func(h *house, _ *stub, u *url.URL, _ map[string]string) {
			u.RawQuery += "&iss=" + url.QueryEscape(h.provider.issuer())
		},
	} {
		h, other := openTwo(t)
		b := h.browser()
		callback, _ := url.Parse(b.startSignIn("?provider=baseline"))
		bend(h, other, callback, b.cookies)
		got := b.navigate(callback.String())
		signedIn, asked := b.cookies[session.CookieName] != "", h.provider.count("/token")+other.count("/token")
		if name == "control" {
			if !signedIn || asked != 1 {
				t.Errorf("%s: status %d, %d token requests", name, got.StatusCode, asked)
			}
			continue
		}
		if signedIn || asked != 0 || (got.StatusCode != 400 && !strings.Contains(got.Header.Get("Location"), "bff_error=issuer_mismatch")) {
			t.Errorf("%s: status %d %s, signed in %v, %d token requests", name, got.StatusCode, got.Header.Get("Location"), signedIn, asked)
		}
	}
}

func set(u *url.URL, name, value string) {
	query := u.Query()
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	u.RawQuery = query.Encode()
}

// N04: who is led to the end of a sign-in that somebody else began gets nothing, and neither does who began it.
func TestAuthorizeLinkOfAnotherBrowserEndsInNoSession(t *testing.T) {
	h := open(t)
	attacker, victim := h.browser(), h.browser()
	link := attacker.navigate("/bff/login").Header.Get("Location")
	callback := victim.do(http.MethodGet, link, "", nil).Header.Get("Location")
	if got := victim.navigate(callback); got.StatusCode != 400 || len(victim.cookies) != 0 || h.provider.count("/token") != 0 {
		t.Errorf("status %d, cookies %v", got.StatusCode, victim.cookies)
	}
	if sessionOf(t, attacker).Authenticated {
		t.Error("the one who began is signed in")
	}
	if got := attacker.navigate(callback); got.StatusCode != 303 || !sessionOf(t, attacker).Authenticated {
		t.Errorf("control: in its own browser: status %d", got.StatusCode)
	}
}
