// Package state holds what the page knows and how that changes: plain values and transitions, no browser and no markup.
// Every transition runs on the page's event goroutine, so nothing here is locked.
//
// Start with [Visit] and [Phase]: what every screen knows about the session. [Home] and [Session] add what is theirs.
package state

import (
	"errors"
	"hash/fnv"
	"strings"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Phase is what the page knows about the session. The zero value is what the prerendered page shows.
type Phase int

// The phases. Unreachable is not SignedOut: an outage says nothing about the session.
const (
	Checking Phase = iota
	SignedOut
	SignedIn
	Unreachable
	Leaving // a sign-out is under way
)

// Alert is a message that needs the user's attention.
type Alert struct {
	text.Message
	SignIn string // the label of a link to sign in; none when empty
	Retry  bool   // offer to ask the server again
}

// Visit is what every screen knows: who is there, and what to tell them.
type Visit struct {
	Phase     Phase
	User      string // what to call the user
	Provider  string // the id of the provider that they signed in with
	Ticket    int    // the number on the ticket, of this session; 0 when there is none
	Torn      bool   // the ticket was given back
	Providers []api.Provider
	Status    string // the polite live region
	Alert     *Alert

	checks int    // numbers the session checks, so that a late answer cannot undo a newer one
	handle string // of the session that is shown; "" when there is none
}

// Held reports whether there is a session to show.
func (v *Visit) Held() bool { return v.Phase == SignedIn || v.Phase == Leaving }

// Check begins to ask for the session. It returns the number of the check, for [Visit.Checked]. What was said of the session
// before, such as that it has ended, goes with what was shown of it.
func (v *Visit) Check() int {
	v.checks++
	*v = Visit{Phase: Checking, Providers: v.Providers, Status: text.Say.StatusChecking, checks: v.checks}
	return v.checks
}

// Asked is the number of the last check: an answer to something that was asked before it is of a session that is not shown any more.
func (v *Visit) Asked() int { return v.checks }

// Differs reports whether the session is another than the one that is shown, or the only one of the two. While the page waits for
// an answer about the session it does not know.
func (v *Visit) Differs(session api.Session) bool {
	if v.Phase == Checking || v.Phase == Leaving {
		return false
	}
	handle := ""
	if session.Authenticated {
		handle = session.Handle
	}
	return v.Phase == Unreachable || v.handle != handle
}

// Checked takes the answer to a check. It reports whether the user is signed in, so that what is theirs is asked for next.
func (v *Visit) Checked(check int, session api.Session, err error) (signedIn bool) {
	if check != v.checks || v.Phase != Checking {
		return false
	}
	if err != nil {
		v.Phase, v.Status = Unreachable, text.Say.StatusUnknown
		v.Alert = &Alert{Message: text.Say.SessionUnknown, Retry: true}
		if errors.Is(err, backend.ErrUnreachable) {
			v.Status, v.Alert.Message = text.Say.StatusUnreachable, text.Say.Unreachable
		}
		return false
	}
	v.Providers = session.Providers
	if !session.Authenticated {
		v.Phase, v.Status = SignedOut, text.Say.StatusSignedOut
		return false
	}
	v.Phase, v.Status = SignedIn, text.Say.StatusSignedIn
	v.User, v.Provider, v.Ticket = userName(session), session.Provider, ticketNumber(session.Handle)
	v.handle = session.Handle
	return true
}

// Reached says that the server answers again, where it was said that it does not.
func (v *Visit) Reached() {
	if v.Phase == SignedIn && v.Status == text.Say.StatusUnreachable {
		v.Status = text.Say.StatusSignedIn
	}
}

// SignInFailed shows why a sign-in came back without a session. An empty code means that none failed.
func (v *Visit) SignInFailed(code api.Code) {
	if code != "" {
		v.Alert = &Alert{Message: text.Say.SignInError(code), SignIn: text.Say.TryAgain}
	}
}

// BeginSignOut reports whether a sign-out may begin: one at a time.
func (v *Visit) BeginSignOut() bool {
	if v.Phase != SignedIn {
		return false
	}
	v.Phase, v.Status, v.Alert = Leaving, text.Say.SigningOut, nil
	return true
}

// SignedOutBy takes the outcome of a sign-out. It reports whether the session is gone. What the page showed of the user
// goes with it, so that a page kept for the back button has nothing to show.
func (v *Visit) SignedOutBy(err error) bool {
	if err != nil && !backend.SignedOut(err) {
		v.Phase, v.Status = SignedIn, text.Say.StatusSignedIn
		v.Alert = &Alert{Message: text.Say.SignOutFailed}
		if backend.Unanswered(err) {
			v.Alert.Message = text.Say.SignOutUnanswered
		}
		return false
	}
	v.leave(text.Say.StatusSignedOutOK, nil)
	v.Torn = true
	return true
}

// GaveBack is for the page that a sign-out ends on, after the way by the provider: the ticket is torn there as well.
func (v *Visit) GaveBack() {
	if v.Phase == SignedOut {
		v.Status, v.Torn = text.Say.StatusSignedOutOK, true
	}
}

// refused takes an error of a call that needs the session. It reports whether it is the kind that ends what the page
// shows of the user; if not, fallback is shown.
func (v *Visit) refused(err error, fallback text.Message) (ended bool) {
	if backend.SignedOut(err) {
		v.Gone()
		return true
	}
	v.Alert = &Alert{Message: fallback}
	if errors.Is(err, backend.ErrUnreachable) { // otherwise it answers, and the alert says what did not work
		v.Status = text.Say.StatusUnreachable
	}
	return false
}

// Gone says that the session is over, by whatever ended it.
func (v *Visit) Gone() {
	v.leave(text.Say.StatusSignedOut, &Alert{Message: text.Say.SessionEnded, SignIn: text.Say.SignIn})
}

// leave forgets the user.
func (v *Visit) leave(status string, alert *Alert) {
	*v = Visit{Phase: SignedOut, Providers: v.Providers, Status: status, Alert: alert, checks: v.checks}
}

// userName picks the friendliest of the claims that OpenID Connect Core §5.1 defines.
func userName(session api.Session) string {
	for _, claim := range []string{"name", "preferred_username", "email"} {
		if name, _ := session.Claims[claim].(string); strings.TrimSpace(name) != "" {
			return name
		}
	}
	if session.Auth != nil && session.Auth.Subject != "" {
		return session.Auth.Subject
	}
	return text.Say.UnknownPerson
}

// ticketNumber gives each session a number to recognise it by. It is decoration: it opens nothing and need not be unique.
func ticketNumber(handle string) int {
	if handle == "" {
		return 0
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(handle)) // never fails, says package hash
	return int(hash.Sum32()%899) + 101
}
