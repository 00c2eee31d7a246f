//go:build e2e

package e2e

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"cloakroom/scripts/visitor"
)

// workspaceOf is the issuer of one of the demo's workspaces.
func (p *product) workspace(name string) string {
	return strings.TrimSuffix(p.issuer, "baseline") + name
}

// notes is how the API answers a visitor through the BFF: 200 while there is a session.
func (p *product) notes(ctx context.Context, t *testing.T, who *visitor.Visitor) int {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.origin+"/api/notes", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", who.Cookie("localhost"))
	request.Header.Set("X-BFF-CSRF", "1")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// gone waits until the visitor's session at the BFF has ended, and says how long that took.
func (p *product) gone(ctx context.Context, t *testing.T, who *visitor.Visitor, clicked time.Time) time.Duration {
	t.Helper()
	for ctx.Err() == nil {
		if p.notes(ctx, t, who) == http.StatusUnauthorized {
			return time.Since(clicked)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the session of the BFF lives on")
	return 0
}

// Everything of the account works in a browser without script.
func TestSigningOutInTheAccountEndsTheSessionsOfTheBFF(t *testing.T) {
	p := start(t)
	for _, workspace := range []string{"baseline", "fapi2"} {
		t.Run(workspace, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), startup)
			defer cancel()
			here, lost, other, bob := visitor.New(nil), visitor.New(nil), visitor.New(nil), visitor.New(nil)
			enter := func(who *visitor.Visitor, name, password string) {
				t.Helper()
				if err := who.SignIn(ctx, p.origin, workspace, name, password); err != nil {
					t.Fatal(err)
				}
			}
			enter(bob, "bob", "builder")
			enter(here, "alice", "wonderland")
			enter(other, "alice", "wonderland")
			enter(lost, "alice", "wonderland") // the one that was seen last is the first of the others
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("%v\n%s", err, here.Page)
				}
			}
			must(here.Visit(ctx, p.workspace(workspace)+"/account/devices"))
			button := regexp.MustCompile(`id="(end-[0-9A-Z]+)">`).FindStringSubmatch(here.Page)
			if button == nil {
				t.Fatalf("no other device: %s", here.Page)
			}
			clicked := time.Now()
			must(here.Submit(ctx, button[1], nil))
			t.Logf("from the click to the end of the session, one device: %v", p.gone(ctx, t, lost, clicked))
			if p.notes(ctx, t, here) != http.StatusOK || p.notes(ctx, t, other) != http.StatusOK {
				t.Error("another device was signed out too")
			}

			must(here.Visit(ctx, p.workspace(workspace)+"/account/devices"))
			clicked = time.Now()
			must(here.Submit(ctx, "end_all", nil))
			t.Logf("everywhere: %v, and here %v", p.gone(ctx, t, other, clicked), p.gone(ctx, t, here, clicked))
			if !strings.Contains(here.Page, "You are signed out") {
				t.Errorf("the page says %s", here.Page)
			}

			enter(other, "alice", "wonderland")
			must(here.Visit(ctx, p.workspace(workspace)+"/account/applications"))
			must(here.Submit(ctx, "login", map[string]string{"username": "alice", "password": "wonderland"}))
			clicked = time.Now()
			must(here.Submit(ctx, "withdraw-cloakroom", nil))
			t.Logf("withdrawn: %v", p.gone(ctx, t, other, clicked))
			if p.notes(ctx, t, bob) != http.StatusOK { // the control
				t.Error("another user's session ended")
			}
			must(here.Visit(ctx, p.origin+"/bff/login?returnUrl=/&provider="+workspace))
			if !strings.Contains(here.Page, `id="consent_allow"`) {
				t.Errorf("the consent is not asked for again: %s", here.Page)
			}
		})
	}
}

