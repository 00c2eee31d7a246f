package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	factorPause = 30 * time.Second // until the next code
	single      = "urn:cloakroom:acr:single-factor"
	twoFactor   = "urn:cloakroom:acr:two-factor"
	resistant   = "urn:cloakroom:acr:phishing-resistant"
)

// said is what an ID token says about the authentication.
func said(claims map[string]any) string { return fmt.Sprint(claims["acr"], " ", claims["amr"]) }

func TestRequiredSecondFactorIsAddedAtTheSignInAndAskedForFromThenOn(t *testing.T) {
	h := startFactors(t, "second_factor: required")
	b := h.browser()
	page := b.signIn(b.get(h.authorizeURL(request())), "alice", "wonderland")
	if page.asks() != "a new factor" || b.session() != "" {
		t.Fatalf("asks for %s, session %q", page.asks(), b.session())
	}
	app := h.scan(page)
	wrong := b.submit(page, "totp", page.fields("otp", "000000"))
	if wrong.StatusCode != http.StatusUnprocessableEntity || h.scan(wrong).secret.Text() != app.secret.Text() || b.session() != "" {
		t.Fatalf("a wrong code: %d", wrong.StatusCode)
	}
	added := b.confirm(wrong, app)
	codes := added.codes(t)
	if again := b.submit(wrong, "totp", wrong.fields("otp", app.code())); again.asks() != "consent" {
		t.Errorf("the form is sent twice: %s", again.asks())
	}
	if got := said(b.arrive(b.goOn(added))); got != twoFactor+" [pwd otp mfa]" {
		t.Errorf("%s", got)
	}

	other := h.browser()
	page = other.signIn(other.get(h.authorizeURL(request())), "alice", "wonderland")
	if page.asks() != "a second factor" || other.session() != "" {
		t.Fatalf("asks for %s, session %q", page.asks(), other.session())
	}
	if page = other.submit(page, "otp", url.Values{"otp": {app.code()}}); !strings.Contains(page.body, "used before") || other.session() != "" {
		t.Fatalf("the code that was used to add the app: %s", page.asks())
	}
	h.clock.advance(factorPause)
	if got := said(other.arrive(other.submit(page, "otp", url.Values{"otp": {app.code()}}))); got != twoFactor+" [pwd otp mfa]" {
		t.Errorf("%s", got)
	}

	third := h.browser()
	page = third.signIn(third.get(h.authorizeURL(request())), "alice", "wonderland")
	spelt := strings.ToLower(strings.ReplaceAll(codes[3], "-", " "))
	if got := said(third.arrive(third.submit(page, "recovery", url.Values{"recovery_code": {spelt}}))); got != twoFactor+" [pwd otp mfa]" {
		t.Errorf("%s", got)
	}
	fourth := h.browser()
	page = fourth.signIn(fourth.get(h.authorizeURL(request())), "alice", "wonderland")
	if page = fourth.submit(page, "recovery", url.Values{"recovery_code": {codes[3]}}); !strings.Contains(page.body, "used before") {
		t.Errorf("a recovery code works twice: %s", page.asks())
	}
	for _, event := range []string{"second_factor_added", "recovery_codes_made", "second_factor_accepted", "second_factor_rejected", "recovery_code_used"} {
		if !strings.Contains(h.log.String(), `"event":"`+event+`"`) {
			t.Errorf("no audit event %s", event)
		}
	}
	for _, secret := range append(codes, app.secret.Text(), strings.ReplaceAll(app.secret.Text(), " ", "")) {
		if strings.Contains(h.log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func TestSecondFactorIsAskedOfWhoHasOne(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	b := h.browser()
	if page := b.signIn(b.get(h.authorizeURL(request())), "bob", "builder"); page.asks() != "consent" {
		t.Errorf("who has none: %s", page.asks())
	}
	h.give("alice", newKey())
	c := h.browser()
	if page := c.signIn(c.get(h.authorizeURL(request())), "alice", "wonderland"); page.asks() != "a second factor" {
		t.Errorf("who has one: %s", page.asks())
	}
}

func TestSecondFactorThatIsOffIsNeverAskedFor(t *testing.T) {
	h := startFactors(t, "second_factor: off")
	h.give("alice", newKey())
	b := h.browser()
	page := b.get(h.authorizeURL(request(with("acr_values", twoFactor))))
	if strings.Contains(page.body, "passkey") {
		t.Error("a passkey is offered")
	}
	if got := said(b.arrive(b.signIn(page, "alice", "wonderland"))); got != single+" [pwd]" {
		t.Errorf("%s", got)
	}
}

func TestPasskeyAloneIsTwoFactors(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	k := newKey()
	h.give("alice", k)
	b := h.browser()
	page := b.get(h.authorizeURL(request(with("acr_values", resistant))))
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'") || strings.Contains(page.body, "<script>") {
		t.Errorf("policy %q", policy)
	}
	if got := said(b.arrive(b.press(page, k))); got != resistant+" [hwk user mfa]" {
		t.Errorf("%s", got)
	}
	h.clock.advance(time.Minute)
	if got := said(b.arrive(b.get(h.authorizeURL(request(with("acr_values", twoFactor+" "+resistant)))))); got != twoFactor+" [hwk user mfa]" {
		t.Errorf("of the classes that are met, the client is told the first that it asked for: %s", got)
	}
}

func TestPasskeyIsASecondFactorToo(t *testing.T) {
	h := startFactors(t, "second_factor: optional, passkey_sign_in: false")
	k := newKey()
	k.Options.UserNotVerified = true // the password is the other factor
	k.Options.BackupEligible, k.Options.BackupState = true, true
	h.give("alice", k)
	b := h.browser()
	page := b.get(h.authorizeURL(request()))
	if strings.Contains(page.body, "passkey") {
		t.Error("a passkey alone is offered")
	}
	if page = b.signIn(page, "alice", "wonderland"); strings.Contains(page.body, `id="otp"`) {
		t.Error("a code is asked for")
	}
	if got := said(b.arrive(b.press(page, k))); got != resistant+" [pwd swk user mfa]" {
		t.Errorf("%s", got)
	}
}

// Every row is a sign-in with a passkey that one thing is wrong with; the first is the control.
func TestPasskeySignInIsVerifiedCheckByCheck(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	for _, alone := range []bool{true, false} {
		for _, test := range []struct {
			name   string
			change func(k *key, page, elsewhere *answer)
			resend func(b *browser, action string, form url.Values)
			ok     bool
		}{
			{name: "the control", ok: true},
			{name: "another origin", change: func(k *key, _, _ *answer) { k.at.Origin = "https://login.example.com.evil.example" }},
			{name: "another relying party", change: func(k *key, _, _ *answer) { k.at.ID = "evil.example" }},
			{name: "the challenge of another browser", change: func(_ *key, page, elsewhere *answer) {
				page.body = strings.Replace(page.body, nonceOf(page.body), nonceOf(elsewhere.body), 1)
				page.body = strings.Replace(page.body, optionsOf(page.body), optionsOf(elsewhere.body), 1)
			}},
			{name: "a challenge of its own", change: func(_ *key, page, elsewhere *answer) {
				page.body = strings.Replace(page.body, optionsOf(page.body), optionsOf(elsewhere.body), 1)
			}},
			{name: "an old page", change: func(*key, *answer, *answer) { h.clock.advance(11 * time.Minute) }},
			{name: "a counter that goes back", change: func(k *key, _, _ *answer) { k.Counter = 2 }},
			{name: "a counter that stands still", change: func(k *key, _, _ *answer) { k.Counter = 8 }},
			{name: "the user was not verified", change: func(k *key, _, _ *answer) { k.Options.UserNotVerified = true }, ok: !alone},
			{name: "nobody was there", change: func(k *key, _, _ *answer) { k.Options.UserNotPresent = true }},
			{name: "another key under the same id", change: func(k *key, _, _ *answer) { k.Key = newKey().Key }},
			{name: "a passkey that is not registered", change: func(k *key, _, _ *answer) { k.ID = newKey().ID }},
			{name: "no user handle", change: func(k *key, _, _ *answer) { k.Options.UserHandle = nil }, ok: !alone},
			{name: "replayed", resend: func(b *browser, action string, form url.Values) {
				other := h.browser()
				other.client.Jar = b.client.Jar
				other.post(b.server.URL+action, form)
				b.client.Jar, _ = clone(b, ".interaction.")
			}},
		} {
			name := fmt.Sprintf("%s (alone: %v)", test.name, alone)
			h.forget("alice")
			k := newKey()
			k.Counter = 9
			h.give("alice", k)
			b, c := h.browser(), h.browser()
			page, elsewhere := b.get(h.authorizeURL(request())), c.get(h.authorizeURL(request()))
			if !alone {
				page, elsewhere = b.signIn(page, "alice", "wonderland"), c.signIn(elsewhere, "alice", "wonderland")
			}
			if test.change != nil {
				test.change(k, &page, &elsewhere)
			}
			action, form := k.ceremony(t, page)
			if test.resend != nil {
				test.resend(b, action, form)
			}
			b.post(b.server.URL+action, form)
			if got := b.session() != ""; got != test.ok {
				t.Errorf("%s: signed in: %v", name, got)
			}
			h.clock.advance(time.Hour) // the throttle forgets
		}
	}
}

func TestPasskeyOfAnotherUserIsNoSecondFactor(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	hers, his := newKey(), newKey()
	h.give("alice", hers)
	h.give("bob", his)
	b := h.browser()
	page := b.signIn(b.get(h.authorizeURL(request())), "alice", "wonderland")
	if page = b.press(page, his); page.asks() != "a second factor" || b.session() != "" {
		t.Errorf("bob's passkey for alice: %s", page.asks())
	}
	if page = b.press(page, hers); page.asks() != "consent" {
		t.Errorf("the control: %s", page.asks())
	}
	// Alone, it signs in its own user, whoever was meant.
	c := h.browser()
	page = c.press(c.get(h.authorizeURL(request(with("login_hint", "alice")))), his)
	if claims := c.arrive(page); claims["name"] != "Bob" {
		t.Errorf("%v", claims)
	}
}

func TestSecondFactorIsNotHintedAtBeforeThePassword(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	h.give("alice", newKey())
	pages := map[string]string{}
	for _, name := range []string{"alice", "bob", "nobody"} {
		b := h.browser()
		page := b.signIn(b.get(h.authorizeURL(request())), name, "not the password")
		text := csrfField.ReplaceAllString(strings.ReplaceAll(page.body, `value="`+name+`"`, ""), "")
		for _, changing := range []string{nonceOf(page.body), optionsOf(page.body), page.Request.URL.Path} {
			text = strings.ReplaceAll(text, changing, "")
		}
		pages[name] = fmt.Sprint(page.StatusCode, text)
	}
	if pages["alice"] != pages["bob"] || pages["bob"] != pages["nobody"] {
		t.Errorf("the pages differ:\n%s\n%s\n%s", pages["alice"], pages["bob"], pages["nobody"])
	}
	b := h.browser() // the control: after the password they do
	if after := b.signIn(b.get(h.authorizeURL(request())), "alice", "wonderland"); after.asks() != "a second factor" {
		t.Errorf("after the password: %s", after.asks())
	}
}

func TestGuessingOfCodesIsSlowedDownByAccount(t *testing.T) {
	h := startFactors(t, "second_factor: required")
	app, _ := h.join()
	b := h.browser()
	page := b.signIn(b.get(h.authorizeURL(request())), "alice", "wonderland")
	for range 10 {
		page = b.submit(page, "otp", url.Values{"otp": {"000000"}})
	}
	other := h.browser() // no other browser helps, and no other kind of code
	page = other.signIn(other.get(h.authorizeURL(request())), "alice", "wonderland")
	right := other.submit(page, "otp", url.Values{"otp": {app.code()}})
	if right.StatusCode != http.StatusTooManyRequests || right.Header.Get("Retry-After") == "" || other.session() != "" {
		t.Errorf("after ten wrong codes: %d", right.StatusCode)
	}
	if recovery := other.submit(page, "recovery", url.Values{"recovery_code": {"x"}}); recovery.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a recovery code instead: %d", recovery.StatusCode)
	}
	h.clock.advance(10 * time.Minute)
	page = other.get(page.Request.URL.String())
	if page = other.submit(page, "otp", url.Values{"otp": {app.code()}}); page.asks() != "consent" {
		t.Errorf("ten minutes later: %s", page.asks())
	}
}

// Whoever planted the interaction's cookie has nothing when the password has been shown.
func TestFirstFactorIsForTheBrowserThatShowedIt(t *testing.T) {
	h := startFactors(t, "second_factor: required")
	b, thief := h.browser(), h.browser()
	page := b.get(h.authorizeURL(request()))
	jar, planted := clone(b, ".interaction.")
	thief.client.Jar = jar
	if stolen := thief.get(page.Request.URL.String()); stolen.asks() != "sign-in" || planted == 0 {
		t.Fatalf("the control: %s", stolen.asks())
	}
	if page = b.signIn(page, "alice", "wonderland"); page.asks() != "a new factor" {
		t.Fatalf("%s", page.asks())
	}
	if stolen := thief.get(page.Request.URL.String()); stolen.StatusCode != http.StatusBadRequest {
		t.Errorf("the thief is at %s", stolen.asks())
	}
}

func TestFormsOfTheSecondFactorAreForTheirStage(t *testing.T) {
	h := startFactors(t, "second_factor: required")
	h.join()
	b := h.browser()
	page := b.get(h.authorizeURL(request()))
	at := page.Request.URL.String()
	for _, path := range []string{"/factor", "/enrol"} {
		if early := b.post(at+path, url.Values{"action": {"otp"}}); early.asks() != "sign-in" {
			t.Errorf("%s before the password: %s", path, early.asks())
		}
	}
	page = b.signIn(page, "alice", "wonderland")
	if skipped := b.post(at+"/enrol", url.Values{"action": {"totp"}}); skipped.asks() != "a second factor" {
		t.Errorf("adding another instead of showing the one: %s", skipped.asks())
	}
	if skipped := b.post(at+"/consent", url.Values{"action": {"allow"}}); skipped.asks() != "a second factor" || skipped.StatusCode == http.StatusSeeOther {
		t.Errorf("consent before the second factor: %s", skipped.asks())
	}
	if forged := b.post(at+"/factor", url.Values{"action": {"otp"}, "otp": {"1"}}); forged.StatusCode != http.StatusForbidden {
		t.Errorf("without the form's token: %d", forged.StatusCode)
	}
	if cancelled := b.submit(page, "cancel", nil).location(t, callback); cancelled.Get("error") != "access_denied" {
		t.Errorf("%v", cancelled)
	}
}

// give registers a passkey for a user, as the account page does.
func (h *house) give(username string, k *key) {
	h.t.Helper()
	if err := h.store.AddFactor(h.t.Context(), h.registered(username, k)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) forget(username string) {
	h.t.Helper()
	account, err := h.store.AccountByName(h.t.Context(), "demo/baseline", username)
	if err != nil {
		h.t.Fatal(err)
	}
	factors, err := h.store.Factors(h.t.Context(), account.Workspace, account.Subject)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, factor := range slices.Backward(factors) {
		if err := h.store.RemoveFactor(h.t.Context(), account.Workspace, account.Subject, factor.ID, 0); err != nil {
			h.t.Fatal(err)
		}
	}
}
