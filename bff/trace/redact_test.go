package trace

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/api"
)

func cookieName(name string) string {
	if name == "own" {
		return name
	}
	return ""
}

func newTestFlow() *Flow {
	return New(Config{Cookie: cookieName, Now: time.Now}).Begin(api.FlowSignIn)
}

func jwt(header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode([]byte("canary-signature"))
}

// show returns what is told of a request with all of this, as a page would get it.
func show(f *Flow, query, form, body string, header http.Header) string {
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	r.URL.RawQuery, r.Header = query, header.Clone()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	x := Exchange{Name: api.TraceLogin, flow: f, Origin: "https://app.example", Route: "/bff/login"}
	request, _ := json.Marshal(x.request(r, []byte(form)))
	response, _ := json.Marshal(x.response(Answer{Status: 200, Header: header, Body: []byte(body)}, nil))
	return string(request) + string(response)
}

// leaks reports whether the text has the value in one of the forms in which it could be told.
func leaks(text, value string) bool {
	for _, form := range []string{
		value, base64.RawURLEncoding.EncodeToString([]byte(value)), base64.StdEncoding.EncodeToString([]byte(value)),
		url.QueryEscape(value), hex.EncodeToString([]byte(value)),
	} {
		if strings.Contains(text, strings.TrimRight(form, "=")) {
			return true
		}
	}
	return false
}

func TestWhatIsNotPublicIsNeverTold(t *testing.T) {
	f := newTestFlow()
	for name, how := range parameters {
		for i, canary := range []string{"Canary0123456789-secret", jwt(`{"alg":"none","x":"canary-header"}`, `{"sub":"canary-sub","name":"canary-name","address":{"x":"canary-x"}}`)} {
			member, _ := json.Marshal(map[string]any{name: canary, "other": canary})
			text := show(f, url.Values{name: {canary}}.Encode(), url.Values{name: {canary}, "password": {canary}}.Encode(), string(member), http.Header{})
			open := how.public != nil && how.public(canary) != ""
			if leaks(text, canary) != open || (open && i == 1 && strings.Contains(text, "canary-sub")) {
				t.Errorf("%s: %s", name, text)
			}
			if strings.Contains(text, "canary-") && !open {
				t.Errorf("%s: the token's own: %s", name, text)
			}
		}
	}
	for name := range parameters {
		switch name {
		case "client_id", "redirect_uri", "post_logout_redirect_uri", "scope", "iss", "aud", "resource", "expires_in", "max_age", "acr_values", "error",
			"response_type", "response_mode", "code_challenge_method", "grant_type", "token_type", "token_type_hint", "client_assertion_type", "prompt", "bff_error":
		default:
			if parameters[name].public != nil {
				t.Errorf("%s is public", name)
			}
		}
	}
}

func TestHeadersTellNoSecret(t *testing.T) {
	f := newTestFlow()
	const canary = "Canary0123456789-secret"
	text := show(f, "", "", "", http.Header{
		"Authorization": {"Bearer " + canary, "Basic " + canary, "Digest " + canary, canary}, "Cookie": {"own=" + canary + "; other=" + canary},
		"Set-Cookie": {"own=" + canary + "; Secure; Path=/", "other=" + canary}, "Location": {"https://as.example/?code=" + canary + "&x=" + canary + "#" + canary},
		"Www-Authenticate": {`Bearer error="` + canary + `", error_description="` + canary + `"`, canary}, "User-Agent": {canary}, "Dpop": {canary},
		"Dpop-Nonce": {canary}, "Referer": {canary}, "X-Api-Key": {canary}, "Content-Type": {canary}, "Traceparent": {canary}, "Origin": {"https://u:" + canary + "@x/"},
	})
	if leaks(text, canary) {
		t.Error(text)
	}
	for _, want := range []string{`"name":"Authorization","value":"Bearer"`, `"name":"own"`, `"value":"Path=/; Secure"`, `"https://as.example/"`, `"name":"code","ref"`} {
		if !strings.Contains(text, want) {
			t.Errorf("control: %s is not in %s", want, text)
		}
	}
}

func TestRedirectsShowTheScreenAndNotWhatItIsAbout(t *testing.T) {
	f := newTestFlow()
	for location, want := range map[string]string{
		"/": "/", "/inspector": "/inspector", "/notes/canary?x=canary#canary": "/notes/…", "//canary": "//canary", "https://as.example/authorize?state=canary": "https://as.example/authorize",
	} {
		m := f.redactor.begin()
		m.location(location)
		if got := m.values[0].Value; got != want {
			t.Errorf("%s: %s, want %s", location, got, want)
		}
	}
}

