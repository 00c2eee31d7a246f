package authserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
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
