package english

import (
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

var session = text.Session{
	// The session screen, signed out.
	SessionTitle:    "Session",
	SessionVisitor:  "A session to look into",
	SessionLede:     "Sign in, and this page shows what the browser knows, what the server knows, and how long each of it lasts.",
	SessionNobody:   "There is no session in this browser.",
	SessionFootnote: "The only thing that will be kept here is one cookie that no script can read.",

	// The session screen, signed in.
	SessionHeading: "Your session",
	SignedInWith:   "Signed in with ",
	SignedInAt:     "since ",
	Working:        "One moment…",

	LiveOff:        "Not live: reload to see changes",
	LiveConnecting: "Connecting to live events…",
	LiveOn:         "Live: changes appear by themselves",
	LiveDegraded:   "The server cannot tell at the moment",

	AccessTokenLeft:   "Access token",
	AccessTokenDetail: "Kept by the server, which renews it before it runs out.",
	IdleLeft:          "If you do nothing",
	IdleDetail:        "Using an API moves this end. Looking at this page does not.",
	AbsoluteLeft:      "At the latest",
	AbsoluteDetail:    "However busy you are. Then a new sign-in is due.",
	Extend:            "Stay signed in",
	Refresh:           "Renew it now",
	Expire:            "Expire it now",
	Expired:           "Expired. The next call renews it.",
	UnknownTime:       "–",

	ExpiringTitle:  "You will be signed out soon",
	ExpiringDetail: "Nothing was asked of an API for a while. Do you want to stay?",
	FinalTitle:     "This session ends soon",
	FinalDetail:    "It has reached its longest life and cannot be extended. Sign in again to start a new one.",
	SignInAgain:    "Sign in again",

	// What the browser and the server know.
	BrowserKnows:    "What the browser knows",
	BrowserDetail:   "All that a script in this page could find: what you are shown, and nothing that opens anything.",
	ServerKnows:     "What the server knows",
	ServerDetail:    "Behind the counter. Of all this, the page is told when things end, and no more.",
	CookieName:      "Cookie",
	CookieReadable:  "Readable by script",
	CookieNothing:   "nothing: document.cookie is empty",
	TokensHere:      "Tokens",
	TokensNone:      "none",
	WhoYouAre:       "Who you are",
	SessionHandle:   "Session, by name",
	HandleDetail:    "a name to end it by; it opens nothing",
	AccessToken:     "Access token",
	AccessHeld:      "put into each call to the API, on its way",
	AccessUntil:     ", until ",
	RefreshToken:    "Refresh token",
	RefreshHeld:     "if the provider gave one: renews the access token, and is kept sealed",
	IDToken:         "ID token",
	IDHeld:          "checked when you signed in; the page has a few of its claims",
	Credential:      "Client credential",
	CredentialHeld:  "proves to the provider that it is this server which asks",
	Verifier:        "PKCE verifier",
	VerifierHeld:    "spent when the code was redeemed",
	CookieValue:     "Cookie",
	CookieValueHeld: "its hash: the value itself is in the browser only",
	Issuer:          "Issuer",
	Subject:         "Subject",
	Scopes:          "Scopes",
	AuthenticatedAt: "Authenticated at",
	Methods:         "Methods",
	ClassReference:  "Assurance",

	CookieHeading: "The cookie, as the server sets it",
	CookieLede:    "The browser enforces each of these. Together they make the ticket useless to anyone else.",

	CookieAttributes: []text.Attribute{
		{Name: "__Host-Http-", Meaning: "The name's prefix: this host only, and never set by script"},
		{Name: "Secure", Meaning: "Sent over HTTPS only (and to localhost)"},
		{Name: "HttpOnly", Meaning: "Hidden from script"},
		{Name: "SameSite=Strict", Meaning: "Never sent with a request that another site began"},
		{Name: "Path=/", Meaning: "For this whole origin, and with no Domain for no other"},
		{Name: "256 random bits", Meaning: "The value means nothing; the server knows its hash only"},
	},

	// The user's sessions.
	SessionsHeading: "Where you are signed in",
	SessionsLede:    "Ending a session takes its tokens back at the provider, too.",
	SessionsLoading: "Fetching your sessions…",
	ThisSession:     "This one",
	LastSeen:        "last used ",
	StartedAt:       "since ",
	EndSession:      "End",
	EndingSession:   "Ending…",
	EndSessionOf:    "End the session in ",
	EndOthers:       "End all others",
	SignOutHere:     "Sign out here",
	SignOutAll:      "Sign out everywhere",
	UnknownBrowser:  "Unknown browser",
	BrowserOn:       " on ",

	DocumentHeading: "The session document",
	DocumentLede:    "The answer of GET /bff/session: all that the page is told.",

	// Copying.
	Copy:       "Copy",
	CopyOf:     "Copy: ",
	Copied:     "Copied.",
	CopyFailed: "The browser does not allow copying here. Select the text instead.",

	// What the status line says of the session.
	StatusExtended:     "You stay signed in.",
	StatusRefreshed:    "The access token was renewed.",
	StatusExpired:      "The access token has expired. The next call to an API renews it: the inspector shows how.",
	StatusSessionEnded: "The session was ended.",

	// Alerts of the session screen.
	NotExtended: text.Message{
		Title:  "The session was not extended",
		Detail: "You are still signed in until it ends. Try again in a moment.",
	},
	NotRefreshed: text.Message{
		Title:  "The access token was not renewed",
		Detail: "You are still signed in. The server tries again when the token is needed.",
	},
	NotExpired: text.Message{
		Title:  "The access token has not expired",
		Detail: "It serves as before. Try again in a moment.",
	},
	SessionsUnavailable: text.Message{
		Title:  "Your sessions could not be fetched",
		Detail: "Try again in a moment.",
	},
	SessionNotEnded: text.Message{
		Title:  "The session was not ended",
		Detail: "It may still be open. Try again in a moment.",
	},

	Endings: map[api.Reason]text.Message{
		api.EndedByIdle: {
			Title:  "You were away for a while",
			Detail: "The session ended by itself, so that nobody else could go on with it.",
		},
		api.EndedByAbsolute: {
			Title:  "The session reached its longest life",
			Detail: "That happens however busy you are. Sign in again to start a new one.",
		},
		api.EndedBySignOut: {
			Title:  "You signed out in another tab",
			Detail: "This browser holds no session any more.",
		},
		api.EndedByUser: {
			Title:  "This session was ended from another one",
			Detail: "You, or someone with your sign-in, ended it from another browser.",
		},
		api.EndedByProvider: {
			Title:  "The sign-in service ended the session",
			Detail: "You were signed out there, so you are signed out here too.",
		},
		api.EndedByRefresh: {
			Title:  "The sign-in service took the session back",
			Detail: "It did not renew the tokens that the server holds. Sign in again to go on.",
		},
		api.EndedByReplacement: {
			Title:  "A new sign-in took this session's place",
			Detail: "Reload the page to go on with the new one.",
		},
	},
}
