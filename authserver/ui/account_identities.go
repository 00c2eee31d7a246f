package ui

import "cloakroom/authserver/ui/text"

// AccountIdentities is where else the user signs in.
type AccountIdentities struct {
	Linked  []LinkedIdentity
	Offered []SourceLink
}

// LinkedIdentity is a provider's user whose account this is.
type LinkedIdentity struct {
	Name            string
	Issuer, Subject string
	Since           text.Message
	Only            bool // there is no other way to sign in
}

func (AccountIdentities) section() string { return "identities" }
