package authserver_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver"
)

func startOpen(t *testing.T) *house {
	t.Helper()
	return startAs(t, setup{
		text: strings.Replace(configuration, "        title: The test house", "        title: The test house\n        identity_sources: [{id: local, type: local, sign_up: open}]", 1),
	})
}

// signUpForm is a form that is right.
func signUpForm(changes ...func(url.Values)) url.Values {
	form := url.Values{
		"username": {"Dodo"}, "password": {"nine quiet lanterns"}, "password_again": {"nine quiet lanterns"}, "name": {"The Dodo"}, "email": {"dodo@example.test"},
	}
	for _, change := range changes {
		change(form)
	}
	return form
}

func (b *browser) signUpPage() answer {
	b.t.Helper()
	return b.click(b.get(b.authorizeURL(request())), "signup")
}

func TestWhoSignsUpIsSignedInAndComesBackWithTheirPassword(t *testing.T) {
	h := startOpen(t)
	b := h.browser()
	page := b.submit(b.signUpPage(), "signup", signUpForm())
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `id="consent_allow"`) || !strings.Contains(page.body, "The Dodo") {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	if got := b.submit(page, "allow", nil).location(t, callback); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
	made, err := h.store.AccountByName(t.Context(), "demo/baseline", "dodo")
	if err != nil || made.Claims["email"] != "dodo@example.test" || made.Claims["email_verified"] != false {
		t.Errorf("%+v, %v", made, err) // nobody has proven the address
	}
	other := h.browser()
	if page := other.signIn(other.get(h.authorizeURL(request(with("prompt", "consent")))), "DODO", "nine quiet lanterns"); !strings.Contains(page.body, `id="consent_allow"`) {
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
}

func TestSignUpSaysWhatIsWrongBesideTheFieldAndKeepsWhatWasTyped(t *testing.T) {
	h := startOpen(t)
	b := h.browser()
	page := b.signUpPage()
	set := func(name, value string) func(url.Values) {
		return func(form url.Values) { form.Set(name, value) }
	}
	both := func(value string) func(url.Values) {
		return func(form url.Values) { form.Set("password", value); form.Set("password_again", value) }
	}
	for name, row := range map[string]struct {
		change func(url.Values)
		field  string
		says   string
	}{
		"no user name":            {set("username", ""), "username", "Please choose a user name"},
		"a user name of spaces":   {set("username", "   "), "username", "Please choose a user name"},
		"a space in it":           {set("username", "do do"), "username", "no spaces"},
		"a zero-width space":      {set("username", "do\u200bdo"), "username", "no spaces"},
		"two alphabets":           {set("username", "аlice"), "username", "several alphabets"},
		"a name that is taken":    {set("username", "ALICE"), "username", "is taken"},
		"a name that is too long": {set("username", strings.Repeat("dodo", 40)), "username", "too long for a user name"},
		"no password":             {both(""), "password", "Please choose a password"},
		"a short one":             {both("k9#Qz!"), "password", "too short"},
		"a common one":            {both("password1234"), "password", "first passwords"},
		"one that is the name":    {both("dodo-dodo-dodo"), "password", "little more than your name"},
		"one that is too long":    {both(strings.Repeat("quiet lantern ", 40)), "password", "too long"},
		"the second is another":   {set("password_again", "nine quiet lantern"), "password_again", "not the same"},
		"a name with a line":      {set("name", "The\nDodo"), "name", "100 characters"},
		"no e-mail address":       {set("email", "dodo"), "email", "does not look like"},
		"an address with a name":  {set("email", "Dodo <dodo@example.test>"), "email", "does not look like"},
		"two addresses":           {set("email", "a@example.test, b@example.test"), "email", "does not look like"},
	} {
		form := signUpForm(row.change)
		answer := b.submit(page, "signup", form)
		if answer.StatusCode != http.StatusUnprocessableEntity && answer.StatusCode != http.StatusConflict {
			t.Errorf("%s: %d\n%s", name, answer.StatusCode, answer.body)
			continue
		}
		_, beside, found := strings.Cut(answer.body, `id="`+row.field+`_wrong">`)
		beside, _, _ = strings.Cut(beside, "</p>")
		if !found || !strings.Contains(html.UnescapeString(beside), row.says) || strings.Count(answer.body, `class="wrong"`) != 1 {
			t.Errorf("%s: beside %s it says %q, and %d fields are wrong", name, row.field, beside, strings.Count(answer.body, `class="wrong"`))
		}
		for _, kept := range []string{"username", "name", "email"} {
			typed := strings.TrimSpace(form.Get(kept))
			if !strings.Contains(answer.body, `value="`+html.EscapeString(typed)+`"`) && !strings.Contains(typed, "\n") {
				t.Errorf("%s: %q is not kept", name, typed)
			}
		}
		if password := form.Get("password"); password != "" && strings.Contains(answer.body, password) {
			t.Errorf("%s: the page has the password", name)
		}
	}
	if page := b.submit(page, "signup", signUpForm()); !strings.Contains(page.body, `id="consent_allow"`) { // the control
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
}

func TestSignUpIsOffUnlessTheWorkspaceOpensIt(t *testing.T) {
	h := start(t)
	b := h.browser()
	page := b.get(h.authorizeURL(request()))
	if strings.Contains(page.body, `id="signup"`) {
		t.Error("it is offered")
	}
	if answer := b.get(page.Request.URL.String() + "/signup"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("%d", answer.StatusCode)
	}
	form := signUpForm()
	form.Set("csrf", csrfField.FindStringSubmatch(page.body)[1])
	if answer := b.post(page.Request.URL.String()+"/signup", form); answer.StatusCode != http.StatusNotFound {
		t.Errorf("by POST: %d", answer.StatusCode)
	}
	if _, err := h.store.AccountByName(t.Context(), "demo/baseline", "dodo"); err == nil {
		t.Error("an account was made")
	}
}

// A form that is sent once more, by a reload or a second click, leads on: nobody is told that their own name is taken.
func TestSignUpThatIsSentTwiceLeadsOn(t *testing.T) {
	h := startOpen(t)
	b := h.browser()
	form := b.signUpPage()
	for at := range 2 {
		if page := b.submit(form, "signup", signUpForm()); !strings.Contains(page.body, `id="consent_allow"`) {
			t.Errorf("%d: %d\n%s", at, page.StatusCode, page.body)
		}
	}
	other := h.browser() // the control: it is not theirs
	if page := other.submit(other.signUpPage(), "signup", signUpForm()); page.StatusCode != http.StatusConflict {
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
}

func TestSignUpFormIsOfItsBrowserAndItsTime(t *testing.T) {
	h := startOpen(t)
	b := h.browser()
	page := b.signUpPage()
	if stolen := h.browser().submit(page, "signup", signUpForm()); stolen.StatusCode != http.StatusBadRequest || !strings.Contains(stolen.body, "go back to the application") {
		t.Errorf("another browser: %d", stolen.StatusCode)
	}
	form := signUpForm()
	form.Set("csrf", "x")
	if forged := b.post(page.Request.URL.String(), form); forged.StatusCode != http.StatusForbidden {
		t.Errorf("forged: %d", forged.StatusCode)
	}
	h.clock.advance(time.Hour)
	if late := b.submit(page, "signup", signUpForm()); late.StatusCode != http.StatusBadRequest || !strings.Contains(late.body, "Nothing was lost") {
		t.Errorf("late: %d", late.StatusCode)
	}
}

// That a name is taken has to be told. It is told seldom to one address, to a whole form only, and after the work that a free name costs.
func TestTakenNamesAreNotToldInBulkNorByTheirCost(t *testing.T) {
	h := startOpen(t)
	b := h.at("127.0.0.6")
	page := b.signUpPage()
	taken, free := signUpForm(), signUpForm()
	taken.Set("username", "alice")
	for name, form := range map[string]url.Values{"taken": taken, "free": free} {
		before := authserver.Derivations(h.as)
		h.at("127.0.0.7").post(page.Request.URL.String(), form) // no cookie: no work
		if did := authserver.Derivations(h.as) - before; did != 0 {
			t.Errorf("%s, without the browser's cookie: %d derivations", name, did)
		}
		b.submit(page, "signup", form)
		if did := authserver.Derivations(h.as) - before; did != 1 {
			t.Errorf("%s: %d derivations", name, did)
		}
	}
	asked := 0
	page = b.signUpPageAgain()
	for range 2 * authserver.SignUpBurst {
		answer := b.submit(page, "signup", taken)
		if answer.StatusCode == http.StatusTooManyRequests {
			if answer.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			break
		}
		asked++
	}
	if asked > authserver.SignUpBurst || asked == 0 {
		t.Errorf("one address was told of %d names", asked)
	}
}

func (b *browser) signUpPageAgain() answer {
	b.t.Helper()
	return b.click(b.get(b.authorizeURL(request(with("prompt", "login")))), "signup")
}
