package authserver_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/trace"
)

// TestTraceTellsAWholeFlowInOrder goes from the authorization request to the tokens.
func TestTraceTellsAWholeFlowInOrder(t *testing.T) {
	h := startTracing(t)
	b, f := h.browser(), h.feed()
	got := b.exchange(redemption(b.code(request())), traced)
	if got.status != http.StatusOK {
		t.Fatal(got)
	}
	events := f.until(trace.TokenEndpoint)
	var steps []int
	var names []trace.Name
	for at, event := range events {
		steps, names = append(steps, event.Step), append(names, event.Name)
		if event.Emitter != trace.AuthorizationServer || event.At.IsZero() || event.Exchange == "" || (event.Message.Status != 0) != (at%2 == 1) {
			t.Errorf("%+v", event)
		}
		if at%2 == 1 && (event.Exchange != events[at-1].Exchange || event.From != events[at-1].To || event.To != events[at-1].From) {
			t.Errorf("the response %+v is none to %+v", event, events[at-1])
		}
	}
	if want := []int{2, 3, 4, 4, 4, 4, 4, 4, 4, 5, 7, 8}; !slices.Equal(steps, want) {
		t.Errorf("steps %v, want %v", steps, want)
	}
	want := []trace.Name{
		trace.Authorize, trace.Authorize, trace.SignInForm, trace.SignInForm, trace.SignInForm, trace.SignInForm,
		trace.ConsentForm, trace.ConsentForm, trace.ConsentForm, trace.AuthorizeResponse, trace.TokenEndpoint, trace.TokenEndpoint,
	}
	if !slices.Equal(names, want) {
		t.Errorf("names %v, want %v", names, want)
	}
	for _, event := range events[:10] {
		if !slices.Contains(event.Correlations, trace.Digest("the state")) || event.TraceID != "" {
			t.Errorf("%s is not found by its state: %+v", event.Name, event)
		}
	}
	first, response, redeemed, answer := events[0].Message, events[9].Message, events[10], events[11].Message
	if told(first, "client_id").Value != "web" || told(first, "scope").Value != "openid profile notes.read" ||
		told(first, "code_challenge").Digest != trace.Digest(challenge(verifier)) || told(first, "state").Value != "" {
		t.Errorf("authorization request %+v", first)
	}
	if told(events[4].Message, "action").Value != "login" || told(events[8].Message, "action").Value != "allow" || !checked(events[4])["user_authentication"] {
		t.Errorf("the forms' answers: %+v, %+v", events[4], events[8])
	}
	code := told(response, "code")
	if told(response, "Location").Value != callback || told(response, "iss").Value != h.issuer || code.Length == 0 || code.Digest != told(redeemed.Message, "code").Digest {
		t.Errorf("authorization response %+v", response)
	}
	for _, name := range []string{
		"client_authentication", "client_auth_method", "client_secret", "code_known", "code_unused", "code_client", "code_unexpired", "redirect_uri", "pkce",
	} {
		if !checked(redeemed)[name] {
			t.Errorf("%s was not told: %+v", name, redeemed.Checks)
		}
	}
	id, access := told(answer, "id_token").Token, told(answer, "access_token")
	if redeemed.TraceID != traceID || id.Claims["nonce"] != "digest:"+trace.Digest("the nonce") || id.Claims["sub"] != nil || id.Claims["aud"] != "web" ||
		access.Digest != trace.Digest(got.AccessToken) || access.Token.Header["typ"] != "at+jwt" {
		t.Errorf("token response %+v, id token %+v", answer, id)
	}
}

// TestTraceTellsTheCheckThatFailed redeems a code with the wrong verifier.
func TestTraceTellsTheCheckThatFailed(t *testing.T) {
	h := startTracing(t)
	b, f := h.browser(), h.feed()
	form := redemption(b.code(request()))
	form.Set("code_verifier", strings.Repeat("x", 43))
	b.exchange(form)
	events := f.until(trace.TokenEndpoint)
	redeemed, answer := events[len(events)-2], events[len(events)-1]
	if made := checked(redeemed); made["pkce"] || !made["redirect_uri"] {
		t.Errorf("checks %+v", redeemed.Checks)
	}
	if answer.Step != trace.StepValidate || answer.Message.Status != http.StatusBadRequest || told(answer.Message, "error").Value != "invalid_grant" {
		t.Errorf("answer %+v", answer)
	}
}

