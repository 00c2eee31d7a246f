package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRefreshRotatesAndRevokesTheFamilyOnReuse(t *testing.T) {
	h := start(t)
	b := h.browser()
	first := b.exchange(redemption(b.code(request())))
	second := b.exchange(refresh(first.RefreshToken))
	if second.status != http.StatusOK || second.RefreshToken == first.RefreshToken || second.IDToken == "" {
		t.Fatalf("refresh: %+v", second)
	}
	h.clock.advance(9 * time.Second)
	lost := b.exchange(refresh(first.RefreshToken))
	if lost.status != http.StatusOK {
		t.Errorf("an answer that was lost, asked for again in time: %d %q", lost.status, lost.Error)
	}
	h.clock.advance(time.Minute)
	if got := b.exchange(refresh(first.RefreshToken)); got.Error != "invalid_grant" {
		t.Errorf("reuse: %d %q", got.status, got.Error)
	}
	for name, token := range map[string]string{"second": second.RefreshToken, "retried": lost.RefreshToken} {
		if got := b.exchange(refresh(token)); got.Error != "invalid_grant" {
			t.Errorf("the %s of the family lives on: %d", name, got.status)
		}
	}
	if got := b.userinfo(second.AccessToken); got != http.StatusUnauthorized {
		t.Errorf("the family's access token lives on: %d", got)
	}
}

// R24: the grace is for an answer that was lost, and who uses what it carried has had it.
func TestRefreshRevokesTheFamilyWhenASuccessorWasUsedWithinTheGrace(t *testing.T) {
	h := start(t)
	b := h.browser()
	first := b.exchange(redemption(b.code(request())))
	lost := b.exchange(refresh(first.RefreshToken))
	second := b.exchange(refresh(first.RefreshToken))
	if lost.status != http.StatusOK || second.status != http.StatusOK {
		t.Fatalf("control: within the grace, before a successor is used: %d and %d", lost.status, second.status)
	}
	third := b.exchange(refresh(second.RefreshToken))
	if third.status != http.StatusOK || b.userinfo(third.AccessToken) != http.StatusOK {
		t.Fatalf("control: the successor does not work: %d %q", third.status, third.Error)
	}
	if got := b.exchange(refresh(first.RefreshToken)); got.Error != "invalid_grant" {
		t.Errorf("within the grace, after a successor was used: %d %q", got.status, got.Error)
	}
	if got := b.exchange(refresh(third.RefreshToken)); got.Error != "invalid_grant" {
		t.Errorf("the family lives on: %d %q", got.status, got.Error)
	}
	if got := b.userinfo(third.AccessToken); got != http.StatusUnauthorized {
		t.Errorf("the family's access token lives on: %d", got)
	}
	if got := strings.Count(h.log.String(), `"event":"refresh_token_replayed"`); got != 1 {
		t.Errorf("%d audit events", got)
	}
}

func TestRefreshStaysWithinWhatWasGranted(t *testing.T) {
	h := start(t)
	b := h.browser()
	issued := b.exchange(redemption(b.code(request(with("scope", "openid notes.read notes.write")))))
	for name, test := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"no token":       {with("refresh_token"), "invalid_request"},
		"truncated":      {with("refresh_token", issued.RefreshToken[:60]), "invalid_grant"},
		"more scope":     {with("scope", "openid other.read"), "invalid_scope"},
		"other resource": {with("resource", "https://other.example/"), "invalid_target"},
		"other client":   {func(form url.Values) { form.Set("client_id", "other"); form.Set("client_secret", webSecret) }, "invalid_grant"},
	} {
		if got := b.exchange(refresh(issued.RefreshToken, test.change)); got.Error != test.want {
			t.Errorf("%s: %d %q", name, got.status, got.Error)
		}
	}
	// None of that cost the token; less than was granted is possible.
	less := b.exchange(refresh(issued.RefreshToken, with("scope", "notes.read")))
	if less.status != http.StatusOK || less.Scope != "notes.read" {
		t.Errorf("less: %+v", less)
	}
	again := b.exchange(refresh(less.RefreshToken))
	if again.Scope != "openid notes.read notes.write" {
		t.Errorf("the grant was narrowed for good: %+v", again)
	}
}

func TestRefreshEndsByIdlenessAndWithTheSession(t *testing.T) {
	h := start(t)
	b := h.browser()
	online := b.exchange(redemption(b.code(request())))
	offline := b.exchange(redemption(b.code(request(with("scope", "openid offline_access")))))
	h.clock.advance(12*time.Hour + time.Second)
	if got := b.exchange(refresh(online.RefreshToken)); got.Error != "invalid_grant" {
		t.Errorf("outlives the session: %d", got.status)
	}
	kept := b.exchange(refresh(offline.RefreshToken))
	if kept.status != http.StatusOK {
		t.Fatalf("offline access ends with the session: %d %q", kept.status, kept.Error)
	}
	h.clock.advance(24*time.Hour + time.Second)
	if got := b.exchange(refresh(kept.RefreshToken)); got.Error != "invalid_grant" {
		t.Errorf("outlives its idle end: %d", got.status)
	}
}

