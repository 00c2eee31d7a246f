package resource

import (
	"net/http"
	"strings"

	"cloakroom/authserver/oauth"
)

// presented returns the access token of a request and its scheme, Bearer or DPoP: from the one Authorization header and from nowhere
// else (RFC 6750 §2.1, RFC 9449 §7.1). It is empty when there is none.
func presented(request *http.Request) (scheme, token string, err error) {
	values := request.Header.Values("Authorization")
	inQuery := strings.Contains(request.URL.RawQuery, "access_token") && request.URL.Query().Has("access_token")
	switch {
	case len(values) > 1:
		return "", "", oauth.InvalidRequest.Errorf("more than one authorization header")
	case len(values) == 1 && inQuery:
		// RFC 6750 §2: one way of sending the token, not two.
		return "", "", oauth.InvalidRequest.Errorf("the access token is sent in two ways")
	case len(values) == 0:
		// RFC 9700 §4.3.2: a token in the query is none; it ends up in logs and histories.
		return "", "", nil
	}
	given, token, found := strings.Cut(values[0], " ")
	for _, known := range []string{oauth.TokenTypeBearer, oauth.TokenTypeDPoP} {
		if strings.EqualFold(given, known) {
			scheme = known
		}
	}
	if scheme == "" {
		return "", "", nil
	}
	token = strings.TrimLeft(token, " ")
	if !found || token == "" || strings.ContainsAny(token, " \t,") {
		return "", "", oauth.InvalidRequest.Errorf("the authorization header is malformed")
	}
	return scheme, token, nil
}
