package authserver_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// formPosted are the fields of a page that hands an answer to the client.
func (a answer) formPosted(t *testing.T, action string) url.Values {
	t.Helper()
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, `<form id="answer" method="post" action="`+action+`">`) {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	fields := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(a.body, -1) {
		fields.Add(field[1], html.UnescapeString(field[2]))
	}
	return fields
}

func TestFormPostSendsTheAnswerInAForm(t *testing.T) {
	h := start(t)
	b := h.browser()
	state := `a "state" with <marks> & more`
	query := request(with("response_mode", "form_post"), with("state", state))
	page := b.submit(b.signIn(b.get(h.authorizeURL(query)), "alice", "wonderland"), "allow", nil)
	fields := page.formPosted(t, callback)
	if fields.Get("state") != state || fields.Get("iss") != h.issuer || len(fields) != 3 || page.Header.Get("Location") != "" {
		t.Errorf("%v", fields)
	}
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "form-action 'self' https://app.example") {
		t.Errorf("policy %q", policy)
	}
	if page.Header.Get("Cache-Control") != "no-store" || !strings.Contains(page.body, `<button id="continue"`) {
		t.Errorf("no way on without script: %s", page.body)
	}
	script := regexp.MustCompile(`<script src="(/assets/[^"]+\.js)" defer></script>`).FindStringSubmatch(page.body)
	if script == nil || strings.Count(page.body, "<script") != 1 {
		t.Fatalf("%s", page.body)
	}
	if file := b.get(h.server.URL + script[1]); file.StatusCode != http.StatusOK || !strings.Contains(file.body, "submit()") || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("script: %d %s", file.StatusCode, file.Header.Get("Content-Type"))
	}
	if got := b.exchange(redemption(fields.Get("code"))); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.Error)
	}
	refused := b.get(h.authorizeURL(request(with("response_mode", "form_post"), with("scope", "bogus")))).formPosted(t, callback)
	if refused.Get("error") != "invalid_scope" || refused.Get("state") != "the state" || refused.Get("iss") != h.issuer {
		t.Errorf("an error: %v", refused)
	}
	// R30: a client that is registered for query only.
	only := request(with("client_id", "signed"), with("redirect_uri", "https://signed.example/callback"), with("scope", "openid"))
	if got := b.get(h.authorizeURL(only)); got.StatusCode != http.StatusSeeOther && !strings.Contains(got.body, `id="consent_allow"`) {
		t.Errorf("control: %d", got.StatusCode)
	}
	with("response_mode", "form_post")(only)
	if got := b.get(h.authorizeURL(only)).location(t, "https://signed.example/callback"); got.Get("error") != "invalid_request" {
		t.Errorf("%v", got)
	}
}

func TestClaimsAreGivenOneByOneWhereTheyWereAskedFor(t *testing.T) {
	h := start(t)
	b := h.browser()
	claims := `{"userinfo":{"email":{"essential":true},"phone_number":null,"unknown":null},"id_token":{"given_name":null,"address":{"essential":true},"auth_time":{"essential":true},"acr":{"values":["nothing like ours"]}}}`
	page := b.signIn(b.get(h.authorizeURL(request(with("scope", "openid"), with("claims", claims)))), "alice", "wonderland")
	for _, asked := range []string{"See your e-mail address", "See your postal address", "See your phone number"} {
		if !strings.Contains(page.body, asked) {
			t.Errorf("the user is not asked: %s", asked)
		}
	}
	issued := b.exchange(redemption(b.submit(page, "allow", nil).location(t, callback).Get("code")))
	id := claimsOf(t, issued.IDToken)
	if id["address"] == nil || id["email"] != nil || id["phone_number"] != nil || id["auth_time"] == nil {
		t.Errorf("ID token %v", id)
	}
	var info map[string]any
	answered := b.ask(http.MethodGet, "/oauth2/userinfo", withScheme("Bearer", issued.AccessToken))
	if err := json.Unmarshal([]byte(answered.body), &info); err != nil {
		t.Fatal(err)
	}
	if info["email"] != "alice@example.test" || info["phone_number"] == nil || info["address"] != nil || info["name"] != nil {
		t.Errorf("userinfo %v", info)
	}
	// Not asked again for the same.
	if got := b.get(h.authorizeURL(request(with("scope", "openid"), with("claims", claims)))).location(t, callback); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
}

