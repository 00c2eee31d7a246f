package token

import (
	"encoding/json"
	"fmt"
	"time"

	"cloakroom/authserver/oauth"
)

// Access is what an access token says (RFC 9068 §2.2).
type Access struct {
	ID       string // jti
	Subject  string // the user, or the client itself for client_credentials
	ClientID string
	Audience string // exactly one
	Scopes   oauth.Scopes
	AuthTime time.Time // zero without a user
	ACR      string
	AMR      []string
	// Confirmation is the cnf claim as JSON (RFC 7800); empty when the token is not sender-constrained.
	Confirmation json.RawMessage
	Issued       time.Time
	Expires      time.Time
}

type accessClaims struct {
	Issuer       string          `json:"iss"`
	Subject      string          `json:"sub"`
	Audience     string          `json:"aud"`
	ClientID     string          `json:"client_id"`
	ID           string          `json:"jti"`
	Issued       int64           `json:"iat"`
	Expires      int64           `json:"exp"`
	Scope        string          `json:"scope,omitzero"`
	AuthTime     int64           `json:"auth_time,omitzero"`
	ACR          string          `json:"acr,omitzero"`
	AMR          []string        `json:"amr,omitempty"`
	Confirmation json.RawMessage `json:"cnf,omitempty"`
}

// SignAccess makes an access token.
func (i *Issuer) SignAccess(a Access) (string, error) {
	return i.sign(accessClaims{
		Issuer:       i.name,
		Subject:      a.Subject,
		Audience:     a.Audience,
		ClientID:     a.ClientID,
		ID:           a.ID,
		Issued:       seconds(a.Issued),
		Expires:      seconds(a.Expires),
		Scope:        a.Scopes.String(),
		AuthTime:     seconds(a.AuthTime),
		ACR:          a.ACR,
		AMR:          a.AMR,
		Confirmation: a.Confirmation,
	}, typeAccess, i.accessAlgorithm)
}

// SignIntrospection makes a signed introspection answer for one caller (RFC 9701 §5).
func (i *Issuer) SignIntrospection(answer any, audience string, now time.Time) (string, error) {
	return i.sign(struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		Issued   int64  `json:"iat"`
		Answer   any    `json:"token_introspection"`
	}{i.name, audience, seconds(now), answer}, typeIntrospection, i.accessAlgorithm)
}

// VerifyAccess reads an access token of this issuer, of any audience; ErrInvalid if it is not one or has expired. Whether it
// is revoked, the store knows.
func (i *Issuer) VerifyAccess(text string) (Access, error) {
	var claims accessClaims
	if err := i.verify(text, typeAccess, &claims); err != nil {
		return Access{}, err
	}
	if claims.Issuer != i.name || claims.ID == "" || claims.Subject == "" {
		return Access{}, fmt.Errorf("%w: iss, jti or sub", ErrInvalid)
	}
	if !i.now().Before(instant(claims.Expires)) {
		return Access{}, fmt.Errorf("%w: expired", ErrInvalid)
	}
	return Access{
		ID:           claims.ID,
		Subject:      claims.Subject,
		ClientID:     claims.ClientID,
		Audience:     claims.Audience,
		Scopes:       oauth.ParseScopes(claims.Scope),
		AuthTime:     instant(claims.AuthTime),
		ACR:          claims.ACR,
		AMR:          claims.AMR,
		Confirmation: claims.Confirmation,
		Issued:       instant(claims.Issued),
		Expires:      instant(claims.Expires),
	}, nil
}
