package bff

import (
	"net/url"

	"cloakroom/bff/api"
)

// stepUp turns an API's insufficient_user_authentication into the answer that tells the page where to sign in again
// (RFC 9470 §3). Any other challenge is no error here: the API's 401 goes to the page as it is.
func stepUp(challenges []string) error {
	for _, parameters := range parseChallenges(challenges) {
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
