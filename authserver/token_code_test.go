package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTokenRejectsReusedCodeAndRevokesWhatItGave(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	first := b.exchange(redemption(code))
	if b.userinfo(first.AccessToken) != http.StatusOK {
		t.Fatal("control: the access token does not work")
	}
	if again := b.exchange(redemption(code)); again.Error != "invalid_grant" {
		t.Errorf("second redemption: %d %q", again.status, again.Error)
	}
	if got := b.userinfo(first.AccessToken); got != http.StatusUnauthorized {
		t.Errorf("the access token still works: %d", got)
	}
	if got := b.exchange(refresh(first.RefreshToken)); got.Error != "invalid_grant" {
		t.Errorf("the refresh token still works: %d %q", got.status, got.Error)
	}
	if !strings.Contains(h.log.String(), `"event":"code_replayed"`) {
		t.Error("no audit event")
	}
}

// R06: one wins although the others, who revoke what it got, are as fast as it is.
func TestTokenGivesACodeToOneOfManyRedemptions(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	results := make([]tokens, 50)
	var all sync.WaitGroup
	for n := range results {
		all.Go(func() { results[n] = b.exchange(redemption(code)) })
	}
	all.Wait()
	winners := 0
	for _, result := range results {
		if result.status == http.StatusOK {
			winners++
			if got := b.userinfo(result.AccessToken); got != http.StatusUnauthorized {
				t.Errorf("the winner's token outlives the replays: %d", got)
			}
			if got := b.exchange(refresh(result.RefreshToken)); got.Error != "invalid_grant" {
				t.Errorf("the winner's refresh token outlives the replays: %d %q", got.status, got.Error)
			}
		} else if result.Error != "invalid_grant" {
			t.Errorf("%d %q", result.status, result.Error)
		}
	}
	if winners != 1 {
		t.Errorf("%d winners", winners)
	}
}

func TestTokenRejectsExpiredCode(t *testing.T) {
	h := start(t)
	b := h.browser()
	intime, late := b.code(request()), b.code(request())
	h.clock.advance(59 * time.Second)
	if got := b.exchange(redemption(intime)); got.status != http.StatusOK {
		t.Errorf("after 59 s: %d %q", got.status, got.Error)
	}
	h.clock.advance(time.Second)
	if got := b.exchange(redemption(late)); got.Error != "invalid_grant" {
		t.Errorf("after 60 s: %d %q", got.status, got.Error)
	}
}

func TestTokenRejectsCodeOfAnotherClient(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	got := b.exchange(redemption(code, func(form url.Values) { form.Set("client_id", "other"); form.Set("client_secret", webSecret) }))
	if got.Error != "invalid_grant" {
		t.Errorf("%d %q", got.status, got.Error)
	}
	if again := b.exchange(redemption(code)); again.status == http.StatusOK {
		t.Error("a code that was in another client's hands still works")
	}
}

func TestTokenRejectsCodeOfADisabledAccount(t *testing.T) {
	h := start(t)
	b := h.browser()
	code := b.code(request())
	account, err := h.store.AccountByName(t.Context(), "demo/baseline", "alice")
	if err != nil {
		t.Fatal(err)
	}
	account.Disabled = true
	if err := h.store.SaveAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if got := b.exchange(redemption(code)); got.Error != "invalid_grant" {
		t.Errorf("%d %q", got.status, got.Error)
	}
	if got := b.get(h.authorizeURL(request(with("prompt", "none")))).location(t, callback); got.Get("error") != "login_required" {
		t.Errorf("still signed in: %v", got)
	}
}
