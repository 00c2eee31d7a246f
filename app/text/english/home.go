package english

import (
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

var home = text.Home{
	// Home, signed out.
	Lede:          "Cloakroom signs you in, keeps your tokens behind the counter, and gives this browser a ticket: one cookie that no script can read.",
	Promise:       "This page never holds a token. Not in memory, not in storage, not in a URL.",
	SignIn:        "Sign in",
	SignInWith:    "Sign in with ",
	TryAgain:      "Try again",
	CheckAgain:    "Check again",
	FigureLabel:   "A coat hangs behind a counter with a numbered tag. The ticket with the same number lies in front.",
	CoatCaption:   "The coat is the token",
	CoatDetail:    "Hung up behind the counter, on the server. Nobody carries it around.",
	TicketCaption: "The ticket is the cookie",
	TicketDetail:  "The stub in your hand. It opens nothing anywhere else.",

	// Home, for those who build.
	HomeBuildHeading: "Five lines to call an API",
	HomeBuildDetail:  "The browser adds the cookie, the server swaps it for the access token. There is no token code in the page, in Go or in JavaScript.",
	HomeBuildLink:    "All of the code, and the configuration",
	HomeSizeBefore:   "The whole page, compiled from Go to WebAssembly: ",
	HomeSizeAfter:    " over the wire, once.",
	HomeShowHeading:  "See what each side knows",
	HomeShowDetail:   "Sign in, then open the session: what the browser holds and what the server holds, side by side, with every second that is left.",
	LedgerBrowser:    "one cookie, hidden from script, and what you see on the screen",
	LedgerServer:     "the access token, the refresh token, the ID token, and when each ends",
	HomeShowLink:     "Open the session",

	// Home, signed in.
	Welcome:       "Welcome, ",
	StartTour:     "Start the tour",
	TourDetail:    "Your own sign-in, message by message.",
	SignOut:       "Sign out",
	SigningOut:    "Signing out…",
	NotesHeading:  "Your notes",
	NotesLede:     "They are kept by an API that wants an access token. The server adds it on the way, this page never sees it.",
	NotesEmpty:    "No notes yet. Write the first one.",
	NotesLoading:  "Fetching your notes…",
	NewNote:       "New note",
	AddNote:       "Add note",
	AddingNote:    "Adding…",
	Delete:        "Delete",
	DeleteNote:    "Delete note: ",
	DeletingNote:  "Deleting…",
	ClearNotes:    "Delete all notes",
	ClearQuestion: "Delete all your notes? There is no way back.",
	ClearYes:      "Delete them all",
	ClearingNotes: "Deleting all notes…",
	KeepNotes:     "Keep them",
	StepUpTitle:   "Is it really you?",
	StepUpDetail:  "The API deletes everything only after a fresh sign-in. Enter your password once more; your notes are deleted when you come back, and you stay signed in.",
	StepUpLink:    "Sign in again and delete all notes",
	UnknownPerson: "guest",
	TimeLayout:    "2 Jan 2006, 15:04",
	ClockLayout:   "15:04:05",

	// The status line, read out politely by screen readers.
	StatusChecking:     "Checking whether you are signed in…",
	StatusSignedOut:    "You are not signed in.",
	StatusSignedIn:     "You are signed in.",
	StatusUnreachable:  "The server cannot be reached.",
	StatusUnknown:      "It is not known whether you are signed in.",
	StatusNoteAdded:    "Note added.",
	StatusNoteDeleted:  "Note deleted.",
	StatusNotesCleared: "All notes deleted.",
	StatusStepUp:       "The API asks for a fresh sign-in.",
	StatusSignedOutOK:  "You are signed out. The ticket is torn.",

	// Alerts that do not come from a sign-in.
	SessionEnded: text.Message{
		Title:  "Your session has ended",
		Detail: "Nothing more can be read or written until you sign in again.",
	},
	SessionEndedDraft: text.Message{
		Title:  "Your session has ended",
		Detail: "The note was not added. Sign in again in this tab and you will find what you typed in the field.",
	},
	Unreachable: text.Message{
		Title:  "The server cannot be reached",
		Detail: "That does not mean that you are signed out. Check your connection and try again in a moment.",
	},
	SessionUnknown: text.Message{
		Title:  "The server cannot tell whether you are signed in",
		Detail: "That does not mean that you are signed out. Try again in a moment.",
	},
	NotesUnavailable: text.Message{
		Title:  "Your notes could not be fetched",
		Detail: "They are safe where they are kept. Try again in a moment.",
	},
	NoteNotAdded: text.Message{
		Title:  "The note was not added",
		Detail: "Your text is still in the field. Try again in a moment.",
	},
	NoteEmpty: text.Message{
		Title:  "The note is empty",
		Detail: "Write something first.",
	},
	NoteNotDeleted: text.Message{
		Title:  "The note was not deleted",
		Detail: "Try again in a moment.",
	},
	NotesNotCleared: text.Message{
		Title:  "The notes were not deleted",
		Detail: "Try again in a moment.",
	},
	NotesUnanswered: text.Message{
		Title:  "No answer came",
		Detail: "It may have been done all the same. Look whether it is so in your notes before you try again.",
	},
	SignOutFailed: text.Message{
		Title:  "You are still signed in",
		Detail: "Signing out did not work. Try again, and close the browser if you share this computer.",
	},
	SignOutUnanswered: text.Message{
		Title:  "No answer came",
		Detail: "You may still be signed in. Try again, and close the browser if you share this computer.",
	},

	NotFound: text.Message{
		Title:  "There is nothing at this address",
		Detail: "The link may be old or mistyped. Everything this app has to show starts at its front page.",
	},

	NotFoundBack: "Go to the front page",

	SignInErrors: map[api.Code]text.Message{
		api.AccessDenied: {
			Title:  "You declined",
			Detail: "Nothing was shared. You can change your mind at any time.",
		},
		api.LoginRequired: {
			Title:  "The provider asks you to sign in",
			Detail: "It does not know you in this browser yet. Try again and enter your name and password there.",
		},
		api.TransactionExpired: {
			Title:  "The sign-in took too long",
			Detail: "A sign-in has to be finished within ten minutes, in the browser that began it. Please start again.",
		},
		api.StateMismatch: {
			Title:  "This answer belongs to another sign-in",
			Detail: "It did not match the one this browser began, so it was refused. Please start again from here.",
		},
		api.IssuerMismatch: {
			Title:  "The answer came from the wrong provider",
			Detail: "It was refused and no code was sent anywhere. Please start again.",
		},
		api.IDTokenInvalid: {
			Title:  "The provider's answer could not be trusted",
			Detail: "Its proof of who you are did not pass the checks. Please try again, and tell the operator if it happens twice.",
		},
		api.StepUpUnmet: {
			Title:  "This needs a stronger sign-in",
			Detail: "You have nothing to sign in with that is as strong. Add a passkey or an authenticator app to your account at the provider, then try again.",
		},
		api.TokenExchangeFailed: {
			Title:  "The provider did not hand over the tokens",
			Detail: "You are not signed in. Please try again.",
		},
		api.IDPUnavailable: {
			Title:  "The provider cannot be reached",
			Detail: "You are not signed in. Please try again in a moment.",
		},
		api.StoreUnavailable: {
			Title:  "Sessions cannot be saved right now",
			Detail: "You are not signed in. Please try again in a moment.",
		},
		api.LoginLoop: {
			Title:  "Too many sign-ins in a row",
			Detail: "Something sends this browser around in a circle. Wait a minute, then try again.",
		},
		api.UnknownProvider: {
			Title:  "This provider is not known here",
			Detail: "Choose one of those that are offered on this page.",
		},
	},
	SignInUnfinished: text.Message{
		Title:  "The sign-in did not finish",
		Detail: "Nothing has changed. You can safely try again.",
	},
}
