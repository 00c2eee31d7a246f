// Package english is the page in English. No package but the one that starts the page imports it, so a changed word costs the
// compiler nothing else.
//
// Start with [Words].
package english

import "cloakroom/app/text"

// Words are all of them.
var Words = text.Words{
	Document:  document,
	Home:      home,
	Session:   session,
	Inspector: inspector,
	Trace:     trace,
	Build:     build,
}

var document = text.Document{
	// The document.
	Lang:        "en",
	Product:     "Cloakroom",
	Motto:       "Hand in the token, keep the ticket.",
	Title:       "Cloakroom · Hand in the token, keep the ticket",
	TitleEnd:    " · Cloakroom",
	Description: "Sign in to a single-page app that never holds a token: the server keeps the tokens, the browser keeps one cookie.",
	SkipLink:    "Skip to the content",
	NavLabel:    "Main",
	NavHome:     "Home",
	NavSession:  "Session",
	NavBuild:    "Build",
	Footer:      "The tokens stay with the server. This page asks no other host for anything.",

	// Before, and without, the WebAssembly bundle.
	LoadingBundle: "Loading the app",
	NoScript:      "JavaScript is switched off, so the app behind this page cannot start. You can still sign in, but your notes cannot be shown until you switch it on for this site.",
	NoWASM:        "This browser does not have WebAssembly, or it is switched off, so the app behind this page cannot start. You can still sign in. To see your notes, allow WebAssembly or use a current browser.",
	LoadFailed:    "The app could not be loaded. Your sign-in is not affected. Check your connection, then reload the page.",
	Reload:        "Reload the page",
}
