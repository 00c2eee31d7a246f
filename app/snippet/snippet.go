// Package snippet holds the code and the configuration that the page offers to copy. They are files of their own, so that
// tests can compile, run and parse exactly what a reader copies (scripts/snippets, scripts/e2e).
package snippet

import _ "embed"

var (
	// Call is the least that calls an API, in JavaScript.
	//
	//go:embed call.js
	Call string
	// Fetch is a whole client in JavaScript.
	//
	//go:embed fetch.js
	Fetch string
	// Client is the same in Go, for WebAssembly.
	//
	//go:embed client.go.txt
	Client string
	// SecureAuth configures the BFF for a SecureAuth workspace.
	//
	//go:embed secureauth.yaml
	SecureAuth string
	// Keycloak configures the BFF for a Keycloak realm.
	//
	//go:embed keycloak.yaml
	Keycloak string
	// Auth0 configures the BFF for an Auth0 tenant.
	//
	//go:embed auth0.yaml
	Auth0 string
	// Entra configures the BFF for a Microsoft Entra ID tenant.
	//
	//go:embed entra.yaml
	Entra string
)
