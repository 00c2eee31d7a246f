package authserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

var factorField = regexp.MustCompile(`name="factor" value="([^"]+)"`)

// change posts one of the section's forms.
func (b *browser) change(page answer, what string, fields url.Values) answer {
	b.t.Helper()
	form := url.Values{"csrf": {csrfField.FindStringSubmatch(page.body)[1]}}
	for name, values := range fields {
		form[name] = values
	}
	return b.post(b.account("/factors/"+what), form)
}

func TestFactorsAreAddedRenamedAndRemovedInTheAccount(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	b := h.browser()
	page := b.atAccount("/factors")
	if !strings.Contains(page.body, `id="factors_none"`) {
		t.Fatalf("%d %s", page.StatusCode, page.body)
	}
	app, before := h.scan(page), b.session()
	wrong := b.change(page, "add", page.fields("otp", "000000"))
	if wrong.StatusCode != http.StatusUnprocessableEntity || h.scan(wrong).secret.Text() != app.secret.Text() {
		t.Errorf("a wrong code: %d", wrong.StatusCode)
	}
	fields := wrong.fields("otp", app.code())
	fields.Set("name", " The <b>telephone</b> ")
	added := b.change(wrong, "add", fields)
	codes := added.codes(t)
	if added.StatusCode != http.StatusOK || !strings.Contains(added.body, "The &lt;b&gt;telephone&lt;/b&gt;") || b.session() == before {
		t.Errorf("%d, the session is the one of before: %v", added.StatusCode, b.session() == before)
	}
	if got := said(b.arrive(b.get(h.authorizeURL(request())))); got != twoFactor+" [pwd otp mfa]" {
		t.Errorf("what was shown just now is not asked for again: %s", got)
	}

	k := newKey()
	second := b.press(added, k)
	if second.StatusCode != http.StatusOK || strings.Contains(second.body, `id="recovery_codes"`) || !strings.Contains(second.body, "Added") || len(factorField.FindAllString(second.body, -1)) != 4 {
		t.Fatalf("the passkey: %d %s", second.StatusCode, second.body)
	}
	if again := b.press(second, k); again.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(again.body, "not accepted") {
		t.Errorf("the same passkey again: %d", again.StatusCode)
	}
	id := factorField.FindStringSubmatch(second.body)[1]
	if renamed := b.change(second, "rename", url.Values{"factor": {id}, "name": {"Mine"}}); !strings.Contains(renamed.body, "<b>Mine</b>") {
		t.Errorf("%d %s", renamed.StatusCode, renamed.body)
	}
	if removed := b.change(second, "remove", url.Values{"factor": {id}}); !strings.Contains(removed.body, "Removed") || strings.Contains(removed.body, id) {
		t.Errorf("%d %s", removed.StatusCode, removed.body)
	}
	renewed := b.change(second, "codes", nil)
	if fresh := renewed.codes(t); fresh[0] == codes[0] {
		t.Error("the new codes are the old ones")
	}
	c := h.browser()
	page = c.signIn(c.get(h.authorizeURL(request())), "alice", "wonderland")
	if old := c.submit(page, "recovery", url.Values{"recovery_code": {codes[0]}}); old.asks() != "a second factor" {
		t.Errorf("an old recovery code: %s", old.asks())
	}
	for _, event := range []string{"second_factor_added", "second_factor_renamed", "second_factor_removed", "recovery_codes_made"} {
		if !strings.Contains(h.log.String(), `"event":"`+event+`"`) {
			t.Errorf("no audit event %s", event)
		}
	}
}

