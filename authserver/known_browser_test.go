package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"cloakroom/authserver"
)

const knownCookie = "__Host-Http-authserver.demo.baseline.known"

// marked is what a browser has as its mark.
func (b *browser) mark() string {
	for _, cookie := range b.client.Jar.Cookies(mustURL(b.t, b.issuer)) {
		if cookie.Name == knownCookie {
			return cookie.Value
		}
	}
	return ""
}

func (b *browser) plantMark(value string) *browser {
	b.client.Jar.SetCookies(mustURL(b.t, b.issuer), []*http.Cookie{{Name: knownCookie, Value: value, Path: "/", Secure: true}})
	return b
}

// signsInAs tries a password at a sign-in page of its own.
func (b *browser) signsInAs(username, password string) answer {
	b.t.Helper()
	return b.signIn(b.get(b.authorizeURL(request(with("prompt", "login")))), username, password)
}

// guess uses up the attempts at a name.
func (h *house) guess(username string) {
	h.t.Helper()
	guesser := h.at("127.0.0.66")
	for range authserver.AccountAttempts {
		guesser.signsInAs(username, "a guess")
	}
	if page := guesser.signsInAs(username, "a guess"); page.StatusCode != http.StatusTooManyRequests {
		h.t.Fatalf("the guesser goes on: %d", page.StatusCode)
	}
}

func TestWhoGuessesAtANameKeepsNobodyOutWhoWasHereBefore(t *testing.T) {
	h := start(t)
	b, bobs := h.browser(), h.browser()
	b.signsInAs("Alice", "wonderland")
	bobs.signsInAs("bob", "builder")
	if b.mark() == "" || strings.Contains(b.mark(), "alice") {
		t.Fatalf("%q", b.mark())
	}
	first := b.mark() // in capitals, before its dot
	h.guess("alice")
	for name, other := range map[string]*browser{
		"a browser that is not known": h.browser(),
		"known for another name":      bobs,
		"a mark that was changed":     h.browser().plantMark("x" + first[1:]),
		"a mark without its end":      h.browser().plantMark(strings.Split(first, ".")[0]),
		"an empty mark":               h.browser().plantMark("."),
		"two marks in one":            h.browser().plantMark(first + "." + first),
	} {
		if page := other.signsInAs("alice", "wonderland"); page.StatusCode != http.StatusTooManyRequests { // the controls
			t.Errorf("%s: %d", name, page.StatusCode)
		}
	}
	if page := b.signsInAs("ALICE", "wonderland"); !strings.Contains(page.body, `id="consent_allow"`) {
		t.Errorf("the user herself: %d\n%s", page.StatusCode, page.body)
	}
	if b.mark() != first {
		t.Error("the browser has another id: its attempts would begin anew")
	}
}

func TestKnownBrowserHasNoMoreGuessesThanAnybody(t *testing.T) {
	h := start(t)
	b := h.browser()
	b.signsInAs("alice", "wonderland")
	for range authserver.AccountAttempts {
		if page := b.signsInAs("alice", "a guess"); page.StatusCode != http.StatusOK {
			t.Fatalf("%d", page.StatusCode)
		}
	}
	if page := b.signsInAs("alice", "wonderland"); page.StatusCode != http.StatusTooManyRequests {
		t.Errorf("after all: %d", page.StatusCode)
	}
	if page := h.browser().signsInAs("alice", "wonderland"); !strings.Contains(page.body, `id="consent_allow"`) { // they count for nobody else
		t.Errorf("elsewhere: %d", page.StatusCode)
	}
}
