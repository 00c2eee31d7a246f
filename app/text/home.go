package text

import "cloakroom/bff/api"

// Home is the first screen, and what all screens say when something goes wrong.
type Home struct {
	// Home, signed out.
	Lede          string
	Promise       string
	SignIn        string
	SignInWith    string // + the provider's name
	TryAgain      string
	CheckAgain    string
	FigureLabel   string
	CoatCaption   string
	CoatDetail    string
	TicketCaption string
	TicketDetail  string

	// Home, for those who build.
	HomeBuildHeading string
	HomeBuildDetail  string
	HomeBuildLink    string
	HomeSizeBefore   string
	HomeSizeAfter    string
	HomeShowHeading  string
	HomeShowDetail   string
	LedgerBrowser    string
	LedgerServer     string
	HomeShowLink     string

	// Home, signed in.
	Welcome       string // + the user's name
	StartTour     string
	TourDetail    string
	SignOut       string
	SigningOut    string
	NotesHeading  string
	NotesLede     string
	NotesEmpty    string
	NotesLoading  string
	NewNote       string
	AddNote       string
	AddingNote    string
	Delete        string
	DeleteNote    string // + the note
	DeletingNote  string
	ClearNotes    string
	ClearQuestion string
	ClearYes      string
	ClearingNotes string
	KeepNotes     string
	StepUpTitle   string
	StepUpDetail  string
	StepUpLink    string
	UnknownPerson string
	TimeLayout    string
	ClockLayout   string

	// The status line, read out politely by screen readers.
	StatusChecking     string
	StatusSignedOut    string
	StatusSignedIn     string
	StatusUnreachable  string
	StatusUnknown      string
	StatusNoteAdded    string
	StatusNoteDeleted  string
	StatusNotesCleared string
	StatusStepUp       string
	StatusSignedOutOK  string

	// Alerts that do not come from a sign-in.
	SessionEnded      Message
	SessionEndedDraft Message
	Unreachable       Message
	SessionUnknown    Message
	NotesUnavailable  Message
	NoteNotAdded      Message
	NoteEmpty         Message
	NoteNotDeleted    Message
	NotesNotCleared   Message
	NotesUnanswered   Message
	SignOutFailed     Message
	SignOutUnanswered Message

	// The page for an address that does not exist.
	NotFound     Message
	NotFoundBack string // a link

	// SignInErrors say why a sign-in did not finish, SignInUnfinished says it of the others.
	SignInErrors     map[api.Code]Message
	SignInUnfinished Message
}

// SignInError says in words why a sign-in did not finish. Codes it does not know get a general answer: the code comes
// from the address bar, so it is never shown.
func (h *Home) SignInError(code api.Code) Message {
	if message, ok := h.SignInErrors[code]; ok {
		return message
	}
	return h.SignInUnfinished
}
