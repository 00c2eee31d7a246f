package bff

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestProxyReturnsOnlyListedHeaders(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	hostile := map[string]string{
		"Set-Cookie": "__Host-Http-cloakroom=planted; Secure; Path=/", "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true",
		"Strict-Transport-Security": "max-age=0", "Clear-Site-Data": `"*"`, "Content-Security-Policy": "default-src *", "Refresh": "0;url=http://evil.example",
		"Location": "http://evil.example", "Www-Authenticate": "Basic", "Server": "internal-7", "Alt-Svc": "h3=\":1\"", "Link": "<http://evil.example>; rel=preload",
		"Service-Worker-Allowed": "/", "Sourcemap": "/x", "Cache-Control": "public", "X-Powered-By": "x", "Nel": "{}", "Report-To": "{}", "Bff-Source": "bff",
	}
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		early := w.Header()
		early.Set("Set-Cookie", hostile["Set-Cookie"])
		early.Set("Link", hostile["Link"])
		w.WriteHeader(http.StatusEarlyHints)
		for name, value := range hostile {
			w.Header().Set(name, value)
		}
		w.Header().Set("Etag", `"1"`)
		w.Header().Set("X-Total", "7")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Trailer", "Set-Cookie")
		_, _ = io.WriteString(w, "{}")
		w.Header().Set("Set-Cookie", hostile["Set-Cookie"])
	})
	got := b.fetch(http.MethodGet, "/api/notes", "")
	if got.StatusCode != 200 || got.Header.Get("Etag") != `"1"` || got.Header.Get("X-Total") != "7" {
		t.Errorf("control: status %d, %v", got.StatusCode, got.Header)
	}
	for name, value := range hostile {
		for _, returned := range got.Header.Values(name) {
			if returned == value {
				t.Errorf("%s: %q reached the page", name, returned)
			}
		}
	}
	if len(got.Trailer) > 0 || len(got.Cookies()) > 0 {
		t.Errorf("trailer %v, cookies %v", got.Trailer, got.Cookies())
	}
	if got.Header.Get("BFF-Source") != "upstream" || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("ours: %v", got.Header)
	}
}

func TestProxyRefusesAnswersThatOnlyANavigationCouldUse(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	trap := newUpstream(t)
	for _, row := range []struct {
		name    string
		answer  http.HandlerFunc
		want    int
		sandbox bool
	}{
		{"json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, "application/json", 200, 1) }, 200, false},
		{"P14 redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, trap.server.URL, http.StatusFound) }, 502, false},
		{"P14 307", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, trap.server.URL, http.StatusTemporaryRedirect)
		}, 502, false},
		{"P14 300", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(300) }, 502, false},
		{"304", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, 304, false},
		{"P20 html", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, "text/HTML; charset=utf-8", 200, 1) }, 502, false},
		{"P20 an error's html", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, "text/html", 500, 1) }, 502, false},
		{"P20 svg", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, "image/svg+xml", 200, 1) }, 200, true},
		{"P20 script", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, "text/javascript", 200, 1) }, 200, true},
		{"P20 no type", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "<script>1</script>")
		}, 200, false},
		{"an API's own 403", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, "application/json", 403, 1) }, 403, false},
	} {
		h.upstream.serve(row.answer)
		got := b.fetch(http.MethodGet, "/api/notes", "")
		if got.StatusCode != row.want || (got.Header.Get("Content-Disposition") == "attachment") != row.sandbox || strings.Contains(got.Header.Get("Content-Type"), "html") {
			t.Errorf("%s: status %d, %v", row.name, got.StatusCode, got.Header)
		}
		if !strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: policy %q", row.name, got.Header.Get("Content-Security-Policy"))
		}
	}
	if len(trap.requests()) > 0 {
		t.Error("a redirect was followed")
	}
}

func TestProxyNamesNoInternalHostWhenTheAPIFails(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	release := make(chan struct{})
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   int
		code   string
	}{
		{"slow", func(_ http.ResponseWriter, r *http.Request) { <-release }, 504, "upstream_timeout"},
		{"reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 502, "upstream_unavailable"},
		{"garbage", func(w http.ResponseWriter, _ *http.Request) {
			connection, _, _ := http.NewResponseController(w).Hijack()
			_, _ = io.WriteString(connection, "220 smtp.internal ready\r\n\r\n")
			_ = connection.Close()
		}, 502, "upstream_unavailable"},
		{"down", nil, 502, "upstream_unavailable"},
	} {
		h.upstream.serve(row.answer)
		if row.answer == nil {
			h.upstream.server.CloseClientConnections()
			_ = h.upstream.server.Listener.Close()
		}
		got := b.fetch(http.MethodGet, "/api/notes", "")
		if got.StatusCode != row.want || !strings.Contains(got.body, row.code) || strings.Contains(got.body, "127.0.0.1") || strings.Contains(got.body, "smtp") {
			t.Errorf("%s: status %d: %s", row.name, got.StatusCode, got.body)
		}
		if got.Header.Get("BFF-Source") != "bff" || got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %v", row.name, got.Header)
		}
		if row.name == "slow" {
			close(release)
		}
	}
	if !sessionOf(t, b).Authenticated {
		t.Error("the API's outage ended the session")
	}
}

func TestProxyTurnsAStepUpChallengeIntoALogin(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_user_authentication", error_description="a \"recent\" one, please", acr_values="mfa hw", max_age="5"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	got := b.fetch(http.MethodDelete, "/api/notes", "")
	if got.StatusCode != 401 || !strings.Contains(got.body, `"code":"step_up_required"`) || !strings.Contains(got.body, `"login_url":"/bff/login?acr_values=mfa+hw\u0026max_age=5"`) {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 401 || got.Header.Get("BFF-Source") != "upstream" {
		t.Errorf("control: status %d: %s", got.StatusCode, got.body)
	}
}