func TestPasswordIsChangedWithoutScript(t *testing.T) {
	p := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	here, other := visitor.New(nil), visitor.New(nil)
	if err := other.SignIn(ctx, p.origin, "baseline", "alice", "wonderland"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { return here.Visit(ctx, p.issuer+"/account/password") },
		func() error {
			return here.Submit(ctx, "login", map[string]string{"username": "alice", "password": "wonderland"})
		},
		func() error {
			return here.Submit(ctx, "change_password", map[string]string{
				"current_password": "wonderland", "new_password": "a quiet green bicycle", "new_password_again": "a quiet green bicycle",
			})
		},
	} {
		if err := step(); err != nil {
			t.Fatalf("%v\n%s", err, here.Page)
		}
	}
	if !strings.Contains(here.Page, "Your password was changed") {
		t.Errorf("the page says %s", here.Page)
	}
	p.gone(ctx, t, other, time.Now())
	if err := visitor.New(nil).SignIn(ctx, p.origin, "baseline", "alice", "wonderland"); err == nil {
		t.Error("the old password works")
	}
	if err := visitor.New(nil).SignIn(ctx, p.origin, "baseline", "alice", "a quiet green bicycle"); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestAccountPagesAreAccessible(t *testing.T) {
	p := start(t)
	b, other := open(t), open(t)
	enter(other, p)
	b.visit(p.issuer + "/account")
	b.see("login", "")
	b.looks("own-sign-in")
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.arrive(p.issuer + "/account")
	b.looks("profile")
	for _, section := range []string{"devices", "applications", "password"} {
		b.visit(p.issuer + "/account/" + section)
		b.looks(section)
	}
	b.fill("current_password", "not the password")
	b.fill("new_password", "a quiet green bicycle")
	b.fill("new_password_again", "a quiet green bicycle")
	b.click("change_password")
	b.see("current_problem", "not your current password")
	b.forgive("422")
	b.looks("wrong-password")
	b.visit(p.issuer + "/account/devices")
	b.click("end_others")
	b.see("done", "signed out everywhere else")
	b.looks("devices-done")
	b.visit(p.issuer + "/account/applications")
	b.click("withdraw-cloakroom")
	b.see("done", "has lost its access")
	b.looks("no-applications")
	b.visit(p.issuer + "/oauth2/logout")
	b.looks("sign-out-own")
	b.click("logout_no")
	b.wait("the answer", `document.title.startsWith("You are still signed in")`)
	b.looks("message")
}

// The demo's other workspace is recognisably another house.
func TestWorkspaceWithABrandIsAccessible(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.workspace("fapi2") + "/account/devices")
	b.see("login", "")
	b.looks("sign-in")
	if accent := evaluate[string](b, `getComputedStyle(document.getElementById("login")).backgroundColor`); accent != "rgb(122, 82, 0)" {
		t.Errorf("the accent is %s", accent)
	}
	if width := evaluate[int](b, `document.querySelector(".plate-logo").naturalWidth`); width == 0 {
		t.Error("the logo is not shown")
	}
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.arrive(p.workspace("fapi2") + "/account/devices")
	b.looks("devices")
	b.visit(p.issuer + "/account")
	if accent := evaluate[string](b, `getComputedStyle(document.getElementById("login")).backgroundColor`); accent == "rgb(122, 82, 0)" { // the control
		t.Errorf("the other workspace has the same accent, %s", accent)
	}
}

// What needs neither motion nor colours of ours works without them (WCAG 2.2 §1.4.1, §2.3.3).
func TestAccountPagesRespectForcedColoursAndReducedMotion(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.issuer + "/account/devices")
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.arrive(p.issuer + "/account/devices")
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}})
	b.shot("forced-colours")
	for name, condition := range map[string]string{
		"only the section that is shown is underlined": `getComputedStyle(document.querySelector(".sections [aria-current]")).borderBottomColor !== getComputedStyle(document.querySelector(".sections a:not([aria-current])")).borderBottomColor`,
		"buttons have an edge":                         `getComputedStyle(document.getElementById("end_all")).borderTopStyle === "solid"`,
		"the house has an edge":                        `getComputedStyle(document.querySelector(".house")).borderTopStyle === "solid"`,
	} {
		if !evaluate[bool](b, condition) {
			t.Errorf("not so with forced colours: %s", name)
		}
	}
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	if moving := evaluate[int](b, `[...document.querySelectorAll("*")].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0 || parseFloat(getComputedStyle(e).animationDuration) > 0).length`); moving != 0 {
		t.Errorf("%d elements move, for anybody", moving)
	}
}

// Consent grows, is denied, withdrawn and asked for again, in a real browser.
func TestConsentInTheBrowser(t *testing.T) {
	p := start(t)
	b := open(t)
	const client = "docs-client"
	ask := func(scope string) {
		t.Helper()
		b.visit(p.issuer + "/oauth2/authorize?response_type=code&client_id=" + client + "&state=s&scope=" + strings.ReplaceAll(scope, " ", "+"))
	}
	ask("openid notes.read")
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.see("consent_allow", "")
	b.click("consent_allow")
	b.arrive(p.origin + "/docs/callback?code=")
	b.forgive("404")
	ask("openid")
	b.arrive(p.origin + "/docs/callback?code=") // less than was allowed: nobody is asked
	b.forgive("404")
	ask("openid profile notes.read")
	b.see("consent_deny", "")
	if marked := evaluate[string](b, `[...document.querySelectorAll(".scopes li")].filter((e) => e.querySelector(".badge")).map((e) => e.querySelector("code").textContent).join()`); marked != "profile" {
		t.Errorf("marked as new: %q", marked)
	}
	b.looks("more")
	b.click("consent_deny")
	b.arrive(p.origin + "/docs/callback?error=access_denied")
	b.forgive("404")
	b.visit(p.issuer + "/account/applications")
	b.click("withdraw-" + client)
	b.see("done", "has lost its access")
	ask("openid")
	b.see("consent_allow", "")
}
