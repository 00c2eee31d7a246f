package token

import "time"

// typeLogout is the typ of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).
const typeLogout = "logout+jwt"

// eventLogout is the one event that a logout token tells.
const eventLogout = "http://schemas.openid.net/event/backchannel-logout"

// Logout is what a logout token says (OpenID Connect Back-Channel Logout 1.0 §2.4).
type Logout struct {
	ID       string // jti
	Subject  string
	ClientID string // aud
	SID      string
	Issued   time.Time
	Expires  time.Time
}

// logoutClaims has no nonce, so that a logout token is never taken for an ID token (§2.4).
type logoutClaims struct {
	Issuer   string                         `json:"iss"`
	Subject  string                         `json:"sub"`
	Audience string                         `json:"aud"`
	Issued   int64                          `json:"iat"`
	Expires  int64                          `json:"exp"`
	ID       string                         `json:"jti"`
	Events   map[string]map[string]struct{} `json:"events"`
	SID      string                         `json:"sid,omitzero"`
}

// SignLogout makes a logout token. It is signed as the client's ID tokens are (§2.4).
func (i *Issuer) SignLogout(l Logout) (string, error) {
	return i.sign(logoutClaims{
		Issuer:   i.name,
		Subject:  l.Subject,
		Audience: l.ClientID,
		Issued:   seconds(l.Issued),
		Expires:  seconds(l.Expires),
		ID:       l.ID,
		Events:   map[string]map[string]struct{}{eventLogout: {}},
		SID:      l.SID,
	}, typeLogout, i.idAlgorithm)
}
