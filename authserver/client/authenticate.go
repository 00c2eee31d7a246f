package client

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"cloakroom/authserver/oauth"
)

// Credentials is what one request presents to say which client it comes from.
type Credentials struct {
	Method   string // oauth.AuthNone, oauth.AuthSecretBasic or oauth.AuthSecretPost
	ClientID string
	Secret   oauth.Secret
}

// What Authenticate can find. None of it is for the client's eyes: to it, all are invalid_client.
var (
	ErrMethod = errors.New("client: another authentication method is registered")
	ErrSecret = errors.New("client: wrong secret")
)

// Authenticate checks a request's credentials against what is registered. A nil client, for an unknown client_id, costs the
// same work and never passes.
func (c *Client) Authenticate(credentials Credentials) error {
	var registered Client
	if c != nil {
		registered = *c
	}
	// The comparison comes first and runs always, on hashes of a fixed length, so that time tells nothing.
	same := credentials.Secret.Hash().Equal(oauth.SecretHash(registered.Secret))
	switch {
	case registered.AuthMethod != credentials.Method:
		return ErrMethod
	case registered.Public():
		return nil
	case registered.Secret.IsZero(), !same:
		return ErrSecret
	}
	return nil
}

// ErrBasic means that an Authorization header is not a client's Basic credentials.
var ErrBasic = errors.New("client: not Basic credentials")

const basicScheme = "basic "

// ParseBasic reads the value of an Authorization header with the Basic scheme (RFC 7617). Both parts are form-encoded before
// they are joined (RFC 6749 §2.3.1), so that a colon or a non-ASCII letter in them survives.
func ParseBasic(header string) (Credentials, error) {
	if len(header) < len(basicScheme) || !strings.EqualFold(header[:len(basicScheme)], basicScheme) {
		return Credentials{}, ErrBasic
	}
	text, err := base64.StdEncoding.DecodeString(header[len(basicScheme):])
	if err != nil {
		return Credentials{}, ErrBasic
	}
	encodedID, encodedSecret, ok := strings.Cut(string(text), ":")
	id, idErr := url.QueryUnescape(encodedID)
	secret, secretErr := url.QueryUnescape(encodedSecret)
	if !ok || idErr != nil || secretErr != nil || id == "" {
		return Credentials{}, ErrBasic
	}
	return Credentials{Method: oauth.AuthSecretBasic, ClientID: id, Secret: oauth.Secret(secret)}, nil
}
