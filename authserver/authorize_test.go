package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestAuthorizeAnswersWithAPageUntilTheRedirectURIIsVerified(t *testing.T) {
	h := start(t)
	b := h.browser()
	for name, change := range map[string]func(url.Values){
		"no client_id":                 with("client_id"),
		"unknown client_id":            with("client_id", "nobody"),
		"unregistered redirect_uri":    with("redirect_uri", "https://evil.example/callback"),
		"another client's redirect":    with("redirect_uri", "https://spa.example/callback"),
		"no redirect_uri, but two":     with("redirect_uri"),
		"trailing slash":               with("redirect_uri", callback+"/"),
		"extra query":                  with("redirect_uri", callback+"?x=1"),
		"fragment":                     with("redirect_uri", callback+"#x"),
		"upper case":                   with("redirect_uri", "https://app.example/CALLBACK"),
		"upper-case host":              with("redirect_uri", "https://APP.example/callback"),
		"default port":                 with("redirect_uri", "https://app.example:443/callback"),
		"http":                         with("redirect_uri", "http://app.example/callback"),
		"dot segments":                 with("redirect_uri", "https://app.example/x/../callback"),
		"encoded":                      with("redirect_uri", "https://app.example/%63allback"),
		"user info":                    with("redirect_uri", "https://app.example@evil.example/callback"),
		"prefix of a host":             with("redirect_uri", "https://app.example.evil.example/callback"),
		"space":                        with("redirect_uri", callback+" "),
		"line break":                   with("redirect_uri", callback+"\r\n"),
		"backslash":                    with("redirect_uri", callback+`\`),
		"query of the second, changed": with("redirect_uri", "https://app.example/second?keep=that"),
		"client without the grant":     with("client_id", "machine"),
		"two redirect_uri":             with("redirect_uri", callback, callback),
		"two client_id":                with("client_id", "web", "web"),
		"two state":                    with("state", "a", "b"),
		"two scope":                    with("scope", "openid", "openid"),
		"two code_challenge":           with("code_challenge", challenge(verifier), challenge(verifier)),
		"two of an unknown parameter":  with("unknown", "a", "b"),
		"not UTF-8":                    with("state", "\xff"),
		"NUL":                          with("state", "a\x00b"),
		"oversized parameter":          with("state", strings.Repeat("a", 9<<10)),
	} {
		for method, answer := range map[string]answer{
			http.MethodGet:  b.get(h.authorizeURL(request(change))),
			http.MethodPost: b.post(h.issuer+"/oauth2/authorize", request(change)),
		} {
			if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" || !strings.Contains(answer.body, "<h1>") {
				t.Errorf("%s by %s: %d, Location %q", name, method, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
	}
	if control := b.get(h.authorizeURL(request())); !strings.Contains(control.body, `id="login"`) {
		t.Errorf("the valid request shows no sign-in page: %d %s", control.StatusCode, control.body)
	}
}

func TestAuthorizeSendsOtherErrorsToTheClient(t *testing.T) {
	h := start(t)
	b := h.browser()
	for name, test := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"no response_type":          {with("response_type"), "invalid_request"},
		"token":                     {with("response_type", "token"), "unsupported_response_type"},
		"code token":                {with("response_type", "code token"), "unsupported_response_type"},
		"response_mode fragment":    {with("response_mode", "fragment"), "invalid_request"},
		"response_mode web_message": {with("response_mode", "web_message"), "invalid_request"},
		"unknown scope":             {with("scope", "openid bogus"), "invalid_scope"},
		"another client's scope": {func(q url.Values) {
			with("client_id", "trusted")(q)
			with("redirect_uri", "https://trusted.example/callback")(q)
		}, "invalid_scope"},
		"no scope and no default": {with("scope"), "invalid_scope"},
		"unknown resource":        {with("resource", "https://evil.example/"), "invalid_target"},
		"no code_challenge":       {func(q url.Values) { with("code_challenge")(q); with("code_challenge_method")(q) }, "invalid_request"},
		"plain":                   {with("code_challenge_method", "plain"), "invalid_request"},
		"no method, so plain":     {with("code_challenge_method"), "invalid_request"},
		"S512":                    {with("code_challenge_method", "S512"), "invalid_request"},
		"method alone":            {with("code_challenge"), "invalid_request"},
		"short challenge":         {with("code_challenge", "abc"), "invalid_request"},
		"padded challenge":        {with("code_challenge", challenge(verifier)+"="), "invalid_request"},
		"request object":          {with("request", "e30."), "request_not_supported"},
		"request_uri":             {with("request_uri", "https://evil.example/"), "request_uri_not_supported"},
		"prompt none signed out":  {with("prompt", "none"), "login_required"},
		"prompt none with login":  {with("prompt", "none login"), "invalid_request"},
		"unknown prompt":          {with("prompt", "perhaps"), "invalid_request"},
		"negative max_age":        {with("max_age", "-1"), "invalid_request"},
		"max_age in words":        {with("max_age", "ten"), "invalid_request"},
		"forged id_token_hint":    {with("id_token_hint", "a.b.c"), "invalid_request"},
	} {
		answer := b.get(h.authorizeURL(request(test.change)))
		got := answer.location(t, "https://")
		if got.Get("error") != test.want || got.Get("state") != "the state" || got.Get("iss") != h.issuer || got.Get("code") != "" {
			t.Errorf("%s: %v", name, got)
		}
	}
}
