package bff

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"cloakroom/bff/api"
)

// Explain says in words what would happen to a request of a signed-in page, without making it.
func (c Config) Explain(method, target string) string {
	if err := checkTarget(&http.Request{RequestURI: target}); err != nil {
		return fmt.Sprintf("400 %s: %s", api.InvalidPath, asRefusal(err).detail)
	}
	path, _, _ := strings.Cut(target, "?")
	if strings.HasPrefix(path, api.PathAPI) {
		return c.explainRoute(method, path)
	}
	if isOwnPath(path) {
		return "answered by the BFF itself; see routes.go for its gate"
	}
	return "answered by the page, without any check but the host's"
}

func (c Config) explainRoute(method, path string) string {
	matched := matchRoute(c.Routes, path)
	if matched == nil {
		return fmt.Sprintf("404 %s: no route leads there", api.NotFound)
	}
	if !slices.Contains(matched.Methods, method) {
		return fmt.Sprintf("405 %s: %s takes %s", api.MethodNotAllowed, matched.Prefix, strings.Join(matched.Methods, ", "))
	}
	text := fmt.Sprintf("%s %s is sent to %s%s", method, path, strings.TrimSuffix(matched.Upstream, "/"), path[len(matched.Prefix):])
	if matched.Token == tokenNone {
		return text + " without a token; it needs the header " + api.CSRFHeader
	}
	text += map[string]string{tokenUser: " with the user's access token", tokenClient: " with the BFF's own access token"}[matched.Token]
	if matched.Resource != "" {
		text += " for " + matched.Resource
	}
	if len(matched.Scopes) > 0 {
		text += " and scope " + strings.Join(matched.Scopes, " ")
	}
	needs := "; it needs "
	if matched.Token == tokenUser {
		needs += "a session and "
	}
	text += needs + "the header " + api.CSRFHeader
	if method == http.MethodGet && matched.EventSource {
		text += ", or to be EventSource's"
	}
	if method == http.MethodGet && matched.WebSocket {
		text += ", or to open a WebSocket with the exact Origin"
	}
	return text
}

// matchRoute finds the route whose prefix covers the path by whole segments; the longest wins.
func matchRoute(routes []RouteConfig, path string) *RouteConfig {
	var found *RouteConfig
	for i := range routes {
		if covers(routes[i].Prefix, path) && (found == nil || len(found.Prefix) < len(routes[i].Prefix)) {
			found = &routes[i]
		}
	}
	return found
}

func covers(prefix, path string) bool {
	rest, found := strings.CutPrefix(path, prefix)
	return found && (rest == "" || rest[0] == '/')
}
