package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloakroom/authserver"
)

// An empty field is no guess: it is said beside the field, costs nothing and counts for nothing, whoever's name is in the other one.
func TestEmptyFieldsOfTheSignInAreNamedAndCountForNothing(t *testing.T) {
	h := start(t)
	for name, row := range map[string]struct {
		username, password string
		wrong              []string
	}{
		"nothing":                     {"", "", []string{"username_wrong", "password_wrong"}},
		"spaces":                      {"   ", "wonderland", []string{"username_wrong"}},
		"no password":                 {"alice", "", []string{"password_wrong"}},
		"no password of nobody":       {"nobody", "", []string{"password_wrong"}},
		"a wrong password (control)":  {"alice", "not it", nil},
		"a name of nobody (control)":  {"nobody", "not it", nil},
		"a long name of nobody, long": {strings.Repeat("nobody", 500), strings.Repeat("not it", 500), nil},
	} {
		b := h.browser()
		before := authserver.Derivations(h.as)
		page := b.signIn(b.get(h.authorizeURL(request())), row.username, row.password)
		if got := strings.Count(page.body, `class="wrong"`); got != len(row.wrong) || (got > 0) != (page.StatusCode == http.StatusUnprocessableEntity) {
			t.Errorf("%s: %d, %d fields\n%s", name, page.StatusCode, got, page.body)
		}
		for _, field := range row.wrong {
			if !strings.Contains(page.body, `aria-describedby="`+field+`"`) || !strings.Contains(page.body, `id="`+field+`"`) {
				t.Errorf("%s: nothing beside %s", name, field)
			}
		}
		if kept := strings.TrimSpace(row.username); len(kept) < 100 && !strings.Contains(page.body, `value="`+kept+`"`) {
			t.Errorf("%s: %q is not kept", name, kept)
		}
		if row.password != "" && strings.Contains(page.body, row.password) {
			t.Errorf("%s: the page has the password", name)
		}
		if worked := authserver.Derivations(h.as) > before; worked != (len(row.wrong) == 0) {
			t.Errorf("%s: a key was derived: %v", name, worked)
		}
	}
	b := h.browser()
	sheet := b.get(h.authorizeURL(request()))
	for range 2 * authserver.AccountAttempts {
		b.signIn(sheet, "alice", "")
	}
	if page := b.signIn(sheet, "alice", "wonderland"); !strings.Contains(page.body, `id="consent_allow"`) {
		t.Errorf("after many empty ones: %d %s", page.StatusCode, page.body)
	}
}

// No application sent the form, so none is to blame for it.
func TestFormThatCannotBeReadSaysSoInTheWordsOfAForm(t *testing.T) {
	h := startOpen(t)
	b := h.browser()
	login := b.get(h.authorizeURL(request()))
	signUp := b.click(login, "signup")
	account := h.browser()
	account.atAccount("/password")
	for name, ask := range map[string]func() answer{
		"sign-in": func() answer {
			return b.submit(login, "login", url.Values{"username": {strings.Repeat("a", 9000)}, "password": {"x"}})
		},
		"a null": func() answer { return b.submit(login, "login", url.Values{"username": {"a\x00"}, "password": {"x"}}) },
		"twice":  func() answer { return b.submit(login, "login", url.Values{"username": {"a", "b"}, "password": {"x"}}) },
		"sign-up": func() answer {
			return b.submit(signUp, "signup", url.Values{"username": {"dodo"}, "password": {strings.Repeat("a", 9000)}})
		},
		"the account": func() answer { return account.changePassword("wonderland", strings.Repeat("a", 9000), "") },
		"a big one":   func() answer { return b.submit(login, "login", url.Values{"username": {strings.Repeat("a", 90_000)}}) },
	} {
		page := ask()
		want := http.StatusBadRequest
		if name == "a big one" {
			want = http.StatusRequestEntityTooLarge
		}
		if page.StatusCode != want || !strings.Contains(page.body, "This form cannot be read") || strings.Contains(page.body, "The application sent") {
			t.Errorf("%s: %d %s", name, page.StatusCode, page.body)
		}
	}
	if page := b.get(h.authorizeURL(request(with("state", strings.Repeat("s", 9000))))); !strings.Contains(page.body, "The application sent") { // the control
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
}
