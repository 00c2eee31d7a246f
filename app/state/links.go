package state

import (
	"net/url"
	"strings"

	"cloakroom/bff/api"
)

// LoginURL adds to a path that starts a sign-in where the user comes back to; "" is the front page.
func LoginURL(login, back string) string {
	if login == "" {
		login = api.PathLogin
	}
	if back == "" || back == "/" {
		return login
	}
	return withParameter(login, "returnUrl", back)
}

// withProvider names the provider of a sign-in that has to be the same user's again.
func withProvider(login, provider string) string {
	if _, query, _ := strings.Cut(login, "?"); provider == "" || strings.Contains("&"+query, "&provider=") {
		return login
	}
	return withParameter(login, "provider", provider)
}

func withParameter(path, name, value string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + name + "=" + url.QueryEscape(value)
}
