package ui

// Page is one of the page types below.
type Page interface{ template() string }

var templateNames = []string{"login", "consent", "logout", "message", "error", "formpost"}

// Login is the sign-in form.
type Login struct {
	Client   string // the name of the client that waits
	Action   string // where the form goes
	CSRF     string
	Username string // as it was typed, or hinted
	Rejected bool   // the last attempt was wrong
	Wait     string // how long to wait before the next attempt; empty if none is needed
	Again    bool   // the user is signed in and is asked once more
	Notice   string
}

func (Login) template() string { return "login" }

// Consent asks the user for what the client wants.
type Consent struct {
	Client   string
	Host     string // where the browser goes afterwards
	Username string
	Action   string
	CSRF     string
	Scopes   []ConsentScope
}

// ConsentScope is one scope in words.
type ConsentScope struct {
	Name        string
	Description string
	Resource    string
}

func (Consent) template() string { return "consent" }

// Logout asks whether to sign out.
type Logout struct {
	Username string
	Action   string
	CSRF     string
}

func (Logout) template() string { return "logout" }

// Message says that something is done.
type Message struct {
	Title    string
	Text     string
	Next     string // a way on; empty for none
	NextName string
}

func (Message) template() string { return "message" }

// Error says what went wrong and what to do.
type Error struct {
	Title     string
	Text      string
	Next      string
	NextName  string
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
