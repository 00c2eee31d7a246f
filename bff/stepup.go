package bff

import (
	"net/url"
	"strings"

	"cloakroom/bff/api"
)

// stepUp turns an API's insufficient_user_authentication into the answer that tells the page where to sign in again
// (RFC 9470 §3). Any other challenge is no error here: the API's 401 goes to the page as it is.
func stepUp(challenges []string) error {
	for _, challenge := range challenges {
		parameters := parseChallenge(challenge)
		if parameters["error"] != "insufficient_user_authentication" {
			continue
		}
		query := url.Values{}
		for _, name := range []string{"acr_values", "max_age"} {
			if value := parameters[name]; value != "" {
				query.Set(name, value)
			}
		}
		refused := refuse(api.StepUpRequired, "this needs a stronger or a more recent sign-in")
		refused.loginURL = api.PathLogin
		if len(query) > 0 {
			refused.loginURL += "?" + query.Encode()
		}
		return refused
	}
	return nil
}

// parseChallenge reads the parameters of one challenge (RFC 9110 §11.2): scheme, then name=token or name="quoted",
// separated by commas.
func parseChallenge(text string) map[string]string {
	parameters := map[string]string{}
	_, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	for rest != "" {
		name, after, found := strings.Cut(rest, "=")
		if !found {
			break
		}
		value, left := cutValue(strings.TrimSpace(after))
		parameters[strings.ToLower(strings.Trim(name, " ,\t"))] = value
		rest = left
	}
	return parameters
}

func cutValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text, ",")
		return strings.TrimSpace(value), rest
	}
	var quoted strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return quoted.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		quoted.WriteByte(text[i])
	}
	return "", "" // the quote was never closed
}
