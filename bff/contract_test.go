package bff

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// refused is one error of the contract: where, which code with which status, and how one comes to it.
type refused struct {
	path   string
	code   api.Code
	status int
	come   func(h *house, b *browser) result
}

// what brings the house and the browser into a state
var (
	nowhere      = func(*house, *browser) {}
	signedIn     = func(_ *house, b *browser) { b.signIn() }
	storeDown    = func(h *house, b *browser) { b.signIn(); h.clock.advance(time.Minute); h.store.down.Store(true) }
	providerDown = func(h *house, b *browser) {
		b.signIn()
		h.provider.change(func() { h.provider.refuse = func(url.Values) (int, string) { return 503, "{}" } })
	}
	expired = func(h *house, b *browser) { b.signIn(); h.clock.advance(31 * time.Minute) }
	revoked = func(h *house, b *browser) { b.signIn(); h.logoutToken(nil, nil) }
)

func byFetch(method, path string, before func(*house, *browser)) func(*house, *browser) result {
	return func(h *house, b *browser) result {
		before(h, b)
		return b.fetch(method, path, "")
	}
}

func byHeaders(method, path string, headers map[string]string, before func(*house, *browser)) func(*house, *browser) result {
	return func(h *house, b *browser) result {
		before(h, b)
		return b.do(method, path, "", headers)
	}
}

func byNavigation(path string, before func(*house, *browser)) func(*house, *browser) result {
	return byHeaders(http.MethodGet, path, navigation, before)
}

var crossSite = map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "X-BFF-CSRF": "1"}

// contract is what each endpoint of /bff/* refuses, as contract pages and clients know it.
var contract = []refused{
	{api.PathLogin, api.InvalidReturnURL, 400, byNavigation("/bff/login?returnUrl=//evil.example", nowhere)},
	{api.PathLogin, api.UnknownProvider, 400, byNavigation("/bff/login?provider=nobody", nowhere)},
	{api.PathLogin, api.InvalidRequest, 400, byNavigation("/bff/login?max_age=x", nowhere)},
	{api.PathLogin, api.NavigationRequired, 403, byFetch("GET", "/bff/login", nowhere)},
	{api.PathLogin, api.LoginLoop, 429, byNavigation("/bff/login", func(_ *house, b *browser) {
		for range loopLimit {
			b.signIn()
		}
	})},
	{api.PathLogin, api.IDPUnavailable, 503, byNavigation("/bff/login", func(h *house, _ *browser) { h.provider.server.Close() })},
	{api.PathCallback, api.StateMismatch, 400, byNavigation("/bff/callback/baseline?code=c&state=s", nowhere)},
	{api.PathCallback, api.UnknownProvider, 400, byNavigation("/bff/callback/nobody?code=c&state=s", nowhere)},
	{api.PathCallback, api.InvalidRequest, 400, byNavigation("/bff/callback/baseline?code=c&state=s&state=s", nowhere)},
	{api.PathCallback, api.TransactionExpired, 400, func(h *house, b *browser) result {
		callback := b.startSignIn("")
		h.clock.advance(transactionLifetime)
		return b.navigate(callback)
	}},
	{api.PathCallback, api.NavigationRequired, 403, byFetch("GET", "/bff/callback/baseline", nowhere)},
	{api.PathSession, api.CSRFRejected, 403, byHeaders("GET", "/bff/session", crossSite, signedIn)},
	{api.PathSession, api.StoreUnavailable, 503, byFetch("GET", "/bff/session", storeDown)},
	{api.PathUser, api.SessionMissing, 401, byFetch("GET", "/bff/user", nowhere)},
	{api.PathUser, api.CSRFRejected, 403, byHeaders("GET", "/bff/user", crossSite, signedIn)},
	{api.PathSessionExtend, api.SessionExpired, 401, byFetch("POST", "/bff/session/extend", expired)},
	{api.PathSessionExtend, api.SessionRevoked, 401, byFetch("POST", "/bff/session/extend", revoked)},
	{api.PathSessionExtend, api.StoreUnavailable, 503, byFetch("POST", "/bff/session/extend", storeDown)},
	{api.PathSessionRefresh, api.SessionExpired, 401, byFetch("POST", "/bff/session/refresh", expired)},
	{api.PathSessionRefresh, api.SessionRevoked, 401, byFetch("POST", "/bff/session/refresh", revoked)},
	{api.PathSessionRefresh, api.StoreUnavailable, 503, byFetch("POST", "/bff/session/refresh", storeDown)},
	{api.PathSessionRefresh, api.IDPUnavailable, 503, byFetch("POST", "/bff/session/refresh", providerDown)},
	{api.PathSessionExpire, api.SessionMissing, 401, byFetch("POST", api.PathSessionExpire, nowhere)},
	{api.PathSessionExpire, api.CSRFRejected, 403, byHeaders("POST", api.PathSessionExpire, crossSite, signedIn)},
	{api.PathSessionExpire, api.SessionRevoked, 401, byFetch("POST", api.PathSessionExpire, revoked)},
	{api.PathSessionExpire, api.StoreUnavailable, 503, byFetch("POST", api.PathSessionExpire, storeDown)},
	{api.PathSessionEvents, api.SessionMissing, 401, byHeaders("GET", "/bff/session/events", eventSource, nowhere)},
	{api.PathSessionEvents, api.CSRFRejected, 403, byHeaders("GET", "/bff/session/events", crossSite, signedIn)},
	{api.PathSessionEvents, api.TooManyStreams, 429, byHeaders("GET", "/bff/session/events", eventSource, func(_ *house, b *browser) {
		b.signIn()
		b.listen()
		b.listen()
	})},
	{api.PathSessions, api.SessionMissing, 401, byFetch("GET", "/bff/sessions", nowhere)},
	{api.PathSessions, api.InvalidRequest, 400, byFetch("DELETE", "/bff/sessions?scope=some", signedIn)},
	{api.PathSessions + "/", api.SessionRevoked, 401, byFetch("DELETE", "/bff/sessions/x", revoked)},
	{api.PathSessions + "/", api.NotFound, 404, byFetch("DELETE", "/bff/sessions/x", signedIn)},
	{api.PathLogout, api.CSRFRejected, 403, byHeaders("POST", "/bff/logout", crossSite, signedIn)},
	{api.PathLogout, api.StoreUnavailable, 503, byFetch("POST", "/bff/logout", storeDown)},
	{api.PathLogout, api.MethodNotAllowed, 405, byNavigation("/bff/logout", signedIn)},
	{api.PathBackchannelLogout, api.StoreUnavailable, 503, func(h *house, _ *browser) result {
		h.store.down.Store(true)
		return h.logoutToken(nil, nil)
	}},
	{api.PathTrace, api.SessionMissing, 401, byHeaders("GET", api.PathTrace, eventSource, nowhere)},
	{api.PathTrace, api.CSRFRejected, 403, byHeaders("GET", api.PathTrace, crossSite, signedIn)},
	{api.PathTrace, api.StoreUnavailable, 503, byHeaders("GET", api.PathTrace, eventSource, storeDown)},
	{api.PathTrace, api.TooManyStreams, 429, byHeaders("GET", api.PathTrace, eventSource, func(_ *house, b *browser) {
		b.signIn()
		b.inspect()
		b.inspect()
	})},
	{api.PathTraceStep, api.SessionMissing, 401, byFetch("POST", api.PathTraceStep, nowhere)},
	{api.PathTraceStep, api.CSRFRejected, 403, byHeaders("POST", api.PathTraceStep, crossSite, signedIn)},
	{api.PathPopup, api.NavigationRequired, 403, byFetch("GET", "/bff/popup", nowhere)},
	{"/bff/", api.NotFound, 404, byFetch("GET", "/bff/nothing", nowhere)},
	{"/bff/", api.InvalidPath, 400, byFetch("GET", "/bff//session", nowhere)},
	{"/bff/", api.DuplicateCookie, 400, func(_ *house, b *browser) result {
		headers := fetchHeaders()
		headers["Cookie"] = session.CookieName + "=a; " + session.CookieName + "=b"
		return b.do(http.MethodGet, "/bff/session", "", headers)
	}},
}

