package authserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

func TestUserOfAnUpstreamProviderSignsInWithAnAccountOfTheirOwn(t *testing.T) {
	h := startSources(t)
	b := h.browser()
	page := b.signInUpstream("dinah", "the-cat-of-alice")
	if !strings.Contains(page.body, `id="consent_allow"`) || !strings.Contains(page.body, "Dinah") {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	got := b.submit(page, "allow", nil).location(t, callback)
	if got.Get("code") == "" || got.Get("state") != "the state" {
		t.Errorf("%v", got)
	}
	first, _ := h.identityOf("upstream", "dinah")
	h.browser().signInUpstream("dinah", "the-cat-of-alice") // again, at another browser
	second, _ := h.identityOf("upstream", "dinah")
	if first.Subject == "" || first.Subject != second.Subject || first.PasswordHash != "" || first.Claims["name"] != "Dinah" {
		t.Errorf("%+v, then %+v", first, second)
	}
	if there, _ := h.store.AccountByName(t.Context(), "demo/upstream", "dinah"); there.Subject == first.Subject {
		t.Error("the account has the provider's subject")
	}
}

// An application would read a claim as what the standard says that it is.
func TestClaimOfAnotherKindIsNotTakenOver(t *testing.T) {
	for name, row := range map[string]struct {
		from string
		want any
	}{"a name for a proof": {"name", nil}, "a proof": {"email_verified", true}} { // the control
		h := startSources(t, "email_verified: email_verified}", "email_verified: "+row.from+"}")
		h.browser().signInUpstream("alice", "looking-glass")
		own, _ := h.identityOf("upstream", "alice")
		if own.Claims["email_verified"] != row.want || own.Claims["name"] != "Alice of Upstream" {
			t.Errorf("%s: %+v", name, own.Claims)
		}
	}
}

func TestEmailOfAnUpstreamUserNeverGivesThemTheAccountOfThatAddress(t *testing.T) {
	h := startSources(t)
	page := h.browser().signInUpstream("alice", "looking-glass")
	if !strings.Contains(page.body, "Alice of Upstream") || strings.Contains(page.body, "Alice Liddell") {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	local, err := h.store.AccountByName(t.Context(), "demo/baseline", "alice")
	if err != nil {
		t.Fatal(err)
	}
	own, _ := h.identityOf("upstream", "alice")
	if own.Subject == local.Subject || own.Claims["email"] != local.Claims["email"] || own.Claims["email_verified"] != true {
		t.Errorf("%+v and %+v", own, local) // the same proven address, and another account
	}
	// The control: where its user has linked it, the same answer leads to the account.
	if err := h.store.UnlinkIdentity(t.Context(), "demo/baseline", own.Subject, h.upstreamIssuer(), h.upstreamSubject("alice"), func(store.Account, []store.Identity) bool { return true }); err != nil {
		t.Fatal(err)
	}
	h.link(local.Subject, "alice")
	if page := h.browser().signInUpstream("alice", "looking-glass"); !strings.Contains(page.body, "Alice Liddell") {
		t.Errorf("the control: %d\n%s", page.StatusCode, page.body)
	}
	kept, err := h.store.AccountByName(t.Context(), "demo/baseline", "alice")
	if err != nil || kept.Claims["name"] != "Alice Liddell" {
		t.Errorf("the provider's words replaced those of a linked account: %+v, %v", kept, err)
	}
}

func TestFirstSignInMakesNoAccountWhereSignUpIsOff(t *testing.T) {
	h := startSources(t, "sign_up: open", "sign_up: off")
	b := h.browser()
	page := b.signInUpstream("dinah", "the-cat-of-alice")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.said(), "no account here that The other house leads to") || !strings.Contains(page.body, `id="login"`) {
		t.Errorf("%d %q\n%s", page.StatusCode, page.said(), page.body)
	}
	if account, made := h.identityOf("upstream", "dinah"); made {
		t.Errorf("an account was made: %+v", account)
	}
	// The way back works: the local form is still there.
	if page = b.signIn(page, "alice", "wonderland"); !strings.Contains(page.body, `id="consent_allow"`) {
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
}

func TestDisabledAccountIsNotEnteredFromUpstream(t *testing.T) {
	h := startSources(t)
	h.browser().signInUpstream("dinah", "the-cat-of-alice")
	account, _ := h.identityOf("upstream", "dinah")
	account.Disabled = true
	if err := h.store.SaveAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if page := h.browser().signInUpstream("dinah", "the-cat-of-alice"); !strings.Contains(page.said(), "cannot be used") {
		t.Errorf("%d %q", page.StatusCode, page.said())
	}
}

func TestUpstreamThatRefusesOrIsDownLeadsBackToThePickerInWords(t *testing.T) {
	h := startSources(t)
	b := h.browser()
	picker := b.get(h.authorizeURL(request(with("scope", "openid"))))
	denied := b.submit(b.click(picker, "source_house"), "cancel", nil)
	if denied.StatusCode != http.StatusOK || !strings.Contains(denied.said(), "did not want to sign in") || !strings.Contains(denied.body, `id="source_house"`) {
		t.Errorf("denied: %d %q", denied.StatusCode, denied.said())
	}
	gone := b.click(denied, "source_gone")
	if gone.StatusCode != http.StatusOK || !strings.Contains(gone.said(), "The house that is gone cannot be reached") {
		t.Errorf("gone: %d %q", gone.StatusCode, gone.said())
	}
	if page := b.signIn(b.click(gone, "source_house"), "dinah", "the-cat-of-alice"); !strings.Contains(page.body, `id="consent_allow"`) {
		t.Errorf("the control: %d\n%s", page.StatusCode, page.body)
	}
}

func TestUpstreamAnswerCountsOnceAndAtItsBrowserOnly(t *testing.T) {
	h := startSources(t)
	b := h.browser()
	address := b.callbackOf("dinah", "the-cat-of-alice")
	elsewhere := strings.Replace(address, "/upstream/house/", "/upstream/closed/", 1)
	forged := regexp.MustCompile(`state=[^&]+`).ReplaceAllStringFunc(address, func(state string) string { return state[:len(state)-2] + "xx" })
	// Another browser that has an interaction of its own.
	other := h.browser()
	other.get(h.authorizeURL(request(with("scope", "openid"))))
	for name, page := range map[string]answer{
		"another browser": other.get(address), "no state": b.get(strings.Split(address, "?")[0] + "?code=x"), "forged state": b.get(forged),
		"another provider's callback": b.get(elsewhere),
	} {
		if page.StatusCode != http.StatusBadRequest || strings.Contains(page.body, "Dinah") || !strings.Contains(page.body, "Nothing was lost") {
			t.Errorf("%s: %d\n%s", name, page.StatusCode, page.body)
		}
	}
	if _, made := h.identityOf("upstream", "dinah"); made {
		t.Error("somebody's answer was taken")
	}
	if page := b.get(address); !strings.Contains(page.body, `id="consent_allow"`) { // the control
		t.Fatalf("the control: %d\n%s", page.StatusCode, page.body)
	}
	again := b.get(address)
	if again.StatusCode != http.StatusBadRequest || !strings.Contains(again.body, "used already") || !strings.Contains(again.body, "Go on with the sign-in") {
		t.Errorf("again: %d\n%s", again.StatusCode, again.body)
	}
}

func TestUpstreamAnswerThatIsLateEndsOnAPageThatSaysWhatToDo(t *testing.T) {
	h := startSources(t)
	b := h.browser()
	address := b.callbackOf("dinah", "the-cat-of-alice")
	h.clock.advance(time.Hour)
	if late := b.get(address); late.StatusCode != http.StatusBadRequest || !strings.Contains(late.body, "go back to the application") {
		t.Errorf("%d\n%s", late.StatusCode, late.body)
	}
}

func TestUpstreamAnswerOfAnotherIssuerIsRefused(t *testing.T) { // RFC 9207 §2.4: a mix-up
	h := startSources(t)
	for name, change := range map[string]func(url.Values){
		"another iss": with("iss", "https://evil.example"), "no iss where it is promised": with("iss"),
		"an error of another issuer": func(q url.Values) {
			with("iss", "https://evil.example")(q)
			with("code")(q)
			with("error", "access_denied")(q)
		},
	} {
		b := h.browser()
		address, err := url.Parse(b.callbackOf("dinah", "the-cat-of-alice"))
		if err != nil {
			t.Fatal(err)
		}
		query := address.Query()
		change(query)
		address.RawQuery = query.Encode()
		if page := b.get(address.String()); page.StatusCode != http.StatusOK || !strings.Contains(page.said(), "did not sign you in as agreed") {
			t.Errorf("%s: %d %q", name, page.StatusCode, page.said())
		}
	}
	if _, made := h.identityOf("upstream", "dinah"); made {
		t.Error("an account was made")
	}
}

func TestFreshAuthenticationIsAskedOfTheUpstreamProviderToo(t *testing.T) {
	h := startSources(t)
	b := h.browser()
	b.signInUpstream("dinah", "the-cat-of-alice")
	h.clock.advance(5 * time.Minute)
	// Without more, the provider's own session is enough.
	silent := b.click(b.get(h.authorizeURL(request(with("scope", "openid"), with("prompt", "select_account")))), "source_house")
	if !strings.Contains(silent.body, `id="login"`) { // our own workspaces ask at select_account
		t.Errorf("select_account: %d\n%s", silent.StatusCode, silent.body)
	}
	for name, change := range map[string]func(url.Values){"prompt": with("prompt", "login"), "max_age": with("max_age", "60")} {
		page := b.click(b.get(h.authorizeURL(request(with("scope", "openid"), change))), "source_house")
		if !strings.Contains(page.body, `id="login"`) || !strings.Contains(page.body, "Confirm it is you") || !strings.Contains(page.Request.URL.Path, "/demo/upstream/") {
			t.Fatalf("%s: %d %s\n%s", name, page.StatusCode, page.Request.URL, page.body)
		}
		page = b.signIn(page, "dinah", "the-cat-of-alice")
		if !strings.Contains(page.body, `id="consent_allow"`) && page.Header.Get("Location") == "" {
			t.Errorf("%s: %d\n%s", name, page.StatusCode, page.body)
		}
		h.clock.advance(5 * time.Minute)
	}
}

func TestTwoFirstSignInsAtOnceMakeOneAccount(t *testing.T) {
	h := startSources(t)
	var browsers [4]*browser
	var addresses [4]string
	for at := range browsers {
		browsers[at] = h.browser()
		addresses[at] = browsers[at].callbackOf("dinah", "the-cat-of-alice")
	}
	var all sync.WaitGroup
	for at := range browsers {
		all.Go(func() {
			if page := browsers[at].get(addresses[at]); !strings.Contains(page.body, "Dinah") {
				t.Errorf("%d\n%s", page.StatusCode, page.body)
			}
		})
	}
	all.Wait()
	if made := strings.Count(h.log.String(), `"account_created"`); made != 1 {
		t.Errorf("%d accounts were made", made)
	}
}

func TestPickerShowsWhatTheWorkspaceHas(t *testing.T) {
	h := startSources(t)
	b := h.browser()
	page := b.get(h.authorizeURL(request(with("scope", "openid"))))
	for _, id := range []string{"username", "password", "login", "source_house", "source_closed", "source_gone"} {
		if strings.Count(page.body, `id="`+id+`"`) != 1 {
			t.Errorf("id %q", id)
		}
	}
	if strings.Contains(page.body, "used last time") {
		t.Error("a browser that never was here has a last provider")
	}
	b.submit(b.signInUpstream("dinah", "the-cat-of-alice"), "allow", nil)
	again := b.get(h.authorizeURL(request(with("scope", "openid"), with("prompt", "login"))))
	if !strings.Contains(again.body, `Continue with The other house <span class="last">used last time`) {
		t.Errorf("%s", again.body)
	}
	only := startSources(t, "          - {id: local, type: local}\n", "", "username: alice, password: wonderland", "username: nobody, password: wonderland")
	b = only.browser()
	page = b.get(only.authorizeURL(request(with("scope", "openid"))))
	if strings.Contains(page.body, `id="password"`) || !strings.Contains(page.body, `id="source_house"`) || !strings.Contains(page.body, `id="cancel"`) {
		t.Errorf("without local accounts: %s", page.body)
	}
	if refused := b.signIn(page, "nobody", "wonderland"); refused.StatusCode != http.StatusNotFound {
		t.Errorf("a password where there are no local accounts: %d", refused.StatusCode)
	}
	if got := b.submit(page, "cancel", nil).location(t, callback); got.Get("error") != "access_denied" {
		t.Errorf("%v", got)
	}
}
