//go:build e2e

package e2e

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"

	"cloakroom/app/text"
	"cloakroom/authserver/factor"
)

// plug gives the browser an authenticator that says yes to everything.
func (b *browser) plug() webauthn.AuthenticatorID {
	b.t.Helper()
	send(b, webauthn.Enable, webauthn.EnableParams{})
	return send(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}).AuthenticatorID
}

// code is what an authenticator app shows now, of the secret that the page showed.
func code(t *testing.T, shown string) string {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(shown, " ", ""))
	if err != nil {
		t.Fatalf("secret %q: %v", shown, err)
	}
	return factor.Secret(secret).Code(factor.Step(time.Now()))
}

// nextCode waits until the app shows another code: each counts once.
func nextCode(t *testing.T, shown, used string) string {
	t.Helper()
	for {
		if now := code(t, shown); now != used {
			return now
		}
		time.Sleep(time.Second)
	}
}

// password fills in the sign-in form.
func (b *browser) password() {
	b.t.Helper()
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
}

// forgetCookies forgets who is signed in, everywhere.
func (b *browser) forgetCookies() {
	b.t.Helper()
	send(b, network.ClearBrowserCookies, cdp.Empty{})
}

func TestPasskeysAndCodesAreAddedUsedAndRemoved(t *testing.T) {
	p := start(t)
	b := open(t)
	key := b.plug()
	section := p.issuer + "/account/factors"
	b.visit(section)
	b.see("passkey", "Sign in with a passkey")
	b.looks("1-sign-in")
	b.password()
	b.arrive(section)
	b.see("factors_none", "")
	b.looks("2-none")
	b.click("passkey")
	b.see("recovery_codes", "")
	b.see("done", "Added")
	b.looks("3-first")
	recovery := evaluate[string](b, `document.querySelector("#recovery_codes code").textContent`)

	b.visit(section)
	evaluate[bool](b, `(() => { document.getElementById("new_app").open = true; return true })()`)
	b.looks("4-app")
	secret := b.text("#totp_secret")
	b.fill("otp", "000000")
	b.forgive("422")
	b.click("totp_add")
	b.see("error", "not right")
	b.forgive("422")
	if again := b.text("#totp_secret"); again != secret {
		t.Fatalf("after a wrong code the secret is another")
	}
	used := code(t, secret)
	b.fill("otp", used)
	b.fill("app_name", "The telephone")
	b.click("totp_add")
	b.see("done", "Added")
	b.see("factors", "The telephone")
	evaluate[bool](b, `(() => { document.querySelector("#factors details").open = true; return true })()`)
	b.looks("5-both")

	b.forgetCookies()
	b.visit(p.origin + "/bff/login?returnUrl=/")
	b.arrive(p.issuer)
	b.click("passkey")
	b.see("consent_allow", "")
	b.click("consent_allow")
	b.arrive(p.origin + "/")
	b.see("user-name", "Alice")
	if said := session(b); said != "urn:cloakroom:acr:phishing-resistant hwk,user,mfa" {
		t.Errorf("a passkey alone: %s", said)
	}

	b.forgetCookies()
	b.visit(p.origin + "/bff/login?returnUrl=/")
	b.password()
	b.see("passkey", "Use your passkey")
	b.looks("6-second-factor")
	b.click("passkey")
	b.arrive(p.origin + "/")
	if said := session(b); said != "urn:cloakroom:acr:phishing-resistant pwd,hwk,user,mfa" {
		t.Errorf("password and passkey: %s", said)
	}

	b.forgetCookies()
	b.visit(p.origin + "/bff/login?returnUrl=/")
	b.password()
	b.fill("otp", used)
	b.click("otp_submit")
	b.see("error", "used before")
	b.fill("otp", nextCode(t, secret, used))
	b.click("otp_submit")
	b.arrive(p.origin + "/")
	if said := session(b); said != "urn:cloakroom:acr:two-factor pwd,otp,mfa" {
		t.Errorf("password and code: %s", said)
	}

	send(b, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: key})
	b.forgetCookies()
	b.visit(p.origin + "/bff/login?returnUrl=/")
	b.password()
	b.see("recovery", "")
	evaluate[bool](b, `(() => { document.getElementById("recovery").open = true; return true })()`)
	b.looks("7-recovery")
	b.fill("recovery_code", strings.ToLower(recovery))
	b.click("recovery_submit")
	b.arrive(p.origin + "/")
	if said := session(b); said != "urn:cloakroom:acr:two-factor pwd,otp,mfa" {
		t.Errorf("password and recovery code: %s", said)
	}

	b.visit(section)
	b.see("factors", "The telephone")
	evaluate[bool](b, `(() => { for (const d of document.querySelectorAll("#factors details")) d.open = true; document.querySelector("#factors .danger").id = "remove_first"; return true })()`)
	b.click("remove_first")
	b.see("done", "Removed")
	b.click("codes_new")
	b.see("recovery_codes", "")
}

// session is what the page is told about how its user signed in.
func session(b *browser) string {
	b.t.Helper()
	b.see("user-name", "Alice")
	answer := send(b, runtime.Evaluate, runtime.EvaluateParams{
		Expression:   `fetch("/bff/session", {headers: {"X-BFF-CSRF": "1"}}).then((r) => r.json()).then((s) => s.auth.acr + " " + s.auth.amr)`,
		AwaitPromise: new(true), ReturnByValue: new(true),
	})
	var said string
	if answer.ExceptionDetails != nil || json.Unmarshal(answer.Result.Value, &said) != nil {
		b.fail("the session: %+v", answer)
	}
	return said
}

