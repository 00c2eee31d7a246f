package authserver_test

import (
	"encoding/base32"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"cloakroom/authserver/factor"
	"cloakroom/authserver/store"
)

// domain is a name of the test's server, since an address of numbers has no passkeys.
const domain = "https://login.example.com"

// startFactors starts a server with a domain and a policy.
func startFactors(t *testing.T, policy string) *house {
	t.Helper()
	text := strings.Replace(configuration, "        notice:", "        policy: {"+policy+"}\n        notice:", 1)
	return startAs(t, setup{text: text, base: domain})
}

// phone is an authenticator app.
type phone struct {
	*house
	secret factor.Secret
}

var shownSecret = regexp.MustCompile(`<code id="totp_secret"[^>]*>([A-Z2-7 ]+)</code>`)

// scan takes the secret that a page shows.
func (h *house) scan(page answer) *phone {
	h.t.Helper()
	found := shownSecret.FindStringSubmatch(page.body)
	if found == nil {
		h.t.Fatalf("%d shows no secret:\n%s", page.StatusCode, page.body)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(found[1], " ", ""))
	if err != nil {
		h.t.Fatal(err)
	}
	return &phone{h, secret}
}

// code is what the app shows now.
func (p *phone) code() string { return p.secret.Code(factor.Step(p.clock.Now())) }

// fields are the hidden fields of a page, and one more.
func (a answer) fields(name, value string) url.Values {
	fields := url.Values{name: {value}}
	for _, field := range hiddenField.FindAllStringSubmatch(a.body, -1) {
		if field[1] != "csrf" && field[1] != "action" {
			fields.Set(field[1], html.UnescapeString(field[2]))
		}
	}
	return fields
}

// confirm adds the app that a page shows, with its first code.
func (b *browser) confirm(page answer, app *phone) answer {
	b.t.Helper()
	return b.submit(page, "totp", page.fields("otp", app.code()))
}

// key is an authenticator in software, with one passkey.
type key struct {
	virtualwebauthn.Authenticator
	virtualwebauthn.Credential
	at virtualwebauthn.RelyingParty
}

// coseKeyLength is that of a P-256 key. The software authenticator drops leading zeros of a coordinate, which no other does.
const coseKeyLength = 77

