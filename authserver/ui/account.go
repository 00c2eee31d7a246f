package ui

import "cloakroom/authserver/ui/text"

// Account is a page of the user's account: the navigation, and one section.
type Account struct {
	Username string
	SignOut  string // where the user signs out
	Sections []AccountLink
	Done     text.Message // what a change has come to; zero for none
	Action   string       // where the section's forms go, without the change's name
	CSRF     string
	Section  AccountSection
}

// AccountLink leads to a section.
type AccountLink struct {
	Title   text.Message
	Address string
	Current bool
}

// AccountSection is what an account page shows; its template is in page/account_{name}.html and defines "section". There, .Page is
// the [Account], and .Page.Section the section.
type AccountSection interface{ section() string }

func (a Account) template() string { return "account_" + a.Section.section() }

// wide has the page on more room.
func (Account) wide() {}

// AccountProfile is what is kept of the user.
type AccountProfile struct{ Facts []Fact }

// Fact is a name with its value.
type Fact struct{ Name, Value, Note text.Message }

func (AccountProfile) section() string { return "profile" }

// AccountDevices is where the user is signed in.
type AccountDevices struct {
	Devices []Device // this browser is the first
	Others  bool
}

// Device is one browser that is signed in.
type Device struct {
	ID             string
	Agent          text.Message
	Here           bool
	SignedIn, Seen text.Message
	Applications   string // that have access by it
}

func (AccountDevices) section() string { return "devices" }

// AccountApplications is what may act for the user.
type AccountApplications struct{ Applications []Application }

// Application is one client, and what it may do.
type Application struct {
	ID, Name, URI string
	Scopes        []ScopeGroup
	Trusted       bool // the user is not asked
	Remembered    bool // the user was asked, and is not again
	Since         text.Message
	Active        text.Message
	Idle          bool // nothing is in use
}

func (AccountApplications) section() string { return "applications" }

// AccountPassword is the form for another password, with what was wrong with the last try. It never has a password.
type AccountPassword struct {
	Username                                 string
	Rules                                    text.Message
	CurrentProblem, NewProblem, AgainProblem text.Message
}

func (AccountPassword) section() string { return "password" }
