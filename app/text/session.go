package text

import "cloakroom/bff/api"

// The session screen, signed out.
const (
	SessionTitle    = "Session"
	SessionVisitor  = "A session to look into"
	SessionLede     = "Sign in, and this page shows what the browser knows, what the server knows, and how long each of it lasts."
	SessionNobody   = "There is no session in this browser."
	SessionFootnote = "The only thing that will be kept here is one cookie that no script can read."
)

// The session screen, signed in.
const (
	SessionHeading = "Your session"
	SignedInWith   = "Signed in with " // + the provider's name
	SignedInAt     = "since "          // + the time
	Working        = "One moment…"

	LiveOff        = "Not live: reload to see changes"
	LiveConnecting = "Connecting to live events…"
	LiveOn         = "Live: changes appear by themselves"
	LiveDegraded   = "The server cannot tell at the moment"

	AccessTokenLeft   = "Access token"
	AccessTokenDetail = "Kept by the server, which renews it before it runs out."
	IdleLeft          = "If you do nothing"
	IdleDetail        = "Using an API moves this end. Looking at this page does not."
	AbsoluteLeft      = "At the latest"
	AbsoluteDetail    = "However busy you are. Then a new sign-in is due."
	Extend            = "Stay signed in"
	Refresh           = "Renew it now"
	Expire            = "Expire it now"
	Expired           = "Expired. The next call renews it."
	UnknownTime       = "–"

	ExpiringTitle  = "You will be signed out soon"
	ExpiringDetail = "Nothing was asked of an API for a while. Do you want to stay?"
	FinalTitle     = "This session ends soon"
	FinalDetail    = "It has reached its longest life and cannot be extended. Sign in again to start a new one."
	SignInAgain    = "Sign in again"
)

// What the browser and the server know.
const (
	BrowserKnows    = "What the browser knows"
	BrowserDetail   = "All that a script in this page could find: what you are shown, and nothing that opens anything."
	ServerKnows     = "What the server knows"
	ServerDetail    = "Behind the counter. Of all this, the page is told when things end, and no more."
	CookieName      = "Cookie"
	CookieReadable  = "Readable by script"
	CookieNothing   = "nothing: document.cookie is empty"
	TokensHere      = "Tokens"
	TokensNone      = "none"
	WhoYouAre       = "Who you are"
	SessionHandle   = "Session, by name"
	HandleDetail    = "a name to end it by; it opens nothing"
	AccessToken     = "Access token"
	AccessHeld      = "put into each call to the API, on its way"
	AccessUntil     = ", until " // + the time
	RefreshToken    = "Refresh token"
	RefreshHeld     = "if the provider gave one: renews the access token, and is kept sealed"
	IDToken         = "ID token"
	IDHeld          = "checked when you signed in; the page has a few of its claims"
	Credential      = "Client credential"
	CredentialHeld  = "proves to the provider that it is this server which asks"
	Verifier        = "PKCE verifier"
	VerifierHeld    = "spent when the code was redeemed"
	CookieValue     = "Cookie"
	CookieValueHeld = "its hash: the value itself is in the browser only"
	Issuer          = "Issuer"
	Subject         = "Subject"
	Scopes          = "Scopes"
	AuthenticatedAt = "Authenticated at"
	Methods         = "Methods"
	ClassReference  = "Assurance"

	CookieHeading = "The cookie, as the server sets it"
	CookieLede    = "The browser enforces each of these. Together they make the ticket useless to anyone else."
)

// Attribute is one attribute of the session cookie, and what it is for.
type Attribute struct{ Name, Meaning string }

// CookieAttributes are those that the BFF sets, on every session cookie.
var CookieAttributes = []Attribute{
	{"__Host-Http-", "The name's prefix: this host only, and never set by script"},
	{"Secure", "Sent over HTTPS only (and to localhost)"},
	{"HttpOnly", "Hidden from script"},
	{"SameSite=Strict", "Never sent with a request that another site began"},
	{"Path=/", "For this whole origin, and with no Domain for no other"},
	{"256 random bits", "The value means nothing; the server knows its hash only"},
}

// SessionCookie is the name of the session cookie.
const SessionCookie = "__Host-Http-cloakroom"

// The user's sessions.
const (
	SessionsHeading = "Where you are signed in"
	SessionsLede    = "Ending a session takes its tokens back at the provider, too."
	SessionsLoading = "Fetching your sessions…"
	ThisSession     = "This one"
	LastSeen        = "last used " // + the time
	StartedAt       = "since "     // + the time
	EndSession      = "End"
	EndingSession   = "Ending…"
	EndSessionOf    = "End the session in " // + the browser
	EndOthers       = "End all others"
	SignOutHere     = "Sign out here"
	SignOutAll      = "Sign out everywhere"
	UnknownBrowser  = "Unknown browser"
	BrowserOn       = " on " // between the browser and the system

	DocumentHeading = "The session document"
	DocumentLede    = "The answer of GET /bff/session: all that the page is told."
)

// Copying.
const (
	Copy       = "Copy"
	CopyOf     = "Copy: " // + what
	Copied     = "Copied."
	CopyFailed = "The browser does not allow copying here. Select the text instead."
)

// What the status line says of the session.
const (
	StatusExtended     = "You stay signed in."
	StatusRefreshed    = "The access token was renewed."
	StatusExpired      = "The access token has expired. The next call to an API renews it: the inspector shows how."
	StatusSessionEnded = "The session was ended."
)

// Alerts of the session screen.
var (
	NotExtended = Message{
		"The session was not extended",
		"You are still signed in until it ends. Try again in a moment.",
	}
	NotRefreshed = Message{
		"The access token was not renewed",
		"You are still signed in. The server tries again when the token is needed.",
	}
	NotExpired = Message{
		"The access token has not expired",
		"It serves as before. Try again in a moment.",
	}
	SessionsUnavailable = Message{
		"Your sessions could not be fetched",
		"Try again in a moment.",
	}
	SessionNotEnded = Message{
		"The session was not ended",
		"It may still be open. Try again in a moment.",
	}
)

// EndedBecause says why a session is over. Reasons it does not know get a general answer.
func EndedBecause(reason api.Reason) Message {
	if message, ok := endings[reason]; ok {
		return message
	}
	return SessionEnded
}

var endings = map[api.Reason]Message{
	api.EndedByIdle: {
		"You were away for a while",
		"The session ended by itself, so that nobody else could go on with it.",
	},
	api.EndedByAbsolute: {
		"The session reached its longest life",
		"That happens however busy you are. Sign in again to start a new one.",
	},
	api.EndedBySignOut: {
		"You signed out in another tab",
		"This browser holds no session any more.",
	},
	api.EndedByUser: {
		"This session was ended from another one",
		"You, or someone with your sign-in, ended it from another browser.",
	},
	api.EndedByProvider: {
		"The sign-in service ended the session",
		"You were signed out there, so you are signed out here too.",
	},
	api.EndedByRefresh: {
		"The sign-in service took the session back",
		"It did not renew the tokens that the server holds. Sign in again to go on.",
	},
	api.EndedByReplacement: {
		"A new sign-in took this session's place",
		"Reload the page to go on with the new one.",
	},
}
