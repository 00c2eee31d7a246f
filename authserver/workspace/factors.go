package workspace

// SecondFactor says whether users have to show more than a password.
type SecondFactor string

// The values of SecondFactor.
const (
	SecondFactorOptional SecondFactor = "optional" // who has one is asked for it
	SecondFactorRequired SecondFactor = "required" // who has none adds one when they sign in
	SecondFactorOff      SecondFactor = "off"      // nobody has one
)

func (f SecondFactor) valid() bool {
	return f == SecondFactorOptional || f == SecondFactorRequired || f == SecondFactorOff
}

// PasskeyAlone reports whether a passkey is enough to sign in.
func (p *Policy) PasskeyAlone() bool {
	return p.SecondFactor != SecondFactorOff && (p.PasskeySignIn == nil || *p.PasskeySignIn)
}
