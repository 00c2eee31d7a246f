package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
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
		"client assertion":        {with("client_assertion", "a.b.c"), "invalid_request"}, // a second method
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