func TestEveryRefusalIsTheContracts(t *testing.T) {
	walked := map[string]bool{}
	for _, row := range contract {
		t.Run(row.path+" "+string(row.code), func(t *testing.T) {
			h := open(t, func(c *Config) { c.Trace.Enabled = isDemonstration(row.path) })
			got := row.come(h, h.browser())
			if got.StatusCode != row.status || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("BFF-Source") != "bff" {
				t.Fatalf("status %d, want %d, %v: %s", got.StatusCode, row.status, got.Header, got.body)
			}
			if strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
				if !strings.Contains(got.body, string(row.code)) || got.Request != nil && got.Request.Header.Get("Sec-Fetch-Mode") != "navigate" {
					t.Errorf("page %s", got.body)
				}
				return
			}
			var problem api.Problem
			err := json.Unmarshal([]byte(got.body), &problem)
			if err != nil || got.Header.Get("Content-Type") != api.ProblemType || problem.Code != row.code || problem.Status != row.status || problem.RequestID == "" {
				t.Errorf("%s: %s", got.Header.Get("Content-Type"), got.body)
			}
		})
		walked[row.path] = true
	}
	// Every endpoint of the routing table is in the walk, or says here why it is not.
	for _, e := range open(t).bff.endpoints() {
		path, _, _ := strings.Cut(e.path, ":")
		path = strings.TrimSuffix(path, "*")
		harmless := []string{"/bff", "/api", "/api/", "/", api.PathJWKS, api.PathPopupScript} // public, or the proxy's own tests
		if !walked[path] && !slices.Contains(harmless, path) {
			t.Errorf("%s is not walked", e.path)
		}
	}
}

// What a failed sign-in carries to the page.
func TestEveryFailedSignInNamesItsCode(t *testing.T) {
	answer := func(parameters string) func(*house, *url.URL) {
		return func(_ *house, u *url.URL) {
			query := u.Query()
			given, _ := url.ParseQuery(parameters)
			query.Del("code")
			maps.Copy(query, given)
			u.RawQuery = query.Encode()
		}
	}
	for code, bend := range map[api.Code]func(*house, *url.URL){
		api.AccessDenied:   answer("error=access_denied"),
		api.LoginRequired:  answer("error=login_required"),
		api.IssuerMismatch: answer("code=c&iss=https://evil.example"),
		api.IDTokenInvalid: func(h *house, _ *url.URL) {
			h.provider.change(func() { h.provider.claims = func(c map[string]any) { c["nonce"] = "x" } })
		},
		api.StepUpUnmet:         answer("error=unmet_authentication_requirements"),
		api.TokenExchangeFailed: answer("code=unknown"),
	} {
		h := open(t)
		b := h.browser()
		callback, _ := url.Parse(b.startSignIn("?returnUrl=/notes"))
		bend(h, callback)
		if got := b.navigate(callback.String()); got.StatusCode != 303 || got.Header.Get("Location") != "/notes?bff_error="+string(code) || len(b.cookies) != 1 || b.cookies[attemptsCookie] == "" {
			t.Errorf("%s: status %d, location %q, cookies %v", code, got.StatusCode, got.Header.Get("Location"), b.cookies)
		}
	}
}
