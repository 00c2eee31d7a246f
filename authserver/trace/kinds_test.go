package trace

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// kindOf says how the values tell of one text: as it is, by its digest (of which the reader makes a reference), by digest and length,
// or not at all.
func kindOf(values []Value, dropped int, text string) string {
	raw, _ := json.Marshal(values)
	switch {
	case len(values) == 0 && dropped == 1:
		return "dropped"
	case len(values) != 1 || dropped != 0:
	case values[0].Value == text && values[0].Digest == "" && values[0].Length == 0:
		return "public"
	case values[0].Digest != Digest(text) || leaks(string(raw), text) != "":
	case values[0].Length == len(text):
		return "reference and length"
	case values[0].Length == 0:
		return "reference"
	}
	return "told wrongly: " + string(raw)
}

// Every name, as the rule for what people see has it, in a query and in a JSON answer.
func TestEveryKindOfValueIsToldByItsRule(t *testing.T) {
	for want, names := range map[string]map[string]string{
		"public": {
			"client_id": "web", "redirect_uri": "https://app.example/cb", "scope": "openid notes.read", "response_type": "code",
			"iss": "https://as.example", "aud": "https://api.example", "expires_in": "300", "error": "access_denied",
		},
		"reference": {
			"state": canary, "nonce": canary, "code_challenge": canary, "request_uri": canary, "jti": canary, "sid": canary, "dpop_jkt": canary,
		},
		"reference and length": {
			"code": canary, "code_verifier": canary, "access_token": canary, "refresh_token": canary, "id_token": canary, "id_token_hint": canary,
			"client_assertion": canary, "logout_token": canary, "token": canary,
		},
		"dropped": {
			"password": canary, "username": canary, "client_secret": canary, "otp": canary, "csrf": canary, "login_hint": canary, "email": canary,
			"name": canary, "sub": canary, "key": canary, "jwk": canary, "d": canary, "error_description": canary, "whatever": canary,
			"client_id": canary, "error": canary, "expires_in": canary, // not what these may be
		},
	} {
		for name, text := range names {
			r := form(t, url.Values{name: {text}}.Encode())
			request, answer, _ := exchanged(t, r, route, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{"application/json"}
				_ = json.NewEncoder(w).Encode(map[string]string{name: text})
			})
			// Besides the value there is the content type, which is counted.
			if got := kindOf(request.Message.Values, request.Message.Dropped-1, text); got != want {
				t.Errorf("%s in a form is %s, want %s", name, got, want)
			}
			if got := kindOf(answer.Message.Values, answer.Message.Dropped-1, text); got != want {
				t.Errorf("%s in an answer is %s, want %s", name, got, want)
			}
		}
	}
}

func TestEveryKindOfHeaderIsToldByItsRule(t *testing.T) {
	secret := strings.ReplaceAll(encoded(canary), "=", "")
	for want, fields := range map[string]http.Header{
		"reference":            {"Dpop-Nonce": {secret}},
		"reference and length": {"Dpop": {secret}, "Cookie": {"ours=" + secret}},
		"dropped":              {"Cookie": {"other=" + secret}, "X-Api-Key": {secret}, "User-Agent": {secret}, "Referer": {secret}},
	} {
		for name, values := range fields {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/?state=", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header[name] = values
			request, _, _ := exchanged(t, r, route, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "") })
			if got := kindOf(request.Message.Values, request.Message.Dropped, secret); got != want {
				t.Errorf("the header %s is %s, want %s", name, got, want)
			}
		}
	}
}
