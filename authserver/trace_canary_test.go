package authserver_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloakroom/authserver/trace"
)

// witness sees everything that a browser and a client send and get, and remembers what nobody else may see.
type witness struct {
	next    http.RoundTripper
	secrets map[string][]string // by kind
	seen    strings.Builder     // all of it: the control
}

// secretNames are the parameters and members whose values are secret, or about a person.
var secretNames = []string{
	"code", "code_verifier", "client_secret", "client_assertion", "access_token", "refresh_token", "id_token", "token", "id_token_hint",
	"password", "username", "csrf", "sub", "email", "name", "phone_number",
}

func (w *witness) keep(kind, secret string) {
	if secret != "" {
		w.secrets[kind] = append(w.secrets[kind], secret)
		w.seen.WriteString(secret + "\n")
	}
	if parts := strings.Split(secret, "."); len(parts) == 3 { // of a JWT, no part is shown as it is
		w.secrets[kind] = append(w.secrets[kind], parts...)
	}
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	for _, header := range []string{"Authorization", "DPoP"} {
		_, credentials, _ := strings.Cut(r.Header.Get(header), " ")
		w.keep(header, r.Header.Get(header))
		w.keep(header, credentials)
	}
	for _, cookie := range r.Cookies() {
		w.keep("cookie", cookie.Value)
	}
	w.form("sent", r.URL.Query())
	if form, err := url.ParseQuery(string(body)); err == nil {
		w.form("sent", form)
	}
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for _, cookie := range response.Cookies() {
		w.keep("cookie", cookie.Value)
	}
	if location, err := response.Location(); err == nil {
		w.form("answered", location.Query())
	}
	answered, _ := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(answered))
	var members map[string]any
	_ = json.Unmarshal(answered, &members)
	for _, name := range secretNames {
		text, _ := members[name].(string)
		w.keep("answered "+name, text)
	}
	return response, nil
}

func (w *witness) form(kind string, values url.Values) {
	for _, name := range secretNames {
		w.keep(kind+" "+name, values.Get(name))
	}
}

// leak finds a secret in a text, in any of its spellings.
func (w *witness) leak(text string) (kind, secret string) {
	for kind, secrets := range w.secrets {
		for _, secret := range secrets {
			for _, spelling := range []string{
				secret, base64.RawURLEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)),
				hex.EncodeToString([]byte(secret)), url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted(secret)), `"`),
			} {
				if strings.Contains(text, spelling) {
					return kind, secret
				}
			}
		}
	}
	return "", ""
}

func quoted(text string) []byte {
	data, _ := json.Marshal(text)
	return data
}

func witnessed(b *browser) *witness {
	w := &witness{next: b.client.Transport, secrets: map[string][]string{}}
	b.client.Transport = w
	return w
}

// TestTraceHasNoSecretOfAFlow signs in, redeems, refreshes, asks and signs out, with a client that has a secret and with one that signs
// and proves a key, and looks for everything that was secret in all that the feed said.
func TestTraceHasNoSecretOfAFlow(t *testing.T) {
	h := startTracing(t)
	f := h.feed()
	b := h.browser()
	w := witnessed(b)
	rejected := b.signIn(b.get(h.authorizeURL(request())), "alice", "not-her-password")
	if rejected.StatusCode != http.StatusOK {
		t.Fatal(rejected.Status)
	}
	issued := b.exchange(redemption(b.code(request(with("scope", "openid profile email phone offline_access notes.read")))))
	issued = b.exchange(refresh(issued.RefreshToken))
	b.ask(http.MethodGet, "/oauth2/userinfo", withScheme("Bearer", issued.AccessToken))
	b.introspect("web", issued.AccessToken)
	b.revoke(issued.RefreshToken)
	b.get(h.issuer + "/oauth2/logout?" + url.Values{"id_token_hint": {issued.IDToken}}.Encode())

	k := h.bank()
	k.browser.client.Transport = w
	w.next = h.server.Client().Transport
	code := k.code(k.reference())
	k.nonce = k.redeem(code, k.at("/oauth2/token")).header.Get("DPoP-Nonce")
	if got := k.redeem(code, k.at("/oauth2/token")); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.Error)
	} else {
		k.ask(http.MethodGet, "/oauth2/userinfo", withScheme("DPoP", got.AccessToken), k.at("/oauth2/userinfo", hashed(got.AccessToken)))
	}
	f.untilNth(trace.Userinfo, 2)
	for _, name := range []string{"alice", "Alice Liddell", "alice@example.test"} {
		w.keep("person", name)
	}
	if kind, secret := w.leak(f.raw.String()); kind != "" {
		t.Errorf("%s is told: %q", kind, secret)
	}
	for _, kind := range []string{
		"Authorization", "DPoP", "cookie", "sent password", "sent username", "sent code", "sent code_verifier", "sent client_assertion", "sent csrf",
		"answered access_token", "answered refresh_token", "answered id_token", "answered code", "answered sub", "answered email",
	} {
		if len(w.secrets[kind]) == 0 {
			t.Errorf("no %s was seen: what is not there cannot leak", kind)
		}
	}
	if kind, _ := w.leak(w.seen.String()); kind == "" {
		t.Error("control: a secret that is there is not found")
	}
	if !strings.Contains(f.raw.String(), `"pkce"`) || !strings.Contains(f.raw.String(), `"dpop_jti"`) {
		t.Error("control: the flows were not told")
	}
}

// TestTraceTellsTheSecondFactorAndNoCodeOfIt adds an app at the first sign-in and shows a wrong code and a right one at the next.
func TestTraceTellsTheSecondFactorAndNoCodeOfIt(t *testing.T) {
	text := strings.Replace(traceOn(configuration), "        notice:", "        policy: {second_factor: required}\n        notice:", 1)
	h := startAs(t, setup{text: text})
	b, f := h.browser(), h.feed()
	page := b.signIn(b.get(h.authorizeURL(request())), "alice", "wonderland")
	app := h.scan(page)
	added := b.confirm(page, app)
	codes := added.codes(t)
	b.arrive(b.goOn(added))

	other := h.browser()
	page = other.signIn(other.get(h.authorizeURL(request())), "alice", "wonderland")
	page = other.submit(page, "otp", url.Values{"otp": {app.code()}}) // it was used to add the app
	h.clock.advance(factorPause)
	other.arrive(other.submit(page, "otp", url.Values{"otp": {app.code()}}))

	decisions, results := map[string]bool{}, map[bool]int{}
	for _, event := range f.untilNth(trace.AuthorizeResponse, 2) {
		if event.Name != trace.SecondFactorForm {
			continue
		}
		if event.Step != trace.StepAuthenticate {
			t.Errorf("%+v", event)
		}
		decisions[told(event.Message, "action").Value] = true
		if ok, made := checked(event)["second_factor"]; made {
			results[ok]++
		}
	}
	if !decisions["totp"] || !decisions["otp"] || results[true] != 1 || results[false] != 1 {
		t.Errorf("decisions %v, results %v", decisions, results)
	}
	for _, secret := range append(codes, app.secret.Text(), strings.ReplaceAll(app.secret.Text(), " ", ""), `"`+app.code()+`"`) {
		if strings.Contains(f.raw.String(), secret) {
			t.Errorf("%q is told", secret)
		}
	}
}
