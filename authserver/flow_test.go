package authserver_test

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"cloakroom/authserver/store"
	"cloakroom/authserver/store/sqlstore"
)

// relyingParty is someone else's client, configured by discovery alone.
type relyingParty struct {
	provider *oidc.Provider
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func (h *house) relyingParty(ctx context.Context) relyingParty {
	h.t.Helper()
	provider, err := oidc.NewProvider(ctx, h.issuer)
	if err != nil {
		h.t.Fatal(err)
	}
	return relyingParty{
		provider: provider,
		config: oauth2.Config{
			ClientID: "web", ClientSecret: webSecret, RedirectURL: callback, Endpoint: provider.Endpoint(),
			Scopes: []string{"openid", "profile", "email", "notes.read"},
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: "web", Now: h.clock.Now}),
	}
}

func (h *house) context() context.Context {
	return oidc.ClientContext(h.t.Context(), h.server.Client())
}

func TestSomeoneElsesClientSignsInRefreshesAndSignsOut(t *testing.T) {
	t.Run("memory", func(t *testing.T) { signInRefreshAndSignOut(t, start(t)) })
	t.Run("SQLite", func(t *testing.T) {
		file, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := file.Close(); err != nil {
				t.Error(err)
			}
		}()
		signInRefreshAndSignOut(t, startWith(t, func(store.Store) store.Store { return file }))
	})
}

func signInRefreshAndSignOut(t *testing.T, h *house) {
	t.Helper()
	ctx, b := h.context(), h.browser()
	party := h.relyingParty(ctx)
	pkce := oauth2.GenerateVerifier()

	page := b.get(party.config.AuthCodeURL("the state", oidc.Nonce("the nonce"), oauth2.S256ChallengeOption(pkce)))
	page = b.signIn(page, "alice", "wonderland")
	if !strings.Contains(page.body, "Read your notes") || !strings.Contains(page.body, "app.example") {
		t.Fatalf("the consent page does not say for what:\n%s", page.body)
	}
	answered := b.submit(page, "allow", nil).location(t, callback)
	if answered.Get("state") != "the state" || answered.Get("iss") != h.issuer {
		t.Fatalf("authorization response %v", answered)
	}
	tokens, err := party.config.Exchange(ctx, answered.Get("code"), oauth2.VerifierOption(pkce))
	if err != nil {
		t.Fatal(err)
	}
	rawID, _ := tokens.Extra("id_token").(string)
	id, err := party.verifier.Verify(ctx, rawID)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		AuthTime int64 `json:"auth_time"`
		SID, ACR string
		AMR      []string
		Name     string
	}
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if id.Nonce != "the nonce" || claims.AuthTime == 0 || claims.SID == "" || claims.ACR == "" || len(claims.AMR) == 0 || claims.Name != "Alice Liddell" {
		t.Errorf("ID token: nonce %q, %+v", id.Nonce, claims)
	}
	if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
		t.Error(err)
	}
	info, err := party.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil || info.Subject != id.Subject || info.Email != "alice@example.test" {
		t.Errorf("userinfo %+v, %v", info, err)
	}

	expired := *tokens
	expired.Expiry = h.clock.Now().AddDate(-1, 0, 0)
	refreshed, err := party.config.TokenSource(ctx, &expired).Token()
	if err != nil || refreshed.AccessToken == tokens.AccessToken || refreshed.RefreshToken == tokens.RefreshToken {
		t.Fatalf("refresh: %v", err)
	}

	silent := b.get(party.config.AuthCodeURL("s", oauth2.S256ChallengeOption(pkce), oauth2.SetAuthURLParam("prompt", "none")))
	if silent.location(t, callback).Get("code") == "" {
		t.Errorf("not signed in silently: %s", silent.Header.Get("Location"))
	}

	out := b.get(h.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {rawID}, "post_logout_redirect_uri": {afterLogout}, "state": {"bye"}}.Encode())
	if out.location(t, afterLogout).Get("state") != "bye" {
		t.Errorf("logout: %s", out.Header.Get("Location"))
	}
	if _, err := party.provider.UserInfo(ctx, oauth2.StaticTokenSource(refreshed)); err == nil {
		t.Error("the access token outlives the session")
	}
	expired.RefreshToken = refreshed.RefreshToken
	if _, err := party.config.TokenSource(ctx, &expired).Token(); err == nil {
		t.Error("the refresh token outlives the session")
	}
	silent = b.get(party.config.AuthCodeURL("s", oauth2.S256ChallengeOption(pkce), oauth2.SetAuthURLParam("prompt", "none")))
	if got := silent.location(t, callback).Get("error"); got != "login_required" {
		t.Errorf("after logout: %q", got)
	}
}

func TestSourceDocumentsSampleCallsWork(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.get(h.issuer + "/oauth2/authorize?response_type=code&client_id=docs-client")
	page = b.submit(b.signIn(page, "alice", "wonderland"), "allow", nil)
	code := page.location(t, "http://localhost:8080/docs/callback").Get("code")
	answer := h.browser().post(h.issuer+"/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"docs-client"}, "client_secret": {webSecret},
	})
	if answer.StatusCode != http.StatusOK || !strings.Contains(answer.body, `"access_token"`) || strings.Contains(answer.body, "refresh_token") {
		t.Errorf("%d %s", answer.StatusCode, answer.body)
	}
}