// TestTraceBelievesATraceparentOnTheBackChannelOnly sends one where a browser would.
func TestTraceBelievesATraceparentOnTheBackChannelOnly(t *testing.T) {
	h := startTracing(t)
	b, f := h.browser(), h.feed()
	b.ask(http.MethodGet, "/oauth2/authorize?"+request().Encode(), traced)
	for _, event := range f.until(trace.SignInForm) {
		if event.TraceID != "" {
			t.Errorf("%+v", event)
		}
	}
	fetched := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	malformed := func(r *http.Request) { r.Header.Set("Traceparent", strings.ToUpper(traceparent)) }
	for _, edits := range [][]func(*http.Request){{traced, fetched}, {malformed}, nil} {
		b.exchange(redemption("x"), edits...)
		if events := f.until(trace.TokenEndpoint); events[0].TraceID != "" {
			t.Errorf("%+v", events[0])
		}
	}
	b.exchange(redemption("x"), traced)
	if events := f.until(trace.TokenEndpoint); events[0].TraceID != traceID {
		t.Errorf("control: %+v", events[0])
	}
}

func TestTraceIsNotThereUnlessItIsConfigured(t *testing.T) {
	h := start(t)
	for path, want := range map[string]int{"/trace": http.StatusNotFound, "/livez": http.StatusOK} {
		recorder := httptest.NewRecorder()
		h.as.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil))
		if recorder.Code != want {
			t.Errorf("%s: %d", path, recorder.Code)
		}
	}
}

// TestTraceIsNotForBrowsers keeps away pages that reach the loopback interface by a name of their own, or from another site.
func TestTraceIsNotForBrowsers(t *testing.T) {
	h := startTracing(t)
	for name, edit := range map[string]func(*http.Request){
		"a name that leads here": func(r *http.Request) { r.Host = "evil.example:9091" },
		"a page's fetch":         func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"a page's CORS request":  func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
	} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9091/trace", nil)
		edit(r)
		recorder := httptest.NewRecorder()
		h.as.Admin().ServeHTTP(recorder, r)
		if recorder.Code != http.StatusForbidden || strings.Contains(recorder.Body.String(), "hello") {
			t.Errorf("%s: %d", name, recorder.Code)
		}
	}
	h.feed() // the control
}

// TestTraceKeepsTwoFlowsApart interleaves two browsers.
func TestTraceKeepsTwoFlowsApart(t *testing.T) {
	h := startTracing(t)
	f := h.feed()
	states := []string{"one state", "another state"}
	pages := map[string]answer{}
	browsers := map[string]*browser{}
	for _, state := range states {
		browsers[state] = h.browser()
		pages[state] = browsers[state].get(h.authorizeURL(request(with("state", state))))
	}
	for _, state := range states {
		pages[state] = browsers[state].signIn(pages[state], "alice", "wonderland")
	}
	for _, state := range states {
		if page := pages[state]; strings.Contains(page.body, "consent_allow") {
			browsers[state].submit(page, "allow", nil)
		}
	}
	count := map[string]int{}
	byExchange := map[string]string{}
	for _, event := range f.untilNth(trace.AuthorizeResponse, len(states)) {
		if len(event.Correlations) == 0 {
			t.Fatalf("found by nothing: %+v", event)
		}
		of := event.Correlations[0]
		if before := byExchange[event.Exchange]; before != "" && before != of {
			t.Errorf("an exchange of two flows: %+v", event)
		}
		byExchange[event.Exchange] = of
		count[of]++
	}
	if len(count) != 2 || count[trace.Digest(states[0])] == 0 || count[trace.Digest(states[1])] == 0 {
		t.Errorf("flows %v", count)
	}
}

