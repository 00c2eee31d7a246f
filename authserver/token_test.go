package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// tokens is a token response, or its error.
type tokens struct {
	status       int
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	Scope        string `json:"scope"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	Error        string `json:"error"`
	header       http.Header
}

// exchange sends a form to the token endpoint, as the web client unless the form has a client_id.
func (b *browser) exchange(form url.Values, edit ...func(*http.Request)) tokens {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !form.Has("client_id") {
		request.SetBasicAuth("web", webSecret)
	}
	for _, change := range edit {
		change(request)
	}
	answer := b.do(request)
	result := tokens{status: answer.StatusCode, header: answer.Header}
	if err := json.Unmarshal([]byte(answer.body), &result); err != nil {
		b.t.Fatalf("%d %q: %v", answer.StatusCode, answer.body, err)
	}
	return result
}

func redemption(code string, changes ...func(url.Values)) url.Values {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for _, change := range changes {
		change(form)
	}
	return form
}

func refresh(token string, changes ...func(url.Values)) url.Values {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	for _, change := range changes {
		change(form)
	}
	return form
}

func (b *browser) userinfo(access string) int {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.issuer+"/oauth2/userinfo", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	return b.do(request).StatusCode
}

func TestTokenRefusesACodeThatDoesNotFit(t *testing.T) {
	h := start(t)
	b := h.browser()
	for name, test := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"no code":                 {with("code"), "invalid_request"},
		"not a code":              {with("code", "abc"), "invalid_grant"},
		"unknown code":            {with("code", "06A2U1ASSGVPMSB9VCE3RU74C4.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "invalid_grant"},
		"no redirect_uri":         {with("redirect_uri"), "invalid_grant"},
		"other redirect_uri":      {with("redirect_uri", "https://app.example/second?keep=this"), "invalid_grant"},
		"no verifier":             {with("code_verifier"), "invalid_grant"},
		"wrong verifier":          {with("code_verifier", strings.ToUpper(verifier)), "invalid_grant"},
		"short verifier":          {with("code_verifier", strings.Repeat("a", 42)), "invalid_request"},
		"long verifier":           {with("code_verifier", strings.Repeat("a", 129)), "invalid_request"},
		"verifier charset":        {with("code_verifier", strings.Repeat("a", 43)+"="), "invalid_request"},
		"the challenge itself":    {with("code_verifier", challenge(verifier)), "invalid_grant"},
		"no grant_type":           {with("grant_type"), "invalid_request"},
		"upper-case grant_type":   {with("grant_type", "AUTHORIZATION_CODE"), "unsupported_grant_type"},
		"password":                {with("grant_type", "password"), "unsupported_grant_type"},
		"implicit":                {with("grant_type", "implicit"), "unsupported_grant_type"},
		"unregistered grant":      {with("grant_type", "client_credentials"), "unauthorized_client"},
		"two codes":               {func(form url.Values) { form.Add("code", form.Get("code")) }, "invalid_request"},
		"two verifiers":           {func(form url.Values) { form.Add("code_verifier", verifier) }, "invalid_request"},
		"two grant types":         {func(form url.Values) { form.Add("grant_type", "authorization_code") }, "invalid_request"},
		"resource not granted":    {with("resource", "https://evil.example/"), "invalid_target"},
		"two resources":           {with("resource", apiResource, apiResource), "invalid_target"},
		"scope that was not":      {with("scope", "openid notes.write"), "invalid_scope"},
		"client assertion":        {with("client_assertion", "a.b.c"), "invalid_client"},
		"second method":           {with("client_secret", webSecret), "invalid_request"},
		"another client_id":       {func(form url.Values) { form.Set("client_id", "other") }, "invalid_request"},
		"another client's secret": {func(form url.Values) { form.Set("client_id", "other"); form.Set("client_secret", webSecret) }, "invalid_request"},
	} {
		got := b.exchange(redemption(b.code(request()), test.change), func(r *http.Request) { r.SetBasicAuth("web", webSecret) })
		if got.Error != test.want || got.AccessToken != "" {
			t.Errorf("%s: %d %q, want %q", name, got.status, got.Error, test.want)
		}
		if got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: may be cached", name)
		}
	}
	control := b.exchange(redemption(b.code(request())))
	if control.status != http.StatusOK || control.TokenType != "Bearer" || control.ExpiresIn != 300 || control.Scope != "openid profile notes.read" || control.header.Get("Cache-Control") != "no-store" {
		t.Errorf("control: %+v", control)
	}
}

func TestTokenRefusesClientsThatDoNotAuthenticate(t *testing.T) {
	h := start(t)
	b := h.browser()
	post := func(id, secret string) func(url.Values) {
		return func(form url.Values) {
			form.Set("client_id", id)
			if secret != "" {
				form.Set("client_secret", secret)
			}
		}
	}
	none := func(*http.Request) {}
	for name, test := range map[string]struct {
		change func(url.Values)
		edit   func(*http.Request)
	}{
		"wrong secret":          {with("x"), func(r *http.Request) { r.SetBasicAuth("web", webSecret+"x") }},
		"empty secret":          {with("x"), func(r *http.Request) { r.SetBasicAuth("web", "") }},
		"unknown client":        {with("x"), func(r *http.Request) { r.SetBasicAuth("nobody", webSecret) }},
		"no credentials":        {with("x"), func(r *http.Request) { r.Header.Del("Authorization") }},
		"not Basic":             {with("x"), func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }},
		"registered for Basic":  {post("web", webSecret), none},
		"confidential, none":    {post("web", ""), none},
		"registered for post":   {with("x"), func(r *http.Request) { r.SetBasicAuth("other", webSecret) }},
		"public with a secret":  {post("spa", webSecret), none},
		"form, wrong secret":    {post("other", "wrong"), none},
		"form, unknown client":  {post("nobody", "wrong"), none},
		"form, unknown, public": {post("nobody", ""), none},
	} {
		got := b.exchange(redemption("abc", test.change), test.edit)
		if got.status != http.StatusUnauthorized || got.Error != "invalid_client" || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic") {
			t.Errorf("%s: %d %q", name, got.status, got.Error)
		}
	}
	twice := b.exchange(redemption("abc"), func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) })
	if twice.Error != "invalid_request" {
		t.Errorf("two headers: %d %q", twice.status, twice.Error)
	}
	if control := b.exchange(redemption(b.code(request()))); control.status != http.StatusOK {
		t.Errorf("control: %d", control.status)
	}
}

func TestTokenRefusesParametersOutsideOfAForm(t *testing.T) {
	h := start(t)
	b := h.browser()
	for name, edit := range map[string]func(*http.Request){
		"secret in the query": func(r *http.Request) { r.URL.RawQuery = "client_secret=" + webSecret },
		"anything in it":      func(r *http.Request) { r.URL.RawQuery = "code=abc" },
		"JSON":                func(r *http.Request) { r.Header.Set("Content-Type", "application/json") },
		"no content type":     func(r *http.Request) { r.Header.Del("Content-Type") },
	} {
		if got := b.exchange(redemption("abc"), edit); got.status != http.StatusBadRequest || got.Error != "invalid_request" {
			t.Errorf("%s: %d %q", name, got.status, got.Error)
		}
	}
	big := b.exchange(redemption(strings.Repeat("a", 70<<10)))
	if big.status != http.StatusRequestEntityTooLarge || big.Error != "invalid_request" {
		t.Errorf("oversized: %d %q", big.status, big.Error)
	}
	if answer := b.get(h.issuer + "/oauth2/token"); answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d, Allow %q", answer.StatusCode, answer.Header.Get("Allow"))
	}
}

func TestTokenRejectsReusedCodeAndRevokesWhatItGave(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	first := b.exchange(redemption(code))
	if b.userinfo(first.AccessToken) != http.StatusOK {
		t.Fatal("control: the access token does not work")
	}
	if again := b.exchange(redemption(code)); again.Error != "invalid_grant" {
		t.Errorf("second redemption: %d %q", again.status, again.Error)
	}
	if got := b.userinfo(first.AccessToken); got != http.StatusUnauthorized {
		t.Errorf("the access token still works: %d", got)
	}
	if got := b.exchange(refresh(first.RefreshToken)); got.Error != "invalid_grant" {
		t.Errorf("the refresh token still works: %d %q", got.status, got.Error)
	}
	if !strings.Contains(h.log.String(), `"event":"code_replayed"`) {
		t.Error("no audit event")
	}
}

func TestTokenGivesACodeToOneOfManyRedemptions(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	results := make([]tokens, 50)
	var all sync.WaitGroup
	for n := range results {
		all.Go(func() { results[n] = b.exchange(redemption(code)) })
	}
	all.Wait()
	winners := 0
	for _, result := range results {
		if result.status == http.StatusOK {
			winners++
			if got := b.userinfo(result.AccessToken); got != http.StatusUnauthorized {
				t.Errorf("the winner's token outlives the replays: %d", got)
			}
		}
	}
	if winners > 1 {
		t.Errorf("%d winners", winners)
	}
}

func TestTokenRejectsExpiredCode(t *testing.T) {
	h := start(t)
	b := h.browser()
	intime, late := b.code(request()), b.code(request())
	h.clock.advance(59 * time.Second)
	if got := b.exchange(redemption(intime)); got.status != http.StatusOK {
		t.Errorf("after 59 s: %d %q", got.status, got.Error)
	}
	h.clock.advance(time.Second)
	if got := b.exchange(redemption(late)); got.Error != "invalid_grant" {
		t.Errorf("after 60 s: %d %q", got.status, got.Error)
	}
}

func TestTokenRejectsCodeOfAnotherClient(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	got := b.exchange(redemption(code, func(form url.Values) { form.Set("client_id", "other"); form.Set("client_secret", webSecret) }))
	if got.Error != "invalid_grant" {
		t.Errorf("%d %q", got.status, got.Error)
	}
	if again := b.exchange(redemption(code)); again.status == http.StatusOK {
		t.Error("a code that was in another client's hands still works")
	}
}

func TestTokenRejectsCodeOfADisabledAccount(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	account, err := h.store.AccountByName(t.Context(), "demo/baseline", "alice")
	if err != nil {
		t.Fatal(err)
	}
	account.Disabled = true
	if err := h.store.SaveAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if got := b.exchange(redemption(code)); got.Error != "invalid_grant" {
		t.Errorf("%d %q", got.status, got.Error)
	}
	if got := b.get(h.authorizeURL(request(with("prompt", "none")))).location(t, callback); got.Get("error") != "login_required" {
		t.Errorf("still signed in: %v", got)
	}
}

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
