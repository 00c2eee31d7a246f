package resource

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// request is a GET with an Authorization header, unless that is empty.
func request(t *testing.T, authorization ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/notes", nil)
	for _, value := range authorization {
		r.Header.Add("Authorization", value)
	}
	return r
}

// answer is what a handler within the middlewares answers: 200 and the subject.
func answer(t *testing.T, r *http.Request, middlewares ...func(http.Handler) http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, TokenFrom(r.Context()).Subject)
	})
	for index := len(middlewares) - 1; index >= 0; index-- {
		handler = middlewares[index](handler)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return recorder
}

func TestRequireAnswersAsRFC6750Says(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	valid := issuer.token()
	inQuery := request(t)
	inQuery.URL.RawQuery = "access_token=" + valid
	inBoth := request(t, "Bearer "+valid)
	inBoth.URL.RawQuery = "access_token=" + valid
	inForm := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/notes", strings.NewReader("access_token="+valid))
	inForm.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	expired := issuer.sign(issuer.header(), issuer.claims().with("exp", issuer.clock().Unix()-60))
	bound := issuer.sign(issuer.header(), issuer.claims().with("cnf", members{"jkt": "x"}))

	for _, row := range []struct {
		name      string
		request   *http.Request
		scopes    []string
		status    int
		challenge string
	}{
		{"a valid token", request(t, "Bearer "+valid), nil, 200, ""},
		{"a valid token with the scopes", request(t, "Bearer "+valid), []string{"notes.read", "notes.write"}, 200, ""},
		{"the scheme in another case", request(t, "bEARER "+valid), nil, 200, ""},
		{"no token", request(t), nil, 401, `Bearer realm="api"`},
		{"another scheme", request(t, "Basic dTpw"), nil, 401, `Bearer realm="api"`},
		{"a bearer token as DPoP", request(t, "DPoP "+valid), nil, 401, `Bearer realm="api"`},
		{"the token in the query", inQuery, nil, 401, `Bearer realm="api"`},
		{"the token in a form", inForm, nil, 401, `Bearer realm="api"`},
		{"the token in header and query", inBoth, nil, 400, `error="invalid_request"`},
		{"two headers", request(t, "Bearer "+valid, "Bearer "+valid), nil, 400, `error="invalid_request"`},
		{"two tokens in a header", request(t, "Bearer "+valid+", Bearer "+valid), nil, 400, `error="invalid_request"`},
		{"no token after the scheme", request(t, "Bearer "), nil, 400, `error="invalid_request"`},
		{"garbage", request(t, "Bearer garbage"), nil, 401, `error="invalid_token"`},
		{"an expired token", request(t, "Bearer "+expired), nil, 401, `error="invalid_token"`},
		{"a token that is bound to a key", request(t, "Bearer "+bound), nil, 401, `error="invalid_token"`},
		{"a missing scope", request(t, "Bearer "+valid), []string{"notes.read", "admin"}, 403, `error="insufficient_scope", error_description="the access token lacks a scope", scope="notes.read admin"`},
		{"a scope that is part of another", request(t, "Bearer "+valid), []string{"notes"}, 403, `error="insufficient_scope"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := answer(t, row.request, verifier.Require(row.scopes...))
			challenge := got.Header().Get("WWW-Authenticate")
			if got.Code != row.status || !strings.Contains(challenge, row.challenge) || (row.challenge == "") != (challenge == "") {
				t.Fatalf("got %d, %q; want %d, %q", got.Code, challenge, row.status, row.challenge)
			}
			if row.status == 200 {
				if got.Body.String() != "user-1" {
					t.Errorf("body %q", got.Body)
				}
				return
			}
			var body problem
			if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil || body.Status != row.status || body.Code == "" {
				t.Errorf("body %s (%v)", got.Body, err)
			}
			if got.Header().Get("Cache-Control") != "no-store" || strings.Contains(got.Body.String()+challenge, valid) {
				t.Errorf("headers %v, body %s", got.Header(), got.Body)
			}
		})
	}
	if challenge := answer(t, request(t), verifier.Require()).Header().Get("WWW-Authenticate"); strings.Contains(challenge, "error") {
		t.Errorf("RFC 6750 §3.1: a request without a token gets no error code: %s", challenge)
	}
}

func TestRequireNeverAnswers401WhenNobodyKnows(t *testing.T) {
	issuer := newIssuer(t)
	issuer.down.Store(true)
	got := answer(t, request(t, "Bearer "+issuer.token()), issuer.verifier().Require())
	if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" || got.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("got %d, %v", got.Code, got.Header())
	}
}

func TestRequireRecentAsksForAuthentication(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	for _, row := range []struct {
		name   string
		claims members
		acr    []string
		status int
	}{
		{"a minute ago", issuer.claims(), nil, 200},
		{"five minutes ago", issuer.claims().with("auth_time", issuer.clock().Add(-5*time.Minute).Unix()), nil, 200},
		{"longer ago", issuer.claims().with("auth_time", issuer.clock().Add(-5*time.Minute-time.Second).Unix()), nil, 401},
		{"unknown", issuer.claims().without("auth_time"), nil, 401},
		{"one of the acr", issuer.claims(), []string{"2", "1"}, 200},
		{"none of the acr", issuer.claims(), []string{"2", "3"}, 401},
		{"no acr", issuer.claims().without("acr"), []string{"1"}, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := request(t, "Bearer "+issuer.sign(issuer.header(), row.claims))
			got := answer(t, r, verifier.Require(), verifier.RequireRecent(5*time.Minute, row.acr...))
			if got.Code != row.status {
				t.Fatalf("got %d, want %d", got.Code, row.status)
			}
			challenge := got.Header().Get("WWW-Authenticate")
			if row.status == 401 && (!strings.Contains(challenge, `error="insufficient_user_authentication"`) ||
				!strings.Contains(challenge, `max_age="300"`) ||
				strings.Contains(challenge, `acr_values="`+strings.Join(row.acr, " ")+`"`) != (len(row.acr) > 0)) {
				t.Errorf("challenge %s", challenge)
			}
		})
	}
	if got := answer(t, request(t), verifier.RequireRecent(time.Minute)); got.Code != http.StatusUnauthorized {
		t.Errorf("without Require: %d", got.Code)
	}
}

func TestCacheForgetsWhatHasExpired(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	text := issuer.token()
	first, err := verifier.Verify(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := verifier.Verify(t.Context(), text); err != nil || again != first {
		t.Errorf("a token that was seen before was verified again: %v", err)
	}
	issuer.advance(5*time.Minute + verifier.config.Skew)
	if _, err := verifier.Verify(t.Context(), text); err == nil {
		t.Error("a token is accepted after its end")
	}
}

func TestCacheIsBounded(t *testing.T) {
	const size = 160
	remembered := newCache(size)
	keys := &keySet{}
	for number := range 100 * size {
		remembered.add(sha256.Sum256(fmt.Append(nil, number)), keys, &Token{Expires: time.Unix(1, 0)})
	}
	entries := 0
	for index := range remembered.shards {
		entries += len(remembered.shards[index].entries)
	}
	if entries != size {
		t.Errorf("%d entries, want %d", entries, size)
	}
}

// BenchmarkVerify compares a token that was seen before with one that is parsed and verified.
func BenchmarkVerify(b *testing.B) {
	issuer := newIssuer(b)
	verifier := issuer.verifier()
	text := issuer.token()
	if _, err := verifier.Verify(b.Context(), text); err != nil {
		b.Fatal(err)
	}
	b.Run("seen_before", func(b *testing.B) {
		for b.Loop() {
			if _, err := verifier.Verify(b.Context(), text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parsed_and_verified", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := verifier.verify(b.Context(), text); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestCheckedIsToldEveryCheckAndItsResult: a user of the package sees what was checked, up to the check that failed.
func TestCheckedIsToldEveryCheckAndItsResult(t *testing.T) {
	issuer := newIssuer(t)
	var told []string
	verifier := issuer.verifier(func(config *Config) {
		config.Checked = func(_ context.Context, name, spec string, ok bool) {
			if spec == "" {
				t.Errorf("%s has no place in a specification", name)
			}
			told = append(told, fmt.Sprint(name, " ", ok))
		}
	})
	answer(t, request(t, "Bearer "+issuer.token()), verifier.Require("notes.admin"))
	want := "token_present true, jwt true, alg true, typ true, kid true, signature true, iss true, aud true, claims true, exp true, token_scheme true, scope false"
	if got := strings.Join(told, ", "); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	told = nil
	answer(t, request(t, "Bearer "+issuer.sign(issuer.header().with("typ", "JWT"), issuer.claims())), verifier.Require())
	if got := strings.Join(told, ", "); got != "token_present true, jwt true, alg true, typ false" {
		t.Errorf("after a check that failed: %s", got)
	}
}
