package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const better = "a quiet green bicycle"

func (b *browser) changePassword(current, next, again string) answer {
	b.t.Helper()
	return b.post(b.account("/password/change"), url.Values{
		"csrf": {b.accountToken(b, "password")}, "username": {"alice"},
		"current_password": {current}, "new_password": {next}, "new_password_again": {again},
	})
}

func (b *browser) knows(password string) bool {
	b.t.Helper()
	fresh := b.browser()
	return !strings.Contains(fresh.signIn(fresh.get(b.account("")), "alice", password).body, `id="login"`)
}

func TestPasswordIsChangedAndTheOtherSessionsEnd(t *testing.T) {
	h := start(t)
	b, other := h.browser(), h.browser()
	tokens := other.exchange(redemption(other.code(request())))
	b.atAccount("/password")
	before := b.session()
	done := b.changePassword("wonderland", better, better)
	if done.StatusCode != http.StatusOK || !strings.Contains(done.body, "Your password was changed") {
		t.Fatalf("%d %s", done.StatusCode, done.body)
	}
	if b.knows("wonderland") || !h.browser().knows(better) {
		t.Error("the old password works, or the new one does not")
	}
	if !other.out(t) || other.userinfo(tokens.AccessToken) != http.StatusUnauthorized {
		t.Error("another session lives on")
	}
	if b.out(t) || b.session() == before {
		t.Error("this session ended, or goes on under its old id")
	}
	thief := h.browser()
	thief.plantSession(before)
	if !thief.out(t) {
		t.Error("the session's old secret works")
	}
	if log := h.log.String(); !strings.Contains(log, `"event":"password_changed"`) || strings.Contains(log, better) {
		t.Error("no audit event, or the password is in the log")
	}
}

func TestPasswordThatCannotBeChangedSaysWhyAndAtWhichField(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.atAccount("/password")
	for _, row := range []struct{ name, current, next, again, problem, words string }{
		{"wrong password of now", "not it", better, better, "current_problem", "not your current password"},
		{"too short", "wonderland", "brief", "brief", "new_problem", "at least 10 characters"},
		{"common", "wonderland", "P@ssw0rd2026!", "P@ssw0rd2026!", "new_problem", "first passwords that anybody"},
		{"her own name", "wonderland", "Liddell-42!", "Liddell-42!", "new_problem", "more than your name"},
		{"the same", better + "x", better + "x", better + "x", "new_problem", "your current password"},
		{"too long", "wonderland", strings.Repeat("long ", 300), strings.Repeat("long ", 300), "new_problem", "too long"},
		{"not the same twice", "wonderland", better, better + ".", "again_problem", "do not match"},
		{"nothing", "", "", "", "new_problem", "choose a password"},
	} {
		page := b.changePassword(row.current, row.next, row.again)
		if page.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page.body, `id="`+row.problem+`"`) || !strings.Contains(page.body, row.words) {
			t.Errorf("%s: %d %s", row.name, page.StatusCode, page.body)
		}
		if strings.Count(page.body, `role="alert"`) != 1 {
			t.Errorf("%s: not one problem: %s", row.name, page.body)
		}
		for _, typed := range []string{row.current, row.next} {
			if typed != "" && strings.Contains(page.body, typed) {
				t.Errorf("%s: the page has a password", row.name)
			}
		}
	}
	if !b.knows("wonderland") {
		t.Error("it was changed all the same")
	}
}

func TestGuessesAtThePasswordOfNowCountWithThoseOfTheSignIn(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.atAccount("/password")
	for range 10 {
		b.changePassword("a wrong guess", better, better)
	}
	if page := b.changePassword("wonderland", better, better); !strings.Contains(page.body, "too many attempts") {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	if page := b.signsInAs("alice", "wonderland"); page.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the sign-in page does not count them: %d", page.StatusCode)
	}
}

const passwordsAreKept = "        title: The test house\n        identity_sources: [{id: local, type: local, password_change: off}]"

func startKept(t *testing.T) *house {
	t.Helper()
	return startAs(t, setup{
		text: strings.Replace(configuration, "        title: The test house", passwordsAreKept, 1),
	})
}

func TestPasswordIsNotChangedWhereThePolicyKeepsIt(t *testing.T) {
	h, open := startKept(t), start(t)
	for name, row := range map[string]struct {
		house   *house
		offered bool
		status  int
	}{
		"kept": {h, false, http.StatusForbidden}, "by default": {open, true, http.StatusOK}, // the control
	} {
		b := row.house.browser()
		account := b.atAccount("")
		if links := strings.Contains(account.body, `href="/demo/baseline/account/password"`); links != row.offered {
			t.Errorf("%s: the account page links to it: %v", name, links)
		}
		before, err := row.house.store.AccountByName(t.Context(), "demo/baseline", "alice")
		if err != nil {
			t.Fatal(err)
		}
		shown := b.get(b.account("/password"))
		if shown.StatusCode != row.status || strings.Contains(shown.body, `id="new_password"`) != row.offered {
			t.Errorf("%s: shown: %d %s", name, shown.StatusCode, shown.body)
		}
		posted := b.changePassword("wonderland", better, better)
		if posted.StatusCode != row.status || strings.Contains(posted.body, "not changed here") == row.offered || strings.Contains(posted.body, better) {
			t.Errorf("%s: posted: %d %s", name, posted.StatusCode, posted.body)
		}
		after, err := row.house.store.AccountByName(t.Context(), "demo/baseline", "alice")
		if err != nil || (after.Version != before.Version) != row.offered || (after.PasswordHash != before.PasswordHash) != row.offered {
			t.Errorf("%s: the store has version %d after %d, %v", name, after.Version, before.Version, err)
		}
		if b.knows("wonderland") == row.offered {
			t.Errorf("%s: another password is good", name)
		}
	}
}

// Who signs in elsewhere has no password here to change, and a workspace without local accounts has nobody who has.
func TestPasswordSectionIsOnlyForWhoSignsInWithOne(t *testing.T) {
	local := "          - {id: local, type: local}\n"
	h := startSources(t)
	b := h.browser()
	b.submit(b.signInUpstream("dinah", "the-cat-of-alice"), "allow", nil)
	if page := b.get(h.account("")); page.StatusCode != http.StatusOK || strings.Contains(page.body, "/account/password") {
		t.Errorf("without a password: %d %s", page.StatusCode, page.body)
	}
	if page := b.changePassword("", better, better); page.StatusCode != http.StatusForbidden || !strings.Contains(page.body, `href="/demo/baseline/account"`) {
		t.Errorf("without a password, posted: %d %s", page.StatusCode, page.body)
	}
	if page := h.browser().atAccount(""); !strings.Contains(page.body, "/account/password") { // the control
		t.Errorf("with one: %d %s", page.StatusCode, page.body)
	}
	upstreamOnly := startSources(t, local, "")
	b = upstreamOnly.browser()
	b.submit(b.signInUpstream("dinah", "the-cat-of-alice"), "allow", nil)
	dinah, _ := upstreamOnly.identityOf("upstream", "dinah")
	dinah.PasswordHash = "$argon2id$of$another$time"
	if err := upstreamOnly.store.SaveAccount(t.Context(), dinah); err != nil { // from when the workspace had local accounts
		t.Fatal(err)
	}
	if page := b.get(upstreamOnly.account("")); page.StatusCode != http.StatusOK || strings.Contains(page.body, "/account/password") {
		t.Errorf("without local accounts: %d %s", page.StatusCode, page.body)
	}
}
