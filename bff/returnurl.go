package bff

import (
	"net/url"
	"strings"

	"cloakroom/bff/api"
)

// maxReturnURL keeps five transaction cookies within the header sizes that servers accept.
const maxReturnURL = 1024

// parseReturnURL accepts a path of this origin's page, with query and fragment, and nothing that any browser could read
// as another origin: it begins with exactly one slash, has no backslash, no control character, no empty or dot segment
// and no encoded form of these (RFC 9700 §4.11.1). The BFF's own paths are not pages. Empty means "/".
func parseReturnURL(text string) (string, error) {
	if text == "" {
		return "/", nil
	}
	rest, fragment, _ := strings.Cut(text, "#")
	path, query, _ := strings.Cut(rest, "?")
	if len(text) > maxReturnURL || !isPlainPath(path) || !isPlainQuery(query) || !isPlainQuery(fragment) || isOwnPath(path) {
		return "", refuse(api.InvalidReturnURL, "returnUrl is not a path of this page")
	}
	return text, nil
}

// isOwnPath reports whether the BFF itself answers the path.
func isOwnPath(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return strings.EqualFold(first, "bff") || strings.EqualFold(first, "api")
}

// withError adds the code of a failed sign-in to a return URL that was accepted before.
func withError(returnURL string, code api.Code) string {
	rest, fragment, hasFragment := strings.Cut(returnURL, "#")
	path, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		values = url.Values{}
	}
	values.Set(api.ErrorParameter, string(code))
	result := path + "?" + values.Encode()
	if hasFragment {
		result += "#" + fragment
	}
	return result
}
