package bff

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestChallengesAreReadOneByOne(t *testing.T) {
	for line, want := range map[string]string{
		``:                             `[]`,
		`Bearer`:                       `[map[]]`,
		`Bearer error="invalid_token"`: `[map[error:invalid_token]]`,
		`Bearer error=invalid_token, realm = "a, b"`:                           `[map[error:invalid_token realm:a, b]]`,
		`Bearer, DPoP error="use_dpop_nonce", algs="ES256 PS256"`:              `[map[] map[algs:ES256 PS256 error:use_dpop_nonce]]`,
		`Bearer error="invalid_token",DPoP algs="ES256"`:                       `[map[error:invalid_token] map[algs:ES256]]`,
		`Negotiate YWJj==, DPoP error="x"`:                                     `[map[] map[error:x]]`,
		`Negotiate YWJj, Bearer`:                                               `[map[] map[]]`,
		`Basic realm="x\", Bearer error=\"insufficient_user_authentication\""`: `[map[realm:x", Bearer error="insufficient_user_authentication"]]`,
		`Bearer realm="open, DPoP error="x"`:                                   `[map[realm:open, DPoP error=]]`,
		`Bearer realm="open`:                                                   `[map[]]`,
		`error="use_dpop_nonce"`:                                               `[]`,
		`Bearer ERROR="a", error="b"`:                                          `[map[error:a]]`,
		`, ,Bearer ,, error="a"`:                                               `[map[error:a]]`,
		`Bearer =`:                                                             `[]`,
	} {
		if got := fmt.Sprint(parseChallengeLine(line)); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

func FuzzChallengesEnd(f *testing.F) {
	f.Add(`Bearer error="a\"b", DPoP YWJj==, x`)
	f.Fuzz(func(_ *testing.T, line string) { parseChallenges([]string{line, line}) })
}

// RFC 9449 §7.2: an API that takes both kinds of token names both in one header.
func TestANonceIsUnderstoodBesideAnotherChallenge(t *testing.T) {
	h := openStrict(t)
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
		claims, _, err := parseProof(r, h.upstream.server.URL+r.URL.Path, token)
		if err != nil || claims["nonce"] != "api-nonce" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="notes", DPoP error="use_dpop_nonce", algs="ES256"`)
			w.Header().Set("DPoP-Nonce", "api-nonce")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "done")
	})
	b := h.browser()
	b.signIn()
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 200 || got.body != "done" {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
}

func TestStepUpIsUnderstoodBehindAnotherChallenge(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.signIn()
	h.upstream.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `DPoP algs="ES256", Bearer error="insufficient_user_authentication", acr_values="mfa"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 401 || !strings.Contains(got.body, "step_up_required") {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
}
