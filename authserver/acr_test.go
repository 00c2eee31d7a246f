package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func insist(classes ...string) func(url.Values) {
	values, _ := json.Marshal(classes)
	return with("claims", `{"id_token":{"acr":{"essential":true,"values":`+string(values)+`}}}`)
}

func TestSessionIsSteppedUpByTheSecondFactorAlone(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	b, k := h.browser(), newKey()
	first := b.arrive(b.signIn(b.get(h.authorizeURL(request())), "bob", "builder"))
	before := b.session()
	h.clock.advance(10 * time.Minute)
	if got := said(b.arrive(b.get(h.authorizeURL(request(with("acr_values", twoFactor)))))); got != single+" [pwd]" {
		t.Errorf("a wish that cannot be met: %s", got)
	}
	h.give("bob", k)
	if silent := b.get(h.authorizeURL(request(with("prompt", "none")))).location(t, callback); silent.Get("error") != "login_required" {
		t.Errorf("without a form: %v", silent)
	}
	page := b.get(h.authorizeURL(request(with("acr_values", twoFactor))))
	if page.asks() != "a second factor" || b.session() != before {
		t.Fatalf("asks for %s", page.asks())
	}
	claims := b.arrive(b.press(page, k))
	if got := said(claims); got != twoFactor+" [pwd hwk user mfa]" || claims["auth_time"] != first["auth_time"] || b.session() == before {
		t.Errorf("%s, auth_time %v, before %v", got, claims["auth_time"], first["auth_time"])
	}
	if got := said(b.arrive(b.get(h.authorizeURL(request())))); got != resistant+" [pwd hwk user mfa]" {
		t.Errorf("from then on: %s", got)
	}
	if page = b.get(h.authorizeURL(request(with("max_age", "300"), with("acr_values", twoFactor)))); page.asks() != "sign-in" {
		t.Errorf("the password is ten minutes old: %s", page.asks())
	}
	if page = b.signIn(page, "bob", "builder"); page.asks() != "a second factor" {
		t.Errorf("the password alone: %s", page.asks())
	}
	h.clock.advance(time.Minute)
	if claims := b.arrive(b.press(page, k)); claims["auth_time"].(float64) != first["auth_time"].(float64)+600 {
		t.Errorf("auth_time %v is not that of the password", claims["auth_time"])
	}
}

func TestClassThatTheRequestInsistsOnIsReachedOrRefused(t *testing.T) {
	h := startFactors(t, "second_factor: optional")
	b := h.browser()
	page := b.get(h.authorizeURL(request(insist(twoFactor))))
	refused := b.signIn(page, "bob", "builder").location(t, callback)
	if refused.Get("error") != "unmet_authentication_requirements" || refused.Get("state") != "the state" {
		t.Errorf("who has no second factor: %v", refused)
	}
	h.give("bob", newKey())
	if page = b.get(h.authorizeURL(request(insist(twoFactor)))); page.asks() != "a second factor" {
		t.Errorf("who has one: %s", page.asks())
	}
	if unknown := b.get(h.authorizeURL(request(insist("urn:example:gold")))).location(t, callback); unknown.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("a class that is not known: %v", unknown)
	}
	c := h.browser()
	if got := said(c.arrive(c.signIn(c.get(h.authorizeURL(request(insist(single, twoFactor)))), "alice", "wonderland"))); got != single+" [pwd]" {
		t.Errorf("the control: %s", got)
	}
}

func TestClassBeyondTheAccountsFactorsIsNotReached(t *testing.T) {
	h := startFactors(t, "second_factor: required")
	app, _ := h.join()
	b := h.browser()
	page := b.signIn(b.get(h.authorizeURL(request(with("acr_values", resistant+" "+twoFactor)))), "alice", "wonderland")
	if got := said(b.arrive(b.submit(page, "otp", url.Values{"otp": {app.code()}}))); got != twoFactor+" [pwd otp mfa]" {
		t.Errorf("a wish: %s", got)
	}
	if refused := b.get(h.authorizeURL(request(insist(resistant)))).location(t, callback); refused.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("a demand: %v", refused)
	}
	k := newKey()
	h.give("alice", k)
	page = b.get(h.authorizeURL(request(insist(resistant))))
	if page.asks() != "a second factor" || strings.Contains(page.body, `id="otp"`) || strings.Contains(page.body, `id="recovery"`) {
		t.Fatalf("asks for %s; a code would not reach it:\n%s", page.asks(), page.body)
	}
	if sent := b.post(page.Request.URL.String()+"/factor", url.Values{"csrf": {csrfField.FindStringSubmatch(page.body)[1]}, "action": {"otp"}, "otp": {app.code()}}); sent.asks() != "a second factor" {
		t.Errorf("a code all the same: %s", sent.asks())
	}
	page = b.get(page.Request.URL.String())
	if got := said(b.arrive(b.press(page, k))); got != resistant+" [pwd otp mfa hwk user]" {
		t.Errorf("%s", got)
	}
}

func TestMetadataNamesTheClassesThatCanBeReached(t *testing.T) {
	for policy, want := range map[string]string{
		"second_factor: optional": single + " " + twoFactor + " " + resistant,
		"second_factor: off":      single,
	} {
		h := startFactors(t, policy)
		var metadata struct {
			Values []string `json:"acr_values_supported"`
		}
		answer := h.browser().get(h.issuer + "/.well-known/openid-configuration")
		if err := json.Unmarshal([]byte(answer.body), &metadata); err != nil || strings.Join(metadata.Values, " ") != want || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %v, %v", policy, metadata.Values, err)
		}
	}
}
