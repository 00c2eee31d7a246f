// Package dpop verifies DPoP proofs (RFC 9449): that whoever sends a request holds a key, and made the proof for this request,
// just now, and once. It owns the checks of §4.3 and the nonces of §8; it knows nothing of the authorization server, so that
// resource servers use it too. Which key a token is bound to, its callers compare.
//
// Start with [Verifier.Verify].
package dpop

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/jose"
)

// Header is the name of the header that carries a proof, and NonceHeader that of the one that carries a nonce back.
const (
	Header      = "DPoP"
	NonceHeader = "DPoP-Nonce"
)

// What Verify can find. Another error means that nobody knows whether the proof was used before: the caller answers 503.
var (
	// ErrInvalid is invalid_dpop_proof, ErrNonce is use_dpop_nonce (RFC 9449 §5 and §8), ErrReplayed is an ErrInvalid.
	ErrInvalid  = errors.New("dpop: invalid proof")
	ErrNonce    = errors.New("dpop: a nonce of this server is needed")
	ErrReplayed = fmt.Errorf("%w: it was used before", ErrInvalid)
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// Algorithms are those that a proof may be signed with: no symmetric one, no none, and not RS256 (RFC 9449 §4.3 check 5, FAPI 2.0
// §5.4.1).
func Algorithms() []jwa.SignatureAlgorithm {
	return []jwa.SignatureAlgorithm{jwa.ES256, jwa.EdDSA, jwa.PS256}
}

const (
	// window is how old a proof may be, and skew how far ahead of our clock (FAPI 2.0 §5.3.2.1 (13)).
	window = time.Minute
	skew   = 10 * time.Second
	// maxID bounds a jti.
	maxID = 256
)

// Once marks a value as used until an instant, and returns an error that is ErrReplayed if it was marked before.
type Once func(ctx context.Context, value string, until time.Time) error

// Verifier verifies proofs. It is safe for concurrent use.
type Verifier struct {
	Nonces *Nonces // nil: proofs need no nonce
	Once   Once
	Now    func() time.Time
	// Checked, unless it is nil, is told every check as it is made: its name, its place in the specification, and its result.
	Checked func(ctx context.Context, name, spec string, ok bool)
}

// Request is what a proof has to be for.
type Request struct {
	Method string
	// URIs are the spellings of the request's URI that the server is known by: from its configuration, never from the Host header.
	URIs []string
	// AccessToken is the token that the proof comes with; empty at the authorization server's own endpoints.
	AccessToken string
}

type claims struct {
	ID     string     `json:"jti"`
	Method string     `json:"htm"`
	URI    string     `json:"htu"`
	Issued *jose.Date `json:"iat"`
	Hash   string     `json:"ath"`
	Nonce  string     `json:"nonce"`
}

// Proof returns the text of the request's proof; empty if it has none.
func Proof(header http.Header) (string, error) {
	switch values := header.Values(Header); len(values) {
	case 0:
		return "", nil
	case 1:
		if values[0] == "" {
			return "", invalid("the DPoP header is empty")
		}
		return values[0], nil
	default:
		// RFC 9449 §4.3 check 1: there is not more than one DPoP header.
		return "", invalid("more than one DPoP header")
	}
}

// Verify checks a proof and returns the thumbprint of its key (RFC 9449 §6.1, jkt).
func (v *Verifier) Verify(ctx context.Context, text string, request Request) (jkt string, err error) {
	// RFC 9449 §4.3 check 2: it is one well-formed JWT.
	token, err := jose.Parse(text)
	if !v.check(ctx, "dpop_jwt", "RFC 9449 §4.3 (2)", err == nil) {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	key, err := v.proofKey(ctx, token)
	if err != nil {
		return "", err
	}
	var said claims
	if err := token.Claims(&said); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := v.checkClaims(ctx, said, request); err != nil {
		return "", err
	}
	// RFC 9449 §11.1: a proof is used once. It is marked last, so that only what is otherwise good takes up space.
	sum := sha256.Sum256([]byte(key.Thumbprint + "\x00" + said.ID))
	until := said.Issued.Time().Add(window + skew)
	err = v.Once(ctx, base64.RawURLEncoding.EncodeToString(sum[:]), until)
	v.check(ctx, "dpop_jti", "RFC 9449 §11.1", err == nil)
	return key.Thumbprint, err
}

// check tells a check and returns its result.
func (v *Verifier) check(ctx context.Context, name, spec string, ok bool) bool {
	if v.Checked != nil {
		v.Checked(ctx, name, spec, ok)
	}
	return ok
}

// proofKey checks the header, and the signature with the key that the header brings.
func (v *Verifier) proofKey(ctx context.Context, token *jose.Token) (jose.Key, error) {
	// RFC 9449 §4.3 check 4.
	if !v.check(ctx, "dpop_typ", "RFC 9449 §4.3 (4)", token.Header.Type == "dpop+jwt") {
		return jose.Key{}, invalid("typ is not dpop+jwt")
	}
	if token.Header.JWK == nil {
		return jose.Key{}, invalid("jwk is missing")
	}
	// RFC 9449 §4.3 check 7: the key is not a private one.
	key, err := jose.ParseKey(token.Header.JWK)
	if err != nil {
		return jose.Key{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	// RFC 9449 §4.3 checks 5 and 6.
	if err := token.Verify(key, Algorithms()); !v.check(ctx, "dpop_signature", "RFC 9449 §4.3 (6)", err == nil) {
		return jose.Key{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return key, nil
}

func (v *Verifier) checkClaims(ctx context.Context, said claims, request Request) error {
	// RFC 9449 §4.3 check 3.
	if said.ID == "" || len(said.ID) > maxID || said.Issued == nil {
		return invalid("jti, or iat, is missing or too long")
	}
	// RFC 9449 §4.3 check 8.
	if !v.check(ctx, "dpop_htm", "RFC 9449 §4.3 (8)", said.Method == request.Method) {
		return invalid("htm is not the request's method")
	}
	// RFC 9449 §4.3 check 9.
	same := slices.ContainsFunc(request.URIs, func(uri string) bool { return sameURI(said.URI, uri) })
	if !v.check(ctx, "dpop_htu", "RFC 9449 §4.3 (9)", same) {
		return invalid("htu is not the request's URI")
	}
	// RFC 9449 §4.3 check 12.
	if request.AccessToken != "" && !v.check(ctx, "dpop_ath", "RFC 9449 §4.3 (12)", hashOf(said.Hash, request.AccessToken)) {
		return invalid("ath is not the hash of the access token")
	}
	now := v.Now()
	// RFC 9449 §4.3 check 10.
	if v.Nonces != nil && !v.check(ctx, "dpop_nonce", "RFC 9449 §4.3 (10)", v.Nonces.Valid(said.Nonce, now)) {
		return ErrNonce
	}
	// RFC 9449 §4.3 check 11.
	issued := said.Issued.Time()
	if !v.check(ctx, "dpop_iat", "RFC 9449 §4.3 (11)", !issued.After(now.Add(skew)) && now.Before(issued.Add(window+skew))) {
		return invalid("iat is too far from now")
	}
	return nil
}

func hashOf(said, accessToken string) bool {
	sum := sha256.Sum256([]byte(accessToken))
	return subtle.ConstantTimeCompare([]byte(said), []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) == 1
}

// sameURI compares without query and fragment, after the normalization that RFC 9449 §4.3 speaks of (RFC 3986 §6.2.2 and §6.2.3): scheme
// and host in any case, a default port or none. The path is compared as it is written.
func sameURI(said, expected string) bool {
	one, ok := normal(said)
	other, valid := normal(expected)
	return ok && valid && one == other
}

func normal(text string) (string, bool) {
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.Opaque != "" {
		return "", false
	}
	scheme, host := strings.ToLower(parsed.Scheme), strings.ToLower(parsed.Host)
	if port := map[string]string{"https": ":443", "http": ":80"}[scheme]; port != "" {
		host = strings.TrimSuffix(host, port)
	}
	path := parsed.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path, true
}
