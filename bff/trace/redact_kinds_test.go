package trace

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"cloakroom/bff/api"
)

// shownAs says what a message tells of a value under a name: "public" (as it is), "reference", "reference and length", or "dropped"
// and counted. What is none of these is "told wrongly".
func shownAs(f *Flow, value string, fill func(*redacted)) string {
	m := f.redactor.begin()
	fill(m)
	text, _ := json.Marshal(m.values)
	if len(m.values) == 0 {
		if m.dropped == 1 {
			return "dropped"
		}
		return "dropped, and not counted"
	}
	v, reference := m.values[0], f.redactor.reference(value)
	switch {
	case m.dropped != 0 || len(m.values) != 1:
	case v.Value == value && v.Ref == "" && v.Length == 0:
		return "public"
	case v.Ref == reference && len(v.Ref) == 6 && !leaks(string(text), value):
		if v.Length == len(value) {
			return "reference and length"
		}
		if v.Length == 0 {
			return "reference"
		}
	}
	return "told wrongly: " + string(text)
}

// Every name, as the rule for what people see has it, and each in the query, in a form and in a JSON object.
func TestEveryKindOfValueIsShownByItsRule(t *testing.T) {
	f := newTestFlow()
	const secret = "Canary0123456789-secret"
	for want, names := range map[string]map[string]string{
		"public": {
			"client_id": "cloakroom", "redirect_uri": "https://app.example/bff/callback", "scope": "openid notes.read", "response_type": "code",
			"iss": "https://as.example", "aud": "https://api.example", "expires_in": "300", "error": "access_denied",
		},
		"reference": {
			"state": secret, "nonce": secret, "code_challenge": secret, "request_uri": "urn:ietf:params:oauth:request_uri:" + secret, "dpop_jkt": secret,
			"sid": secret, "code_verifier": secret,
		},
		"reference and length": {
			"code": secret, "access_token": secret, "refresh_token": secret, "id_token": secret, "id_token_hint": secret, "client_assertion": secret,
			"logout_token": secret, "token": secret,
		},
		"dropped": {
			"password": secret, "client_secret": secret, "username": secret, "login_hint": secret, "email": secret, "name": secret, "sub": secret,
			"phone_number": secret, "key": secret, "jwk": secret, "d": secret, "error_description": secret, "returnUrl": secret, "whatever": secret,
			"error": secret, "expires_in": secret, "response_type": secret, // not what these may be
		},
	} {
		for name, value := range names {
			member, _ := json.Marshal(map[string]string{name: value})
			for place, fill := range map[string]func(*redacted){
				"query": func(m *redacted) { m.query(api.InQuery, url.Values{name: {value}}.Encode()) },
				"form":  func(m *redacted) { m.query(api.InForm, url.Values{name: {value}}.Encode()) },
				"body":  func(m *redacted) { m.object(member) },
			} {
				if got := shownAs(f, value, fill); got != want {
					t.Errorf("%s in the %s is %s, want %s", name, place, got, want)
				}
			}
		}
	}
	for want, fields := range map[string]http.Header{
		"reference":            {"Dpop-Nonce": {secret}},
		"reference and length": {"Dpop": {secret}, "Cookie": {"own=" + secret}, "Set-Cookie": {"own=" + secret}},
		"dropped":              {"Cookie": {"other=" + secret}, "Set-Cookie": {"other=" + secret}, "X-Api-Key": {secret}, "User-Agent": {secret}, "Referer": {secret}},
	} {
		for name, values := range fields {
			if got := shownAs(f, secret, func(m *redacted) { m.header(http.Header{name: values}) }); got != want {
				t.Errorf("the header %s is %s, want %s", name, got, want)
			}
		}
	}
}

// Claims and header members of a token: those that name something are references, the allow-listed are shown, the rest is counted.
func TestEveryKindOfClaimIsShownByItsRule(t *testing.T) {
	f := newTestFlow()
	const secret = "Canary0123456789-secret"
	claim := func(name, value string) (string, int) {
		encoded, _ := json.Marshal(map[string]string{name: value})
		shown := f.redactor.token(jwt("{}", string(encoded)))
		text, _ := shown.Claims[name].(string)
		return text, shown.Dropped
	}
	for _, name := range []string{"jti", "nonce", "sid"} {
		if got, dropped := claim(name, secret); got != refPrefix+f.redactor.reference(secret) || dropped != 0 {
			t.Errorf("%s is %q, %d dropped", name, got, dropped)
		}
	}
	for name, value := range map[string]string{"iss": "https://as.example", "aud": "notes", "client_id": "cloakroom", "scope": "openid"} {
		if got, dropped := claim(name, value); got != value || dropped != 0 {
			t.Errorf("%s is %q, %d dropped", name, got, dropped)
		}
	}
	for _, name := range []string{"sub", "email", "name", "phone_number", "at_hash", "whatever"} {
		if got, dropped := claim(name, secret); got != "" || dropped != 1 {
			t.Errorf("%s is %q, %d dropped", name, got, dropped)
		}
	}
	shown := f.redactor.token(jwt(`{"kid":"`+secret+`","x5c":"`+secret+`"}`, "{}"))
	if shown.Header["kid"] != refPrefix+f.redactor.reference(secret) || len(shown.Header) != 1 || shown.Dropped != 1 {
		t.Errorf("the header is %v, %d dropped", shown.Header, shown.Dropped)
	}
	for name := range parameters {
		if !slices.Contains([]string{"client_assertion", "id_token", "id_token_hint", "access_token", "logout_token", "token"}, name) && parameters[name].token {
			t.Errorf("%s is taken apart", name)
		}
	}
}
