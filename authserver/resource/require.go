package resource

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"cloakroom/authserver/oauth"
)

type contextKey struct{}

// TokenFrom returns the access token of the request that Require let through, nil if there was no Require.
func TokenFrom(ctx context.Context) *Token {
	token, _ := ctx.Value(contextKey{}).(*Token)
	return token
}

// Require lets requests through whose access token is valid and has all scopes. The handler finds the token by TokenFrom.
func (v *Verifier) Require(scopes ...string) func(http.Handler) http.Handler {
	required := oauth.Scopes(scopes)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, err := v.authorize(w, r, required)
			if err != nil {
				v.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, token)))
		})
	}
}

// errNoToken means that a request has no access token at all.
var errNoToken = errors.New("no access token")

func (v *Verifier) authorize(w http.ResponseWriter, r *http.Request, required oauth.Scopes) (*Token, error) {
	scheme, text, err := presented(r)
	if err != nil {
		return nil, err
	}
	if !v.check(r.Context(), "token_present", "RFC 6750 §2.1", text != "") {
		return nil, errNoToken
	}
	token, err := v.Verify(r.Context(), text)
	if err != nil {
		return nil, err
	}
	if err := v.checkBinding(w, r, token, scheme, text); err != nil {
		return nil, err
	}
	// RFC 6750 §3.1: insufficient_scope names the scopes that are needed.
	if !v.check(r.Context(), "scope", "RFC 6750 §3.1", token.Scopes.Covers(required)) {
		return nil, &challenge{scheme: scheme, code: oauth.InsufficientScope, description: "the access token lacks a scope", scopes: required}
	}
	return token, nil
}

// RequireRecent lets requests through whose user authenticated no longer than maxAge ago and, if any acr is named, by one of
// those (RFC 9470). It stands within Require.
func (v *Verifier) RequireRecent(maxAge time.Duration, acr ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token := TokenFrom(r.Context())
			if token == nil {
				v.refuse(w, r, errNoToken)
				return
			}
			recent := v.check(r.Context(), "auth_time", "RFC 9470 §3", v.recent(token, maxAge))
			strong := len(acr) == 0 || v.check(r.Context(), "acr", "RFC 9470 §3", slices.Contains(acr, token.ACR))
			if !recent || !strong {
				v.refuse(w, r, &challenge{
					scheme: token.scheme(), code: oauth.InsufficientUserAuthentication, description: "a more recent or stronger authentication is needed",
					maxAge: maxAge, acr: acr,
				})
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// recent reports whether the user authenticated no longer than maxAge ago. A token that does not say when does not count.
func (v *Verifier) recent(token *Token, maxAge time.Duration) bool {
	return !token.AuthTime.IsZero() && !token.AuthTime.Before(v.config.Now().Add(-maxAge))
}
