package english

import "cloakroom/app/text"

var build = text.Build{
	// The build screen.
	BuildTitle:   "Build",
	BuildHeading: "Build on it",
	BuildLede:    "Your page calls its own origin. The browser brings the cookie, the server adds the token. This is all the code there is to it.",

	CodeHeading:  "Call the API",
	GoCodeTitle:  "Go, in WebAssembly",
	JSCodeTitle:  "JavaScript, without a library",
	GoCodeDetail: "The client is typed, its errors say what they mean for the user, and it imports no HTTP client: that keeps the bundle small.",
	JSCodeDetail: "Any framework will do. One header proves that the request was made by a script of this page.",

	StatusHeading: "What an answer means",
	Status401:     "No session, or one that wants a fresh sign-in. Follow login_url, or offer to sign in.",
	Status403:     "Refused, although the session may be fine. Signing in again does not help.",
	Status503:     "The server cannot know at the moment. Never treat it as signed out.",

	SizeHeading: "What the page weighs",
	SizeLede:    "Compressed when it was built, under names that change with the content: a browser that has them never asks again.",
	SizeFile:    "File",
	SizeRaw:     "as it is",
	SizeGzip:    "gzip",
	SizeBrotli:  "brotli",
	SizeSum:     "All",
	SizeUnit:    " kB",
	SizeUnknown: "The sizes are not known here.",
	SizeSame:    "–",

	ConfigHeading: "Configure a provider",
	ConfigLede:    "Any OpenID provider works, by discovery. Register {origin}/bff/callback/{id} there as the redirect URI, put the secret into a file, and this into bff.yaml.",
	ConfigCheck:   "bff check --config bff.yaml names every mistake, with the key that it is about.",

	// What the snippets are called.
	SnippetSecureAuth: "SecureAuth",
	SnippetKeycloak:   "Keycloak",
	SnippetAuth0:      "Auth0",
	SnippetEntra:      "Microsoft Entra ID",
}
