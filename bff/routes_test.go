package bff

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestEveryRouteNamesItsGate(t *testing.T) {
	h := open(t, traced)
	known := []gate{gatePublic, gateNavigation, gateCallback, gateFetch, gateFetchOrForm, gateStream, gateServer, gateAPI}
	public := []string{"/bff/jwks.json", "/bff/popup.js", "/bff", "/bff/*", "/api", "/*"}
	routes := h.bff.endpoints()
	for _, e := range routes {
		if !slices.Contains(known, e.gate) {
			t.Errorf("%s has no gate", e.path)
		}
		if e.gate == gatePublic && !slices.Contains(public, e.path) {
			t.Errorf("%s is public and not on the list of what may be", e.path)
		}
	}
	for _, e := range routes {
		if e.gate == gateAPI && e.path != "/api/*" {
			t.Errorf("%s has the gate of the proxy, which only the proxy applies", e.path)
		}
	}
	if last := routes[len(routes)-1]; last.path != "/*" {
		t.Errorf("the last route is %s, not the page", last.path)
	}
	registered := h.bff.router.Routes()
	for _, r := range registered {
		if !slices.ContainsFunc(routes, func(e endpoint) bool { return e.path == r.Path }) {
			t.Errorf("%s is registered and not in the table", r.Path)
		}
	}
	if len(registered) == 0 {
		t.Error("control: nothing is registered")
	}
	if h.bff.pass(gate(0), &http.Request{Header: http.Header{"Sec-Fetch-Site": {"same-origin"}, canonicalCSRF: {"1"}}}) == nil {
		t.Error("a route without a gate lets requests through")
	}
}

func TestMethodsAreThoseOfTheTable(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	for _, row := range []struct{ method, path, allow string }{
		{"GET", "/bff/logout", "POST"},
		{"HEAD", "/bff/logout", "POST"},
		{"GET", "/bff/session/refresh", "POST"},
		{"POST", "/bff/login", "GET"},
		{"POST", "/bff/session", "GET"},
		{"OPTIONS", "/bff/session", "GET"},
		{"PUT", "/api/notes", "GET, POST, DELETE"},
		{"QUERY", "/api/notes", "GET, HEAD, POST, PUT, PATCH, DELETE"},
		{"get", "/api/notes", "GET, HEAD, POST, PUT, PATCH, DELETE"},
		{"TRACK", "/bff/logout", "GET, HEAD, POST, PUT, PATCH, DELETE"},
		{"TRACE", "/api/notes", "GET, POST, DELETE"},
	} {
		headers := fetchHeaders()
		headers["X-Http-Method-Override"] = "POST"
		got := b.do(row.method, row.path, "", headers)
		if got.StatusCode != 405 || got.Header.Get("Allow") != row.allow {
			t.Errorf("%s %s: status %d, Allow %q", row.method, row.path, got.StatusCode, got.Header.Get("Allow"))
		}
	}
	if status, body := b.raw("OPTIONS * HTTP/1.1\r\nHost: %HOST%\r\n%GUARD%\r\n\r\n"); status != 400 || !strings.Contains(body, "invalid_path") {
		t.Errorf("OPTIONS *: status %d: %s", status, body) // net/http would answer it
	}
	if !sessionOf(t, b).Authenticated || len(h.upstream.requests()) != 0 {
		t.Error("a refused method did something")
	}
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=1000")
		if strings.HasSuffix(r.URL.Path, "fails") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	anonymous := h.browser()
	for _, path := range []string{
		"/bff", "/bff/", "/bff/nothing", "/bff/session", "/bff/session/", "/bff/session/x.css", "/bff/session;.js", "/bff/session%2f.css", "/bff/user", "/bff/sessions",
		"/bff/login", "/bff/login?returnUrl=//evil", "/bff/logout", "/bff/callback/baseline", "/bff/callback/nobody", "/api", "/api/", "/api/nothing", "/api/notes", "/api/notes/fails", "/api/../x",
	} {
		for name, who := range map[string]*browser{"anonymous": anonymous, "signed in": b} {
			got := who.fetch(http.MethodGet, path, "")
			for header, want := range map[string]string{
				"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
				"Cross-Origin-Resource-Policy": "same-origin",
			} {
				if values := got.Header.Values(header); len(values) != 1 || values[0] != want {
					t.Errorf("%s, %s: status %d, %s: %q", path, name, got.StatusCode, header, values)
				}
			}
			if got.Header.Get("BFF-Source") == "" || !strings.Contains(got.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("%s, %s: status %d, %v", path, name, got.StatusCode, got.Header)
			}
			if got.Header.Get("BFF-Source") == "bff" && got.Header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s, %s: status %d, X-Frame-Options %q", path, name, got.StatusCode, got.Header.Get("X-Frame-Options"))
			}
			for header := range got.Header {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("%s: %s", path, header)
				}
			}
			if got.StatusCode/100 == 3 {
				t.Errorf("%s, %s: a redirect to a fetch", path, name)
			}
		}
	}
}

func TestPageIsServedUngatedAndNothingOfOursFallsThroughToIt(t *testing.T) {
	h := open(t)
	b := h.browser()
	for _, path := range []string{"/", "/about", "/web/app.css"} {
		if got := b.do(http.MethodGet, path, "", nil); got.StatusCode != 200 || got.body != "page "+path || got.Header.Get("Cache-Control") != "" {
			t.Errorf("%s: status %d: %s", path, got.StatusCode, got.body)
		}
	}
	for _, path := range []string{"/bff", "/bff/x", "/api", "/api/x", "/bff/session/x"} {
		if got := b.fetch(http.MethodGet, path, ""); got.StatusCode != 404 || !strings.Contains(got.body, `"code":"not_found"`) {
			t.Errorf("%s: status %d: %s", path, got.StatusCode, got.body)
		}
	}
}

// S10: what follows a route is another address.
func TestANameIsOneSegment(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	handle := sessionOf(t, b).Handle
	callback := strings.Replace(h.browser().startSignIn(""), h.origin+"/bff/callback/", "/bff/callback/x/", 1)
	for name, got := range map[string]result{
		"callback": b.navigate(callback),
		"session":  b.fetch(http.MethodDelete, "/bff/sessions/x/"+handle, ""),
		"logout": b.do(http.MethodPost, "/bff/backchannel-logout/x/baseline", "logout_token="+h.makeLogoutToken(nil, nil),
			map[string]string{"Content-Type": "application/x-www-form-urlencoded"}),
	} {
		if got.StatusCode != 404 || !strings.Contains(got.body, "not_found") || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
	}
	if !sessionOf(t, b).Authenticated {
		t.Error("an address that is none ended the session")
	}
	if got := b.fetch(http.MethodDelete, "/bff/sessions/"+handle, ""); got.StatusCode != 204 {
		t.Errorf("control: status %d", got.StatusCode)
	}
}
