package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAuthorizeHoldsAnOptionalPKCEClientToTheChallengeItSends(t *testing.T) {
	h := start(t)
	b := h.browser()
	docs := func(changes ...func(url.Values)) url.Values {
		query := url.Values{"response_type": {"code"}, "client_id": {"docs-client"}}
		for _, change := range changes {
			change(query)
		}
		return query
	}
	refused := b.get(h.authorizeURL(docs(with("code_challenge", challenge(verifier)), with("code_challenge_method", "plain"))))
	if got := refused.location(t, "http://localhost:8080/"); got.Get("error") != "invalid_request" {
		t.Errorf("plain: %v", got)
	}
	redeem := func(code string, fields ...string) answer {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"docs-client"}, "client_secret": {webSecret}}
		for _, field := range fields {
			form.Set("code_verifier", field)
		}
		return b.post(h.issuer+"/oauth2/token", form)
	}
	challenged := docs(with("code_challenge", challenge(verifier)), with("code_challenge_method", "S256"))
	if got := redeem(b.code(challenged)); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a code with a challenge, redeemed without verifier: %d %s", got.StatusCode, got.body)
	}
	if got := redeem(b.code(docs()), verifier); !strings.Contains(got.body, "invalid_grant") {
		t.Errorf("a code without challenge, redeemed with a verifier: %d %s", got.StatusCode, got.body)
	}
	if got := redeem(b.code(challenged), verifier); got.StatusCode != http.StatusOK {
		t.Errorf("control: %d %s", got.StatusCode, got.body)
	}
}

func TestAuthorizeIgnoresWhatItDoesNotKnow(t *testing.T) {
	h := start(t)
	page := h.browser().get(h.authorizeURL(request(
		with("display", "page"), with("ui_locales", "de fr"), with("claims_locales", "x"), with("acr_values", "1 2"), with("claims", `{"userinfo":{"name":{"essential":true}}}`),
		with("login_hint", "bob<script>"), with("unknown", "x"),
	)))
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `value="bob&lt;script&gt;"`) {
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
}

func TestAuthorizeKeepsTheQueryOfARegisteredRedirectURI(t *testing.T) {
	h := start(t)
	answer := h.browser().get(h.authorizeURL(request(with("redirect_uri", "https://app.example/second?keep=this"), with("prompt", "none"))))
	if got := answer.location(t, "https://app.example/second?keep=this&"); got.Get("keep") != "this" || got.Get("error") != "login_required" {
		t.Errorf("%v", got)
	}
}

func TestAuthorizeByPostFindsTheSession(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.code(request())
	answer := b.post(h.issuer+"/oauth2/authorize", request(with("prompt", "none")))
	if got := answer.location(t, callback); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
}

func TestPromptAndMaxAgeAskForAFreshSignIn(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.code(request())
	h.clock.advance(10 * time.Minute)
	for name, test := range map[string]struct {
		change func(url.Values)
		asks   bool
	}{
		"nothing":        {with("unknown"), false},
		"prompt=login":   {with("prompt", "login"), true},
		"max_age=0":      {with("max_age", "0"), true},
		"max_age passed": {with("max_age", "300"), true},
		"max_age holds":  {with("max_age", "900"), false},
	} {
		page := b.get(h.authorizeURL(request(test.change)))
		if asked := strings.Contains(page.body, "Confirm it is you"); asked != test.asks {
			t.Errorf("%s: asked %v (%d)", name, asked, page.StatusCode)
		}
	}
	page := b.get(h.authorizeURL(request(with("prompt", "login"))))
	if got := b.signIn(page, "alice", "wonderland").location(t, callback); got.Get("code") == "" {
		t.Errorf("after a fresh sign-in: %v", got)
	}
	silent := b.get(h.authorizeURL(request(func(q url.Values) { with("prompt", "none")(q); with("max_age", "300")(q) })))
	if got := silent.location(t, callback); got.Get("code") == "" {
		t.Errorf("the fresh session is taken for an old one: %v", got)
	}
}

func TestPromptConsentAsksAgain(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.code(request())
	page := b.get(h.authorizeURL(request(with("prompt", "consent"))))
	if !strings.Contains(page.body, `id="consent_allow"`) {
		t.Errorf("not asked: %d %s", page.StatusCode, page.Header.Get("Location"))
	}
	if got := b.submit(page, "allow", nil).location(t, callback); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
}

func TestWorkspacesShareNothing(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	second := strings.TrimSuffix(h.issuer, "baseline") + "second"
	query := request(with("scope", "openid"), with("prompt", "none"))
	if got := b.get(second+"/oauth2/authorize?"+query.Encode()).location(t, callback); got.Get("error") != "login_required" || got.Get("iss") != second {
		t.Errorf("signed in to the other workspace too: %v", got)
	}
	answer := b.post(second+"/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}, "client_id": {"web"}, "client_secret": {webSecret},
	})
	if answer.StatusCode == http.StatusOK {
		t.Error("a code of one workspace is redeemed at the other")
	}
	if unknown := b.get(strings.TrimSuffix(h.issuer, "baseline") + "third/oauth2/jwks"); unknown.StatusCode != http.StatusNotFound {
		t.Errorf("unknown workspace: %d", unknown.StatusCode)
	}
}
