// Package text holds every English word that the page shows, so that it can be translated in one place. It holds no
// markup and no logic beyond choosing a sentence.
//
// Start with [SignInError], the sentences for sign-ins that did not finish.
package text

import "cloakroom/bff/api"

// The document.
const (
	Lang        = "en"
	Product     = "Cloakroom"
	Motto       = "Hand in the token, keep the ticket."
	Title       = "Cloakroom · Hand in the token, keep the ticket"
	TitleEnd    = " · Cloakroom" // after the name of a screen
	Description = "Sign in to a single-page app that never holds a token: the server keeps the tokens, the browser keeps one cookie."
	SkipLink    = "Skip to the content"
	NavLabel    = "Main"
	NavHome     = "Home"
	NavSession  = "Session"
	NavBuild    = "Build"
	Footer      = "The tokens stay with the server. This page asks no other host for anything."
)

// Before, and without, the WebAssembly bundle.
const (
	LoadingBundle = "Loading the app"
	NoScript      = "JavaScript is switched off, so the app behind this page cannot start. You can still sign in, but your notes cannot be shown until you switch it on for this site."
	NoWASM        = "This browser does not have WebAssembly, or it is switched off, so the app behind this page cannot start. You can still sign in. To see your notes, allow WebAssembly or use a current browser."
	LoadFailed    = "The app could not be loaded. Your sign-in is not affected. Check your connection, then reload the page."
	Reload        = "Reload the page"
)

// Home, signed out.
const (
	Lede          = "Cloakroom signs you in, keeps your tokens behind the counter, and gives this browser a ticket: one cookie that no script can read."
	Promise       = "This page never holds a token. Not in memory, not in storage, not in a URL."
	SignIn        = "Sign in"
	SignInWith    = "Sign in with " // + the provider's name
	TryAgain      = "Try again"
	CheckAgain    = "Check again"
	FigureLabel   = "A coat hangs behind a counter with a numbered tag. The ticket with the same number lies in front."
	CoatCaption   = "The coat is the token"
	CoatDetail    = "Hung up behind the counter, on the server. Nobody carries it around."
	TicketCaption = "The ticket is the cookie"
	TicketDetail  = "The stub in your hand. It opens nothing anywhere else."
)

// Home, for those who build.
const (
	HomeBuildHeading = "Five lines to call an API"
	HomeBuildDetail  = "The browser adds the cookie, the server swaps it for the access token. There is no token code in the page, in Go or in JavaScript."
	HomeBuildLink    = "All of the code, and the configuration"
	HomeSizeBefore   = "The whole page, compiled from Go to WebAssembly: "
	HomeSizeAfter    = " over the wire, once."
	HomeShowHeading  = "See what each side knows"
	HomeShowDetail   = "Sign in, then open the session: what the browser holds and what the server holds, side by side, with every second that is left."
	LedgerBrowser    = "one cookie, hidden from script, and what you see on the screen"
	LedgerServer     = "the access token, the refresh token, the ID token, and when each ends"
	HomeShowLink     = "Open the session"
)

// Home, signed in.
const (
	Welcome       = "Welcome, " // + the user's name
	StartTour     = "Start the tour"
	TourDetail    = "Your own sign-in, message by message."
	SignOut       = "Sign out"
	SigningOut    = "Signing out…"
	NotesHeading  = "Your notes"
	NotesLede     = "They are kept by an API that wants an access token. The server adds it on the way, this page never sees it."
	NotesEmpty    = "No notes yet. Write the first one."
	NotesLoading  = "Fetching your notes…"
	NewNote       = "New note"
	AddNote       = "Add note"
	AddingNote    = "Adding…"
	Delete        = "Delete"
	DeleteNote    = "Delete note: " // + the note
	ClearNotes    = "Delete all notes"
	ClearQuestion = "Delete all your notes? There is no way back."
	ClearYes      = "Delete them all"
	ClearingNotes = "Deleting all notes…"
	KeepNotes     = "Keep them"
	StepUpTitle   = "Is it really you?"
	StepUpDetail  = "The API deletes everything only after a fresh sign-in. Enter your password once more; your notes are deleted when you come back, and you stay signed in."
	StepUpLink    = "Sign in again and delete all notes"
	UnknownPerson = "guest"
	TimeLayout    = "2 Jan 2006, 15:04"
	ClockLayout   = "15:04:05"
)

