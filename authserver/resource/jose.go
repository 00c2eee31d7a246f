package resource

import (
	"strings"

	"cloakroom/authserver/jose"
)

const maxKeyID = 64

// parse takes a token apart. Nothing in it is verified yet.
func parse(text string) (*jose.Token, error) {
	token, err := jose.Parse(text)
	if err != nil {
		return nil, invalid("%v", err)
	}
	// RFC 8725 §3.10: no key comes with the token. The other members that would choose one, package jose does not take.
	if token.Header.JWK != nil {
		return nil, invalid("header: jwk is not accepted")
	}
	if !isKeyID(token.Header.KeyID) {
		return nil, invalid("header: kid is missing or malformed")
	}
	return token, nil
}

// isKeyID reports whether a kid can be one of ours: it is only ever looked up.
func isKeyID(kid string) bool {
	return kid != "" && len(kid) <= maxKeyID && !strings.ContainsFunc(kid, func(r rune) bool { return !isBase64URL(r) })
}

func isBase64URL(r rune) bool {
	return (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') || r == '-' || r == '_'
}
