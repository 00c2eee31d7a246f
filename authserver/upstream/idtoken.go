package upstream

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/client"
	"cloakroom/authserver/jose"
)

// idToken is what an ID token says of itself (OpenID Connect Core §2).
type idToken struct {
	Issuer     string     `json:"iss"`
	Subject    string     `json:"sub"`
	Audience   audience   `json:"aud"`
	Authorized string     `json:"azp"`
	Issued     *jose.Date `json:"iat"`
	Expires    *jose.Date `json:"exp"`
	NotBefore  *jose.Date `json:"nbf"`
	AuthTime   *jose.Date `json:"auth_time"`
	Nonce      string     `json:"nonce"`
	AccessHash string     `json:"at_hash"`
	ACR        string     `json:"acr"`
	AMR        []string   `json:"amr"`

	all map[string]any
}

// audience is one string or several (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON takes both.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

const (
	// skew is how far the provider's clock may be from ours.
	skew = time.Minute
	// maxAge is how old an ID token may be that has just been handed over.
	maxAge = 10 * time.Minute
	// maxSubject is the longest sub (OpenID Connect Core §2).
	maxSubject = 255
)

// verify verifies the ID token (OpenID Connect Core §3.1.3.7), signature first. That it came by TLS from the provider itself would
// do for its issuer (step 6), but not for whoever reads it after a mistake in between.
func (p *Provider) verify(ctx context.Context, of metadata, issued tokens, expected Expected) (*idToken, error) {
	parsed, err := jose.Parse(issued.IDToken)
	if err != nil {
		return nil, invalid("ID token: %w", err)
	}
	// RFC 8725 §3.11: a token of another kind is no ID token.
	if parsed.Header.Type != "" && !parsed.Is("JWT") {
		return nil, invalid("ID token: typ is %.40q", parsed.Header.Type)
	}
	if err := p.verifySignature(ctx, of, parsed); err != nil {
		return nil, err
	}
	var claims idToken
	if err := errors.Join(parsed.Claims(&claims), parsed.Claims(&claims.all)); err != nil {
		return nil, invalid("ID token: %w", err)
	}
	if err := p.checkParties(&claims); err != nil {
		return nil, err
	}
	if err := p.checkTimes(&claims); err != nil {
		return nil, err
	}
	// §3.1.3.7 step 11: the answer is to the request that this browser was sent with.
	if subtle.ConstantTimeCompare([]byte(claims.Nonce), []byte(expected.Nonce)) != 1 {
		return nil, invalid("ID token: nonce is another")
	}
	// §3.1.3.8: the access token is the one that was issued with it.
	if claims.AccessHash != "" && claims.AccessHash != accessHash(parsed.Header.Algorithm, issued.AccessToken) {
		return nil, invalid("ID token: at_hash is of another access token")
	}
	return &claims, claims.checkFreshness(expected.NotBefore)
}

func (p *Provider) verifySignature(ctx context.Context, of metadata, parsed *jose.Token) error {
	keys, err := p.keys.Keys(ctx, of.JWKSURI, parsed.Header.KeyID)
	if err != nil {
		return unavailable("%w", err)
	}
	err = invalid("ID token: none of the provider's keys has its kid")
	for _, key := range keys {
		// Without a kid any of its keys will do (RFC 7515 §4.1.4).
		if parsed.Header.KeyID != "" && key.ID != parsed.Header.KeyID {
			continue
		}
		failed := parsed.Verify(key, algorithms())
		if failed == nil {
			return nil
		}
		err = invalid("ID token: %w", failed)
	}
	return err
}

// checkParties checks from whom, for whom and about whom it is.
func (p *Provider) checkParties(claims *idToken) error {
	switch {
	case claims.Issuer != p.config.Issuer: // §3.1.3.7 step 2
		return invalid("ID token: iss is %.200q", claims.Issuer)
	case !slices.Contains(claims.Audience, p.config.ClientID): // step 3
		return invalid("ID token: aud is another client")
	// Steps 4 and 5. One that is for others as well has to say that it was made for us.
	case len(claims.Audience) > 1 && claims.Authorized == "", claims.Authorized != "" && claims.Authorized != p.config.ClientID:
		return invalid("ID token: azp is another client")
	case !isSubject(claims.Subject):
		return invalid("ID token: sub is missing, longer than %d bytes, or has a control character", maxSubject)
	}
	return nil
}

// isSubject reports whether a sub can be one: it is kept and compared byte by byte.
func isSubject(subject string) bool {
	if subject == "" || len(subject) > maxSubject || !utf8.ValidString(subject) {
		return false
	}
	for _, letter := range subject {
		if unicode.IsControl(letter) {
			return false
		}
	}
	return true
}

func (p *Provider) checkTimes(claims *idToken) error {
	now := p.now()
	switch {
	case claims.Expires == nil || !claims.Expires.Time().Add(skew).After(now): // step 9
		return invalid("ID token: it has expired, or has no exp")
	case claims.Issued == nil || claims.Issued.Time().After(now.Add(skew)) || claims.Issued.Time().Before(now.Add(-maxAge)): // step 10
		return invalid("ID token: iat is missing, ahead or too long ago")
	case claims.NotBefore != nil && claims.NotBefore.Time().After(now.Add(skew)):
		return invalid("ID token: nbf is ahead")
	case claims.AuthTime != nil && claims.AuthTime.Time().After(now.Add(skew)):
		return invalid("ID token: auth_time is ahead")
	}
	return nil
}

// checkFreshness holds the provider to what it was asked with max_age or prompt=login (§3.1.3.7 step 13): one that signs users in
// without asking them again is told from one that did.
func (t *idToken) checkFreshness(notBefore time.Time) error {
	switch {
	case notBefore.IsZero():
		return nil
	case t.AuthTime == nil:
		return invalid("ID token: auth_time was asked for and is missing")
	case t.AuthTime.Time().Add(skew).Before(notBefore):
		return ErrStale
	}
	return nil
}

func (t *idToken) identity() Identity {
	identity := Identity{Subject: t.Subject, Claims: t.all, ACR: t.ACR, AMR: t.AMR}
	if t.AuthTime != nil {
		identity.AuthTime = t.AuthTime.Time()
	}
	return identity
}

// accessHash is the left half of the access token's hash, by the hash of the ID token's algorithm (§3.1.3.6). Ed25519 hashes with
// SHA-512 (RFC 8032 §5.1), the others that are accepted with SHA-256.
func accessHash(algorithm jwa.SignatureAlgorithm, accessToken string) string {
	if algorithm == jwa.EdDSA {
		sum := sha512.Sum512([]byte(accessToken))
		return base64.RawURLEncoding.EncodeToString(sum[:sha512.Size/2])
	}
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}

var _ Keys = (*client.RemoteKeys)(nil)