// The status line, read out politely by screen readers.
const (
	StatusChecking     = "Checking whether you are signed in…"
	StatusSignedOut    = "You are not signed in."
	StatusSignedIn     = "You are signed in."
	StatusUnreachable  = "The server cannot be reached."
	StatusNoteAdded    = "Note added."
	StatusNoteDeleted  = "Note deleted."
	StatusNotesCleared = "All notes deleted."
	StatusStepUp       = "The API asks for a fresh sign-in."
	StatusSignedOutOK  = "You are signed out. The ticket is torn."
)

// Message is what an alert says: what happened, and what it means for the user.
type Message struct {
	Title  string
	Detail string
}

// Alerts that do not come from a sign-in.
var (
	SessionEnded = Message{
		"Your session has ended",
		"Nothing more can be read or written until you sign in again.",
	}
	SessionEndedDraft = Message{
		"Your session has ended",
		"The note was not added. Sign in again in this tab and you will find what you typed in the field.",
	}
	Unreachable = Message{
		"The server cannot be reached",
		"That does not mean that you are signed out. Check your connection and try again in a moment.",
	}
	NotesUnavailable = Message{
		"Your notes could not be fetched",
		"They are safe where they are kept. Try again in a moment.",
	}
	NoteNotAdded = Message{
		"The note was not added",
		"Your text is still in the field. Try again in a moment.",
	}
	NoteEmpty = Message{
		"The note is empty",
		"Write something first.",
	}
	NoteNotDeleted = Message{
		"The note was not deleted",
		"Try again in a moment.",
	}
	NotesNotCleared = Message{
		"The notes were not deleted",
		"Try again in a moment.",
	}
	SignOutFailed = Message{
		"You are still signed in",
		"Signing out did not work. Try again, and close the browser if you share this computer.",
	}
)

// NotFound is the page for an address that does not exist.
var NotFound = Message{
	"There is nothing at this address",
	"The link may be old or mistyped. Everything this app has to show starts at its front page.",
}

// NotFoundBack is the link on the [NotFound] page.
const NotFoundBack = "Go to the front page"

// SignInError says in words why a sign-in did not finish. Codes it does not know get a general answer: the code comes
// from the address bar, so it is never shown.
func SignInError(code api.Code) Message {
	if message, ok := signInErrors[code]; ok {
		return message
	}
	return Message{"The sign-in did not finish", "Nothing has changed. You can safely try again."}
}

var signInErrors = map[api.Code]Message{
	api.AccessDenied: {
		"You declined",
		"Nothing was shared. You can change your mind at any time.",
	},
	api.LoginRequired: {
		"The provider asks you to sign in",
		"It does not know you in this browser yet. Try again and enter your name and password there.",
	},
	api.TransactionExpired: {
		"The sign-in took too long",
		"A sign-in has to be finished within ten minutes, in the browser that began it. Please start again.",
	},
	api.StateMismatch: {
		"This answer belongs to another sign-in",
		"It did not match the one this browser began, so it was refused. Please start again from here.",
	},
	api.IssuerMismatch: {
		"The answer came from the wrong provider",
		"It was refused and no code was sent anywhere. Please start again.",
	},
	api.IDTokenInvalid: {
		"The provider's answer could not be trusted",
		"Its proof of who you are did not pass the checks. Please try again, and tell the operator if it happens twice.",
	},
	api.StepUpUnmet: {
		"This needs a stronger sign-in",
		"You have nothing to sign in with that is as strong. Add a passkey or an authenticator app to your account at the provider, then try again.",
	},
	api.TokenExchangeFailed: {
		"The provider did not hand over the tokens",
		"You are not signed in. Please try again.",
	},
	api.IDPUnavailable: {
		"The provider cannot be reached",
		"You are not signed in. Please try again in a moment.",
	},
	api.StoreUnavailable: {
		"Sessions cannot be saved right now",
		"You are not signed in. Please try again in a moment.",
	},
	api.LoginLoop: {
		"Too many sign-ins in a row",
		"Something sends this browser around in a circle. Wait a minute, then try again.",
	},
	api.UnknownProvider: {
		"This provider is not known here",
		"Choose one of those that are offered on this page.",
	},
}
