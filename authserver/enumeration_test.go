package authserver_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/store"
)

// watched is a store that writes down which verbs were called.
type watched struct {
	store.Store
	mu    sync.Mutex
	verbs []string
}

func (w *watched) note(verb string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verbs = append(w.verbs, verb)
}

func (w *watched) reset() (verbs []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	verbs, w.verbs = w.verbs, nil
	return verbs
}

func (w *watched) AccountByName(ctx context.Context, workspace, username string) (store.Account, error) {
	w.note("account_by_name")
	return w.Store.AccountByName(ctx, workspace, username)
}

func (w *watched) Account(ctx context.Context, workspace, subject string) (store.Account, error) {
	w.note("account")
	return w.Store.Account(ctx, workspace, subject)
}

func (w *watched) Factors(ctx context.Context, workspace, subject string) ([]store.Factor, error) {
	w.note("factors")
	return w.Store.Factors(ctx, workspace, subject)
}

func (w *watched) Identities(ctx context.Context, workspace, account string) ([]store.Identity, error) {
	w.note("identities")
	return w.Store.Identities(ctx, workspace, account)
}

func (w *watched) UpdateInteraction(ctx context.Context, interaction store.Interaction) error {
	w.note("update_interaction")
	return w.Store.UpdateInteraction(ctx, interaction)
}

// random is what differs between any two answers, whoever asks: the addresses and tokens of an interaction.
var random = regexp.MustCompile(`(?:/interaction/|interaction\.)[0-9A-V]{26}|name="csrf" value="[^"]*"|value="[0-9A-V]{26}\.[^"]*"`)

// everythingTold is all that an answer to a sign-in tells: statuses, headers and pages, without what is random and the name that was typed.
func everythingTold(b *browser, page answer, username string) string {
	seen := page.Status + "\n"
	names := make([]string, 0, len(page.Header))
	for name := range page.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "Date" || name == "X-Request-Id" {
			continue
		}
		seen += name + ": " + strings.Join(page.Header[name], ", ") + "\n"
	}
	parsed, _ := url.Parse(b.issuer)
	cookies := len(b.client.Jar.Cookies(parsed))
	seen = random.ReplaceAllString(seen+page.body, "…")
	return strings.Replace(seen, `value="`+username+`"`, `value="NAME"`, 1) + strings.Repeat("c", cookies)
}

// enumerationHouse has an account of every kind.
func enumerationHouse(t *testing.T, w *watched) *house {
	t.Helper()
	h := startWith(t, func(st store.Store) store.Store { w.Store = st; return w })
	ctx := t.Context()
	save := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	bob, err := h.store.AccountByName(ctx, "demo/baseline", "bob")
	save(err)
	disabled, secured, upstream := bob, bob, bob
	disabled.Subject, disabled.Username, disabled.Disabled, disabled.Version = "subject-off", "offed", true, 0
	secured.Subject, secured.Username, secured.Version = "subject-sec", "secur", 0
	upstream.Subject, upstream.Username, upstream.PasswordHash, upstream.Version = "subject-ups", "upstr", "", 0
	save(h.store.SaveAccount(ctx, disabled))
	save(h.store.SaveAccount(ctx, secured))
	save(h.store.SaveAccount(ctx, upstream))
	save(h.store.LinkIdentity(ctx, store.Identity{Workspace: "demo/baseline", Issuer: "https://up.example", Subject: "x", Account: "subject-ups", Created: time.Now()}))
	save(h.store.AddFactor(ctx, store.Factor{Workspace: "demo/baseline", Subject: "subject-sec", ID: "factor-1", Kind: store.FactorTOTP, Created: time.Now()}))
	return h
}

