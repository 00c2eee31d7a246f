//go:build e2e

package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"cloakroom/scripts/visitor"
)

// Who signs out at the authorization server is signed out of the application too: the two know each other by HTTP only.
func TestSigningOutAtTheAuthorizationServerEndsTheSessionOfTheBFF(t *testing.T) {
	p := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	browser, other := visitor.New(nil), visitor.New(nil)
	for _, visitor := range []*visitor.Visitor{browser, other} {
		if err := visitor.SignIn(ctx, p.origin, "baseline", "alice", "wonderland"); err != nil {
			t.Fatal(err)
		}
	}
	notes := func(browser *visitor.Visitor) int {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.origin+"/api/notes", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", browser.Cookie("localhost"))
		request.Header.Set("X-BFF-CSRF", "1")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if got := notes(browser); got != http.StatusOK {
		t.Fatalf("the control, signed in: %d", got)
	}
	if err := browser.Visit(ctx, p.issuer+"/oauth2/logout"); err != nil {
		t.Fatal(err)
	}
	if err := browser.Submit(ctx, "logout_yes", nil); err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil && notes(browser) != http.StatusUnauthorized {
		time.Sleep(10 * time.Millisecond)
	}
	if got := notes(browser); got != http.StatusUnauthorized {
		t.Errorf("the session of the BFF lives on: %d", got)
	}
	if got := notes(other); got != http.StatusOK {
		t.Errorf("another session of the same user ended too: %d", got)
	}
}
