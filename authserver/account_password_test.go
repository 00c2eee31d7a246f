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
	if b.knows("wonderland") {
		t.Error("the sign-in page does not count them")
	}
}
