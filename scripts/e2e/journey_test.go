//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// signIn goes from the app's page through both forms and back.
func signIn(b *browser, p *product, username, password string) {
	b.t.Helper()
	b.visit(p.origin + "/")
	b.click("sign-in")
	b.arrive(p.issuer)
	b.fill("username", username)
	b.fill("password", password)
	b.click("login")
}

func TestAliceSignsInKeepsNotesAndSignsOut(t *testing.T) {
	p := start(t)
	b := open(t)

	b.visit(p.origin + "/")
	b.see("sign-in", "")
	b.shots("1-signed-out")
	b.click("sign-in")
	b.arrive(p.issuer)
	b.shots("2-sign-in")
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.see("consent_allow", "")
	b.shots("3-consent")
	b.click("consent_allow")
	b.arrive(p.origin + "/")
	b.see("user-name", "Alice")
	b.shots("4-signed-in-empty")

	b.fill("note-text", "a ticket for the blue coat")
	b.click("note-add")
	b.see("notes", "a ticket for the blue coat")
	b.shots("5-signed-in")

	b.do("reload", chromedp.Reload())
	b.see("user-name", "Alice")
	b.see("notes", "a ticket for the blue coat")
	if found := secretsInThePage(b); found != "" {
		t.Errorf("script can read %s", found)
	}

	b.click("sign-out")
	b.arrive(p.origin + "/")
	b.see("sign-in", "")
	b.gone("user-name")
	b.shots("6-signed-out-again")
	b.back()
	b.gone("user-name")
	b.gone("notes")

	// The sign-out ended the session at the authorization server too: the password is asked again, the consent is not.
	b.visit(p.origin + "/")
	b.click("sign-in")
	b.arrive(p.issuer)
	b.see("password", "")
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.arrive(p.origin + "/")
	b.see("user-name", "Alice")
	b.see("notes", "a ticket for the blue coat")
}

// secretsInThePage looks where script would look for a token: nothing of one is there (RFC 10017 §6.1).
func secretsInThePage(b *browser) string {
	readable := evaluate[string](b, `JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])`)
	if readable != `["",{},{}]` {
		return readable
	}
	return ""
}

func TestTheFAPIWorkspaceSignsInAsWell(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/bff/login?returnUrl=/&provider=fapi2")
	b.see("password", "")
	b.fill("username", "bob")
	b.fill("password", "builder")
	b.click("login")
	b.click("consent_allow")
	b.arrive(p.origin + "/")
	b.see("user-name", "Bob")
	b.fill("note-text", "bound to a key")
	b.click("note-add")
	b.see("notes", "bound to a key")
	b.click("sign-out")
	b.see("sign-in", "")
	b.gone("user-name")
}

func TestSessionCookieHasTheContractsAttributes(t *testing.T) {
	p := start(t)
	b := open(t)
	signIn(b, p, "bob", "builder")
	b.click("consent_allow")
	b.see("user-name", "Bob")

	found := false
	for _, cookie := range send(b, storage.GetCookies, storage.GetCookiesParams{}).Cookies {
		if cookie.Name != "__Host-Http-cloakroom" {
			continue
		}
		found = true
		if value, err := base64.RawURLEncoding.DecodeString(cookie.Value); err != nil || 8*len(value) != 256 {
			t.Errorf("its value is of %d bits, %v", 8*len(value), err)
		}
		if !cookie.HTTPOnly || !cookie.Secure || cookie.SameSite != network.CookieSameSiteStrict || cookie.Path != "/" || strings.HasPrefix(cookie.Domain, ".") {
			t.Errorf("session cookie: %+v", cookie)
		}
	}
	if !found {
		t.Error("there is no session cookie")
	}

	// What the Session screen tells of the cookie is what the server set.
	b.visit(p.origin + "/session")
	b.see("sessions", "This one")
	b.wait("its name is there", fmt.Sprintf(`document.querySelector(".cookie-name").textContent.trim() === %q`, "__Host-Http-cloakroom"))
	told := evaluate[string](b, `[...document.querySelectorAll(".facts-code dt")].map((e) => e.textContent.trim()).join("; ")`)
	if told != "__Host-Http-; Secure; HttpOnly; SameSite=Strict; Path=/; 256 random bits" {
		t.Errorf("the page tells of the cookie %q", told)
	}
}

