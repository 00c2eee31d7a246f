package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

func TestAccountIsNotOpenToASessionWithoutTheSecondFactor(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	thief, k := h.browser(), newKey() // who knows the password, and signed in before there was a second factor
	page := thief.atAccount("/factors")
	h.give("alice", k)
	form := url.Values{"factor": {h.onlyFactor("alice")}}
	if asked := thief.change(page, "remove", form); asked.asks() != "a second factor" || h.onlyFactor("alice") == "" {
		t.Errorf("the factor is removed without it: %s", asked.asks())
	}
	for _, section := range []string{"", "/devices", "/applications", "/password", "/factors"} {
		if asked := thief.get(h.account(section)); asked.asks() != "a second factor" {
			t.Errorf("account%s: %s", section, asked.asks())
		}
	}
	opened := thief.press(thief.get(h.account("/factors")), k) // the control
	if opened.Request.URL.Path != "/demo/baseline/account/factors" {
		t.Fatalf("%d at %s", opened.StatusCode, opened.Request.URL)
	}
	if removed := thief.change(opened, "remove", form); !strings.Contains(removed.body, "Removed") {
		t.Errorf("the control: %d", removed.StatusCode)
	}
}

func TestFactorIsNotAddedByAnOldSessionInASignIn(t *testing.T) {
	for _, at := range []struct {
		age  time.Duration
		asks string
	}{{time.Minute, "a new factor"}, {6 * time.Minute, "sign-in"}} {
		h := startFactors(t, "second_factor: required")
		account, err := h.store.AccountByName(t.Context(), "demo/baseline", "alice")
		if err != nil {
			t.Fatal(err)
		}
		now := h.clock.Now()
		handle := store.NewHandle(now) // of a session that began when the policy asked for less
		err = h.store.ReplaceSession(t.Context(), "", store.Session{
			Workspace: "demo/baseline", ID: handle.ID, SecretHash: handle.Hash(), Subject: account.Subject, AuthTime: now.Add(-at.age),
			ACR: single, AMR: []string{"pwd"}, Created: now, Seen: now, Idle: now.Add(time.Hour), Expires: now.Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		thief := h.browser()
		thief.plantSession(handle.Reveal())
		for _, address := range []string{h.authorizeURL(request()), h.account("")} {
			if page := thief.get(address); page.asks() != at.asks {
				t.Errorf("%s after the password, %s: %s", at.age, address, page.asks())
			}
		}
		page := thief.get(h.authorizeURL(request()))
		if at.asks != "sign-in" {
			continue
		}
		if page = thief.signIn(page, "alice", "wonderland"); page.asks() != "a new factor" {
			t.Errorf("after the password: %s", page.asks())
		}
	}
}

func TestStepUpElsewhereIsNoFreshSignIn(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	b, k := h.browser(), newKey()
	first := b.arrive(b.signIn(b.get(h.authorizeURL(request())), "bob", "builder"))
	h.give("bob", k)
	h.clock.advance(10 * time.Minute)
	asked := b.get(h.authorizeURL(request(with("prompt", "login"))))
	b.arrive(b.press(b.get(h.authorizeURL(request(with("acr_values", twoFactor)))), k)) // in another tab: a new session, with the password of before
	again := b.get(asked.Request.URL.String())
	if asked.asks() != "sign-in" || again.asks() != "sign-in" {
		t.Fatalf("%s, then %s", asked.asks(), again.asks())
	}
	claims := b.arrive(b.press(b.signIn(again, "bob", "builder"), k))
	if claims["auth_time"].(float64) < first["auth_time"].(float64)+600 {
		t.Errorf("auth_time %v", claims["auth_time"])
	}
	if silent := b.get(h.authorizeURL(request(with("prompt", "none")))); silent.StatusCode != http.StatusSeeOther { // the control
		t.Errorf("the control: %d", silent.StatusCode)
	}
}
