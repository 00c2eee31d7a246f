package session_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

func TestUserSignsInAndIsRecognised(t *testing.T) {
	s, b := newSite(t), &browser{}
	b.site = s
	b.wants(t, "before sign-in", session.ErrNoSession)
	started := s.signIn(t, b, "alice")
	current := b.wants(t, "after sign-in", nil)
	wantSame(t, current, started)
	if current.ID == "ignored" || current.Handle == "handle-ignored" || strings.Contains(current.ID+current.Handle, b.cookie) || current.UserAgent != "Mozilla/5.0 (test)" {
		t.Errorf("the id %q or handle %q was not made anew", current.ID, current.Handle)
	}
	now := s.clock.Now()
	if !current.Created.Equal(now) || !current.Absolute.Equal(now.Add(absolute)) || !current.Idle.Equal(now.Add(idle)) {
		t.Errorf("created %s, idle %s, absolute %s", current.Created, current.Idle, current.Absolute)
	}
}

// S04: the attributes are the contract's, exactly, on the cookie that is set and on the one that deletes it.
func TestSessionCookieHasExactlyTheContractsAttributes(t *testing.T) {
	s, b := newSite(t), &browser{}
	w := httptest.NewRecorder()
	if _, err := s.Start(w, b.request(), sessiontest.Record("", "alice", s.clock.Now())); err != nil {
		t.Fatal(err)
	}
	b.take(w)
	wantHeaders(t, w, session.CookieName+"="+b.cookie+"; Path=/; HttpOnly; Secure; SameSite=Strict")
	if len(b.cookie) != 43 {
		t.Errorf("the cookie has %d characters, not 256 bits in base64url", len(b.cookie))
	}
	w = httptest.NewRecorder()
	s.ClearCookie(w)
	wantHeaders(t, w, session.CookieName+"=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Strict")
}

func wantHeaders(t *testing.T, w *httptest.ResponseRecorder, cookie string) {
	t.Helper()
	if got := w.Header().Values("Set-Cookie"); len(got) != 1 || got[0] != cookie {
		t.Errorf("Set-Cookie: %q, want %q", got, cookie)
	}
	if got := w.Header().Values("Cache-Control"); len(got) != 1 || got[0] != "no-store" {
		t.Errorf("Cache-Control: %q", got)
	}
}

// S08: who reads the store holds no cookie: it knows the cookie's hash only.
func TestStoreHoldsTheHashOfTheCookieOnly(t *testing.T) {
	s, b := newSite(t), &browser{}
	record := s.signIn(t, b, "alice")
	sum := sha256.Sum256([]byte(b.cookie))
	blob, err := s.store.FindCookie(t.Context(), base64.RawURLEncoding.EncodeToString(sum[:]))
	if err != nil || !strings.HasSuffix(string(blob), record.ID) {
		t.Errorf("under the hash, the control: %q, %v", blob, err)
	}
	if _, err := s.store.FindCookie(t.Context(), b.cookie); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("under the cookie itself: %v", err)
	}
}

// S01: a cookie that was planted before sign-in, known to the store or not, is never the session's cookie after it.
func TestSignInAdoptsNoPlantedCookie(t *testing.T) {
	s := newSite(t)
	mallory := &browser{}
	s.signIn(t, mallory, "mallory")
	for name, planted := range map[string]string{"unknown": strings.Repeat("A", 43), "malformed": "planted", "mallory's": mallory.cookie} {
		victim := &browser{cookie: planted}
		s.signIn(t, victim, "alice")
		if victim.cookie == planted {
			t.Errorf("%s: the planted cookie was adopted", name)
		}
		if record := victim.wants(t, name+": the victim", nil); record.Subject != "alice" {
			t.Errorf("%s: the victim is %s", name, record.Subject)
		}
		attacker := &browser{site: s, cookie: planted}
		if _, err := s.Current(attacker.request()); err == nil {
			t.Errorf("%s: the planted cookie opens a session", name)
		}
	}
}

func TestSignInAgainEndsTheSessionBefore(t *testing.T) {
	s, b := newSite(t), &browser{}
	first := s.signIn(t, b, "alice")
	before := &browser{site: s, cookie: b.cookie}
	second := s.signIn(t, b, "bob")
	if b.cookie == before.cookie || first.ID == second.ID || first.Handle == second.Handle {
		t.Error("the cookie, the id or the handle is the same after sign-in")
	}
	before.wants(t, "the cookie of the session before", session.ErrRevoked)
	if record := b.wants(t, "the new cookie", nil); record.Subject != "bob" {
		t.Errorf("the session is %s's", record.Subject)
	}
}

