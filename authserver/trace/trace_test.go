package trace

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// listen subscribes without a connection.
func listen(t *testing.T, f *Feed) *reader {
	t.Helper()
	r := f.subscribe()
	if r == nil {
		t.Fatal("too many readers")
	}
	return r
}

func newFeed() *Feed {
	return New(AuthorizationServer, func() []string { return []string{"https://as.example"} }, time.Now)
}

// exchanged lets a handler answer a request and returns what was told of both.
func exchanged(t *testing.T, r *http.Request, route Route, handler http.HandlerFunc) (request, answer Event, raw string) {
	t.Helper()
	f := newFeed()
	from := listen(t, f)
	w, r, x := f.Begin(httptest.NewRecorder(), r, route)
	_, _ = io.Copy(io.Discard, r.Body)
	handler(w, r)
	x.End()
	for _, into := range []*Event{&request, &answer} {
		text := <-from.events
		raw += text
		_, data, _ := strings.Cut(text, "data: ")
		if err := json.Unmarshal([]byte(data), into); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return request, answer, raw
}

func form(t *testing.T, encoded string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(encoded))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

var route = Route{
	Name: TokenEndpoint, From: BFF, Step: StepValidate, AnswerStep: StepTokenResponse, BackChannel: true, Form: true,
	Client: func(id string) bool { return id == "web" },
	Cookie: func(name string) string {
		if name == "ours" {
			return name
		}
		return ""
	},
}

// spellings are the forms in which a secret could be in a text.
func spellings(secret string) map[string]string {
	return map[string]string{
		"raw": secret, "base64url": base64.RawURLEncoding.EncodeToString([]byte(secret)), "base64": base64.StdEncoding.EncodeToString([]byte(secret)),
		"hex": hex.EncodeToString([]byte(secret)), "percent": url.QueryEscape(secret), "JSON": strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
}

func leaks(text, secret string) string {
	for name, spelling := range spellings(secret) {
		if strings.Contains(text, spelling) {
			return name
		}
	}
	return ""
}

const canary = "canary/7Hq+e2ZrT0 ~v" // differs in every spelling

// TestNothingSecretIsShown sends a canary under every name that is not public, in every place.
func TestNothingSecretIsShown(t *testing.T) {
	names := []string{
		"password", "username", "client_secret", "csrf", "unknown", "email", "sub", "name", "login_hint", "claims", "request", "otp", "error_description",
		"action", "client_id", "grant_type", "token_type", "active", "exp", "acr", "scope", "iss", "redirect_uri", "prompt", // not what these may be
	}
	for name, rule := range rules {
		if rule != nil {
			names = append(names, name)
		}
	}
	parameters := url.Values{}
	members := map[string]string{}
	for _, name := range names {
		parameters.Set(name, canary)
		members[name] = canary
	}
	r := form(t, parameters.Encode())
	r.URL.RawQuery = parameters.Encode()
	for _, name := range []string{"Dpop", "Dpop-Nonce", "Www-Authenticate", "User-Agent", "Referer", "X-Unknown", "Cookie"} {
		r.Header.Set(name, canary)
	}
	r.Header.Add("Authorization", "Bearer "+canary)
	r.Header.Add("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("web:"+canary)))
	r.Header.Add("Authorization", "Other "+canary)
	value := base64.RawURLEncoding.EncodeToString([]byte(canary))
	r.AddCookie(&http.Cookie{Name: "ours", Value: value})
	r.AddCookie(&http.Cookie{Name: value, Value: value})
	request, answer, raw := exchanged(t, r, route, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Unknown", canary)
		http.SetCookie(w, &http.Cookie{Name: "ours", Value: value})
		From(r.Context()).Correlate(canary)
		From(r.Context()).Respond(canary, parameters)
		_ = json.NewEncoder(w).Encode(members)
	})
	if how := leaks(raw, canary); how != "" {
		t.Errorf("the canary is there, as %s:\n%s", how, raw)
	}
	if request.Message.Dropped == 0 || answer.Message.Dropped == 0 || len(request.Message.Values) == 0 {
		t.Errorf("%+v\n%+v", request.Message, answer.Message)
	}
	for name, spelling := range spellings(canary) { // the control: every spelling would be found
		if leaks("…"+spelling+"…", canary) == "" {
			t.Errorf("%s is not looked for", name)
		}
	}
}

func TestWhatIsPublicIsShown(t *testing.T) {
	request, answer, raw := exchanged(t, form(t, "client_id=web&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fsecret%3Dx&action=allow&code=the+code&empty="),
		route, func(w http.ResponseWriter, r *http.Request) {
			Tell(r.Context(), "pkce", "RFC 7636 §4.6", false)
			Tell(r.Context(), "pkce", "RFC 7636 §4.6", true)
			w.Header().Set("Www-Authenticate", `DPoP realm="api", error="use_dpop_nonce", error_description="words", max_age="300"`)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"words","expires_in":300,"active":true,"keys":[{"kid":"k"}]}`)
		})
	want := []Value{
		{In: "form", Name: "client_id", Value: "web"},
		{In: "form", Name: "grant_type", Value: "authorization_code"},
		{In: "form", Name: "redirect_uri", Value: "https://app.example/cb"},
		{In: "form", Name: "action", Value: "allow"},
		{In: "form", Name: "code", Digest: Digest("the code"), Length: 8},
	}
	if fmt.Sprint(request.Message.Values) != fmt.Sprint(want) || request.Message.Dropped != 1 { // the content type
		t.Errorf("request %+v", request.Message)
	}
	want = []Value{
		{In: "header", Name: "WWW-Authenticate", Value: `DPoP error="use_dpop_nonce", max_age="300"`},
		{In: "body", Name: "error", Value: "invalid_grant"},
		{In: "body", Name: "expires_in", Value: "300"},
		{In: "body", Name: "active", Value: "true"},
		{In: "body", Name: "kid", Digest: Digest("k")},
	}
	if fmt.Sprint(answer.Message.Values) != fmt.Sprint(want) || answer.Message.Status != http.StatusBadRequest || answer.Step != StepValidate {
		t.Errorf("answer %+v, step %d", answer.Message, answer.Step)
	}
	if len(request.Checks) != 1 || !request.Checks[0].OK || len(answer.Checks) != 0 {
		t.Errorf("checks %+v", request.Checks)
	}
	if strings.Contains(raw, "words") {
		t.Error(raw)
	}
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestATokenIsShownWithoutItsSignatureAndSubject(t *testing.T) {
	header := `{"alg":"ES256","typ":"at+jwt","kid":"k","jwk":{"kty":"EC","crv":"P-256","x":"X","y":"Y","d":"private"},"x5c":["cert"]}`
	claims := `{"iss":"https://as.example","sub":"alice","aud":["web","https://api.example"],"exp":1,"scope":"a b","email":"alice@example.org",
		"jti":"j","cnf":{"jkt":"t"},"amr":["pwd","otp"],"name":"Alice","client_id":"someone's secret","nonce":7,
		"events":{"http://schemas.openid.net/event/backchannel-logout":{}}}`
	text := encoded(header) + "." + encoded(claims) + ".c2lnbmF0dXJl"
	request, _, raw := exchanged(t, form(t, "id_token="+text), route, func(http.ResponseWriter, *http.Request) {})
	for _, secret := range []string{"alice", "Alice", "c2lnbmF0dXJl", "someone's", "private", "cert"} {
		if strings.Contains(raw, secret) {
			t.Errorf("%s is shown: %s", secret, raw)
		}
	}
	token := request.Message.Values[0].Token
	shown, _ := json.Marshal(token.Claims)
	want := fmt.Sprintf(`{"amr":["pwd","otp"],"aud":["web","https://api.example"],"cnf":{"jkt":"digest:%s"},`+
		`"events":{"http://schemas.openid.net/event/backchannel-logout":{}},"exp":1,"iss":"https://as.example","jti":"digest:%s","scope":"a b"}`, Digest("t"), Digest("j"))
	if string(shown) != want || token.Dropped != 6 {
		t.Errorf("claims %s, %d dropped", shown, token.Dropped)
	}
	jkt := Digest(`{"crv":"P-256","kty":"EC","x":"X","y":"Y"}`) // RFC 7638 §3
	if head, _ := json.Marshal(token.Header); string(head) != fmt.Sprintf(`{"alg":"ES256","jkt":"digest:%s","kid":"digest:%s","typ":"at+jwt"}`, Digest(jkt), Digest("k")) {
		t.Errorf("header %s", head)
	}
}

func TestASlowReaderLosesEventsAndIsToldHowMany(t *testing.T) {
	f := newFeed()
	server := httptest.NewServer(f)
	defer server.Close()
	slow := listen(t, f)
	const sent = backlog + 10
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range sent {
			f.Emit(Event{Name: JWKS})
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("a reader that does not read holds up the product")
	}
	if lost := slow.lost.Load(); lost != sent-backlog || len(slow.events) != backlog {
		t.Errorf("%d lost, %d waiting", lost, len(slow.events))
	}
	recorder := &flushed{ResponseRecorder: httptest.NewRecorder()}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.send(recorder, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), slow)
	if !strings.HasPrefix(recorder.Body.String(), "event: lost\ndata: {\"lost\":10}\n\nevent: hello\n") {
		t.Errorf("%s", recorder.Body)
	}
}

type flushed struct{ *httptest.ResponseRecorder }

func (*flushed) SetWriteDeadline(time.Time) error { return nil }

func TestTheFeedTakesSoManyReadersAndNoMore(t *testing.T) {
	f := newFeed()
	server := httptest.NewServer(f)
	defer server.Close()
	defer f.Close()
	for count := range maxReaders + 1 {
		response, err := http.Get(server.URL) //nolint:noctx // the server ends it
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close() //nolint:errcheck // a test
		if full := count == maxReaders; (response.StatusCode == http.StatusServiceUnavailable) != full {
			t.Errorf("reader %d: %s", count, response.Status)
		}
		if count == 0 {
			line, err := bufio.NewReader(response.Body).ReadString('}')
			if err != nil || line != "event: hello\ndata: {\"issuers\":[\"https://as.example\"]}" {
				t.Errorf("%q, %v", line, err)
			}
		}
	}
}

// told is what a handler tells when the trace is on, and what it costs when it is off.
func told(f *Feed, w http.ResponseWriter, r *http.Request) {
	w, r, x := f.Begin(w, r, route)
	defer x.End()
	ctx := r.Context()
	From(ctx).Is(SignInForm)
	From(ctx).Within(false)
	From(ctx).Correlate("state")
	From(ctx).Respond("https://app.example", nil)
	Tell(ctx, "pkce", "RFC 7636 §4.6", true)
	Checked(ctx, "pkce", "RFC 7636 §4.6", true)
	f.Emit(Event{})
	_ = w
}

func TestWhenItIsOffItAllocatesNothing(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	for name, f := range map[string]*Feed{"off": nil, "on, and nobody reads": newFeed()} {
		if count := testing.AllocsPerRun(1000, func() { told(f, w, r) }); count != 0 {
			t.Errorf("%s: %v allocations", name, count)
		}
	}
	f := newFeed()
	listen(t, f)
	if count := testing.AllocsPerRun(1000, func() { told(f, w, r) }); count == 0 {
		t.Error("control: on, it allocates nothing either")
	}
}

func BenchmarkOff(b *testing.B) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		told(nil, w, r)
	}
}

// FuzzRedact sends a secret under any name, in any encoding, beside anything, and as any part of a JWT's signature.
func FuzzRedact(f *testing.F) {
	f.Add("password", "client_id=web", `{"alg":"none"}`, `{"sub":"x"}`)
	f.Add("%63ode", "a=b&&=&%zz=1;c", `{"kid":1}`, `{"aud":[null,{}],"cnf":[]}`)
	f.Add("scope", "", "{", "[]")
	f.Fuzz(func(t *testing.T, name, rest, header, claims string) {
		signature := encoded(canary)
		body := url.QueryEscape(name) + "=" + url.QueryEscape(canary) + "&" + rest + "&id_token=" + encoded(header) + "." + encoded(claims) + "." + signature
		_, _, raw := exchanged(t, form(t, body), route, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			member, _ := json.Marshal(map[string]string{name: canary})
			_, _ = w.Write(member)
		})
		if how := leaks(raw, canary); how != "" && leaks(rest+header+claims, canary) == "" {
			t.Errorf("the canary is there, as %s:\n%s", how, raw)
		}
	})
}