func TestTokensAreShownWithoutSignatureAndPerson(t *testing.T) {
	f := newTestFlow()
	shown, _ := json.Marshal(f.redactor.token(jwt(
		`{"alg":"ES256","typ":"dpop+jwt","kid":"k1","jwk":{"kty":"EC","crv":"P-256","x":"xx","y":"yy","d":"canary-d"},"x5c":["canary-x"]}`,
		`{"iss":"https://as.example","aud":["a","b"],"sub":"canary-sub","exp":12,"jti":"canary-jti","email":"canary-mail","cnf":{"jkt":"canary-jkt","x":"canary-y"},"amr":["pwd"],"events":{"canary":{}}}`)))
	if text := string(shown); strings.Contains(text, "canary") || !strings.Contains(text, `"aud":["a","b"]`) || !strings.Contains(text, `"exp":12`) ||
		!strings.Contains(text, `"jti":"ref:`+f.redactor.reference("canary-jti")) || !strings.Contains(text, `"cnf":{"jkt":"ref:`+f.redactor.reference("canary-jkt")) || !strings.Contains(text, `"dropped":5`) {
		t.Error(text)
	}
	for _, none := range []string{"", "a.b", "a.b.c.d", "!.!.!", jwt(`[]`, `{}`), jwt(`{}`, `null`), strings.Repeat("a", maxToken) + ".e30.x"} {
		if f.redactor.token(none) != nil {
			t.Errorf("%q is a token", none)
		}
	}
}

// A key of RFC 7638 §3.1, whose thumbprint is given there.
func TestKeysAreShownByTheirThumbprint(t *testing.T) {
	f := newTestFlow()
	const n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	shown := f.redactor.token(jwt(`{"jwk":{"kty":"RSA","n":"`+n+`","e":"AQAB"}}`, `{}`))
	if want := refPrefix + f.redactor.reference("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"); shown.Header["jwk"].(map[string]any)["jkt"] != want {
		t.Errorf("%v, want %s", shown.Header, want)
	}
}

func TestReferencesAreOfOneFlowOnly(t *testing.T) {
	tracer := New(Config{Cookie: cookieName, Now: time.Now})
	one, two := tracer.Begin(api.FlowSignIn), tracer.Begin(api.FlowSignIn)
	if first, again := one.redactor.reference("x"), one.redactor.reference("x"); first != again || first == one.redactor.reference("y") {
		t.Error("a reference does not tell values apart")
	}
	if one.redactor.reference("x") == two.redactor.reference("x") || one.id == two.id {
		t.Error("a value has the same reference in two flows")
	}
	if got := one.refOf(digest("x")); got != one.redactor.reference("x") {
		t.Errorf("by another server's digest it is %q", got)
	}
}

func FuzzRedactor(f *testing.F) {
	f.Add("code=x&state=y&scope=a%20b&x", "code", []byte(`{"access_token":"x","error":5}`), `{"alg":"ES256"}`, `{"iss":"https://x"}`, "own=1; x=2")
	f.Add("%zz&=&&a=b=c", "Authorization", []byte(`[`), ``, `{"aud":[1]}`, "own")
	flow := newTestFlow()
	f.Fuzz(func(t *testing.T, query, name string, body []byte, header, payload, line string) {
		const canary = "Canary_7f3b!%&=\" ;"
		sent := http.Header{"Cookie": {line, "own=" + canary}, "Set-Cookie": {line}, "Location": {query}, "Www-Authenticate": {line}, "Authorization": {line, "Bearer " + jwt(header, payload)}}
		sent[http.CanonicalHeaderKey(name)] = append(sent[http.CanonicalHeaderKey(name)], canary)
		values := url.Values{name: {canary}}.Encode()
		text := show(flow, query+"&"+values, values+"&"+query, string(body), sent)
		if how := parameters[name]; how.public == nil || how.public(canary) == "" {
			if leaks(text, canary) && !leaks(query+string(body)+header+payload+line+name, canary) {
				t.Errorf("%q: %s", name, text)
			}
		}
		if strings.Contains(text, base64.RawURLEncoding.EncodeToString([]byte("canary-signature"))) {
			t.Errorf("a signature: %s", text)
		}
	})
}

func FuzzFeed(f *testing.F) {
	f.Add([]byte("event: hello\ndata: {\"issuers\":[\"https://as\"]}\n\nevent: trace\ndata: {\"trace_id\":\"t\",\"message\":{\"values\":[{\"digest\":\"x\"}]}}\n\n"))
	f.Add([]byte("data\n\n:\n\nevent: trace\ndata: {}\n\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		tracer := New(Config{Cookie: cookieName, Now: time.Now})
		flow := tracer.Begin(api.FlowSignIn)
		flow.learn(traceKey("t"))
		flow.Bind("s", "")
		_, _ = tracer.readEvents(strings.NewReader(string(data)), "feed")
	})
}

func TestLongMessagesAreCut(t *testing.T) {
	f := newTestFlow()
	many := strings.Builder{}
	for i := range 500 {
		_, _ = fmt.Fprintf(&many, "state=%d&", i)
	}
	m := f.redactor.begin()
	m.query(api.InQuery, many.String()+"scope="+strings.Repeat("x", 1<<20))
	if len(m.values) != maxValues || m.dropped != 500-maxValues+1 {
		t.Errorf("%d values, %d dropped", len(m.values), m.dropped)
	}
}
