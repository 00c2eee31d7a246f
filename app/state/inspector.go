package state

import (
	"time"

	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// Stream is what the inspector knows about the trace.
type Stream int

// The trace may be absent for good: outside the demo there is none.
const (
	StreamNone Stream = iota // there is no session, or it is not known yet whether there is a trace
	StreamAbsent
	StreamConnecting
	StreamLive
	StreamLost
	StreamFailed
	StreamEnded // the session is over
)

// Watched is something that the user started to watch it.
type Watched string

// What can be started. One at a time.
const (
	WatchNothing Watched = ""
	WatchSignIn  Watched = "sign-in"
	WatchCall    Watched = "call"
	WatchRefresh Watched = "refresh"
	WatchSignOut Watched = "sign-out"
)

// Inspector is the state of the inspector. What it shows outlives the session: a sign-out is one of the things to watch.
type Inspector struct {
	Visit

	Stream Stream
	Log    trace.Log
	Server api.TraceState
	Now    time.Time // the server's clock
	Doing  Watched
	// SignOutURL is where the session at the provider ends, after a sign-out here.
	SignOutURL string

	Opened   *trace.File // shown in place of the log
	FileName string

	Flow  string // the chosen one; "" is the newest
	Event string // the key of the message whose detail is open
	View  View

	whose [2]string // provider and subject: whose flows the log has
	links api.Links
	heard bool       // the present stream has begun
	why   api.Reason // what ended the session, when the stream said so
	ahead time.Duration
}

// Checked takes the answer to a check of the session.
func (i *Inspector) Checked(check int, session api.Session, err error) (signedIn bool) {
	signedIn = i.Visit.Checked(check, session, err)
	i.Stream = StreamNone
	return signedIn
}

// Entered takes the session's document. It returns the path of the trace; "" when there is none.
func (i *Inspector) Entered(session api.Session, now time.Time) (path string) {
	i.belongTo(session)
	i.links, i.SignOutURL, i.why = session.Links, "", ""
	if session.Expiry != nil {
		i.ahead = session.Expiry.Now.Sub(now)
	}
	i.Now = now.Add(i.ahead)
	if i.links.Trace == "" {
		i.Stream = StreamAbsent
		return ""
	}
	return i.links.Trace
}

// Follow says that the screen is about to listen to the trace.
func (i *Inspector) Follow() { i.Stream, i.heard = StreamConnecting, false }

// belongTo forgets the flows of a user when another one comes. Those of the same user's last session can be compared with the new.
func (i *Inspector) belongTo(session api.Session) {
	whose := [2]string{session.Provider}
	if session.Auth != nil {
		whose[1] = session.Auth.Subject
	}
	if i.whose != whose && i.whose != [2]string{} {
		i.Log = trace.Log{}
		i.Server = api.TraceState{}
		i.View.Against, i.View.Playing = "", false
		if i.Opened == nil {
			i.Flow, i.Event = "", ""
		}
	}
	i.whose = whose
}

// SignedOutBy takes the outcome of a sign-out. It reports whether the session is gone.
func (i *Inspector) SignedOutBy(err error) bool {
	gone := i.Visit.SignedOutBy(err)
	if gone {
		i.over()
	}
	i.Doing = WatchNothing
	return gone
}

// over says that nothing more will come.
func (i *Inspector) over() {
	i.Server = api.TraceState{Instrumented: i.Server.Instrumented}
	i.Doing = WatchNothing
	if i.Stream != StreamAbsent {
		i.Stream = StreamEnded
	}
}

// Gone says that the session is over, by whatever ended it.
func (i *Inspector) Gone() {
	i.Visit.Gone()
	i.Alert.Message = text.Say.EndedBecause(i.why)
	i.over()
}

// Begin reports whether something may be started. A sign-in is no reason to wait: its window may have been closed, which nobody tells.
func (i *Inspector) Begin(watched Watched) bool {
	if i.Phase != SignedIn || i.Doing != WatchNothing && i.Doing != WatchSignIn {
		return false
	}
	i.Doing, i.Alert, i.Status = watched, nil, text.Say.Working
	i.Flow, i.Event = "", "" // what it makes is what to look at
	i.Opened, i.View.Playing = nil, false
	return true
}

// Did takes the outcome.
func (i *Inspector) Did(status string, err error) {
	i.Doing = WatchNothing
	if i.Phase != SignedIn {
		return
	}
	i.Status = status
	if err == nil {
		return
	}
	i.Status = text.Say.StatusSignedIn
	if i.refused(err, text.Say.WatchFailed) {
		i.over()
	}
}

// Reread takes the answer to a check that was made because something happened. It reports whether there is a session, and
// whether it is another one than before.
func (i *Inspector) Reread(session api.Session, err error) (held, other bool) {
	switch {
	case err != nil:
		i.Stream = StreamFailed
		return i.Held(), false
	case !session.Authenticated:
		if i.Held() {
			i.Gone()
		}
		return false, false
	}
	other = session.Handle != i.handle
	check := i.Visit.Check()
	i.Visit.Checked(check, session, nil)
	i.Alert = nil
	return true, other
}

// Stepped takes the outcome of a word to step mode. What it changed comes by the stream.
func (i *Inspector) Stepped(err error) {
	if err != nil && i.Phase == SignedIn && i.refused(err, text.Say.WatchFailed) {
		i.over()
	}
}

// WatchLoginURL starts a sign-in that asks for the password again, in a window of its own.
func WatchLoginURL(provider string) string {
	return withProvider(api.PathLogin+"?mode=popup&prompt=login", provider)
}
