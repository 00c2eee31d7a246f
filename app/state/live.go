package state

import (
	"encoding/json"
	"errors"
	"time"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Follow says that the screen is about to listen for events.
func (s *Session) Follow() { s.Live, s.heard = LiveConnecting, false }

// Happened takes an event, which came at now by this machine's clock. It reports whether the session has to be asked for
// again, because the event does not say how it is now.
func (s *Session) Happened(event backend.Event, now time.Time) (ask bool) {
	if s.Phase != SignedIn {
		return false // what ends a session that the user has just left is no news
	}
	var data api.SessionEvent
	_ = json.Unmarshal([]byte(event.Data), &data) // an event without data says enough by its name
	switch event.Name {
	case backend.EventLost:
		s.Live = LiveConnecting
		return false
	case backend.EventClosed:
		s.Live = LiveOff
		return s.heard // what closed a stream that was open may have been the session's end
	case api.EventDegraded:
		s.Live = LiveDegraded
		return false
	case api.EventEnded:
		s.leave(text.Say.StatusSignedOut, &Alert{Message: text.Say.EndedBecause(data.Reason), SignIn: text.Say.SignIn})
		*s = Session{Visit: s.Visit}
		return false
	}
	s.Live, s.heard = LiveOn, true
	s.Reached()
	s.expiry(data.Expiry, now)
	switch event.Name {
	case api.EventExpiring:
		s.expiring = true
		return false
	case api.EventExtended, api.EventRefreshed:
		return data.Expiry == nil
	}
	return false
}

// Reread takes the answer to a check that was made without being asked for: it changes nothing that is still so.
func (s *Session) Reread(document api.Session, now time.Time, err error) {
	switch {
	case s.Phase != SignedIn:
	case errors.Is(err, backend.ErrUnreachable):
		s.Status = text.Say.StatusUnreachable
	case err != nil: // it answers; that it cannot tell is what the stream says
	case !document.Authenticated || document.Handle != s.Document.Handle:
		s.Gone()
	default:
		s.Received(document, now)
	}
}