// TestTraceEndsWithTheServer: a stream does not keep a server from shutting down.
func TestTraceEndsWithTheServer(t *testing.T) {
	h := startTracing(t)
	admin := httptest.NewServer(h.as.Admin())
	response, err := http.Get(admin.URL + "/trace") //nolint:noctx,forbidigo // it ends with the server
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := admin.Config.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func TestTraceOfPushedRequestsAndRefreshes(t *testing.T) {
	h := startTracing(t)
	b, f := h.browser(), h.feed()
	answered := b.push(request(), traced)
	var par struct {
		RequestURI string `json:"request_uri"`
	}
	if err := json.Unmarshal([]byte(answered.body), &par); err != nil || par.RequestURI == "" {
		t.Fatal(answered.body)
	}
	code := b.code(url.Values{"client_id": {"web"}, "request_uri": {par.RequestURI}})
	issued := b.exchange(redemption(code))
	b.exchange(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {issued.RefreshToken}})
	events := f.untilNth(trace.TokenEndpoint, 2)
	first, second, refreshed := events[0], events[2], events[len(events)-2]
	if first.Name != trace.PAR || first.Step != trace.StepAuthorize || first.TraceID != traceID || told(events[1].Message, "request_uri").Digest != trace.Digest(par.RequestURI) {
		t.Errorf("%+v", first)
	}
	for _, value := range []string{par.RequestURI, "the state"} {
		if !slices.Contains(first.Correlations, trace.Digest(value)) || !slices.Contains(second.Correlations, trace.Digest(value)) {
			t.Errorf("%q does not lead from the pushed request to the flow: %v, %v", value, first.Correlations, second.Correlations)
		}
	}
	if refreshed.Step != 0 || !checked(refreshed)["refresh_token_unused"] || len(refreshed.Correlations) != 1 ||
		!slices.Contains(events[len(events)-3].Correlations, refreshed.Correlations[0]) {
		t.Errorf("the refresh %+v is not found by the sid of the redemption %+v", refreshed, events[len(events)-3])
	}
}

// TestTraceTellsABackChannelLogout signs out at the server and follows the notice to the client.
func TestTraceTellsABackChannelLogout(t *testing.T) {
	web := newParty(t)
	h := startAs(t, setup{text: traceOn(partiesText(loopback, web.URL, "https://other.example/"))})
	authserver.HurryBackchannel(h.as)
	b := h.browser()
	hint := b.signInAt("web", callback)
	f := h.feed()
	b.get(h.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {hint}}.Encode())
	token := web.token(t)
	_, claims := logoutClaims(t, token)
	sid, _ := claims["sid"].(string)
	var sent, ended []trace.Event
	for len(sent) < 2 || len(ended) < 2 {
		if event := f.event(); event.Name == trace.BackchannelLogout {
			sent = append(sent, event)
		} else {
			ended = append(ended, event)
		}
	}
	for _, event := range append(sent, ended...) {
		if !slices.Contains(event.Correlations, trace.Digest(sid)) {
			t.Errorf("%s is not found by the sid: %+v", event.Name, event)
		}
	}
	notice := told(sent[0].Message, "logout_token")
	if sent[0].From != trace.AuthorizationServer || sent[0].Message.Origin != web.URL || notice.Digest != trace.Digest(token) ||
		notice.Token.Claims["sid"] != "digest:"+trace.Digest(sid) || notice.Token.Claims["sub"] != nil || sent[1].Message.Status != http.StatusOK {
		t.Errorf("%+v, %+v", sent[0].Message, sent[1].Message)
	}
	if ended[0].Name != trace.EndSession || !checked(ended[0])["id_token_hint"] || told(ended[0].Message, "id_token_hint").Token == nil {
		t.Errorf("%+v", ended[0])
	}
}

func TestTraceIsForLoopbackHostsOnly(t *testing.T) {
	for name, row := range map[string]struct {
		base, admin string
		want        string
	}{
		"control":                    {"https://localhost:9000", "127.0.0.1:9091", ""},
		"control, names of loopback": {"http://as.localhost:9000", "[::1]:9091", ""},
		"a public host":              {"https://as.example", "127.0.0.1:9091", "trace: base_url"},
		"a host that begins so":      {"https://localhost.example", "127.0.0.1:9091", "trace: base_url"},
		"a public admin listener":    {"https://localhost:9000", "0.0.0.0:9091", "trace: admin_listen"},
		"every interface":            {"https://localhost:9000", ":9091", "trace: admin_listen"},
	} {
		environment := map[string]string{authserver.EnvBaseURL: row.base, authserver.EnvAdminListen: row.admin}
		_, err := authserver.ParseConfig("test.yaml", []byte(strings.NewReplacer("$WEB", strings.Repeat("ab", 32), "$SIGNER", signerKey().publicJWK()).Replace(traceOn(configuration))),
			func(name string) string { return environment[name] })
		if (row.want == "" && err != nil) || (row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want))) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
