package ui

import "cloakroom/authserver/ui/text"

// Ceremony is a form that script fills in with a passkey's answer. Without script it says so, and is nothing else.
type Ceremony struct {
	Create  bool // makes a passkey; else shows one
	Action  string
	CSRF    string
	Nonce   string
	Options string // JSON
	Label   text.Message
	Primary bool
	Failed  bool // the last answer was not accepted
	Named   bool // asks for a name, too
}

// SecondFactor asks for a second factor that the account has.
type SecondFactor struct {
	Client   string
	Own      bool // nobody waits: it is for the account pages
	Username string
	Action   string
	CSRF     string
	Passkey  *Ceremony // nil for none
	Code     bool      // an authenticator app's
	Recovery bool
	Rejected bool
	Wait     text.Message
}

func (SecondFactor) template() string { return "second_factor" }

func (s SecondFactor) scripted() bool { return s.Passkey != nil }

// NewApp is the secret for an authenticator app, and the form for its first code.
type NewApp struct {
	Path     string // of the QR code's drawing
	Size     int
	Secret   string
	Sealed   string
	Rejected bool
}

// EnrolFactor has the user add a second factor before they go on.
type EnrolFactor struct {
	Client   string
	Own      bool
	Username string
	Action   string
	CSRF     string
	App      NewApp
	Passkey  *Ceremony
	Rejected bool // the passkey was not accepted
}

func (EnrolFactor) template() string { return "enrol" }

func (e EnrolFactor) scripted() bool { return e.Passkey != nil }

// RecoveryCodes shows new recovery codes, once.
type RecoveryCodes struct {
	Codes []string
	Next  string // where the user goes on
}

func (RecoveryCodes) template() string { return "recovery_codes" }

// AccountFactors is the section with the user's passkeys and codes.
type AccountFactors struct {
	Factors  []AccountFactor
	Recovery text.Message // how many codes are left; zero for a user without a factor
	Codes    []string     // that were made just now
	Passkey  *Ceremony
	App      *NewApp // nil when there are enough
	Required bool
	Problem  text.Message
}

// AccountFactor is a passkey or an authenticator app in the list.
type AccountFactor struct {
	ID        string
	Name      string
	Kind      text.Message
	Added     text.Message
	Used      text.Message // zero when it never was
	Removable bool
}

func (AccountFactors) section() string { return "factors" }

func (a AccountFactors) scripted() bool { return a.Passkey != nil }

func (l Login) scripted() bool { return l.Passkey != nil }

func (a Account) scripted() bool {
	section, ok := a.Section.(interface{ scripted() bool })
	return ok && section.scripted()
}

// Scripted reports whether a page has the script for passkeys.
func Scripted(page Page) bool {
	scripted, ok := page.(interface{ scripted() bool })
	return ok && scripted.scripted()
}