func TestFactorsAreChangedAfterAFreshSignInOnly(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	k := newKey()
	b := h.browser()
	page := b.atAccount("/factors")
	h.give("alice", k)
	h.clock.advance(6 * time.Minute)
	form := url.Values{"factor": {h.onlyFactor("alice")}}
	asked := b.change(page, "remove", form)
	if asked.asks() != "sign-in" || h.onlyFactor("alice") == "" {
		t.Fatalf("six minutes later: %s", asked.asks())
	}
	asked = b.signIn(asked, "alice", "wonderland")
	if asked.asks() != "a second factor" {
		t.Fatalf("the password alone: %s", asked.asks())
	}
	page = b.press(asked, k)
	if page.Request.URL.Path != "/demo/baseline/account/factors" {
		t.Fatalf("%d at %s", page.StatusCode, page.Request.URL)
	}
	if removed := b.change(page, "remove", form); !strings.Contains(removed.body, "Removed") {
		t.Errorf("the control: %d", removed.StatusCode)
	}
}

func TestLastFactorStaysWhereOneIsRequired(t *testing.T) {
	h := startFactors(t, "second_factor: required")
	app, _ := h.join()
	b := h.browser()
	page := b.submit(b.atAccount("/factors"), "otp", url.Values{"otp": {app.code()}})
	form := url.Values{"factor": {h.onlyFactor("alice")}}
	kept := b.change(page, "remove", form)
	if kept.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(kept.body, "your last one") || h.onlyFactor("alice") == "" {
		t.Errorf("%d", kept.StatusCode)
	}
	h.give("alice", newKey())
	if removed := b.change(page, "remove", form); !strings.Contains(removed.body, "Removed") {
		t.Errorf("the control: %d", removed.StatusCode)
	}
}

func TestFactorsOfOthersAreNotThere(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	k := newKey()
	h.give("bob", k)
	his := url.Values{"factor": {h.onlyFactor("bob")}, "name": {"mine"}}
	b := h.browser()
	page := b.atAccount("/factors")
	for _, what := range []string{"rename", "remove"} {
		if answer := b.change(page, what, his); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(answer.body, "not there any more") {
			t.Errorf("%s: %d", what, answer.StatusCode)
		}
	}
	if h.onlyFactor("bob") == "" {
		t.Error("bob's passkey is gone")
	}
	if answer := b.change(page, "codes", nil); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("recovery codes without a factor: %d", answer.StatusCode)
	}
	// A secret that was sealed for him is of no use to her.
	c := h.browser()
	asked := c.press(c.signIn(c.get(h.account("/factors")), "bob", "builder"), k)
	theirs := asked.fields("otp", h.scan(asked).code())
	if answer := b.change(page, "add", theirs); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("another's secret: %d", answer.StatusCode)
	}
	if answer := c.change(asked, "add", theirs); answer.StatusCode != http.StatusOK {
		t.Errorf("the control: %d", answer.StatusCode)
	}
}

func TestFactorsSectionIsNotThereWhereTheyAreOff(t *testing.T) {
	h := startFactors(t, "second_factor: off")
	b := h.browser()
	if page := b.atAccount(""); strings.Contains(page.body, "/account/factors") {
		t.Error("the section is offered")
	}
	if page := b.get(h.account("/factors")); page.StatusCode != http.StatusNotFound {
		t.Errorf("%d", page.StatusCode)
	}
}

func TestAccountHasSoManyFactorsAndNoMore(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	b, k := h.browser(), newKey()
	h.give("alice", k)
	page := b.press(b.atAccount("/factors"), k)
	for range 9 {
		h.give("alice", newKey())
	}
	if full := b.press(page, newKey()); full.StatusCode != http.StatusUnprocessableEntity || strings.Contains(full.body, `id="totp_add"`) {
		t.Errorf("an eleventh: %d", full.StatusCode)
	}
}

// onlyFactor is the id of a user's factor, empty if there is none.
func (h *house) onlyFactor(username string) string {
	h.t.Helper()
	account, err := h.store.AccountByName(h.t.Context(), "demo/baseline", username)
	if err != nil {
		h.t.Fatal(err)
	}
	var factors []store.Factor
	if factors, err = h.store.Factors(h.t.Context(), account.Workspace, account.Subject); err != nil || len(factors) == 0 {
		return ""
	}
	return factors[0].ID
}
