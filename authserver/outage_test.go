package authserver_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"cloakroom/authserver/store"
)

// flaky is a store that a test can take down.
type flaky struct {
	store.Store
	down  atomic.Bool
	panic atomic.Bool
}

var errDown = errors.New("disk on fire at /secret/path")

func (f *flaky) fail() error {
	if f.panic.Load() {
		panic("stack of the store")
	}
	if f.down.Load() {
		return errDown
	}
	return nil
}

func (f *flaky) Session(ctx context.Context, workspace string, handle store.Handle) (store.Session, error) {
	if err := f.fail(); err != nil {
		return store.Session{}, err
	}
	return f.Store.Session(ctx, workspace, handle)
}

func (f *flaky) StartInteraction(ctx context.Context, interaction store.Interaction) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Store.StartInteraction(ctx, interaction)
}

func (f *flaky) RedeemCode(ctx context.Context, workspace string, handle store.Handle, redeem func(store.Code, store.Grant) store.Issued) (store.Code, store.Grant, error) {
	if err := f.fail(); err != nil {
		return store.Code{}, store.Grant{}, err
	}
	return f.Store.RedeemCode(ctx, workspace, handle, redeem)
}

func (f *flaky) AccessToken(ctx context.Context, workspace, id string) (store.AccessToken, store.Grant, error) {
	if err := f.fail(); err != nil {
		return store.AccessToken{}, store.Grant{}, err
	}
	return f.Store.AccessToken(ctx, workspace, id)
}

func (f *flaky) RefreshToken(ctx context.Context, workspace string, handle store.Handle) (store.RefreshToken, store.Grant, error) {
	if err := f.fail(); err != nil {
		return store.RefreshToken{}, store.Grant{}, err
	}
	return f.Store.RefreshToken(ctx, workspace, handle)
}

func startFlaky(t *testing.T) (*house, *flaky) {
	t.Helper()
	f := &flaky{}
	h := startWith(t, func(st store.Store) store.Store {
		f.Store = st
		return f
	})
	return h, f
}

func TestStoreThatIsDownIsNeverAWrongAnswer(t *testing.T) {
	h, f := startFlaky(t)
	b := h.browser()
	code := b.code(request())
	issued := b.exchange(redemption(b.code(request())))
	f.down.Store(true)
	revoked := h.revocation(issued.RefreshToken)
	for name, answer := range map[string]answer{
		"authorize signed in":  b.get(h.authorizeURL(request(with("prompt", "none")))),
		"authorize signed out": h.browser().get(h.authorizeURL(request())),
		"revoke":               b.do(revoked),
		"logout":               b.get(h.issuer + "/oauth2/logout"),
	} {
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || answer.Header.Get("Location") != "" {
			t.Errorf("%s: %d, Location %q", name, answer.StatusCode, answer.Header.Get("Location"))
		}
		if strings.Contains(answer.body, "disk on fire") {
			t.Errorf("%s: tells the cause", name)
		}
	}
	if got := b.exchange(redemption(code)); got.status != http.StatusServiceUnavailable || got.Error != "temporarily_unavailable" {
		t.Errorf("code: %d %q", got.status, got.Error)
	}
	if got := b.exchange(refresh(issued.RefreshToken)); got.status != http.StatusServiceUnavailable {
		t.Errorf("refresh: %d %q", got.status, got.Error)
	}
	if got := b.userinfo(issued.AccessToken); got != http.StatusServiceUnavailable {
		t.Errorf("userinfo: %d", got)
	}
	f.down.Store(false)
	if got := b.exchange(redemption(code)); got.status != http.StatusOK {
		t.Errorf("the code is lost: %d %q", got.status, got.Error)
	}
	if got := b.exchange(refresh(issued.RefreshToken)); got.status != http.StatusOK {
		t.Errorf("the refresh token is lost: %d %q", got.status, got.Error)
	}
}

func (h *house) revocation(token string) *http.Request {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.issuer+"/oauth2/revoke", strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("web", webSecret)
	return r
}

func TestPanicIsAServerErrorWithoutItsStack(t *testing.T) {
	h, f := startFlaky(t)
	b := h.browser()
	f.panic.Store(true)
	got := b.exchange(redemption("06A2U1ASSGVPMSB9VCE3RU74C4.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
	if got.status != http.StatusInternalServerError || got.Error != "server_error" {
		t.Errorf("%d %q", got.status, got.Error)
	}
	page := b.get(h.authorizeURL(request()))
	if page.StatusCode != http.StatusInternalServerError || strings.Contains(page.body, "stack of the store") || strings.Contains(page.body, "goroutine") {
		t.Errorf("%d\n%s", page.StatusCode, page.body)
	}
	if log := h.log.String(); !strings.Contains(log, "stack of the store") || !strings.Contains(log, "goroutine") {
		t.Error("the cause is not in the log")
	}
	f.panic.Store(false)
	if control := b.get(h.authorizeURL(request())); control.StatusCode != http.StatusOK {
		t.Errorf("control: %d", control.StatusCode)
	}
}