func TestPublicClientNeedsPKCEAndGetsRotation(t *testing.T) {
	h := start(t)
	b := h.browser()
	query := request(with("client_id", "spa"), with("redirect_uri", "https://spa.example/callback"), with("scope", "openid"))
	form := redemption(b.code(query), with("client_id", "spa"), with("redirect_uri", "https://spa.example/callback"))
	issued := b.exchange(form)
	if issued.status != http.StatusOK || issued.RefreshToken == "" {
		t.Fatalf("%+v", issued)
	}
	if next := b.exchange(refresh(issued.RefreshToken, with("client_id", "spa"))); next.RefreshToken == "" || next.RefreshToken == issued.RefreshToken {
		t.Errorf("not rotated: %+v", next)
	}
}

func TestClientCredentialsAreForResourcesOnly(t *testing.T) {
	h := start(t)
	b := h.browser()
	machine := func(r *http.Request) { r.SetBasicAuth("machine", webSecret) }
	form := func(changes ...func(url.Values)) url.Values {
		form := url.Values{"grant_type": {"client_credentials"}}
		for _, change := range changes {
			change(form)
		}
		return form
	}
	got := b.exchange(form(), machine)
	if got.status != http.StatusOK || got.Scope != "notes.read" || got.RefreshToken != "" || got.IDToken != "" {
		t.Errorf("%+v", got)
	}
	claims := claimsOf(t, got.AccessToken)
	if claims["sub"] != "machine" || claims["client_id"] != "machine" || claims["aud"] != apiResource || claims["iss"] != h.issuer {
		t.Errorf("claims %v", claims)
	}
	if status := b.userinfo(got.AccessToken); status != http.StatusForbidden {
		t.Errorf("userinfo: %d", status)
	}
	for name, test := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"about a user":        {with("scope", "openid"), "invalid_scope"},
		"not registered":      {with("scope", "notes.write"), "invalid_scope"},
		"two audiences":       {with("scope", "notes.read other.read"), "invalid_target"},
		"unknown resource":    {with("resource", "https://evil.example/"), "invalid_target"},
		"resource, not scope": {with("resource", "https://other.example/"), "invalid_target"},
	} {
		if got := b.exchange(form(test.change), machine); got.Error != test.want {
			t.Errorf("%s: %d %q", name, got.status, got.Error)
		}
	}
	chosen := b.exchange(form(with("scope", "notes.read other.read"), with("resource", "https://other.example/")), machine)
	if chosen.Scope != "other.read" || claimsOf(t, chosen.AccessToken)["aud"] != "https://other.example/" {
		t.Errorf("one of two: %+v", chosen)
	}
}

func TestAccessTokenHasOneAudience(t *testing.T) {
	h := start(t)
	b := h.browser()
	only := b.exchange(redemption(b.code(request(with("scope", "openid")))))
	if got := claimsOf(t, only.AccessToken)["aud"]; got != h.issuer {
		t.Errorf("without a resource: %v", got)
	}
	both := request(with("scope", "openid notes.read other.read"))
	if got := b.exchange(redemption(b.code(both))); got.Error != "invalid_target" {
		t.Errorf("two resources and none named: %+v", got)
	}
	one := b.exchange(redemption(b.code(both), with("resource", apiResource)))
	if got := claimsOf(t, one.AccessToken); got["aud"] != apiResource || got["scope"] != "openid notes.read" {
		t.Errorf("one named: %v", got)
	}
	next := b.exchange(refresh(one.RefreshToken, with("resource", "https://other.example/")))
	if got := claimsOf(t, next.AccessToken); got["aud"] != "https://other.example/" || got["scope"] != "openid other.read" {
		t.Errorf("the other by refresh: %v", got)
	}
	limited := b.exchange(redemption(b.code(request(with("scope", "openid notes.read other.read"), with("resource", apiResource)))))
	if got := b.exchange(refresh(limited.RefreshToken, with("resource", "https://other.example/"))); got.Error != "invalid_target" {
		t.Errorf("a resource that the request did not name: %+v", got)
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	issued := b.exchange(redemption(code))
	b.exchange(refresh(issued.RefreshToken))
	b.exchange(redemption(code))
	b.get(h.issuer + "/oauth2/logout?id_token_hint=" + issued.IDToken)
	b.exchange(redemption("x"), func(r *http.Request) { r.SetBasicAuth("web", "a-wrong-secret") })
	log := h.log.String()
	if !strings.Contains(log, `"msg":"request"`) || !strings.Contains(log, `"event":"tokens_issued"`) {
		t.Fatal("control: nothing is logged")
	}
	secretPart := func(handle string) string { return handle[27:] }
	for name, secret := range map[string]string{
		"code": secretPart(code), "refresh token": secretPart(issued.RefreshToken), "access token": issued.AccessToken, "ID token": issued.IDToken,
		"client secret": webSecret, "wrong client secret": "a-wrong-secret", "password": "wonderland", "verifier": verifier, "state": "the state",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the %s is in the log", name)
		}
	}
}
