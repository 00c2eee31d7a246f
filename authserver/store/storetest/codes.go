package storetest

import (
	"slices"
	"time"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

var codes = []guarantee{
	{"a code is redeemed once, with all that it was bound to", func(s *suite) {
		handle, code, grant := s.issueCode()
		gotCode, gotGrant, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.must(err)
		if !sameCode(gotCode, code) {
			s.Errorf("code: got %+v, want %+v", gotCode, code)
		}
		if !sameGrant(gotGrant, grant) || !gotGrant.Revoked.IsZero() {
			s.Errorf("grant: got %+v, want %+v", gotGrant, grant)
		}
	}},
	{"a code that was used is refused and returned, so that its grant can be revoked", func(s *suite) {
		handle, code, grant := s.issueCode()
		_, _, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.must(err)
		gotCode, gotGrant, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.want(err, store.ErrConsumed)
		if !sameCode(gotCode, code) || !sameGrant(gotGrant, grant) {
			s.Errorf("got %+v, %+v; want %+v, %+v", gotCode, gotGrant, code, grant)
		}
	}},
	{"a redemption keeps its tokens, as tokens of the code's grant, whatever the caller says", func(s *suite) {
		handle, _, grant := s.issueCode()
		refresh, issued := s.issued(s.startGrant())
		_, _, err := s.RedeemCode(s.ctx(), workspace, handle, func(code store.Code, got store.Grant) store.Issued {
			s.same("code", code.ID, handle.ID)
			s.same("grant", got.ID, grant.ID)
			return issued
		})
		s.must(err)
		_, got, err := s.RefreshToken(s.ctx(), workspace, refresh)
		s.must(err)
		s.same("grant of the refresh token", got.ID, grant.ID)
		token, got, err := s.AccessToken(s.ctx(), workspace, issued.AccessToken.ID)
		s.must(err)
		s.same("grant of the access token", got.ID, grant.ID)
		s.same("scopes", token.Scopes.String(), issued.AccessToken.Scopes.String())
		s.same("hash", token.SecretHash, issued.AccessToken.SecretHash)
	}},
	{"a redemption that issues nothing uses the code up", func(s *suite) {
		handle, _, _ := s.issueCode()
		_, _, err := s.RedeemCode(s.ctx(), workspace, handle, func(store.Code, store.Grant) store.Issued { return store.Issued{} })
		s.must(err)
		_, _, err = s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.want(err, store.ErrConsumed)
	}},
	{"a redemption is not asked about a code that cannot be used", func(s *suite) {
		used, _, _ := s.issueCode()
		_, _, err := s.RedeemCode(s.ctx(), workspace, used, nil)
		s.must(err)
		revoked, _, grant := s.issueCode()
		s.must(s.RevokeGrant(s.ctx(), workspace, grant.ID))
		live, _, _ := s.issueCode()
		for handle, want := range map[store.Handle]error{used: store.ErrConsumed, revoked: store.ErrRevoked, s.wrong(live): store.ErrNotFound} {
			refresh, issued := s.issued(grant)
			_, _, err := s.RedeemCode(s.ctx(), workspace, handle, func(store.Code, store.Grant) store.Issued {
				s.Errorf("asked, and then %v", want)
				return issued
			})
			s.want(err, want)
			_, _, err = s.RefreshToken(s.ctx(), workspace, refresh)
			s.want(err, store.ErrNotFound)
		}
	}},
	{"a redemption that cannot keep one of its tokens keeps none and leaves the code usable", func(s *suite) {
		handle, _, grant := s.issueCode()
		refresh, issued := s.issued(grant)
		free := issued.AccessToken
		issued.AccessToken = s.issueAccessToken(grant)
		_, _, err := s.RedeemCode(s.ctx(), workspace, handle, func(store.Code, store.Grant) store.Issued { return issued })
		s.want(err, store.ErrConflict)
		_, _, err = s.RefreshToken(s.ctx(), workspace, refresh)
		s.want(err, store.ErrNotFound)
		issued.AccessToken = free
		_, _, err = s.RedeemCode(s.ctx(), workspace, handle, func(store.Code, store.Grant) store.Issued { return issued })
		s.must(err)
	}},
	{"a wrong secret is not found and does not use the code up", func(s *suite) {
		handle, _, _ := s.issueCode()
		_, _, err := s.RedeemCode(s.ctx(), workspace, s.wrong(handle), nil)
		s.want(err, store.ErrNotFound)
		_, _, err = s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.must(err)
		code, _, err := s.RedeemCode(s.ctx(), workspace, s.wrong(handle), nil)
		s.want(err, store.ErrNotFound)
		s.same("code shown", code.ID, "")
	}},
	{"a code expires", func(s *suite) {
		handle, _, _ := s.issueCode()
		s.clock.advance(time.Minute)
		code, _, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.want(err, store.ErrNotFound)
		s.same("code shown", code.ID, "")
	}},
	{"a code lives to the last millisecond", func(s *suite) {
		handle, _, _ := s.issueCode()
		s.clock.advance(time.Minute - time.Millisecond)
		_, _, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.must(err)
	}},
	{"a late replay is still recognised", func(s *suite) {
		handle, _, grant := s.issueCode()
		_, _, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.must(err)
		s.clock.advance(10 * time.Minute)
		_, err = s.Sweep(s.ctx(), s.now(), 100)
		s.must(err)
		_, got, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.want(err, store.ErrConsumed)
		s.same("grant", got.ID, grant.ID)
	}},
	{"a code whose grant was revoked before it was used is worth nothing", func(s *suite) {
		handle, code, grant := s.issueCode()
		s.must(s.RevokeGrant(s.ctx(), workspace, grant.ID))
		got, _, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.want(err, store.ErrRevoked)
		s.same("code", got.ID, code.ID)
	}},
	{"a code and its grant are kept both or neither", func(s *suite) {
		_, code, _ := s.issueCode()
		grant := s.grant()
		code.GrantID = grant.ID
		s.want(s.IssueCode(s.ctx(), code, grant), store.ErrConflict)
		_, err := s.Grant(s.ctx(), workspace, grant.ID)
		s.want(err, store.ErrNotFound)
	}},
	{"a code is not issued for a session that has ended", func(s *suite) {
		_, session := s.startSession()
		_, _, err := s.EndSession(s.ctx(), workspace, session.ID)
		s.must(err)
		handle, hash := s.fresh()
		grant := s.grant()
		grant.SessionID = session.ID
		code := store.Code{Workspace: workspace, ID: handle.ID, SecretHash: hash, GrantID: grant.ID, Expires: s.now().Add(time.Minute)}
		s.want(s.IssueCode(s.ctx(), code, grant), store.ErrRevoked)
		_, _, err = s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.want(err, store.ErrNotFound)
	}},
	{"a code is issued for a session that goes on", func(s *suite) {
		_, session := s.startSession()
		handle, hash := s.fresh()
		grant := s.grant()
		grant.SessionID = session.ID
		code := store.Code{Workspace: workspace, ID: handle.ID, SecretHash: hash, GrantID: grant.ID, Expires: s.now().Add(time.Minute)}
		s.must(s.IssueCode(s.ctx(), code, grant))
		_, got, err := s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.must(err)
		s.same("session", got.SessionID, session.ID)
	}},
	{"a grant is kept as it was given", func(s *suite) {
		grant := s.startGrant()
		got, err := s.Grant(s.ctx(), workspace, grant.ID)
		s.must(err)
		if !sameGrant(got, grant) {
			s.Errorf("got %+v, want %+v", got, grant)
		}
		_, err = s.Grant(s.ctx(), workspace, "absent")
		s.want(err, store.ErrNotFound)
		s.want(s.StartGrant(s.ctx(), grant, store.Issued{}), store.ErrConflict)
	}},
	{"a grant may be almost empty", func(s *suite) {
		grant := store.Grant{Workspace: workspace, ID: store.NewID(s.now()), ClientID: client, Created: s.now(), Expires: s.now().Add(time.Hour)}
		s.must(s.StartGrant(s.ctx(), grant, store.Issued{}))
		got, err := s.Grant(s.ctx(), workspace, grant.ID)
		s.must(err)
		if !sameGrant(got, grant) || !got.AuthTime.IsZero() || !got.Revoked.IsZero() {
			s.Errorf("got %+v, want %+v", got, grant)
		}
	}},
	{"a grant expires", func(s *suite) {
		grant := s.startGrant()
		s.clock.advance(24 * time.Hour)
		_, err := s.Grant(s.ctx(), workspace, grant.ID)
		s.want(err, store.ErrNotFound)
	}},
	{"a grant is revoked, twice without an error, and keeps the first instant", func(s *suite) {
		grant := s.startGrant()
		revoked := s.now()
		for range 2 {
			s.must(s.RevokeGrant(s.ctx(), workspace, grant.ID))
			got, err := s.Grant(s.ctx(), workspace, grant.ID)
			s.want(err, store.ErrRevoked)
			if !got.Revoked.Equal(revoked) {
				s.Errorf("revoked %v, want %v", got.Revoked, revoked)
			}
			s.clock.advance(time.Minute)
		}
		s.want(s.RevokeGrant(s.ctx(), workspace, "absent"), store.ErrNotFound)
	}},
	{"a user's live grants are listed newest first", func(s *suite) {
		var live []string
		for number := range 5 {
			grant := s.grant()
			switch number {
			case 1:
				grant.Subject = "subject-2"
			case 3:
				grant.ClientID = "client-2"
				grant.Scopes = oauth.Scopes{"openid"}
			}
			s.must(s.StartGrant(s.ctx(), grant, store.Issued{}))
			if number == 2 {
				s.must(s.RevokeGrant(s.ctx(), workspace, grant.ID))
			}
			live = append(live, grant.ID)
			s.clock.advance(time.Second)
		}
		grants, err := s.Grants(s.ctx(), workspace, subject, "")
		s.must(err)
		s.sameIDs(grantIDs(grants), []string{live[4], live[3], live[0]})
		grants, err = s.Grants(s.ctx(), workspace, subject, "client-2")
		s.must(err)
		s.sameIDs(grantIDs(grants), []string{live[3]})
		s.clock.advance(24 * time.Hour)
		grants, err = s.Grants(s.ctx(), workspace, subject, "")
		s.must(err)
		s.sameIDs(grantIDs(grants), nil)
	}},
}

func grantIDs(grants []store.Grant) []string {
	var ids []string
	for _, grant := range grants {
		ids = append(ids, grant.ID)
	}
	return ids
}

func (s *suite) sameIDs(got, want []string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("got %v, want %v", got, want)
	}
}
