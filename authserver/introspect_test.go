package authserver_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

// introspect asks about a token, as a client with a secret.
func (b *browser) introspect(client, token string, edits ...func(*http.Request)) answer {
	b.t.Helper()
	form := url.Values{"token": {token}}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.issuer+"/oauth2/introspect", strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, webSecret)
	for _, edit := range edits {
		edit(r)
	}
	return b.do(r)
}

const inactive = `{"active":false}`

func TestIntrospectionIsForTheTokensClientAndAudience(t *testing.T) {
	h := start(t)
	b := h.browser()
	jwt := b.exchange(redemption(b.code(request(with("scope", "openid notes.read")))))
	opaque := b.exchange(redemption(b.code(request(with("scope", "openid vault.read")))))
	if strings.Count(jwt.AccessToken, ".") != 2 || strings.Count(opaque.AccessToken, ".") != 1 {
		t.Fatalf("formats: %q %q", jwt.AccessToken, opaque.AccessToken)
	}
	for name, test := range map[string]struct {
		client, token string
		active        bool
	}{
		"its client, JWT":               {"web", jwt.AccessToken, true},
		"its client, opaque":            {"web", opaque.AccessToken, true},
		"its client, refresh token":     {"web", jwt.RefreshToken, true},
		"its audience, JWT":             {"notes-api", jwt.AccessToken, true},
		"its audience, opaque":          {"vault-api", opaque.AccessToken, true},
		"another audience, JWT":         {"vault-api", jwt.AccessToken, false}, // K03
		"another audience, opaque":      {"notes-api", opaque.AccessToken, false},
		"another client":                {"machine", jwt.AccessToken, false},
		"an audience and refresh token": {"notes-api", jwt.RefreshToken, false},
		"unknown":                       {"web", "x", false},
		"truncated":                     {"web", opaque.AccessToken[:len(opaque.AccessToken)-1], false}, // T05
		"another secret":                {"web", opaque.AccessToken[:27] + strings.Repeat("A", 43), false},
		"a JWT's jti as a handle":       {"web", jtiOf(t, jwt.AccessToken) + "." + strings.Repeat("A", 43), false},
		"an ID token":                   {"web", jwt.IDToken, false},
	} {
		got := b.introspect(test.client, test.token)
		if got.StatusCode != http.StatusOK || strings.Contains(got.body, `"active":true`) != test.active {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
		if !test.active && strings.TrimSpace(got.body) != inactive {
			t.Errorf("%s says too much: %s", name, got.body)
		}
	}
	var said map[string]any
	if err := json.Unmarshal([]byte(b.introspect("vault-api", opaque.AccessToken).body), &said); err != nil {
		t.Fatal(err)
	}
	if said["aud"] != "https://vault.example/" || said["client_id"] != "web" || said["scope"] != "openid vault.read" || said["iss"] != h.issuer || said["sub"] == nil || said["token_type"] != "Bearer" || said["exp"] == nil {
		t.Errorf("%v", said)
	}
	if status := b.userinfo(opaque.AccessToken); status != http.StatusOK {
		t.Errorf("userinfo with an opaque token: %d", status)
	}
}

func jtiOf(t *testing.T, token string) string {
	t.Helper()
	jti, _ := claimsOf(t, token)["jti"].(string)
	return jti
}

func TestIntrospectionForgetsWhatHasEnded(t *testing.T) {
	h := start(t)
	b := h.browser()
	for name, end := range map[string]func(tokens){
		"revoked":        func(issued tokens) { b.revoke(issued.AccessToken) },
		"grant revoked":  func(issued tokens) { b.revoke(issued.RefreshToken) },
		"expired":        func(tokens) { h.clock.advance(h.accessLifetime() + time.Second) },
		"user signs out": func(issued tokens) { b.get(h.issuer + "/oauth2/logout?id_token_hint=" + issued.IDToken) },
	} {
		for _, scope := range []string{"openid notes.read", "openid vault.read"} {
			issued := b.exchange(redemption(b.code(request(with("scope", scope)))))
			if got := b.introspect("web", issued.AccessToken); !strings.Contains(got.body, `"active":true`) {
				t.Fatalf("control, %s: %s", name, got.body)
			}
			end(issued)
			if got := b.introspect("web", issued.AccessToken); strings.TrimSpace(got.body) != inactive {
				t.Errorf("%s, %s: %s", name, scope, got.body)
			}
		}
	}
}

// revoke revokes a token of the web client.
func (b *browser) revoke(token string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.issuer+"/oauth2/revoke", strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("web", webSecret)
	if got := b.do(r); got.StatusCode != http.StatusOK {
		b.t.Fatalf("%d %s", got.StatusCode, got.body)
	}
}

func TestIntrospectionIsSignedWhenAskedFor(t *testing.T) {
	h := start(t)
	b := h.browser()
	asJWT := func(r *http.Request) { r.Header.Set("Accept", "application/token-introspection+jwt") }
	issued := b.exchange(redemption(b.code(request(with("scope", "openid notes.read")))))
	got := b.introspect("notes-api", issued.AccessToken, asJWT)
	if got.Header.Get("Content-Type") != "application/token-introspection+jwt" || headerOf(t, got.body)["typ"] != "token-introspection+jwt" {
		t.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	claims := claimsOf(t, got.body)
	said, _ := claims["token_introspection"].(map[string]any)
	if claims["iss"] != h.issuer || claims["aud"] != "notes-api" || claims["iat"] == nil || said["active"] != true || said["aud"] != apiResource {
		t.Errorf("%v", claims)
	}
	foreign, _ := claimsOf(t, b.introspect("vault-api", issued.AccessToken, asJWT).body)["token_introspection"].(map[string]any)
	if len(foreign) != 1 || foreign["active"] != false {
		t.Errorf("%v", foreign)
	}
	// J06: the answer is no token.
	if status := b.userinfo(got.body); status != http.StatusUnauthorized {
		t.Errorf("taken for an access token: %d", status)
	}
}

func TestIntrospectionIsForClientsThatAuthenticate(t *testing.T) {
	h := start(t)
	b := h.browser()
	wrong := b.introspect("web", "x", func(r *http.Request) { r.SetBasicAuth("web", "wrong") })
	public := b.post(h.issuer+"/oauth2/introspect", url.Values{"client_id": {"spa"}, "token": {"x"}})
	for name, got := range map[string]answer{"wrong secret": wrong, "public client": public} {
		if got.StatusCode != http.StatusUnauthorized || errorOf(t, got) != "invalid_client" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := b.introspect("web", ""); errorOf(t, got) != "invalid_request" {
		t.Errorf("no token: %d %s", got.StatusCode, got.body)
	}
}

func TestIntrospectionSaysWhatATokenIsBoundTo(t *testing.T) {
	h := start(t)
	b := h.browser()
	p := h.prover().learn(b)
	for _, scope := range []string{"openid notes.read", "openid vault.read"} {
		issued := b.exchange(redemption(b.code(request(with("scope", scope)))), p.at("/oauth2/token"))
		got := b.introspect("web", issued.AccessToken)
		if !strings.Contains(got.body, `"cnf":{"jkt":"`+p.thumbprint()+`"}`) || !strings.Contains(got.body, `"token_type":"DPoP"`) {
			t.Errorf("%s: %s", scope, got.body)
		}
		info := b.ask(http.MethodGet, "/oauth2/userinfo", withScheme("DPoP", issued.AccessToken), p.at("/oauth2/userinfo", hashed(issued.AccessToken)))
		if info.StatusCode != http.StatusOK || b.userinfo(issued.AccessToken) != http.StatusUnauthorized {
			t.Errorf("%s: userinfo %d", scope, info.StatusCode)
		}
	}
}

// lostTokens fails to find tokens once it is down.
type lostTokens struct {
	store.Store
	down *atomic.Bool
}

func (l lostTokens) RefreshToken(ctx context.Context, workspace string, handle store.Handle) (store.RefreshToken, store.Grant, error) {
	if l.down.Load() {
		return store.RefreshToken{}, store.Grant{}, errDown
	}
	return l.Store.RefreshToken(ctx, workspace, handle)
}

func (l lostTokens) AccessToken(ctx context.Context, workspace, id string) (store.AccessToken, store.Grant, error) {
	if l.down.Load() {
		return store.AccessToken{}, store.Grant{}, errDown
	}
	return l.Store.AccessToken(ctx, workspace, id)
}

func TestIntrospectionOfAStoreThatIsDownIsNoAnswer(t *testing.T) {
	var down atomic.Bool
	h := startWith(t, func(st store.Store) store.Store { return lostTokens{st, &down} })
	b := h.browser()
	issued := b.exchange(redemption(b.code(request(with("scope", "openid vault.read")))))
	down.Store(true)
	for _, token := range []string{issued.AccessToken, issued.RefreshToken} {
		if got := b.introspect("web", token); got.StatusCode != http.StatusServiceUnavailable || strings.Contains(got.body, "active") {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
	}
	down.Store(false)
	if got := b.introspect("web", issued.AccessToken); !strings.Contains(got.body, `"active":true`) {
		t.Errorf("control: %s", got.body)
	}
}