func TestWrongPasswordAndUnknownUserLookTheSame(t *testing.T) {
	p := start(t)
	b := open(t)
	var messages []string
	for _, username := range []string{"alice", "nobody"} {
		signIn(b, p, username, "not the password")
		b.see("error", "")
		messages = append(messages, b.text("#error"))
		kept := evaluate[string](b, `document.getElementById("username").value`)
		if kept != username {
			t.Errorf("typed %q, kept %q", username, kept)
		}
	}
	if messages[0] == "" || messages[0] != messages[1] {
		t.Errorf("known user: %q, unknown user: %q", messages[0], messages[1])
	}
	b.shots("wrong-password")
}

func TestDeniedConsentComesBackWithAMessage(t *testing.T) {
	p := start(t)
	b := open(t)
	signIn(b, p, "alice", "wonderland")
	b.click("consent_deny")
	b.arrive(p.origin + "/")
	b.see("alert", "")
	b.gone("user-name")
	b.shots("denied")
	b.do("reload", chromedp.Reload())
	b.see("sign-in", "")
}

func TestCancelledSignInComesBackWithAMessage(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	b.click("sign-in")
	b.arrive(p.issuer)
	b.click("cancel")
	b.arrive(p.origin + "/")
	b.see("alert", "")
}

func TestBackAndReloadDoNotBreakASignIn(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	b.click("sign-in")
	b.arrive(p.issuer)
	b.do("reload", chromedp.Reload())
	b.back()
	b.see("sign-in", "")
	b.click("sign-in")
	b.arrive(p.issuer)
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.see("consent_allow", "")
	b.do("reload", chromedp.Reload())
	b.click("consent_allow")
	b.arrive(p.origin + "/")
	b.see("user-name", "Alice")
	b.back() // to the consent form, which says that it has been answered
	b.visit(p.origin + "/")
	b.see("user-name", "Alice")
	b.forgive("410 (Gone)")
}

func TestThePageSaysWhatIsMissingWithoutWebAssembly(t *testing.T) {
	p := start(t)
	b := open(t)
	send(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `delete globalThis.WebAssembly`})
	b.visit(p.origin + "/")
	b.see("no-wasm", "WebAssembly")
	b.see("sign-in", "")
	b.shots("no-wasm")
	for _, screen := range []string{"/session", "/inspector", "/build"} {
		b.visit(p.origin + screen)
		b.see("no-wasm", "WebAssembly")
		b.see("main", "")
	}
	b.visit(p.origin + "/session")
	b.click("sign-in") // a link, which needs no script
	b.arrive(p.issuer)
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.click("consent_allow")
	b.arrive(p.origin + "/session")
	b.see("no-wasm", "WebAssembly")
}

func TestASessionOutlivesARestart(t *testing.T) {
	p := start(t)
	b := open(t)
	signIn(b, p, "alice", "wonderland")
	b.click("consent_allow")
	b.see("user-name", "Alice")
	b.fill("note-text", "a coat left overnight")
	b.click("note-add")
	b.see("notes", "a coat left overnight")

	p.stop(t)
	if line := p.run(t); line != "ready "+p.origin {
		t.Fatalf("second start: %q", line)
	}
	b.do("reload", chromedp.Reload())
	b.see("user-name", "Alice")
	b.see("notes", "a coat left overnight")

	// The authorization server kept the sign-in, the consent and its keys: a new sign-in asks nothing.
	b.visit(p.origin + "/bff/login?returnUrl=/")
	b.arrive(p.origin + "/")
	b.see("user-name", "Alice")
}
