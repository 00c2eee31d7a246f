package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func claimsOf(t *testing.T, text string) map[string]any {
	t.Helper()
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", text)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestDiscoveryIsTheSameInAllPlaces(t *testing.T) {
	h := start(t)
	b := h.browser()
	first := b.get(h.issuer + "/.well-known/openid-configuration")
	for _, address := range []string{
		h.issuer + "/.well-known/oauth-authorization-server",
		h.server.URL + "/.well-known/oauth-authorization-server/demo/baseline",
	} {
		if got := b.get(address); got.StatusCode != http.StatusOK || got.body != first.body {
			t.Errorf("%s: %d", address, got.StatusCode)
		}
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(first.body), &document); err != nil {
		t.Fatal(err)
	}
	if document["issuer"] != h.issuer || document["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("%v", document)
	}
	for name, value := range document {
		address, isText := value.(string)
		if !isText || !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
			continue
		}
		if answer := b.get(address); answer.StatusCode == http.StatusNotFound {
			t.Errorf("%s: there is nothing at %s", name, address)
		}
	}
}

func TestPathThatIsNotPlainIsNowhere(t *testing.T) {
	h := start(t)
	b := h.browser()
	for _, path := range []string{
		"//demo/baseline/oauth2/authorize", "/demo//baseline/oauth2/authorize", "/demo/./baseline/oauth2/authorize",
		"/demo/other/../baseline/oauth2/authorize", "//evil.example/demo/baseline", "//evil.example/..", "//", "/demo/baseline/oauth2/authorize//",
	} {
		for _, answer := range []answer{b.get(h.server.URL + path), b.post(h.server.URL+path, url.Values{"password": {"wonderland"}})} {
			if answer.StatusCode != http.StatusNotFound || answer.Header.Get("Location") != "" || !strings.Contains(answer.body, "<main") {
				t.Errorf("%s %s: %d to %q", answer.Request.Method, path, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
	}
	if control := b.get(h.authorizeURL(request())); control.StatusCode != http.StatusOK {
		t.Errorf("the control: %d", control.StatusCode)
	}
}

func TestUserinfoTakesTheTokenFromHeaderOrBodyOnly(t *testing.T) {
	h := start(t)
	b := h.browser()
	access := b.exchange(redemption(b.code(request(with("scope", "openid email"))))).AccessToken
	address := h.issuer + "/oauth2/userinfo"
	bearer := func(method, token string) answer {
		r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "bearer "+token)
		return b.do(r)
	}
	for name, got := range map[string]answer{
		"GET": bearer(http.MethodGet, access), "POST": bearer(http.MethodPost, access), "body": b.post(address, url.Values{"access_token": {access}}),
	} {
		if got.StatusCode != http.StatusOK || !strings.Contains(got.body, `"email":"alice@example.test"`) || strings.Contains(got.body, "Liddell") {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	for name, got := range map[string]answer{
		"none": b.get(address), "query": b.get(address + "?access_token=" + access), "truncated": bearer(http.MethodGet, access[:len(access)-4]), "other": bearer(http.MethodGet, "x"),
	} {
		if got.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %d %q", name, got.StatusCode, got.Header.Get("WWW-Authenticate"))
		}
	}
	narrow := b.exchange(refresh(b.exchange(redemption(b.code(request()))).RefreshToken, with("scope", "notes.read"))).AccessToken
	if got := bearer(http.MethodGet, narrow); got.StatusCode != http.StatusForbidden || !strings.Contains(got.Header.Get("WWW-Authenticate"), "insufficient_scope") {
		t.Errorf("without openid: %d", got.StatusCode)
	}
	h.clock.advance(h.accessLifetime())
	if got := bearer(http.MethodGet, access); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("expired: %d", got.StatusCode)
	}
}

func TestRevocationIsForTheTokensOwnClient(t *testing.T) {
	h := start(t)
	b := h.browser()
	issued := b.exchange(redemption(b.code(request())))
	revoke := func(token string, fields ...func(url.Values)) answer {
		form := url.Values{"token": {token}}
		for _, field := range fields {
			field(form)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.issuer+"/oauth2/revoke", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if !form.Has("client_id") {
			r.SetBasicAuth("web", webSecret)
		}
		return b.do(r)
	}
	other := func(form url.Values) { form.Set("client_id", "other"); form.Set("client_secret", webSecret) }
	for _, token := range []string{issued.AccessToken, issued.RefreshToken, "unknown"} {
		if got := revoke(token, other); got.StatusCode != http.StatusOK {
			t.Errorf("another client: %d %s", got.StatusCode, got.body)
		}
	}
	if got := revoke(issued.AccessToken, func(form url.Values) { form.Set("client_id", "web") }); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("without credentials: %d", got.StatusCode)
	}
	if got := b.userinfo(issued.AccessToken); got != http.StatusOK {
		t.Errorf("another client revoked the access token: %d", got)
	}
	revoke(issued.AccessToken)
	if got := b.userinfo(issued.AccessToken); got != http.StatusUnauthorized {
		t.Errorf("the access token still works: %d", got)
	}
	next := b.exchange(refresh(issued.RefreshToken))
	if next.status != http.StatusOK {
		t.Fatalf("the grant went with the access token: %d", next.status)
	}
	revoke(next.RefreshToken)
	if got := b.exchange(refresh(next.RefreshToken)); got.Error != "invalid_grant" {
		t.Errorf("the refresh token still works: %d", got.status)
	}
	if got := b.userinfo(next.AccessToken); got != http.StatusUnauthorized {
		t.Errorf("its access token still works: %d", got)
	}
}
