package ui

import "cloakroom/authserver/ui/text"

// Page is one of the page types below.
type Page interface{ template() string }

// Login is the sign-in form.
type Login struct {
	Client   string // the name of the client that waits
	Action   string // where the form goes
	CSRF     string
	Username string // as it was typed, or hinted
	Rejected bool   // the last attempt was wrong
	// NoUsername and NoPassword are what is said beside a field that was left empty.
	NoUsername, NoPassword text.Message
	Wait                   text.Message // how long to wait before the next attempt; zero if there is none
	Again                  bool         // the user is signed in and is asked once more
	Own                    bool         // nobody waits: it is for the account pages
	Notice                 string
	Passkey                *Ceremony // the other way in; nil for none

	Local   bool         // there are local accounts: the form is shown
	SignUp  string       // where who has none makes one; empty if nobody may
	Sources []SourceLink // the upstream providers
	Problem text.Message // what became of the last attempt at one
}

// SourceLink leads to an upstream provider.
type SourceLink struct {
	ID, Name, Address string
	Last              bool // it was used here before
}

func (Login) template() string { return "login" }

// Consent asks the user for what the client wants.
type Consent struct {
	Client   string
	Host     string // where the browser goes afterwards
	Username string
	Action   string
	CSRF     string
	More     bool // the user has allowed a part of it before
	Scopes   []ScopeGroup
	// Unverified says that the client registered itself: nobody has checked its name, and the user is asked each time.
	Unverified bool
}

// ScopeGroup is the scopes for one resource, or about the user.
type ScopeGroup struct {
	Title  text.Message
	Scopes []ConsentScope
}

// ConsentScope is one scope in words.
type ConsentScope struct {
	Name        string
	Description text.Message
	New         bool // among others that the user has allowed before
}

func (Consent) template() string { return "consent" }

// Logout asks whether to sign out.
type Logout struct {
	Username string
	Action   string
	CSRF     string
	Ends     []string // the applications whose access ends
	Keeps    []string // those that have access while the user is away
	Account  string   // where that is withdrawn
}

func (Logout) template() string { return "logout" }

// Message says that something is done.
type Message struct {
	Title    text.Message
	Text     text.Message
	Next     string // a way on; empty for none
	NextName text.Message
}

func (Message) template() string { return "message" }

// Error says what went wrong and what to do.
type Error struct {
	Title     text.Message
	Text      text.Message
	Next      string
	NextName  text.Message
	RequestID string
}

func (Error) template() string { return "error" }

// FormPost hands an answer to an application in a form (OAuth 2.0 Form Post Response Mode): by itself where there is script, and at the
// press of its button where there is none.
type FormPost struct {
	Client string
	Action string
	Fields []Field
}

// Field is a hidden field.
type Field struct{ Name, Value string }

func (FormPost) template() string { return "formpost" }
