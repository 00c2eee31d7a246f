package token

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

// ID is what an ID token says (OpenID Connect Core §2 and §3.1.3.6).
type ID struct {
	Subject     string
	ClientID    string // aud
	Nonce       string
	SID         string
	ACR         string
	AMR         []string
	AuthTime    time.Time
	Issued      time.Time
	Expires     time.Time
	AccessToken string // at_hash is made of it; empty for none
	// Extra are claims about the user (name, email …). They never replace one of the above.
	Extra map[string]any
}

type idClaims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audience   string   `json:"aud"`
	Issued     int64    `json:"iat"`
	Expires    int64    `json:"exp"`
	AuthTime   int64    `json:"auth_time,omitzero"`
	Nonce      string   `json:"nonce,omitzero"`
	ACR        string   `json:"acr,omitzero"`
	AMR        []string `json:"amr,omitempty"`
	SID        string   `json:"sid,omitzero"`
	AccessHash string   `json:"at_hash,omitzero"`
}

// SignID makes an ID token.
func (i *Issuer) SignID(id ID) (string, error) {
	claims := idClaims{
		Issuer:     i.name,
		Subject:    id.Subject,
		Audience:   id.ClientID,
		Issued:     seconds(id.Issued),
		Expires:    seconds(id.Expires),
		AuthTime:   seconds(id.AuthTime),
		Nonce:      id.Nonce,
		ACR:        id.ACR,
		AMR:        id.AMR,
		SID:        id.SID,
		AccessHash: accessHash(i.idAlgorithm, id.AccessToken),
	}
	if len(id.Extra) == 0 {
		return i.sign(claims, typeID, i.idAlgorithm)
	}
	all, err := merge(id.Extra, claims)
	if err != nil {
		return "", err
	}
	return i.sign(all, typeID, i.idAlgorithm)
}

// merge lays the token's own claims over the extra ones.
func merge(extra map[string]any, claims idClaims) (map[string]any, error) {
	text, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("encode claims: %w", err)
	}
	var own map[string]json.RawMessage // raw: a number stays as it is written
	if err := json.Unmarshal(text, &own); err != nil {
		return nil, fmt.Errorf("encode claims: %w", err)
	}
	all := maps.Clone(extra)
	for name, value := range own {
		all[name] = value
	}
	return all, nil
}

// SignUserinfo makes a signed userinfo answer (OpenID Connect Core §5.3.2): the claims, with whom they are from and for.
func (i *Issuer) SignUserinfo(claims map[string]any, clientID string, algorithm jwa.SignatureAlgorithm) (string, error) {
	all := maps.Clone(claims)
	all["iss"], all["aud"] = i.name, clientID
	return i.sign(all, typeUserinfo, algorithm)
}

// VerifyIDHint reads an id_token_hint: an ID token that we issued, expired or not (RP-Initiated Logout §4).
func (i *Issuer) VerifyIDHint(text string) (ID, error) {
	var claims idClaims
	if err := i.verify(text, typeID, &claims); err != nil {
		return ID{}, err
	}
	if claims.Issuer != i.name || claims.Subject == "" || claims.Audience == "" {
		return ID{}, fmt.Errorf("%w: iss, sub or aud", ErrInvalid)
	}
	return ID{
		Subject:  claims.Subject,
		ClientID: claims.Audience,
		Nonce:    claims.Nonce,
		SID:      claims.SID,
		ACR:      claims.ACR,
		AMR:      claims.AMR,
		AuthTime: instant(claims.AuthTime),
		Issued:   instant(claims.Issued),
		Expires:  instant(claims.Expires),
	}, nil
}

// accessHash is at_hash: the left half of the access token's hash, made with the hash of the ID token's own algorithm (OpenID
// Connect Core §3.1.3.6). Ed25519 hashes with SHA-512 (RFC 8032 §5.1), our other algorithms with SHA-256.
func accessHash(algorithm jwa.SignatureAlgorithm, accessToken string) string {
	if accessToken == "" {
		return ""
	}
	if algorithm == jwa.EdDSA {
		sum := sha512.Sum512([]byte(accessToken))
		return base64.RawURLEncoding.EncodeToString(sum[:sha512.Size/2])
	}
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}
