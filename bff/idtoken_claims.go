package bff

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

func (t *idToken) checkIssuer(issuer string) error {
	if t.Issuer != issuer {
		return fmt.Errorf("iss is %q", t.Issuer)
	}
	return nil
}

// §3.1.3.7 items 3 to 5: it is for us, and if it is for others too, it was issued to us.
func (t *idToken) checkAudience(clientID string) error {
	if !slices.Contains(t.Audience, clientID) {
		return fmt.Errorf("aud is %q", t.Audience)
	}
	if len(t.Audience) > 1 && t.AuthorizedParty == nil {
		return errors.New("aud has several values and azp is missing")
	}
	if t.AuthorizedParty != nil && *t.AuthorizedParty != clientID {
		return fmt.Errorf("azp is %q", *t.AuthorizedParty)
	}
	return nil
}

func (t *idToken) checkTimes(now time.Time) error {
	if t.Expires == nil || t.IssuedAt == nil {
		return errors.New("exp or iat is missing")
	}
	expires, ok := instant(*t.Expires)
	if !ok || !now.Before(expires.Add(clockSkew)) {
		return errors.New("it has expired")
	}
	issued, ok := instant(*t.IssuedAt)
	if !ok || issued.After(now.Add(clockSkew)) || now.Sub(issued) > maxTokenAge {
		return errors.New("iat is in the future or long past")
	}
	if t.NotBefore == nil {
		return nil
	}
	if start, ok := instant(*t.NotBefore); !ok || start.After(now.Add(clockSkew)) {
		return errors.New("nbf is in the future")
	}
	return nil
}

// checkNonce ties the token to this browser's sign-in (§3.1.3.7 item 11).
func (t *idToken) checkNonce(nonce string) error {
	if subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(nonce)) != 1 {
		return errors.New("nonce is missing or another sign-in's")
	}
	return nil
}

// checkAccessToken ties the access token to the ID token (§3.1.3.8).
func (t *idToken) checkAccessToken(accessToken string) error {
	if t.AtHash == nil {
		return nil
	}
	hash := leftHalf(t.alg, accessToken)
	if subtle.ConstantTimeCompare([]byte(*t.AtHash), []byte(base64.RawURLEncoding.EncodeToString(hash))) != 1 {
		return errors.New("at_hash is another access token's")
	}
	return nil
}

// leftHalf hashes with the hash of the signature algorithm; EdDSA's is SHA-512.
func leftHalf(alg, text string) []byte {
	switch {
	case strings.HasSuffix(alg, "256"):
		sum := sha256.Sum256([]byte(text))
		return sum[:16]
	case strings.HasSuffix(alg, "384"):
		sum := sha512.Sum384([]byte(text))
		return sum[:24]
	default:
		sum := sha512.Sum512([]byte(text))
		return sum[:32]
	}
}

// checkAuthTime holds the provider to the max_age that was asked for (§3.1.3.7 item 13), counted from when it was: forms
// take their time.
func (t *idToken) checkAuthTime(asked time.Time, maxAge *int64) error {
	if maxAge == nil {
		return nil
	}
	if t.AuthTime == nil {
		return errors.New("auth_time is missing although max_age was asked for")
	}
	authenticated, ok := instant(*t.AuthTime)
	if !ok || asked.Sub(authenticated) > time.Duration(*maxAge)*time.Second+clockSkew {
		return errors.New("the user authenticated longer ago than max_age allows")
	}
	return nil
}

// errWeaker is an ID token that holds, of an authentication that was not what was asked for.
var errWeaker = errors.New("the authentication is another")

// checkACR holds the provider to the acr_values that were asked for (§3.1.3.7 item 12): whoever asks wants to rely on one, as
// RFC 9470 §4 has it for a step-up.
func (t *idToken) checkACR(wanted []string) error {
	if len(wanted) > 0 && !slices.Contains(wanted, t.ACR) {
		return fmt.Errorf("%w: acr is %q, and one of %q was asked for", errWeaker, t.ACR, wanted)
	}
	return nil
}

// §2: sub is never empty and at most 255 ASCII characters.
func (t *idToken) checkSubject() error {
	if t.Subject == "" || len(t.Subject) > 255 {
		return errors.New("sub is missing or too long")
	}
	return nil
}

// instant reads a NumericDate; what no clock can show is refused (RFC 7519 §2).
func instant(seconds float64) (time.Time, bool) {
	if math.IsNaN(seconds) || seconds <= 0 || seconds >= 1e11 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)).UTC(), true
}

// audience is a string or an array of strings (RFC 7519 §4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}
