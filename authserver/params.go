package authserver

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"cloakroom/authserver/oauth"
)

// params are the parameters of one request, each at most once. An empty value is the same as none (RFC 6749 §3.1 and §3.2).
type params struct {
	values    map[string]string
	resources []string // RFC 8707 §2: the one parameter that may be repeated
}

// get returns a parameter's value, empty if it was not sent.
func (p params) get(name string) string { return p.values[name] }

const (
	maxBody = 64 << 10
	// maxValue bounds one parameter; state and claims are the longest that clients send.
	maxValue     = 8 << 10
	maxResources = 8
	// maxLoggedName bounds what a request can write into the log.
	maxLoggedName = 64
)

// errTooLarge is a body over the limit: 413.
var errTooLarge = errors.New("the request body is too large")

// queryParams reads the query.
func queryParams(r *http.Request) (params, error) { return parseParams(r.URL.RawQuery) }

// formParams reads the body of a POST. Parameters belong in the body only: a query beside it would be a second place for
// each of them (RFC 6749 §2.3.1 and §3.2, RFC 9700 §4.3.2).
func formParams(r *http.Request) (params, error) {
	if r.URL.RawQuery != "" {
		return params{}, oauth.InvalidRequest.Errorf("parameters belong in the request body, not in the query")
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return params{}, oauth.InvalidRequest.Errorf("the content type has to be application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(r.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return params{}, oauth.InvalidRequest.Errorf("the request body is too large").Because(errors.Join(errTooLarge, tooLarge))
	}
	if err != nil {
		return params{}, oauth.InvalidRequest.Errorf("the request body could not be read").Because(err)
	}
	return parseParams(string(body))
}

func parseParams(encoded string) (params, error) {
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return params{}, oauth.InvalidRequest.Errorf("the parameters are not form-encoded").Because(err)
	}
	p := params{values: map[string]string{}}
	for name, given := range values {
		if name == "resource" && len(given) <= maxResources {
			p.resources = given
			continue
		}
		// RFC 6749 §3.1 and §3.2: parameters must not be included more than once.
		if len(given) > 1 {
			return params{}, oauth.InvalidRequest.Errorf("a parameter is repeated").Because(errors.New(truncate(name, maxLoggedName)))
		}
		if len(given[0]) > maxValue || !utf8.ValidString(given[0]) || strings.Contains(given[0], "\x00") {
			return params{}, oauth.InvalidRequest.Errorf("a parameter is too long or not text").Because(errors.New(truncate(name, maxLoggedName)))
		}
		if given[0] != "" {
			p.values[name] = given[0]
		}
	}
	return p, nil
}