// RFC 9470: the API asks for a class, the BFF for a sign-in with it, and the authorization server for what is missing.
func TestDeletingAllNotesTakesTheSecondFactorThatTheAPIAsksFor(t *testing.T) {
	issuer, origin := strict(t, "optional")
	b := open(t)
	b.visit(origin + "/bff/login?returnUrl=/")
	b.password()
	b.click("consent_allow")
	b.arrive(origin + "/")
	if said := session(b); said != "urn:cloakroom:acr:single-factor pwd" {
		t.Errorf("at first: %s", said)
	}
	b.fill("note-text", "a coat nobody wants")
	b.click("note-add")
	b.see("notes", "a coat nobody wants")

	// Who has no second factor ends with a message, and goes round no second time.
	b.stepUp()
	b.arrive(origin + "/")
	b.see("alert", "This needs a stronger sign-in")
	b.forgive("401")
	b.see("notes", "a coat nobody wants")

	b.visit(issuer + "/account/factors")
	evaluate[bool](b, `(() => { document.getElementById("new_app").open = true; return true })()`)
	secret := b.text("#totp_secret")
	used := code(t, secret)
	b.fill("otp", used)
	b.click("totp_add")
	b.see("recovery_codes", "")

	name := "__Host-Http-authserver.demo.baseline.session"
	send(b, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: issuer})
	b.visit(origin + "/")
	b.see("notes", "a coat nobody wants")
	b.stepUp()
	b.arrive(issuer)
	b.password()
	b.fill("otp", nextCode(t, secret, used))
	b.click("otp_submit")
	b.arrive(origin + "/")
	b.forgive("401")
	b.see("notes", text.Say.NotesEmpty)
	if said := session(b); said != "urn:cloakroom:acr:two-factor pwd,otp,mfa" {
		t.Errorf("after the step-up: %s", said)
	}
}

// stepUp deletes all notes, as far as the sign-in that it takes.
func (b *browser) stepUp() {
	b.t.Helper()
	b.click("notes-clear")
	b.click("notes-clear-yes")
	b.see("notes", text.Say.StepUpTitle)
	b.click("step-up")
}

// scripts lets the pages' scripts run, or not. One that was loaded without them stays without.
func (b *browser) scripts(run bool) {
	b.t.Helper()
	send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
}

// looksWithoutScript lets the accessibility check run, which is script, on a page that was loaded without.
func (b *browser) looksWithoutScript(name string) {
	b.t.Helper()
	b.scripts(true)
	b.looks(name)
	b.scripts(false)
}

func TestRequiredSecondFactorIsAddedAndAskedForWithoutScript(t *testing.T) {
	issuer, _ := strict(t, "required")
	b := open(t)
	b.scripts(false)
	b.visit(issuer + "/account/factors")
	b.see("username", "")
	if !strings.Contains(b.text("main"), "Passkeys need JavaScript") {
		t.Errorf("the page does not say what is missing:\n%s", b.text("main"))
	}
	b.looksWithoutScript("1-sign-in")
	b.password()
	b.see("totp_secret", "")
	b.looksWithoutScript("2-enrol")
	secret := b.text("#totp_secret")
	used := code(t, secret)
	b.fill("otp", used)
	b.click("totp_add")
	b.see("recovery_codes", "")
	b.looksWithoutScript("3-codes")
	b.click("codes_done")
	b.arrive(issuer + "/account/factors")
	b.see("factors", "Authenticator app")

	b.forgetCookies()
	b.visit(issuer + "/account/factors")
	b.password()
	b.see("otp", "")
	b.looksWithoutScript("4-second-factor")
	b.fill("otp", nextCode(t, secret, used))
	b.click("otp_submit")
	b.arrive(issuer + "/account/factors")
	evaluate[bool](b, `(() => { document.querySelector("#factors details").open = true; document.querySelector("#factors .danger").id = "remove_last"; return true })()`)
	b.click("remove_last")
	b.see("error", "your last one")
	b.forgive("422")
}

// strict runs the three servers as programs, with a policy for second factors. To delete all notes takes one.
func strict(t *testing.T, policy string) (issuer, origin string) {
	t.Helper()
	ports := freePorts(t, 6)
	folder := configure(t, ports)
	change(t, filepath.Join(folder, "authserver.yaml"), "        preset: baseline\n", "        preset: baseline\n        policy: {second_factor: "+policy+"}\n")
	change(t, filepath.Join(folder, "demoapi.yaml"), "audience:", "step_up_acr: [urn:cloakroom:acr:two-factor, urn:cloakroom:acr:phishing-resistant]\naudience:")
	for _, server := range []struct {
		program, variable string
		port              int
	}{{"authserver", "AUTHSERVER", 1}, {"demoapi", "DEMOAPI", 2}, {"bff", "BFF", 0}} {
		runProgram(t, server.program, filepath.Join(folder, server.program+".yaml"), listening(server.variable, ports[server.port], ports[server.port+3])...)
		answers(t, fmt.Sprintf("http://localhost:%d/readyz", ports[server.port+3]))
	}
	return fmt.Sprintf("http://localhost:%d/demo/baseline", ports[1]), fmt.Sprintf("http://localhost:%d", ports[0])
}

func change(t *testing.T, path, old, changed string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), old) != 1 {
		t.Fatalf("%s has %q %d times, %v", path, old, strings.Count(string(text), old), err)
	}
	write(t, path, strings.Replace(string(text), old, changed, 1))
}