func newKey() *key {
	credential := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(credential.Key.AttestationData()) != coseKeyLength {
		credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &key{
		virtualwebauthn.NewAuthenticator(), credential,
		virtualwebauthn.RelyingParty{Name: "The test house", ID: "login.example.com", Origin: domain},
	}
}

var ceremonyForm = regexp.MustCompile(`(?s)<form method="post" id="passkey_form" class="ceremony" action="([^"]+)" data-options="([^"]+)"( data-create)?>(.*?)</form>`)

// ceremony is a page's form for passkeys, filled in by a key. It answers what the script would send.
func (k *key) ceremony(t *testing.T, page answer) (action string, form url.Values) {
	t.Helper()
	found := ceremonyForm.FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("%d has no form for passkeys:\n%s", page.StatusCode, page.body)
	}
	form = url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(found[4], -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	options := html.UnescapeString(found[2])
	if found[3] != "" {
		asked, err := virtualwebauthn.ParseAttestationOptions(options)
		if err != nil {
			t.Fatal(err)
		}
		k.Options.UserHandle = []byte(asked.UserID)
		form.Set("credential", virtualwebauthn.CreateAttestationResponse(k.at, k.Authenticator, k.Credential, *asked))
	} else {
		asked, err := virtualwebauthn.ParseAssertionOptions(options)
		if err != nil {
			t.Fatal(err)
		}
		k.Counter++
		form.Set("credential", virtualwebauthn.CreateAssertionResponse(k.at, k.Authenticator, k.Credential, *asked))
	}
	return html.UnescapeString(found[1]), form
}

// press is a click on the button for passkeys.
func (b *browser) press(page answer, k *key) answer {
	b.t.Helper()
	action, form := k.ceremony(b.t, page)
	return b.post(b.server.URL+action, form)
}

var (
	recoveryList = regexp.MustCompile(`(?s)<ul class="codes" id="recovery_codes">(.*?)</ul>`)
	recoveryCode = regexp.MustCompile(`[A-Z2-7]{6}(?:-[A-Z2-7]{6}){3}`)
	onward       = regexp.MustCompile(`id="codes_done" class="button primary" href="([^"]+)"`)
)

// codes are the recovery codes that a page shows.
func (a answer) codes(t *testing.T) []string {
	t.Helper()
	list := recoveryList.FindString(a.body)
	codes := recoveryCode.FindAllString(list, -1)
	if len(codes) != 10 {
		t.Fatalf("%d shows %d codes:\n%s", a.StatusCode, len(codes), a.body)
	}
	return codes
}

// goOn follows the link under the recovery codes.
func (b *browser) goOn(page answer) answer {
	b.t.Helper()
	link := onward.FindStringSubmatch(page.body)
	if link == nil {
		b.t.Fatalf("%d leads nowhere:\n%s", page.StatusCode, page.body)
	}
	return b.get(b.server.URL + html.UnescapeString(link[1]))
}

// arrive ends a sign-in at the client, past the consent, and returns the claims of its ID token.
func (b *browser) arrive(page answer) map[string]any {
	b.t.Helper()
	if strings.Contains(page.body, `id="consent_allow"`) {
		page = b.submit(page, "allow", nil)
	}
	code := page.location(b.t, callback).Get("code")
	if code == "" {
		b.t.Fatalf("no code: %s", page.Header.Get("Location"))
	}
	return claimsOf(b.t, b.exchange(redemption(code)).IDToken)
}

// asks says what a page asks for.
func (a answer) asks() string {
	for id, what := range map[string]string{
		`id="username"`: "sign-in", `id="consent_allow"`: "consent", `id="totp_add"`: "a new factor", `id="recovery_codes"`: "the codes to be kept",
	} {
		if strings.Contains(a.body, id) {
			return what
		}
	}
	switch {
	case strings.Contains(a.body, `action="`) && strings.Contains(a.body, "/factor\""):
		return "a second factor"
	case a.StatusCode == 303:
		return "nothing"
	default:
		return a.Status
	}
}

// join signs alice up for an authenticator app, where one is required.
func (h *house) join() (*phone, []string) {
	h.t.Helper()
	b := h.browser()
	page := b.signIn(b.get(h.authorizeURL(request())), "alice", "wonderland")
	app := h.scan(page)
	codes := b.confirm(page, app).codes(h.t)
	h.clock.advance(factorPause) // the code is used up
	return app, codes
}

var (
	nonceField  = regexp.MustCompile(`name="nonce" value="([^"]+)"`)
	optionsData = regexp.MustCompile(`data-options="([^"]+)"`)
)

func nonceOf(page string) string { return found(nonceField, page) }

func optionsOf(page string) string { return found(optionsData, page) }

func found(expression *regexp.Regexp, page string) string {
	if match := expression.FindStringSubmatch(page); match != nil {
		return match[1]
	}
	return "\x00"
}

// registered is the record of a passkey of the key: what a registration keeps.
func (h *house) registered(username string, k *key) store.Factor {
	h.t.Helper()
	account, err := h.store.AccountByName(h.t.Context(), "demo/baseline", username)
	if err != nil {
		h.t.Fatal(err)
	}
	party, err := factor.NewRelyingParty(domain)
	if err != nil {
		h.t.Fatal(err)
	}
	owner := factor.Owner{Handle: factor.Handle(account.Workspace, account.Subject), Name: username, DisplayName: username}
	challenge := make([]byte, 32)
	options, err := party.CreationOptions(owner, "The test house", challenge)
	if err != nil {
		h.t.Fatal(err)
	}
	asked, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		h.t.Fatal(err)
	}
	k.Options.UserHandle = owner.Handle
	made, err := party.Create(owner, challenge, []byte(virtualwebauthn.CreateAttestationResponse(k.at, k.Authenticator, k.Credential, *asked)))
	if err != nil {
		h.t.Fatal(err)
	}
	return store.Factor{
		Workspace: account.Workspace, Subject: account.Subject, ID: made.ID, Kind: store.FactorPasskey, Name: "A key",
		Credential: made.Credential, Counter: made.Counter, Created: h.clock.Now(),
	}
}

// clone is a jar with the cookies of a browser whose names have the part, and how many they are.
func clone(b *browser, part string) (http.CookieJar, int) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var copied []*http.Cookie
	for _, cookie := range b.client.Jar.Cookies(mustURL(b.t, b.issuer)) {
		if strings.Contains(cookie.Name, part) {
			copied = append(copied, &http.Cookie{Name: cookie.Name, Value: cookie.Value, Path: "/", Secure: true})
		}
	}
	jar.SetCookies(mustURL(b.t, b.issuer), copied)
	return jar, len(copied)
}