func TestAnswersToASignInTellNothingOfWhoHasAnAccount(t *testing.T) {
	w := &watched{}
	h := enumerationHouse(t, w)
	kinds := map[string]string{ // names of one length
		"unknown": "nobod", "wrong password": "alice", "disabled": "offed", "with a second factor": "secur", "upstream only": "upstr",
	}
	password := func(kind string) string {
		if kind == "disabled" {
			return "builder" // the right one
		}
		return "wrong password"
	}
	var first, firstWaits string
	var firstVerbs []string
	for kind, username := range kinds {
		b := h.at("127.0.0.4")
		sheet := b.get(h.authorizeURL(request()))
		w.reset()
		derived := authserver.Derivations(h.as)
		page := b.signIn(sheet, username, password(kind))
		verbs, seen := w.reset(), everythingTold(b, page, username)
		if did := authserver.Derivations(h.as) - derived; did != 1 {
			t.Errorf("%s: %d keys were derived", kind, did)
		}
		for range authserver.AccountAttempts {
			b.signIn(sheet, username, "wrong password")
		}
		h.clock.advance(time.Second) // of the throttle, which is the same for all
		waits := everythingTold(b, b.signIn(sheet, username, "wrong password"), username)
		if !strings.Contains(waits, "429") {
			t.Fatalf("%s: never throttled: %s", kind, waits)
		}
		if first == "" {
			first, firstWaits, firstVerbs = seen, waits, verbs
		}
		if seen != first {
			t.Errorf("%s differs:\n%s\nand\n%s", kind, seen, first)
		}
		if waits != firstWaits {
			t.Errorf("%s differs when throttled:\n%s\nand\n%s", kind, waits, firstWaits)
		}
		if !slices.Equal(verbs, firstVerbs) {
			t.Errorf("%s: the store was asked %v, and %v for another", kind, verbs, firstVerbs)
		}
	}
	// The control: a right password is told apart.
	b := h.browser()
	h.clock.advance(time.Hour)
	if page := b.signIn(b.get(h.authorizeURL(request())), "alice", "wonderland"); everythingTold(b, page, "alice") == first || page.StatusCode != http.StatusOK {
		t.Errorf("the control: %d\n%s", page.StatusCode, page.body)
	}
}

func TestForwardedAddressesAreNotBelieved(t *testing.T) {
	h := start(t)
	b := h.at("127.0.0.5")
	sheet := b.get(h.authorizeURL(request()))
	inner := b.client.Transport
	statuses := map[int]int{}
	for n := range authserver.AccountAttempts + 3 {
		b.client.Transport = spoofing{inner, n}
		statuses[b.signIn(sheet, "alice", "wrong").StatusCode]++
	}
	if statuses[http.StatusTooManyRequests] != 3 {
		t.Errorf("%v: a header is a way around the throttle", statuses)
	}
	addresses := regexp.MustCompile(`"event":"sign_in_rejected"[^}]*"address":"([^"]+)"`).FindAllStringSubmatch(h.log.String(), -1)
	for _, address := range addresses {
		if address[1] != "127.0.0.5" {
			t.Errorf("counted as %q", address[1])
		}
	}
	if len(addresses) != authserver.AccountAttempts {
		t.Errorf("%d rejections in the log", len(addresses))
	}
}

// One listener, behind a proxy at one address and open to another: what the header says counts of the one, and is nothing of the other.
func TestForwardedAddressesAreBelievedFromTrustedProxiesOnly(t *testing.T) {
	h := startAs(t, setup{text: strings.Replace(registering, "store: unused", "store: unused\ntrusted_proxies: [127.0.0.9/32]", 1)})
	for peer, row := range map[string]struct {
		limited int
		address string
	}{
		"127.0.0.9": {0, "198.51.100.3"}, // the control: its word moves the address
		"127.0.0.8": {authserver.RegistrationBurst, "127.0.0.8"},
	} {
		b := h.at(peer)
		inner := b.client.Transport
		limited := 0
		for n := range 2 * authserver.RegistrationBurst {
			b.client.Transport = spoofing{inner, n}
			if b.post(h.issuer+"/oauth2/register", nil).StatusCode == http.StatusTooManyRequests {
				limited++
			}
		}
		if limited != row.limited {
			t.Errorf("%s: %d of %d registrations were too many, want %d", peer, limited, 2*authserver.RegistrationBurst, row.limited)
		}
		b.client.Transport = spoofing{inner, 2}
		b.signIn(b.get(h.authorizeURL(request(with("scope", "openid")))), "alice", "wrong")
		if !strings.Contains(h.log.String(), `"address":"`+row.address+`"`) {
			t.Errorf("%s: the audit does not say %s", peer, row.address)
		}
	}
}

// spoofing says that it comes from elsewhere.
type spoofing struct {
	http.RoundTripper
	n int
}

func (s spoofing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip"} {
		r.Header.Set(name, "198.51.100."+string(rune('1'+s.n%9)))
	}
	r.Header.Set("Forwarded", "for=198.51.100.7")
	return s.RoundTripper.RoundTrip(r)
}
