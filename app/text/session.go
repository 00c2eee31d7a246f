package text

import "cloakroom/bff/api"

// Session is the screen about the session.
type Session struct {
	// The session screen, signed out.
	SessionTitle    string
	SessionVisitor  string
	SessionLede     string
	SessionNobody   string
	SessionFootnote string

	// The session screen, signed in.
	SessionHeading string
	SignedInWith   string // + the provider's name
	SignedInAt     string // + the time
	Working        string

	LiveOff        string
	LiveConnecting string
	LiveOn         string
	LiveDegraded   string

	AccessTokenLeft   string
	AccessTokenDetail string
	IdleLeft          string
	IdleDetail        string
	AbsoluteLeft      string
	AbsoluteDetail    string
	Extend            string
	Refresh           string
	Expire            string
	Expired           string
	UnknownTime       string

	ExpiringTitle  string
	ExpiringDetail string
	FinalTitle     string
	FinalDetail    string
	SignInAgain    string

	// What the browser and the server know.
	BrowserKnows    string
	BrowserDetail   string
	ServerKnows     string
	ServerDetail    string
	CookieName      string
	CookieReadable  string
	CookieNothing   string
	TokensHere      string
	TokensNone      string
	WhoYouAre       string
	SessionHandle   string
	HandleDetail    string
	AccessToken     string
	AccessHeld      string
	AccessUntil     string // + the time
	RefreshToken    string
	RefreshHeld     string
	IDToken         string
	IDHeld          string
	Credential      string
	CredentialHeld  string
	Verifier        string
	VerifierHeld    string
	CookieValue     string
	CookieValueHeld string
	Issuer          string
	Subject         string
	Scopes          string
	AuthenticatedAt string
	Methods         string
	ClassReference  string

	CookieHeading string
	CookieLede    string

	// CookieAttributes are those that the BFF sets, on every session cookie.
	CookieAttributes []Attribute

	// The user's sessions.
	SessionsHeading string
	SessionsLede    string
	SessionsLoading string
	ThisSession     string
	LastSeen        string // + the time
	StartedAt       string // + the time
	EndSession      string
	EndingSession   string
	EndSessionOf    string // + the browser
	EndOthers       string
	SignOutHere     string
	SignOutAll      string
	UnknownBrowser  string
	BrowserOn       string // between the browser and the system

	DocumentHeading string
	DocumentLede    string

	// Copying.
	Copy       string
	CopyOf     string // + what
	Copied     string
	CopyFailed string

	// What the status line says of the session.
	StatusExtended     string
	StatusRefreshed    string
	StatusExpired      string
	StatusSessionEnded string

	// Alerts of the session screen.
	NotExtended         Message
	NotRefreshed        Message
	NotExpired          Message
	SessionsUnavailable Message
	SessionNotEnded     Message

	// Endings say why a session is over. SessionEnded says it of the reasons that are not here.
	Endings map[api.Reason]Message
}

// SessionCookie is the name of the session cookie.
const SessionCookie = "__Host-Http-cloakroom"

// Attribute is one attribute of the session cookie, and what it is for.
type Attribute struct{ Name, Meaning string }

// EndedBecause says why a session is over. Reasons it does not know get a general answer.
func (w *Words) EndedBecause(reason api.Reason) Message {
	if message, ok := w.Endings[reason]; ok {
		return message
	}
	return w.SessionEnded
}
