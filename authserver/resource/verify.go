package resource

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/authserver/jose"
)

// maxToken is the longest token in bytes that is looked at.
const maxToken = 8 << 10

var (
	// ErrInvalid means that a token is not one of this issuer for this API, or has expired. The answer is 401.
	ErrInvalid = errors.New("resource: invalid access token")
	// ErrUnavailable means that the issuer's keys cannot be had, so nobody knows whether the token is good. The answer is 503.
	ErrUnavailable = errors.New("resource: the issuer's keys are not available")
)

// invalid says what is wrong with a token, to a log: the client learns that it is invalid.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// Verify returns what an access token says. Whether the request may use it, if it is bound to a key, Require checks: who calls
// Verify alone does not know. The token is valid, or ErrInvalid or ErrUnavailable. The signature is verified before any claim is
// believed (RFC 8725 §3), and a token that was verified before is only looked up.
//
// Step 10: the resource server validates the access token (signature, type, issuer, audience, times, scopes) and answers.
func (v *Verifier) Verify(ctx context.Context, text string) (*Token, error) {
	if len(text) > maxToken {
		return nil, invalid("it has more than %d bytes", maxToken)
	}
	keys, err := v.keys.current(ctx)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(text))
	if token := v.cache.find(digest, keys, v.config.Now()); token != nil {
		v.check(ctx, "verified_before", "RFC 9068 §4", true)
		v.check(ctx, "exp", "RFC 7519 §4.1.4", true)
		return token, nil
	}
	token, keys, err := v.verify(ctx, text)
	if err != nil {
		return nil, err
	}
	v.cache.add(digest, keys, token)
	return token, nil
}

// verify verifies a token that was not seen before.
func (v *Verifier) verify(ctx context.Context, text string) (*Token, *keySet, error) {
	parsed, err := parse(text)
	if !v.check(ctx, "jwt", "RFC 7515 §3.1", err == nil) {
		return nil, nil, err
	}
	header, algorithm := parsed.Header, parsed.Header.Algorithm.String()
	// RFC 8725 §3.1: the algorithm is one of those that are configured; the header only says which of them.
	if !v.check(ctx, "alg", "RFC 8725 §3.1", slices.Contains(v.config.Algorithms, algorithm)) {
		return nil, nil, invalid("alg %q is not accepted", algorithm)
	}
	// RFC 9068 §4: the type is at+jwt, so that no other kind of token is taken for an access token.
	if !v.check(ctx, "typ", "RFC 9068 §4", parsed.Is("at+jwt")) {
		return nil, nil, invalid("typ %q is not at+jwt", header.Type)
	}
	keys, candidates, err := v.keys.find(ctx, header.KeyID, algorithm)
	if !v.check(ctx, "kid", "RFC 9068 §4", !errors.Is(err, ErrInvalid)) || err != nil {
		return nil, nil, err
	}
	if !v.check(ctx, "signature", "RFC 9068 §4", signedByOne(text, candidates)) {
		return nil, nil, invalid("the signature is wrong")
	}
	token, err := v.claims(ctx, parsed)
	return token, keys, err
}

// signedByOne verifies the signature with each of the keys that have the token's kid and fit its alg: one, unless the issuer
// repeats a kid.
func signedByOne(text string, candidates []key) bool {
	return slices.ContainsFunc(candidates, func(candidate key) bool {
		_, err := jws.Verify([]byte(text), jws.WithKey(candidate.algorithm, candidate.public))
		return err == nil
	})
}

// claims reads the claims of a token whose signature is good, and checks them.
func (v *Verifier) claims(ctx context.Context, parsed *jose.Token) (*Token, error) {
	claims, err := parseClaims(parsed)
	if err != nil {
		return nil, err
	}
	now := v.config.Now()
	// RFC 9068 §4: the issuer is this one, exactly, and the audience is this API.
	switch audience, single := claims.Audience.one(); {
	case !v.check(ctx, "iss", "RFC 9068 §4", claims.Issuer == v.config.Issuer):
		return nil, invalid("iss is another issuer")
	case !v.check(ctx, "aud", "RFC 9068 §4", single && audience == v.config.Audience):
		return nil, invalid("aud is not this API alone")
	}
	// RFC 9068 §2.2: these are required.
	if !v.check(ctx, "claims", "RFC 9068 §2.2", claims.Subject != "" && claims.ClientID != "" && claims.ID != "") {
		return nil, invalid("sub, client_id or jti is missing")
	}
	if err := v.checkTimes(claims, now); !v.check(ctx, "exp", "RFC 7519 §4.1.4", err == nil) {
		return nil, err
	}
	// RFC 7800 §3.1: a token that is bound to something that we do not know could be shown by nobody.
	var bound confirmation
	if claims.Confirmation != nil {
		if err := json.Unmarshal(claims.Confirmation, &bound); err != nil || bound == (confirmation{}) {
			return nil, invalid("cnf has no member that is known")
		}
	}
	return claims.token(bound), nil
}

// maxAge is how long ago a token may have been issued: an access token lives for minutes.
const maxAge = 24 * time.Hour

// checkTimes checks exp, iat and nbf, with the skew between two clocks.
func (v *Verifier) checkTimes(claims claims, now time.Time) error {
	if claims.Expires == nil || claims.Issued == nil {
		return invalid("exp or iat is missing")
	}
	issued := claims.Issued.Time()
	switch {
	case !now.Before(claims.Expires.Time().Add(v.config.Skew)):
		return invalid("it has expired")
	case issued.After(now.Add(v.config.Skew)):
		return invalid("it was issued in the future")
	case issued.Before(now.Add(-maxAge)):
		return invalid("it was issued more than %s ago", maxAge)
	case claims.NotBefore != nil && claims.NotBefore.Time().After(now.Add(v.config.Skew)):
		return invalid("it is not valid yet")
	default:
		return nil
	}
}
