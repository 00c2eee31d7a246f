package storetest

import (
	"errors"
	"slices"
	"time"

	"cloakroom/authserver/store"
)

var sessions = []guarantee{
	{"a session is shown to the holder of its secret only", func(s *suite) {
		handle, session := s.startSession()
		got, err := s.Session(s.ctx(), workspace, handle)
		s.must(err)
		if got.Subject != session.Subject || got.SecretHash != session.SecretHash || got.ACR != session.ACR ||
			!slices.Equal(got.AMR, session.AMR) || got.UserAgent != session.UserAgent || !got.AuthTime.Equal(session.AuthTime) ||
			!got.Created.Equal(session.Created) || !got.Seen.Equal(session.Seen) || !got.Idle.Equal(session.Idle) ||
			!got.Expires.Equal(session.Expires) {
			s.Errorf("got %+v, want %+v", got, session)
		}
		_, err = s.Session(s.ctx(), workspace, s.wrong(handle))
		s.want(err, store.ErrNotFound)
		_, err = s.Session(s.ctx(), workspace, store.NewHandle(s.now()))
		s.want(err, store.ErrNotFound)
		s.want(s.StartSession(s.ctx(), session), store.ErrConflict)
	}},
	{"a session ends when it idles, unless it is touched", func(s *suite) {
		handle, session := s.startSession()
		s.clock.advance(50 * time.Minute)
		s.must(s.TouchSession(s.ctx(), workspace, session.ID, s.now(), s.now().Add(time.Hour)))
		s.clock.advance(50 * time.Minute)
		got, err := s.Session(s.ctx(), workspace, handle)
		s.must(err)
		if !got.Seen.Equal(s.now().Add(-50 * time.Minute)) {
			s.Errorf("seen %v", got.Seen)
		}
		s.clock.advance(10 * time.Minute)
		_, err = s.Session(s.ctx(), workspace, handle)
		s.want(err, store.ErrNotFound)
		s.want(s.TouchSession(s.ctx(), workspace, session.ID, s.now(), s.now().Add(time.Hour)), store.ErrNotFound)
	}},
	{"a session that is touched still ends at its absolute end", func(s *suite) {
		handle, session := s.startSession()
		s.must(s.TouchSession(s.ctx(), workspace, session.ID, s.now(), s.now().Add(48*time.Hour)))
		got, err := s.Session(s.ctx(), workspace, handle)
		s.must(err)
		if !got.Idle.Equal(session.Expires) {
			s.Errorf("idle end %v, want %v", got.Idle, session.Expires)
		}
		s.clock.advance(8 * time.Hour)
		_, err = s.Session(s.ctx(), workspace, handle)
		s.want(err, store.ErrNotFound)
	}},
	{"an ended session cannot be touched back to life", func(s *suite) {
		handle, session := s.startSession()
		_, _, err := s.EndSession(s.ctx(), workspace, session.ID)
		s.must(err)
		s.want(s.TouchSession(s.ctx(), workspace, session.ID, s.now(), s.now().Add(time.Hour)), store.ErrNotFound)
		_, err = s.Session(s.ctx(), workspace, handle)
		s.want(err, store.ErrNotFound)
	}},
	{"ending a session revokes its grants but offline ones, and names them all", func(s *suite) {
		_, session := s.startSession()
		_, bystander := s.startSession()
		online := s.grantOf(session, false)
		refresh, _ := s.issueRefreshToken(online)
		s.clock.advance(time.Second)
		offline, foreign := s.grantOf(session, true), s.grantOf(bystander, false)
		gone := s.grantOf(session, false)
		s.must(s.RevokeGrant(s.ctx(), workspace, gone.ID))

		ended, grants, err := s.EndSession(s.ctx(), workspace, session.ID)
		s.must(err)
		s.same("ended", ended.ID, session.ID)
		s.sameIDs(grantIDs(grants), []string{offline.ID, online.ID})
		_, err = s.Grant(s.ctx(), workspace, online.ID)
		s.want(err, store.ErrRevoked)
		_, _, err = s.RefreshToken(s.ctx(), workspace, refresh)
		s.want(err, store.ErrRevoked)
		for _, grant := range []store.Grant{offline, foreign} {
			_, err = s.Grant(s.ctx(), workspace, grant.ID)
			s.must(err)
		}
		_, _, err = s.EndSession(s.ctx(), workspace, session.ID)
		s.want(err, store.ErrNotFound)
	}},
	{"a session that idled out is still ended with its grants", func(s *suite) {
		_, session := s.startSession()
		grant := s.grantOf(session, false)
		s.clock.advance(2 * time.Hour)
		_, grants, err := s.EndSession(s.ctx(), workspace, session.ID)
		s.must(err)
		s.sameIDs(grantIDs(grants), []string{grant.ID})
		_, err = s.Grant(s.ctx(), workspace, grant.ID)
		s.want(err, store.ErrRevoked)
	}},
	{"a session that replaces the same user's takes its grants over", func(s *suite) {
		oldHandle, old := s.startSession()
		grant := s.grantOf(old, false)
		nextHandle, next := s.session()
		s.must(s.ReplaceSession(s.ctx(), old.ID, next))
		_, err := s.Session(s.ctx(), workspace, oldHandle)
		s.want(err, store.ErrNotFound)
		_, err = s.Session(s.ctx(), workspace, nextHandle)
		s.must(err)
		got, err := s.Grant(s.ctx(), workspace, grant.ID)
		s.must(err)
		s.same("session", got.SessionID, next.ID)
	}},
	{"a session that replaces another user's ends that user's grants but offline ones", func(s *suite) {
		_, old := s.startSession()
		online, offline := s.grantOf(old, false), s.grantOf(old, true)
		_, next := s.session()
		next.Subject = "subject-2"
		s.must(s.ReplaceSession(s.ctx(), old.ID, next))
		_, err := s.Grant(s.ctx(), workspace, online.ID)
		s.want(err, store.ErrRevoked)
		_, err = s.Grant(s.ctx(), workspace, offline.ID)
		s.must(err)
		_, _, err = s.EndSession(s.ctx(), workspace, old.ID)
		s.want(err, store.ErrNotFound)
	}},
	{"a session starts although the one that it replaces is gone or never was", func(s *suite) {
		for _, old := range []string{"", "absent"} {
			handle, next := s.session()
			s.must(s.ReplaceSession(s.ctx(), old, next))
			_, err := s.Session(s.ctx(), workspace, handle)
			s.must(err)
		}
	}},
	{"a session that cannot start leaves the old one as it was", func(s *suite) {
		handle, old := s.startSession()
		_, taken := s.startSession()
		s.want(s.ReplaceSession(s.ctx(), old.ID, taken), store.ErrConflict)
		_, err := s.Session(s.ctx(), workspace, handle)
		s.must(err)
	}},
	{"a user's live sessions are listed newest first", func(s *suite) {
		var ids []string
		for number := range 4 {
			_, session := s.session()
			if number == 1 {
				session.Subject = "subject-2"
			}
			if number == 2 {
				session.Idle = s.now()
			}
			s.must(s.StartSession(s.ctx(), session))
			ids = append(ids, session.ID)
			s.clock.advance(time.Second)
		}
		listed, err := s.Sessions(s.ctx(), workspace, subject)
		s.must(err)
		var got []string
		for _, session := range listed {
			got = append(got, session.ID)
		}
		s.sameIDs(got, []string{ids[3], ids[0]})
	}},
	{"a user signs out one session, all but one, or all, and what came from them ends, offline access too", func(s *suite) {
		for _, row := range []struct {
			name                  string
			only, except          func(one, two store.Session) string
			endsOne, two, orphans bool
		}{
			{"one", first, none, true, false, false},
			{"all but one", none, first, false, true, true},
			{"all", none, none, true, true, true},
		} {
			_, one := s.startSession()
			_, two := s.startSession()
			online, offline, other := s.grantOf(one, false), s.grantOf(one, true), s.grantOf(two, true)
			orphan := s.grant()
			orphan.SessionID, orphan.Offline = "ended", true
			s.must(s.StartGrant(s.ctx(), orphan, store.Issued{}))
			_, hers := s.session()
			hers.Subject = "subject-2"
			s.must(s.StartSession(s.ctx(), hers))

			sessions, grants, err := s.SignOut(s.ctx(), workspace, subject, row.only(one, two), row.except(one, two))
			s.must(err)
			ended, revoked := map[string]bool{}, idsOf(grants)
			for _, session := range sessions {
				ended[session.ID] = true
			}
			for what, got := range map[string][2]bool{
				"the one session": {ended[one.ID], row.endsOne}, "the other": {ended[two.ID], row.two}, "another user's": {ended[hers.ID], false},
				"its grant": {revoked[online.ID], row.endsOne}, "its offline grant": {revoked[offline.ID], row.endsOne},
				"the other's grant": {revoked[other.ID], row.two}, "a grant whose session is gone": {revoked[orphan.ID], row.orphans},
			} {
				if got[0] != got[1] {
					s.Errorf("%s: %s ended: %t", row.name, what, got[0])
				}
			}
			for _, grant := range []store.Grant{online, offline, other, orphan} {
				if _, err := s.Grant(s.ctx(), workspace, grant.ID); errors.Is(err, store.ErrRevoked) != revoked[grant.ID] {
					s.Errorf("%s: %v", row.name, err)
				}
			}
			_, _, err = s.SignOut(s.ctx(), workspace, subject, "", "")
			s.must(err)
		}
	}},
	{"nobody signs out another user's session, nor what is of no user", func(s *suite) {
		handle, session := s.startSession()
		its := s.grant()
		its.Subject = ""
		s.must(s.StartGrant(s.ctx(), its, store.Issued{}))
		for _, stranger := range []string{"subject-2", ""} {
			sessions, grants, err := s.SignOut(s.ctx(), workspace, stranger, session.ID, "")
			s.must(err)
			everywhere, more, err := s.SignOut(s.ctx(), workspace, stranger, "", "")
			s.must(err)
			s.same("ended", len(sessions)+len(grants)+len(everywhere)+len(more), 0)
		}
		_, err := s.Session(s.ctx(), workspace, handle)
		s.must(err)
	}},
}

func first(one, _ store.Session) string { return one.ID }

func none(_, _ store.Session) string { return "" }
