package authserver

import (
	"net/url"
	"slices"
	"strings"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
)

// verifiedRedirect is a redirect URI that is registered for the request's client. Only verifyRedirectURI makes one, and only
// one of these can carry an answer, or an error, to a redirect; before there is one, an error is a page (RFC 6749 §4.1.2.1).
type verifiedRedirect struct {
	uri   string
	given bool // the request named it
	// formPost sends the answer in a form (OAuth 2.0 Form Post Response Mode) instead of the query; client says to whom.
	formPost bool
	client   string
}

// verifyRedirectURI compares the whole text with what is registered (RFC 9700 §4.1.3: exact string matching). Without the
// parameter, the client's only registered URI is meant (RFC 6749 §3.1.2.3).
func verifyRedirectURI(c *client.Client, requested string) (verifiedRedirect, error) {
	if !c.MayUse(oauth.GrantAuthorizationCode) {
		return verifiedRedirect{}, oauth.UnauthorizedClient.Errorf("the client is not registered for authorization_code")
	}
	if requested == "" {
		if len(c.RedirectURIs) != 1 {
			return verifiedRedirect{}, oauth.InvalidRequest.Errorf("redirect_uri is missing, and the client has not exactly one")
		}
		return verifiedRedirect{uri: c.RedirectURIs[0]}, nil
	}
	if !slices.Contains(c.RedirectURIs, requested) {
		return verifiedRedirect{}, oauth.InvalidRequest.Errorf("redirect_uri is not registered for the client")
	}
	return verifiedRedirect{uri: requested, given: true}, nil
}

// by has the answer sent in the response mode of the request. One that is unknown is an error, and that goes by query.
func (v verifiedRedirect) by(responseMode string, c *client.Client) verifiedRedirect {
	v.formPost, v.client = responseMode == oauth.ResponseModeFormPost && slices.Contains(c.ResponseModes, responseMode), c.Name
	return v
}

// location is the redirect URI with the parameters added to its query, which stays as it is registered (RFC 6749 §4.1.2).
func (v verifiedRedirect) location(parameters url.Values) string {
	separator := "?"
	if strings.Contains(v.uri, "?") {
		separator = "&"
	}
	return v.uri + separator + parameters.Encode()
}

// origin is the scheme, host and port, for the form-action of a page whose answer leads there.
func (v verifiedRedirect) origin() string {
	parsed, err := url.Parse(v.uri)
	if err != nil {
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host
}

// host is what the consent page shows.
func (v verifiedRedirect) host() string {
	parsed, err := url.Parse(v.uri)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// refuse makes an error that goes to the client by redirect, with state and iss.
func (v verifiedRedirect) refuse(state string, err error) error {
	return &redirectedError{redirect: v, state: state, err: err}
}

// redirectedError is an error that may travel by redirect.
type redirectedError struct {
	redirect verifiedRedirect
	state    string
	err      error
}

func (e *redirectedError) Error() string { return e.err.Error() }

func (e *redirectedError) Unwrap() error { return e.err }