func TestSignInThatFailsLeavesTheSessionBefore(t *testing.T) {
	s, b := newSite(t), &browser{}
	first := s.signIn(t, b, "alice")
	s.store.down.Store(true)
	w := httptest.NewRecorder()
	_, err := s.Start(w, b.request(), sessiontest.Record("", "bob", s.clock.Now()))
	if !errors.Is(err, errDown) || len(w.Header()) != 0 {
		t.Errorf("got error %v, headers %v", err, w.Header())
	}
	s.store.down.Store(false)
	wantSame(t, b.wants(t, "the session before", nil), first)
}

// S02: which of two cookies is ours cannot be told, so neither is believed.
func TestTwoCookiesOfTheNameAreRefused(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	ours, planted := session.CookieName+"="+b.cookie, session.CookieName+"="+strings.Repeat("A", 43)
	for name, test := range map[string]struct {
		lines []string
		want  error
	}{
		"one":                  {[]string{ours}, nil},
		"one among others":     {[]string{"a=b; " + ours + "; x" + planted}, nil},
		"ours first":           {[]string{ours + "; " + planted}, session.ErrDuplicateCookie},
		"ours last":            {[]string{planted + "; " + ours}, session.ErrDuplicateCookie},
		"twice the same":       {[]string{ours + "; " + ours}, session.ErrDuplicateCookie},
		"in two header lines":  {[]string{ours, planted}, session.ErrDuplicateCookie},
		"one malformed":        {[]string{ours + "; " + session.CookieName + `="a,b"`}, session.ErrDuplicateCookie},
		"one without a value":  {[]string{ours + ";" + session.CookieName}, session.ErrDuplicateCookie},
		"one with a space":     {[]string{session.CookieName + " =x; " + ours}, session.ErrDuplicateCookie},
		"a name in lower case": {[]string{strings.ToLower(session.CookieName) + "=" + b.cookie}, session.ErrNoSession},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "https://app.test/", http.NoBody)
			r.Header["Cookie"] = test.lines
			if _, err := s.Current(r); !errors.Is(err, test.want) {
				t.Errorf("current: got error %v, want %v", err, test.want)
			}
		})
	}
	b.wants(t, "after all that, our cookie alone", nil)
}

// T05: what is not the cookie exactly is no cookie. Those that cannot be one reach no store.
func TestChangedCookieIsNoSession(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	swapped := "A" + b.cookie[1:]
	if swapped == b.cookie {
		swapped = "B" + b.cookie[1:]
	}
	b2 := &browser{site: s, cookie: swapped}
	b2.wants(t, "another character", session.ErrNoSession)
	reads := s.store.reads.Load()
	for _, cookie := range []string{b.cookie[:42], b.cookie + "A", b.cookie + "=", " ", b.cookie[:42] + "!", b.cookie[:42] + "\x00", `"` + b.cookie + `"`} {
		b2.cookie = cookie
		b2.wants(t, "cookie "+cookie, session.ErrNoSession)
	}
	if s.store.reads.Load() != reads {
		t.Error("what cannot be a cookie reached the store")
	}
}

// S12: a copied cookie opens nothing after sign-out: not from this process's cache, not from the store, not in another process.
func TestCookieReplayedAfterSignOutIsRefused(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	copied := &browser{site: s, cookie: b.cookie}
	elsewhere := &browser{site: &site{Manager: s.instance(t), store: s.store, clock: s.clock}, cookie: b.cookie}
	copied.wants(t, "before sign-out, the control", nil)
	ended := b.signOut(t)
	if ended.RefreshToken != "canary-refresh-ignored" || ended.IDToken == "" {
		t.Error("the ended record does not carry its tokens")
	}
	if b.cookie != "" {
		t.Error("the cookie was not cleared")
	}
	copied.wants(t, "from the cache", session.ErrRevoked)
	elsewhere.wants(t, "in another process", session.ErrRevoked)
	s.clock.Advance(time.Hour)
	copied.wants(t, "an hour later", session.ErrRevoked)
	w := httptest.NewRecorder()
	if _, err := s.End(w, copied.request()); !errors.Is(err, session.ErrRevoked) || w.Header().Get("Set-Cookie") == "" {
		t.Errorf("sign out again: %v, %v", err, w.Header())
	}
}

// F1, S05: a slow request that began before sign-out, and saves afterwards, does not bring the session back.
func TestSlowRequestThatBeganBeforeSignOutDoesNotBringTheSessionBack(t *testing.T) {
	s, b := newSite(t), &browser{}
	s.signIn(t, b, "alice")
	slow := &browser{site: s, cookie: b.cookie}
	record := slow.wants(t, "the slow request begins", nil)
	b.signOut(t)

	s.Seen(record)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), record.ID, func(r *session.Record) error { r.RefreshToken = "rotated"; return nil }); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("the slow request's update: %v", err)
	}
	if _, err := s.Extend(t.Context(), record); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("the slow request's extension: %v", err)
	}
	slow.wants(t, "after it all", session.ErrRevoked)
}
