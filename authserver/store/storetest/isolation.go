package storetest

import (
	"testing"
	"time"

	"cloakroom/authserver/store"
)

var isolation = []guarantee{
	{"a record of one workspace is not found in another", func(s *suite) {
		request := s.pushRequest()
		interaction, interactionRecord := s.startInteraction()
		code, _, grant := s.issueCode()
		refresh, _ := s.issueRefreshToken(grant)
		access := s.issueAccessToken(grant)
		session, _ := s.startSession()
		s.must(s.SaveAccount(s.ctx(), s.account(subject, "alice")))
		s.must(s.SaveConsent(s.ctx(), store.Consent{Workspace: workspace, Subject: subject, ClientID: client, Given: s.now()}))
		s.must(s.AddKey(s.ctx(), store.Key{Workspace: workspace, ID: "kid-1", Sealed: []byte{1}, Created: s.now()}))

		s.must(s.AddFactor(s.ctx(), s.factor("factor-1", store.FactorTOTP)))
		s.must(s.SaveRecoveryCodes(s.ctx(), workspace, subject, []store.Hash{{1}}))

		foreignRefresh, next := s.refreshToken(grant)
		next.Workspace = other
		interactionRecord.Workspace = other
		for name, verb := range map[string]func() error{
			"PushedRequest":      func() error { _, err := s.PushedRequest(s.ctx(), other, request.ID); return err },
			"ConsumeRequest":     func() error { _, err := s.ConsumeRequest(s.ctx(), other, request.ID); return err },
			"Interaction":        func() error { _, err := s.Interaction(s.ctx(), other, interaction); return err },
			"UpdateInteraction":  func() error { return s.UpdateInteraction(s.ctx(), interactionRecord) },
			"ConsumeInteraction": func() error { _, err := s.ConsumeInteraction(s.ctx(), other, interaction); return err },
			"RedeemCode":         func() error { _, _, err := s.RedeemCode(s.ctx(), other, code, nil); return err },
			"Grant":              func() error { _, err := s.Grant(s.ctx(), other, grant.ID); return err },
			"RevokeGrant":        func() error { return s.RevokeGrant(s.ctx(), other, grant.ID) },
			"RefreshToken":       func() error { _, _, err := s.RefreshToken(s.ctx(), other, refresh); return err },
			"RotateRefreshToken": func() error {
				_, _, err := s.RotateRefreshToken(s.ctx(), other, refresh, store.Issued{RefreshToken: next}, s.now(), 0)
				return err
			},
			"IssueRefreshToken": func() error { return s.IssueRefreshToken(s.ctx(), next) },
			"IssueAccessToken": func() error {
				foreign := access
				foreign.Workspace = other
				return s.IssueAccessToken(s.ctx(), foreign)
			},
			"AccessToken":       func() error { _, _, err := s.AccessToken(s.ctx(), other, access.ID); return err },
			"RevokeAccessToken": func() error { return s.RevokeAccessToken(s.ctx(), other, access.ID) },
			"Session":           func() error { _, err := s.Session(s.ctx(), other, session); return err },
			"TouchSession": func() error {
				return s.TouchSession(s.ctx(), other, session.ID, s.now(), s.now().Add(time.Hour))
			},
			"EndSession":    func() error { _, _, err := s.EndSession(s.ctx(), other, session.ID); return err },
			"Account":       func() error { _, err := s.Account(s.ctx(), other, subject); return err },
			"AccountByName": func() error { _, err := s.AccountByName(s.ctx(), other, "alice"); return err },
			"Consent":       func() error { _, err := s.Consent(s.ctx(), other, subject, client); return err },
			"Factor":        func() error { _, err := s.Factor(s.ctx(), other, "factor-1"); return err },
			"UseFactor":     func() error { return s.UseFactor(s.ctx(), other, "factor-1", 9, s.now()) },
			"RenameFactor":  func() error { return s.RenameFactor(s.ctx(), other, subject, "factor-1", "mine") },
			"RemoveFactor":  func() error { return s.RemoveFactor(s.ctx(), other, subject, "factor-1", 0) },
			"ConsumeRecoveryCode": func() error {
				_, err := s.ConsumeRecoveryCode(s.ctx(), other, subject, store.Hash{1})
				return err
			},
			"UpdateKey": func() error { return s.UpdateKey(s.ctx(), store.Key{Workspace: other, ID: "kid-1"}) },
		} {
			s.Run(name, func(t *testing.T) { (&suite{T: t, Store: s.Store, clock: s.clock}).want(verb(), store.ErrNotFound) })
		}
		_, _, err := s.RefreshToken(s.ctx(), other, foreignRefresh)
		s.want(err, store.ErrNotFound)

		// The control: all of it is there, unused, in its own workspace.
		for name, verb := range map[string]func() error{
			"ConsumeRequest":     func() error { _, err := s.ConsumeRequest(s.ctx(), workspace, request.ID); return err },
			"ConsumeInteraction": func() error { _, err := s.ConsumeInteraction(s.ctx(), workspace, interaction); return err },
			"RedeemCode":         func() error { _, _, err := s.RedeemCode(s.ctx(), workspace, code, nil); return err },
			"RefreshToken":       func() error { _, _, err := s.RefreshToken(s.ctx(), workspace, refresh); return err },
			"AccessToken":        func() error { _, _, err := s.AccessToken(s.ctx(), workspace, access.ID); return err },
			"Session":            func() error { _, err := s.Session(s.ctx(), workspace, session); return err },
			"AccountByName":      func() error { _, err := s.AccountByName(s.ctx(), workspace, "alice"); return err },
			"Consent":            func() error { _, err := s.Consent(s.ctx(), workspace, subject, client); return err },
		} {
			if err := verb(); err != nil {
				s.Errorf("%s in its own workspace: %v", name, err)
			}
		}
	}},
	{"lists and revocations stay in their workspace", func(s *suite) {
		_, session := s.startSession()
		grant := s.grantOf(session, false)
		s.must(s.SaveConsent(s.ctx(), store.Consent{Workspace: workspace, Subject: subject, ClientID: client, Given: s.now()}))
		s.must(s.AddKey(s.ctx(), store.Key{Workspace: workspace, ID: "kid-1", Sealed: []byte{1}, Created: s.now()}))

		grants, err := s.Grants(s.ctx(), other, subject, "")
		s.must(err)
		sessions, err := s.Sessions(s.ctx(), other, subject)
		s.must(err)
		consents, err := s.Consents(s.ctx(), other, subject)
		s.must(err)
		keys, err := s.Keys(s.ctx(), other)
		s.must(err)
		s.same("records of another workspace", len(grants)+len(sessions)+len(consents)+len(keys), 0)

		_, err = s.WithdrawConsent(s.ctx(), other, subject, client)
		s.must(err)
		_, next := s.session()
		next.Workspace = other
		s.must(s.ReplaceSession(s.ctx(), session.ID, next))
		got, err := s.Grant(s.ctx(), workspace, grant.ID)
		s.must(err)
		s.same("session", got.SessionID, session.ID)
		_, err = s.Consent(s.ctx(), workspace, subject, client)
		s.must(err)
		_, _, err = s.EndSession(s.ctx(), workspace, session.ID)
		s.must(err)
	}},
	{"the same id, name or value is free in another workspace", func(s *suite) {
		expires := s.now().Add(time.Minute)
		for _, name := range []string{workspace, other} {
			account := s.account(subject, "alice")
			account.Workspace = name
			s.must(s.SaveAccount(s.ctx(), account))
			s.must(s.AddKey(s.ctx(), store.Key{Workspace: name, ID: "kid-1", Sealed: []byte{1}, Created: s.now()}))
			s.must(s.UseOnce(s.ctx(), name, "proof", "jti", expires))
			s.must(s.PushRequest(s.ctx(), store.PushedRequest{Workspace: name, ID: "request", Expires: expires}))
		}
	}},
}
