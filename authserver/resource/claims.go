package resource

import (
	"encoding/json"
	"errors"
	"time"

	"cloakroom/authserver/jose"
	"cloakroom/authserver/oauth"
)

// Token is what a verified access token says (RFC 9068 §2.2). It is shared by all requests that carry it: nobody changes it.
type Token struct {
	// Issuer and Subject together name the user; neither does alone.
	Issuer  string
	Subject string
	// ClientID is the client that the token was issued to.
	ClientID string
	ID       string // jti
	Scopes   oauth.Scopes
	Issued   time.Time
	Expires  time.Time
	AuthTime time.Time // zero when the token does not say
	ACR      string
	AMR      []string
	// JKT and Certificate are what the token is bound to: the thumbprint of a DPoP key (RFC 9449 §6.1), or of a client's certificate
	// (RFC 8705 §3.1). Both are empty for a bearer token.
	JKT         string
	Certificate string
}

// HasUser reports whether the token stands for a user. A client that acts for itself is its own subject (RFC 9068 §2.2).
func (t *Token) HasUser() bool { return t.Subject != t.ClientID }

// claims are the claims of an access token as they are spelt.
type claims struct {
	Issuer       string          `json:"iss"`
	Subject      string          `json:"sub"`
	Audience     audience        `json:"aud"`
	ClientID     string          `json:"client_id"`
	ID           string          `json:"jti"`
	Issued       *jose.Date      `json:"iat"`
	Expires      *jose.Date      `json:"exp"`
	NotBefore    *jose.Date      `json:"nbf"`
	AuthTime     *jose.Date      `json:"auth_time"`
	Scope        string          `json:"scope"`
	ACR          string          `json:"acr"`
	AMR          []string        `json:"amr"`
	Confirmation json.RawMessage `json:"cnf"`
}

// confirmation is a cnf claim (RFC 7800 §3.1).
type confirmation struct {
	JKT         string `json:"jkt"`
	Certificate string `json:"x5t#S256"`
}

func parseClaims(token *jose.Token) (claims, error) {
	var parsed claims
	if err := token.Claims(&parsed); err != nil {
		return claims{}, invalid("claims: %v", err)
	}
	return parsed, nil
}

func (c claims) token(bound confirmation) *Token {
	token := &Token{
		Issuer: c.Issuer, Subject: c.Subject, ClientID: c.ClientID, ID: c.ID, Scopes: oauth.ParseScopes(c.Scope),
		Issued: c.Issued.Time().UTC(), Expires: c.Expires.Time().UTC(), ACR: c.ACR, AMR: c.AMR,
		JKT: bound.JKT, Certificate: bound.Certificate,
	}
	if c.AuthTime != nil {
		token.AuthTime = c.AuthTime.Time().UTC()
	}
	return token
}

// audience is an aud claim: a string, or an array of strings (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON takes both spellings.
func (a *audience) UnmarshalJSON(data []byte) error {
	var single string
	if json.Unmarshal(data, &single) == nil {
		*a = audience{single}
		return nil
	}
	var several []string
	if err := json.Unmarshal(data, &several); err != nil {
		return errors.New("aud is neither a string nor an array of strings")
	}
	*a = several
	return nil
}

// one returns the audience if there is just one. A token for several could be replayed by one of them at another.
func (a audience) one() (string, bool) {
	if len(a) != 1 || a[0] == "" {
		return "", false
	}
	return a[0], true
}