func TestClaimsGiveNothingThatTheClientIsNotRegisteredFor(t *testing.T) {
	h := start(t)
	b := h.browser()
	other := with("client_id", "other")
	query := request(other, with("redirect_uri", "https://other.example/callback"), with("scope", "openid"), with("claims", `{"userinfo":{"email":null},"id_token":{"email":{"essential":true}}}`))
	page := b.signIn(b.get(h.authorizeURL(query)), "alice", "wonderland")
	if strings.Contains(page.body, "e-mail") {
		t.Error("the user is asked")
	}
	form := redemption(b.submit(page, "allow", nil).location(t, "https://other.example/").Get("code"), other, with("redirect_uri", "https://other.example/callback"), with("client_secret", webSecret))
	issued := b.exchange(form)
	if issued.status != http.StatusOK || claimsOf(t, issued.IDToken)["email"] != nil {
		t.Errorf("%d %v", issued.status, claimsOf(t, issued.IDToken))
	}
	if got := b.ask(http.MethodGet, "/oauth2/userinfo", withScheme("Bearer", issued.AccessToken)); got.StatusCode != http.StatusOK || strings.Contains(got.body, "alice@") {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

func TestClaimsThatCannotBeMetAreRefused(t *testing.T) {
	h := start(t)
	b := h.browser()
	for claims, want := range map[string]string{
		"{": "invalid_request", "[]": "invalid_request", `"x"`: "invalid_request", `{"id_token":[]}`: "invalid_request",
		`{"id_token":{"sub":{"value":7}}}`:                             "invalid_request",
		`{"id_token":{"acr":{"essential":true,"value":"two-factor"}}}`: "unmet_authentication_requirements",
	} {
		if got := b.get(h.authorizeURL(request(with("claims", claims)))).location(t, callback); got.Get("error") != want {
			t.Errorf("%s: %v", claims, got)
		}
	}
	b.code(request())
	silent := func(claims string) url.Values {
		return b.get(h.authorizeURL(request(with("prompt", "none"), with("claims", claims)))).location(t, callback)
	}
	if got := silent(`{"id_token":{"sub":{"value":"somebody else"}}}`); got.Get("error") != "login_required" {
		t.Errorf("another subject: %v", got)
	}
	if got := silent(`{"id_token":{"acr":{"essential":true,"values":["urn:cloakroom:acr:single-factor"]}}}`); got.Get("code") == "" {
		t.Errorf("control: %v", got)
	}
}

func TestScopesCarryTheirClaimsToUserinfo(t *testing.T) {
	h := start(t)
	b := h.browser()
	issued := b.exchange(redemption(b.code(request(with("scope", "openid profile email address phone")))))
	var info map[string]any
	if err := json.Unmarshal([]byte(b.ask(http.MethodGet, "/oauth2/userinfo", withScheme("Bearer", issued.AccessToken)).body), &info); err != nil {
		t.Fatal(err)
	}
	address, _ := info["address"].(map[string]any)
	if info["name"] != "Alice Liddell" || info["email"] != "alice@example.test" || info["email_verified"] != true || info["phone_number"] == nil || address["locality"] != "Oxford" {
		t.Errorf("%v", info)
	}
	for _, post := range []answer{
		b.post(h.issuer+"/oauth2/userinfo", url.Values{"access_token": {issued.AccessToken}}),
		b.ask(http.MethodPost, "/oauth2/userinfo", withScheme("Bearer", issued.AccessToken)),
	} {
		if post.StatusCode != http.StatusOK || !strings.Contains(post.body, "Oxford") {
			t.Errorf("by POST: %d %s", post.StatusCode, post.body)
		}
	}
}

func TestUserinfoIsSignedForClientsThatRegisteredForIt(t *testing.T) {
	h := start(t)
	b := h.browser()
	signed, back := with("client_id", "signed"), with("redirect_uri", "https://signed.example/callback")
	code := b.code(request(signed, back, with("scope", "openid profile")))
	issued := b.exchange(redemption(code, signed, back, with("client_secret", webSecret)))
	got := b.ask(http.MethodGet, "/oauth2/userinfo", withScheme("Bearer", issued.AccessToken))
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/jwt" {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	claims := claimsOf(t, got.body)
	if claims["iss"] != h.issuer || claims["aud"] != "signed" || claims["name"] != "Alice Liddell" || claims["sub"] == nil || headerOf(t, got.body)["alg"] != "RS256" {
		t.Errorf("%v", claims)
	}
	// J06: it is no ID token.
	if hint := b.get(h.authorizeURL(request(with("id_token_hint", got.body)))).location(t, callback); hint.Get("error") != "invalid_request" {
		t.Errorf("taken for an ID token: %v", hint)
	}
}

func TestParametersThatWeDoNotActOnAreNoError(t *testing.T) {
	h := start(t)
	b := h.browser()
	query := request(with("display", "popup"), with("ui_locales", "fr-CA fr"), with("claims_locales", "de"), with("acr_values", "1 2"), with("login_hint", "alice"),
		with("extra", "foobar"), with("registration", "{}"), with("nonce", strings.Repeat("n", 200)))
	page := b.get(h.authorizeURL(query))
	if !strings.Contains(page.body, `name="username" type="text" value="alice"`) {
		t.Errorf("login_hint is not filled in: %d %s", page.StatusCode, page.body)
	}
	b.signIn(page, "alice", "wonderland")
	if id := claimsOf(t, b.exchange(redemption(b.code(query))).IDToken); id["nonce"] != strings.Repeat("n", 200) {
		t.Errorf("%v", id)
	}
}
