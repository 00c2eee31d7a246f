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

// identitiesPage signs alice in at her account, and goes to where else she signs in.
func (b *browser) identitiesPage(username, password string) answer {
	b.t.Helper()
	page := b.get(b.issuer + "/account/identities")
	if strings.Contains(page.body, `id="login"`) {
		page = b.signIn(page, username, password)
	}
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "Other sign-ins") {
		b.t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	return page
}

func TestUserLinksAnUpstreamSignInToTheirOwnAccount(t *testing.T) {
	h := startSources(t)
	b := h.browser()
	page := b.identitiesPage("alice", "wonderland")
	page = b.signIn(b.click(page, "link_house"), "alice", "looking-glass")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "It was added") || !strings.Contains(page.body, h.upstreamSubject("alice")) {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	if strings.Contains(page.body, `id="link_house"`) {
		t.Error("it is offered again")
	}
	other := h.browser()
	if page := other.signInUpstream("alice", "looking-glass"); !strings.Contains(page.body, "Alice Liddell") {
		t.Errorf("signing in there leads to %d\n%s", page.StatusCode, page.body)
	}
	// Removed, it leads there no more: whoever signs in there gets an account of their own.
	page = b.submit(page, "unlink", url.Values{"issuer": {h.upstreamIssuer()}, "subject": {h.upstreamSubject("alice")}})
	if !strings.Contains(page.body, "It was removed") {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	if page := h.browser().signInUpstream("alice", "looking-glass"); !strings.Contains(page.body, "Alice of Upstream") || strings.Contains(page.body, "Liddell") {
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
}

func TestIdentityThatHasAnAccountIsLinkedToNoOther(t *testing.T) {
	h := startSources(t)
	h.browser().signInUpstream("dinah", "the-cat-of-alice") // dinah has an account of her own
	b := h.browser()
	page := b.signIn(b.click(b.identitiesPage("alice", "wonderland"), "link_house"), "dinah", "the-cat-of-alice")
	if page.StatusCode != http.StatusBadRequest || !strings.Contains(page.body, "has another account here") {
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
	if account, _ := h.identityOf("upstream", "dinah"); account.Claims["name"] != "Dinah" {
		t.Errorf("%+v", account)
	}
}

func TestOnlyWayToSignInStays(t *testing.T) {
	h := startSources(t)
	b := h.browser()
	b.submit(b.signInUpstream("dinah", "the-cat-of-alice"), "allow", nil)
	page := b.get(h.issuer + "/account/identities")
	if !strings.Contains(page.body, "the only way to sign in") || strings.Contains(page.body, "/unlink") {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	// The form of another account's page, for hers.
	csrf := csrfField.FindStringSubmatch(b.get(h.issuer + "/account/identities").body)
	if csrf != nil {
		t.Fatal("the page has a form")
	}
}

// The attack: have a victim's browser link the attacker's user of the provider to the victim's account, and sign in with it.
func TestNobodyLinksTheirOwnSignInToAnothersAccount(t *testing.T) {
	h := startSources(t)
	victim, attacker := h.browser(), h.browser()
	victim.identitiesPage("alice", "wonderland")
	stolen := regexp.MustCompile(`id="link_house" href="([^"]+)"`).FindStringSubmatch(attacker.identitiesPage("bob", "builder").body)[1]
	for name, address := range map[string]string{
		"no token": h.issuer + "/upstream/house/link", "the attacker's token": h.server.URL + stolen,
		"another provider's": strings.Replace(h.server.URL+stolen, "house", "closed", 1),
	} {
		if page := victim.get(address); page.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d\n%s", name, page.StatusCode, page.body)
		}
	}
	crossSite, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.server.URL+stolen, nil)
	if err != nil {
		t.Fatal(err)
	}
	crossSite.Header.Set("Sec-Fetch-Site", "cross-site")
	if page := attacker.do(crossSite); page.StatusCode != http.StatusForbidden { // even with the right token
		t.Errorf("from another site: %d", page.StatusCode)
	}
	// The attacker's own answer, at the victim's browser.
	answered := attacker.linkCallbackOf(h.server.URL+stolen, "dinah", "the-cat-of-alice")
	if page := victim.get(answered); page.StatusCode != http.StatusBadRequest {
		t.Errorf("the attacker's answer: %d\n%s", page.StatusCode, page.body)
	}
	if _, linked := h.identityOf("upstream", "dinah"); linked {
		t.Fatal("it was linked")
	}
	if page := attacker.get(answered); !strings.Contains(page.body, "It was added") { // the control
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
	if page := attacker.get(answered); page.StatusCode != http.StatusBadRequest {
		t.Errorf("the same answer again: %d", page.StatusCode)
	}
	late := attacker.linkCallbackOf(h.server.URL+stolen, "alice", "looking-glass")
	h.clock.advance(16 * time.Minute)
	if page := attacker.get(late); page.StatusCode != http.StatusBadRequest || strings.Contains(page.body, "It was added") {
		t.Errorf("late: %d\n%s", page.StatusCode, page.body)
	}
}

// linkCallbackOf begins a link, signs in at the other house as somebody else than before, and stops before the answer is taken.
func (b *browser) linkCallbackOf(address, username, password string) string {
	b.t.Helper()
	held := b.client.CheckRedirect
	defer func() { b.client.CheckRedirect = held }()
	b.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/callback") {
			return http.ErrUseLastResponse
		}
		return held(r, via)
	}
	page := b.get(address)
	if !strings.Contains(page.body, `id="login"`) {
		b.t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	return b.signIn(page, username, password).Header.Get("Location")
}

// Two clicks at once, in two tabs: each would leave the other's sign-in, and both together none.
func TestOfTwoWaysToSignInOneStaysWhicheverGoesFirst(t *testing.T) {
	h := startSources(t, "issuer: $BASE/demo/closed", "sign_up: open, issuer: $BASE/demo/closed")
	b := h.browser()
	b.submit(b.signInUpstream("dinah", "the-cat-of-alice"), "allow", nil)
	page := b.get(h.issuer + "/account/identities")
	page = b.signIn(b.click(page, "link_closed"), "alice", "looking-glass")
	forms := regexp.MustCompile(`name="issuer" value="([^"]+)">\s*<input type="hidden" name="subject" value="([^"]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(forms) != 2 {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	csrf, pages := csrfField.FindStringSubmatch(page.body)[1], make([]answer, 2)
	var both sync.WaitGroup
	for at, form := range forms {
		both.Go(func() {
			pages[at] = b.post(h.issuer+"/account/identities/unlink", url.Values{"csrf": {csrf}, "issuer": {form[1]}, "subject": {form[2]}})
		})
	}
	both.Wait()
	told := pages[0].body + pages[1].body
	if strings.Count(told, "It was removed") != 1 || strings.Count(told, "It was not removed") != 1 {
		t.Errorf("%d\n%s\n%d\n%s", pages[0].StatusCode, pages[0].body, pages[1].StatusCode, pages[1].body)
	}
	dinah, _ := h.identityOf("upstream", "dinah")
	alice, _ := h.identityOf("closed", "alice")
	if (dinah.Subject == "") == (alice.Subject == "") {
		t.Errorf("left: %q and %q", dinah.Subject, alice.Subject)
	}
}

// A password counts where it can be used, and a provider that is no source any more does not.
func TestWayThatLeadsNowhereIsNone(t *testing.T) {
	for name, row := range map[string]struct {
		change string
		stays  bool
	}{
		"with local accounts":    {"          - {id: local, type: local}\n", false}, // the control
		"without local accounts": {"", true},
	} {
		h := startSources(t, "          - {id: local, type: local}\n", row.change)
		b := h.browser()
		b.submit(b.signInUpstream("dinah", "the-cat-of-alice"), "allow", nil)
		dinah, _ := h.identityOf("upstream", "dinah")
		dinah.PasswordHash = "$argon2id$of$another$time"
		if err := h.store.SaveAccount(t.Context(), dinah); err != nil {
			t.Fatal(err)
		}
		if err := h.store.LinkIdentity(t.Context(), store.Identity{Workspace: "demo/baseline", Issuer: "https://gone.example", Subject: "x", Account: dinah.Subject, Created: time.Now()}); err != nil {
			t.Fatal(err)
		}
		page := b.get(h.issuer + "/account/identities")
		if stays := strings.Contains(page.body, "the only way to sign in"); page.StatusCode != http.StatusOK || stays != row.stays {
			t.Errorf("%s: %d %s", name, page.StatusCode, page.body)
		}
		b.submit(page, "unlink", url.Values{"issuer": {h.upstreamIssuer()}, "subject": {h.upstreamSubject("dinah")}})
		if _, linked := h.identityOf("upstream", "dinah"); linked != row.stays {
			t.Errorf("%s: linked still: %v", name, linked)
		}
	}
}
