package ui

import "cloakroom/authserver/ui/text"

// SignUp is the form of who has no account yet.
type SignUp struct {
	Client string // the name of the client that waits
	Own    bool   // nobody waits: it is for the account pages
	Action string
	CSRF   string
	Back   string // to the sign-in page

	Username, Password, Again, Name, Email Input
	Least                                  int // how many characters a password has
}

// Input is a field as it was filled in, and what is wrong with that. A password is never shown again.
type Input struct {
	Value string
	Wrong text.Message
}

// Invalid reports whether something is wrong with any of the fields.
func (s SignUp) Invalid() bool {
	for _, input := range []Input{s.Username, s.Password, s.Again, s.Name, s.Email} {
		if input.Wrong.Given() {
			return true
		}
	}
	return false
}

// Length is how long a password has to be, in words.
func (s SignUp) Length() text.Message { return text.Many("signup.length", s.Least) }

func (SignUp) template() string { return "signup" }
