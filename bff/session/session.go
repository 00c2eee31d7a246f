// Package session keeps the BFF's sessions: one record per signed-in browser, with its tokens, and the cookie that
// stands for it.
//
// It owns the record and its lifetimes, the form in which a record is kept at rest (a codec of its own, then sealed), the
// stores, the session cookie (held by scs) and the cache that the proxy reads. It knows no provider, no endpoint
// and no JSON: package bff decides when a session starts, who may end it and what a front end is told.
//
// Several instances share a store: leases let one of them work on a session at a time ([Manager.Exclusive]), and notices tell the
// others what one did, for their caches and for streams ([Manager.Watch]).
//
// Start with [Record], then [Store], whose sentences are the guarantees, then [Manager], which is what handlers use.
package session

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// Record is one BFF session. A record that was loaded is shared and never changed: change a [Record.Clone] and give
// that to [Store.Update], or use [Manager.Update].
type Record struct {
	// ID is the store's key. It is not the cookie's value and opens nothing; it grows with time.
	ID string
	// Version grows by one with each [Store.Update]; a touch leaves it.
	Version int64
	// Handle names the session in /bff/sessions. It opens nothing.
	Handle string

	Provider string // the configuration's id of the provider
	Issuer   string // the ID token's iss
	Subject  string // the ID token's sub
	SID      string // the ID token's sid, if it has one (Back-Channel Logout §2.1)

	// Claims holds JSON values: nil, bool, string, float64, int64, json.Number, time.Time, []string, []any, map[string]any.
	Claims   map[string]any
	AuthTime time.Time
	ACR      string
	AMR      []string

	IDToken      string // for id_token_hint; secret
	RefreshToken string // secret
	// Tokens holds the access tokens by key (resource and scopes); the key "" is the default token's.
	Tokens map[string]Token
	// ProofKey is the session's own DPoP key, the scalar of a P-256 key in 32 bytes; empty without DPoP; secret.
	ProofKey string

	UserAgent string
	// SignIns counts the sign-ins in this browser that followed each other too fast for a person, this one included.
	SignIns int

	Created time.Time
	// Absolute is the end that nothing moves.
	Absolute time.Time
	// Idle is the end without further activity; never after Absolute.
	Idle     time.Time
	LastSeen time.Time
}

// Token is an access token and what the token endpoint said of it.
type Token struct {
	AccessToken string // secret
	Type        string // Bearer or DPoP
	Scopes      []string
	Issued      time.Time // when it was asked for; zero when that is not known
	Expires     time.Time

	bearer []string // what Bearer returns, made once for all the requests that a cached session serves
}

// Bearer is the value of the Authorization header that shows the token (RFC 6750 §2.1). It is shared: do not change it.
func (t Token) Bearer() []string {
	if t.bearer != nil {
		return t.bearer
	}
	return []string{"Bearer " + t.AccessToken}
}

// ready is the record with what its requests need made ahead.
func (r Record) ready() Record {
	tokens := make(map[string]Token, len(r.Tokens))
	for key, token := range r.Tokens {
		token.bearer = token.Bearer()
		tokens[key] = token
	}
	r.Tokens = tokens
	return r
}

// Clone copies the record so deeply that no change to the copy is seen through the original.
func (r Record) Clone() Record {
	r.Claims, _ = cloneValue(r.Claims).(map[string]any)
	r.AMR = slices.Clone(r.AMR)
	r.Tokens = maps.Clone(r.Tokens)
	for key, token := range r.Tokens {
		token.Scopes, token.bearer = slices.Clone(token.Scopes), nil
		r.Tokens[key] = token
	}
	return r
}

func cloneValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := maps.Clone(value)
		for name, element := range copied {
			copied[name] = cloneValue(element)
		}
		return copied
	case []any:
		copied := slices.Clone(value)
		for i, element := range copied {
			copied[i] = cloneValue(element)
		}
		return copied
	case []string:
		return slices.Clone(value)
	default:
		return value
	}
}

// String names the record without its secrets, its user or its id.
func (r Record) String() string { return "session " + r.Handle }

// Format keeps every verb, %#v and %+v included, to [Record.String].
func (r Record) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(r.String())) }

// LogValue is for log/slog.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON keeps a record out of JSON: what a front end sees is package api's to say.
func (r Record) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }

// String says that there is a token, and no more.
func (t Token) String() string { return "redacted" }

// Format keeps every verb, %#v and %+v included, to [Token.String].
func (t Token) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(t.String())) }

// LogValue is for log/slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON keeps a token out of JSON.
func (t Token) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }
