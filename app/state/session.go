package state

import (
	"time"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// warnBefore is how long before its end a session is said to end. The server's own warning may come earlier.
const warnBefore = 2 * time.Minute

// askBefore is how long before that the server is asked whether it is so.
const askBefore = 5 * time.Second

// Live is how the screen learns of what happens to the session.
type Live int

// Without a stream the screen is right when it loads, and counts down by itself.
const (
	LiveOff Live = iota
	LiveConnecting
	LiveOn
	LiveDegraded // the server itself cannot tell at the moment
)

// ListPhase is what the screen knows about the user's sessions.
type ListPhase int

// The phases of the list.
const (
	ListLoading ListPhase = iota
	ListReady
	ListFailed
)

// Action is something that the user asked for and that is not done yet.
type Action string

// The actions. Ending one session is its handle.
const (
	Idle      Action = ""
	Extending Action = "extend"
	Renewing  Action = "refresh"
	Spending  Action = "expire" // the access tokens, to see them renewed
	EndOthers Action = "others"
)

// Session is the state of the session screen.
type Session struct {
	Visit

	Document api.Session
	Now      time.Time // the server's clock, at the last tick
	Live     Live
	Doing    Action

	ListPhase ListPhase
	Sessions  []api.SessionInfo

	ahead    time.Duration // of the server's clock over this machine's
	expiring bool          // the server says so
	heard    bool          // an event came
	asked    time.Time     // the end that the server was asked about, when it came
	// askedSoon is the same for when it came near.
	askedSoon time.Time
}

// Check begins to ask for the session. It returns the number of the check, for Checked.
func (s *Session) Check() int {
	*s = Session{Visit: s.Visit}
	return s.Visit.Check()
}

// SignedOutBy takes the outcome of a sign-out. It reports whether the session is gone.
func (s *Session) SignedOutBy(err error) bool {
	gone := s.Visit.SignedOutBy(err)
	if gone {
		*s = Session{Visit: s.Visit}
	}
	return gone
}

// Gone says that the session is over, by whatever ended it.
func (s *Session) Gone() {
	s.Visit.Gone()
	*s = Session{Visit: s.Visit}
}

func (s *Session) refused(err error, fallback text.Message) {
	if s.Visit.refused(err, fallback) {
		*s = Session{Visit: s.Visit}
	}
}

// Received takes the session's document, which came at now by this machine's clock.
func (s *Session) Received(document api.Session, now time.Time) {
	s.Document = document
	s.expiry(document.Expiry, now)
}

func (s *Session) expiry(expiry *api.Expiry, now time.Time) {
	if expiry == nil {
		return
	}
	s.Document.Expiry = expiry
	s.ahead = expiry.Now.Sub(now)
	s.Now, s.expiring = expiry.Now, false
}

// Tick moves the clock. It reports whether the server has to be asked: just before the session is said to end soon, as
// another tab may have used it meanwhile, and when its end has come. Each is asked once.
func (s *Session) Tick(now time.Time) (ask bool) {
	if s.Phase != SignedIn || s.Document.Expiry == nil {
		return false
	}
	s.Now = now.Add(s.ahead)
	end := s.End()
	for _, at := range []struct {
		early time.Duration
		asked *time.Time
	}{{warnBefore + askBefore, &s.askedSoon}, {0, &s.asked}} {
		if s.Left(end) <= at.early && !at.asked.Equal(end) {
			*at.asked, ask = end, true
		}
	}
	return ask
}

// End is when the session ends if nothing happens.
func (s *Session) End() time.Time {
	expiry := s.Document.Expiry
	if expiry == nil {
		return time.Time{}
	}
	if expiry.Idle.Before(expiry.Absolute) {
		return expiry.Idle
	}
	return expiry.Absolute
}

// Left is the time from now, by the server's clock, until an instant; 0 when that has passed.
func (s *Session) Left(until time.Time) time.Duration { return max(0, until.Sub(s.Now)) }

// Warning says whether the session ends soon, and whether staying can help: at the absolute end it cannot.
func (s *Session) Warning() (soon, final bool) {
	if s.Phase != SignedIn || s.Document.Expiry == nil {
		return false, false
	}
	soon = s.expiring || s.Left(s.End()) <= warnBefore
	return soon, soon && !s.Document.Expiry.Idle.Before(s.Document.Expiry.Absolute)
}

// Begin reports whether an action may begin: one at a time.
func (s *Session) Begin(action Action) bool {
	if s.Phase != SignedIn || s.Doing != Idle {
		return false
	}
	s.Doing, s.Alert = action, nil
	s.Status = text.Say.Working
	return true
}

// Renewed takes the outcome of extending the session, of renewing its access token, or of having it expire.
func (s *Session) Renewed(action Action, document api.Session, now time.Time, err error) {
	s.Doing = Idle
	if s.Phase != SignedIn {
		return
	}
	s.Status = text.Say.StatusSignedIn
	switch {
	case err != nil && action == Extending:
		s.refused(err, text.Say.NotExtended)
	case err != nil && action == Spending:
		s.refused(err, text.Say.NotExpired)
	case err != nil:
		s.refused(err, text.Say.NotRefreshed)
	default:
		s.Received(document, now)
		s.Status = map[Action]string{Extending: text.Say.StatusExtended, Renewing: text.Say.StatusRefreshed, Spending: text.Say.StatusExpired}[action]
	}
}

// LoadSessions begins to fetch the user's sessions.
func (s *Session) LoadSessions() {
	s.ListPhase = ListLoading
	if s.Alert != nil && s.Alert.Message == text.Say.SessionsUnavailable {
		s.Alert = nil
	}
}

// Listed takes the user's sessions.
func (s *Session) Listed(sessions []api.SessionInfo, err error) {
	if s.Phase != SignedIn {
		return
	}
	if err != nil {
		s.ListPhase = ListFailed
		s.refused(err, text.Say.SessionsUnavailable)
		return
	}
	s.ListPhase, s.Sessions = ListReady, sessions
	s.Reached()
}

// Others counts the user's other sessions.
func (s *Session) Others() int {
	others := 0
	for _, one := range s.Sessions {
		if !one.Current {
			others++
		}
	}
	return others
}

// Ended takes the outcome of ending one other session, by its handle, or all others. A session that is not found has
// ended already. It reports whether the list changed.
func (s *Session) Ended(action Action, err error) bool {
	s.Doing = Idle
	if s.Phase != SignedIn {
		return false
	}
	s.Status = text.Say.StatusSignedIn
	if err != nil && !backend.NotFound(err) {
		s.refused(err, text.Say.SessionNotEnded)
		return false
	}
	var left []api.SessionInfo
	for _, one := range s.Sessions {
		if one.Current || action != EndOthers && one.Handle != string(action) {
			left = append(left, one)
		}
	}
	s.Sessions, s.Status = left, text.Say.StatusSessionEnded
	return true
}
