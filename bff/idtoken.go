package bff

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/bff/trace"
)

const (
	maxIDToken = 16 << 10
	// clockSkew is how far apart two clocks may be.
	clockSkew = 10 * time.Second
	// maxTokenAge refuses an ID token that was issued long before it was asked for.
	maxTokenAge = 10 * time.Minute
)

// idToken is an ID token whose signature and claims were verified.
type idToken struct {
	Issuer          string         `json:"iss"`
	Subject         string         `json:"sub"`
	Audience        audience       `json:"aud"`
	AuthorizedParty *string        `json:"azp"`
	Expires         *float64       `json:"exp"`
	IssuedAt        *float64       `json:"iat"`
	NotBefore       *float64       `json:"nbf"`
	AuthTime        *float64       `json:"auth_time"`
	Nonce           string         `json:"nonce"`
	AtHash          *string        `json:"at_hash"`
	ACR             string         `json:"acr"`
	AMR             []string       `json:"amr"`
	SID             string         `json:"sid"`
	claims          map[string]any // all of them
	alg             string
}

// expectation is what this sign-in wants to see in its ID token.
type expectation struct {
	nonce       string
	accessToken string
	maxAge      *int64    // seconds; nil when max_age was not asked for
	started     time.Time // when it was asked for
	acr         []string  // one of them; any if there is none
	flow        *trace.Flow
}

// verifyIDToken is OpenID Connect Core §3.1.3.7, its checks in the order of the list below. The signature comes first:
// before it holds, no claim is looked at.
func (p *provider) verifyIDToken(ctx context.Context, m *metadata, compact string, want expectation) (*idToken, error) {
	token, err := p.verifySignature(ctx, m, compact)
	want.flow.Check("signature", "OpenID Connect Core §3.1.3.7 item 6", err == nil)
	if err != nil {
		return nil, err
	}
	now := p.now()
	for _, check := range []struct {
		name, spec string
		err        error
		made       bool // there was something to check
	}{
		{"issuer", "OpenID Connect Core §3.1.3.7 item 2", token.checkIssuer(m.Issuer), true},
		{"audience", "OpenID Connect Core §3.1.3.7 items 3 to 5", token.checkAudience(p.cfg.ClientID), true},
		{"expiry", "OpenID Connect Core §3.1.3.7 items 9 and 10", token.checkTimes(now), true},
		{"nonce", "OpenID Connect Core §3.1.3.7 item 11", token.checkNonce(want.nonce), true},
		{"at_hash", "OpenID Connect Core §3.1.3.8", token.checkAccessToken(want.accessToken), token.AtHash != nil},
		{"auth_time", "OpenID Connect Core §3.1.3.7 item 13", token.checkAuthTime(want.started, want.maxAge), want.maxAge != nil},
		{"subject", "OpenID Connect Core §2", token.checkSubject(), true},
		{"acr", "OpenID Connect Core §3.1.3.7 item 12", token.checkACR(want.acr), len(want.acr) > 0},
	} {
		if check.made {
			want.flow.Check(check.name, check.spec, check.err == nil)
		}
		if check.err != nil {
			return nil, fmt.Errorf("ID token: %w", check.err)
		}
	}
	return token, nil
}

// verifySignature returns the claims of an ID token whose signature holds.
func (p *provider) verifySignature(ctx context.Context, m *metadata, compact string) (*idToken, error) {
	payload, alg, err := p.verifyJWS(ctx, m, compact, kindIDToken)
	if err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	token := &idToken{alg: alg}
	if err := decodeClaims(payload, token, &token.claims); err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	return token, nil
}

// verifyJWS verifies with a key of the pinned issuer and an algorithm of the configuration; from the header it takes only
// which of those it is (RFC 8725 §3.1, §3.10), and that the token is of the kind that is wanted (§3.11).
func (p *provider) verifyJWS(ctx context.Context, m *metadata, compact string, kind tokenKind) (payload []byte, alg string, err error) {
	if len(compact) > maxIDToken || strings.Count(compact, ".") != 2 {
		return nil, "", errors.New("it is missing, too long or not a signed JWT in compact form")
	}
	alg, kid, err := readHeader(compact, kind)
	if err != nil {
		return nil, "", err
	}
	if !slices.Contains(p.allowedAlgs(m), alg) {
		return nil, "", fmt.Errorf("algorithm %q is not allowed", alg)
	}
	key, err := p.keys.find(ctx, m.JWKSURI, kid, alg, kind)
	if err != nil {
		return nil, "", err
	}
	payload, err = jws.Verify([]byte(compact), jws.WithKey(jwa.SignatureAlgorithm(alg), key))
	if err != nil {
		return nil, "", errors.New("its signature is wrong")
	}
	return payload, alg, nil
}

// tokenKind says what a provider's token is taken for.
type tokenKind string

const (
	kindIDToken     tokenKind = "ID token"
	kindLogoutToken tokenKind = "logout token"
	kindUserinfo    tokenKind = "userinfo"
)

// isTyped refuses what says that it is of another kind. An ID token and userinfo may leave it open, but are no access token, logout token or
// proof; a logout token has its explicit type (Back-Channel Logout §2.4; RFC 7515 §4.1.9 lets application/ be left out).
func (k tokenKind) isTyped(typ string) bool {
	if k == kindLogoutToken {
		return strings.EqualFold(typ, "logout+jwt") || strings.EqualFold(typ, "application/logout+jwt")
	}
	return typ == "" || strings.EqualFold(typ, "JWT")
}

func readHeader(compact string, kind tokenKind) (alg, kid string, err error) {
	text, _, _ := strings.Cut(compact, ".")
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", "", errors.New("its header is not base64url")
	}
	var header struct {
		Alg  string          `json:"alg"`
		Kid  string          `json:"kid"`
		Typ  string          `json:"typ"`
		Crit json.RawMessage `json:"crit"`
	}
	if err := decodeClaims(data, &header); err != nil {
		return "", "", fmt.Errorf("its header: %w", err)
	}
	// RFC 7515 §4.1.11: no extension is understood, so none may be critical.
	if header.Crit != nil {
		return "", "", errors.New("its header has crit")
	}
	if !kind.isTyped(header.Typ) {
		return "", "", fmt.Errorf("its typ is %q", header.Typ)
	}
	return header.Alg, header.Kid, nil
}
