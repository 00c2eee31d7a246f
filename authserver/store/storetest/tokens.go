package storetest

import (
	"time"

	"cloakroom/authserver/store"
)

var tokens = []guarantee{
	{"a refresh token is shown with its grant to the holder of its secret", func(s *suite) {
		grant := s.startGrant()
		handle, token := s.issueRefreshToken(grant)
		for range 2 { // reading does not use it up
			got, gotGrant, err := s.RefreshToken(s.ctx(), workspace, handle)
			s.must(err)
			s.sameRefreshToken(got, token)
			if !sameGrant(gotGrant, grant) {
				s.Errorf("grant: got %+v, want %+v", gotGrant, grant)
			}
		}
		_, _, err := s.RefreshToken(s.ctx(), workspace, s.wrong(handle))
		s.want(err, store.ErrNotFound)
		_, _, err = s.RefreshToken(s.ctx(), workspace, store.NewHandle(s.now()))
		s.want(err, store.ErrNotFound)
	}},
	{"a refresh token expires when it idles", func(s *suite) {
		handle, _ := s.issueRefreshToken(s.startGrant())
		s.clock.advance(time.Hour)
		_, _, err := s.RefreshToken(s.ctx(), workspace, handle)
		s.want(err, store.ErrNotFound)
		_, _, err = s.rotate(handle, s.startGrant(), 0)
		s.want(err, store.ErrNotFound)
	}},
	{"a refresh token expires with its grant", func(s *suite) {
		grant := s.startGrant()
		handle, token := s.refreshToken(grant)
		token.Expires = grant.Expires.Add(time.Hour)
		s.must(s.IssueRefreshToken(s.ctx(), token))
		s.clock.advance(24 * time.Hour)
		_, _, err := s.RefreshToken(s.ctx(), workspace, handle)
		s.want(err, store.ErrNotFound)
	}},
	{"a refresh token is rotated once", func(s *suite) {
		grant := s.startGrant()
		handle, token := s.issueRefreshToken(grant)
		next, rotated, err := s.rotate(handle, grant, 0)
		s.must(err)
		s.same("rotated", rotated.ID, token.ID)
		_, _, err = s.RefreshToken(s.ctx(), workspace, next)
		s.must(err)
		got, gotGrant, err := s.RefreshToken(s.ctx(), workspace, handle)
		s.want(err, store.ErrConsumed)
		s.same("token", got.ID, token.ID)
		s.same("grant", gotGrant.ID, grant.ID)
		_, got, err = s.rotate(handle, grant, 0)
		s.want(err, store.ErrConsumed)
		s.same("token", got.ID, token.ID)
	}},
	{"a rotation with a wrong secret rotates nothing", func(s *suite) {
		grant := s.startGrant()
		handle, _ := s.issueRefreshToken(grant)
		next, _, err := s.rotate(s.wrong(handle), grant, time.Minute)
		s.want(err, store.ErrNotFound)
		_, _, err = s.RefreshToken(s.ctx(), workspace, next)
		s.want(err, store.ErrNotFound)
		_, _, err = s.RefreshToken(s.ctx(), workspace, handle)
		s.must(err)
	}},
	{"a rotated token may be rotated again within the grace only, counted from the first time", func(s *suite) {
		grant := s.startGrant()
		handle, _ := s.issueRefreshToken(grant)
		_, _, err := s.rotate(handle, grant, 10*time.Second)
		s.must(err)
		s.clock.advance(9 * time.Second)
		next, _, err := s.rotate(handle, grant, 10*time.Second)
		s.must(err)
		_, _, err = s.RefreshToken(s.ctx(), workspace, next)
		s.must(err)
		s.clock.advance(time.Second)
		next, _, err = s.rotate(handle, grant, 10*time.Second)
		s.want(err, store.ErrConsumed)
		_, _, err = s.RefreshToken(s.ctx(), workspace, next)
		s.want(err, store.ErrNotFound)
	}},
	{"within the grace a rotated token may be rotated again until one of its successors is", func(s *suite) {
		for _, used := range []int{0, 1} {
			grant := s.startGrant()
			first, _ := s.issueRefreshToken(grant)
			var successors []store.Handle
			for range 2 {
				next, _, err := s.rotate(first, grant, time.Minute)
				s.must(err)
				successors = append(successors, next)
			}
			third, _, err := s.rotate(successors[used], grant, time.Minute)
			s.must(err)
			next, got, err := s.rotate(first, grant, time.Minute)
			s.want(err, store.ErrConsumed)
			s.same("token", got.ID, first.ID)
			_, _, err = s.RefreshToken(s.ctx(), workspace, next)
			s.want(err, store.ErrNotFound)
			// The one that was used has a grace of its own, and so has what it was rotated to.
			_, _, err = s.rotate(successors[used], grant, time.Minute)
			s.must(err)
			_, _, err = s.rotate(third, grant, time.Minute)
			s.must(err)
			_, _, err = s.rotate(successors[used], grant, time.Minute)
			s.want(err, store.ErrConsumed)
		}
	}},
	{"a rotation keeps the access token with the next refresh token, both or neither", func(s *suite) {
		grant := s.startGrant()
		handle, _ := s.issueRefreshToken(grant)
		refresh, issued := s.issued(s.startGrant())
		free := issued.AccessToken
		issued.AccessToken = s.issueAccessToken(grant)
		_, _, err := s.RotateRefreshToken(s.ctx(), workspace, handle, issued, s.now(), 0)
		s.want(err, store.ErrConflict)
		_, _, err = s.RefreshToken(s.ctx(), workspace, refresh)
		s.want(err, store.ErrNotFound)
		issued.AccessToken = free
		_, _, err = s.RotateRefreshToken(s.ctx(), workspace, handle, issued, s.now(), 0)
		s.must(err)
		_, _, err = s.RefreshToken(s.ctx(), workspace, refresh)
		s.must(err)
		_, got, err := s.AccessToken(s.ctx(), workspace, free.ID)
		s.must(err)
		s.same("grant", got.ID, grant.ID)
	}},
	{"the next token is a token of the same grant, whatever the caller says", func(s *suite) {
		grant, foreign := s.startGrant(), s.startGrant()
		handle, _ := s.issueRefreshToken(grant)
		next, _, err := s.rotate(handle, foreign, 0)
		s.must(err)
		_, got, err := s.RefreshToken(s.ctx(), workspace, next)
		s.must(err)
		s.same("grant", got.ID, grant.ID)
	}},
	{"a rotation that cannot keep the next token leaves the old one usable", func(s *suite) {
		grant := s.startGrant()
		handle, _ := s.issueRefreshToken(grant)
		_, taken := s.issueRefreshToken(grant)
		_, _, err := s.RotateRefreshToken(s.ctx(), workspace, handle, store.Issued{RefreshToken: taken}, s.now(), 0)
		s.want(err, store.ErrConflict)
		_, _, err = s.RefreshToken(s.ctx(), workspace, handle)
		s.must(err)
	}},
	{"a revoked grant takes its refresh and access tokens with it", func(s *suite) {
		grant := s.startGrant()
		first, _ := s.issueRefreshToken(grant)
		second, _, err := s.rotate(first, grant, time.Minute)
		s.must(err)
		access := s.issueAccessToken(grant)
		s.must(s.RevokeGrant(s.ctx(), workspace, grant.ID))
		for _, handle := range []store.Handle{first, second} {
			token, _, err := s.RefreshToken(s.ctx(), workspace, handle)
			s.want(err, store.ErrRevoked)
			s.same("token", token.ID, handle.ID)
			next, _, err := s.rotate(handle, grant, time.Minute)
			s.want(err, store.ErrRevoked)
			_, _, err = s.RefreshToken(s.ctx(), workspace, next)
			s.want(err, store.ErrNotFound)
		}
		_, _, err = s.AccessToken(s.ctx(), workspace, access.ID)
		s.want(err, store.ErrRevoked)
	}},
	{"a grant that starts with its tokens is kept with all of them or not at all", func(s *suite) {
		grant := s.grant()
		handle, refresh := s.refreshToken(grant)
		access := store.AccessToken{ID: store.NewID(s.now()), Scopes: grant.Scopes, Audience: "https://api.example/", Created: s.now(), Expires: s.now().Add(time.Minute)}
		s.must(s.StartGrant(s.ctx(), grant, store.Issued{RefreshToken: refresh, AccessToken: access}))
		_, of, err := s.AccessToken(s.ctx(), workspace, access.ID)
		s.must(err)
		s.same("the access token's grant", of.ID, grant.ID)
		_, of, err = s.RefreshToken(s.ctx(), workspace, handle)
		s.must(err)
		s.same("the refresh token's grant", of.ID, grant.ID)

		again := s.grant()
		other, fresh := s.refreshToken(again)
		s.want(s.StartGrant(s.ctx(), again, store.Issued{RefreshToken: fresh, AccessToken: access}), store.ErrConflict)
		_, err = s.Grant(s.ctx(), workspace, again.ID)
		s.want(err, store.ErrNotFound)
		_, _, err = s.RefreshToken(s.ctx(), workspace, other)
		s.want(err, store.ErrNotFound)
		s.want(s.StartGrant(s.ctx(), grant, store.Issued{RefreshToken: fresh}), store.ErrConflict)
		_, _, err = s.RefreshToken(s.ctx(), workspace, other)
		s.want(err, store.ErrNotFound)
	}},
	{"no token is issued for a grant that is revoked, expired or absent", func(s *suite) {
		revoked, expired, absent := s.startGrant(), s.grant(), s.grant()
		s.must(s.RevokeGrant(s.ctx(), workspace, revoked.ID))
		expired.Expires = s.now()
		s.must(s.StartGrant(s.ctx(), expired, store.Issued{}))
		for _, row := range []struct {
			grant store.Grant
			want  error
		}{{revoked, store.ErrRevoked}, {expired, store.ErrNotFound}, {absent, store.ErrNotFound}} {
			_, refresh := s.refreshToken(row.grant)
			s.want(s.IssueRefreshToken(s.ctx(), refresh), row.want)
			access := store.AccessToken{Workspace: workspace, ID: refresh.ID, GrantID: row.grant.ID, Expires: refresh.Expires}
			s.want(s.IssueAccessToken(s.ctx(), access), row.want)
		}
	}},
	{"an access token is found with its grant until it expires", func(s *suite) {
		grant := s.startGrant()
		token := s.issueAccessToken(grant)
		got, gotGrant, err := s.AccessToken(s.ctx(), workspace, token.ID)
		s.must(err)
		if got.SecretHash != token.SecretHash || got.Scopes.String() != token.Scopes.String() || got.Audience != token.Audience || got.Confirmation != token.Confirmation ||
			!got.Created.Equal(token.Created) || !got.Expires.Equal(token.Expires) || got.GrantID != grant.ID {
			s.Errorf("got %+v, want %+v", got, token)
		}
		if !sameGrant(gotGrant, grant) {
			s.Errorf("grant: got %+v, want %+v", gotGrant, grant)
		}
		s.clock.advance(5 * time.Minute)
		_, _, err = s.AccessToken(s.ctx(), workspace, token.ID)
		s.want(err, store.ErrNotFound)
	}},
	{"an access token is revoked alone", func(s *suite) {
		grant := s.startGrant()
		token, sibling := s.issueAccessToken(grant), s.issueAccessToken(grant)
		for range 2 {
			s.must(s.RevokeAccessToken(s.ctx(), workspace, token.ID))
		}
		_, _, err := s.AccessToken(s.ctx(), workspace, token.ID)
		s.want(err, store.ErrRevoked)
		_, _, err = s.AccessToken(s.ctx(), workspace, sibling.ID)
		s.must(err)
		_, err = s.Grant(s.ctx(), workspace, grant.ID)
		s.must(err)
		s.want(s.RevokeAccessToken(s.ctx(), workspace, "absent"), store.ErrNotFound)
	}},
	{"a token does not replace another", func(s *suite) {
		grant := s.startGrant()
		_, refresh := s.issueRefreshToken(grant)
		s.want(s.IssueRefreshToken(s.ctx(), refresh), store.ErrConflict)
		s.want(s.IssueAccessToken(s.ctx(), s.issueAccessToken(grant)), store.ErrConflict)
	}},
}

// rotate rotates a refresh token now and returns the handle of the next one and the rotated token.
func (s *suite) rotate(handle store.Handle, grant store.Grant, grace time.Duration) (store.Handle, store.RefreshToken, error) {
	nextHandle, next := s.refreshToken(grant)
	rotated, _, err := s.RotateRefreshToken(s.ctx(), workspace, handle, store.Issued{RefreshToken: next}, s.now(), grace)
	return nextHandle, rotated, err
}

func (s *suite) sameRefreshToken(got, want store.RefreshToken) {
	s.Helper()
	if got.Workspace != want.Workspace || got.ID != want.ID || got.SecretHash != want.SecretHash || got.GrantID != want.GrantID ||
		got.Confirmation != want.Confirmation || !got.Created.Equal(want.Created) || !got.Expires.Equal(want.Expires) || !got.Rotated.Equal(want.Rotated) {
		s.Errorf("refresh token: got %+v, want %+v", got, want)
	}
}
