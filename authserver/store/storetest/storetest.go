// Package storetest is the suite that every backend of the authorization server's store passes: one subtest for every
// guarantee of package store, races included. It owns what the contract means in practice and knows no backend.
//
// Start with [Run].
package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// Open makes an empty store whose records expire by now, and closes it when the test ends.
type Open func(t *testing.T, now func() time.Time) store.Store

// Run runs the suite, each guarantee on a store of its own.
func Run(t *testing.T, open Open) {
	t.Helper()
	for _, group := range []struct {
		name       string
		guarantees []guarantee
	}{
		{"Requests", requests},
		{"Codes", codes},
		{"Tokens", tokens},
		{"Sessions", sessions},
		{"Accounts", accounts},
		{"Factors", factors},
		{"Identities", identities},
		{"Keys", keys},
		{"Registry", registry},
		{"Workspaces", workspaces},
		{"Deletions", deletions},
		{"Races", races},
		{"Isolation", isolation},
		{"Sweep", sweeps},
		{"Lifecycle", lifecycle},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, guarantee := range group.guarantees {
				t.Run(guarantee.name, func(t *testing.T) {
					clock := &clock{now: start}
					guarantee.check(&suite{T: t, Store: open(t, clock.Now), clock: clock, filled: map[string]store.Handle{}})
				})
			}
		})
	}
}

// guarantee is a sentence of the contract and the check of it.
type guarantee struct {
	name  string
	check func(s *suite)
}

// suite is one guarantee's test, its store and its clock.
type suite struct {
	*testing.T
	store.Store
	clock *clock
	// filled are the handles of what was kept in workspaces.
	filled map[string]store.Handle
}

const (
	workspace = "demo/baseline"
	other     = "demo/fapi2"
	subject   = "subject-1"
	client    = "client-1"
)

var start = time.UnixMilli(1_800_000_000_123).UTC()

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

func (s *suite) now() time.Time { return s.clock.Now() }

func (s *suite) ctx() context.Context { return s.Context() }

// must stops the test unless err is nil.
func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// want reports an answer that is not the expected one.
func (s *suite) want(got, want error) {
	s.Helper()
	if !errors.Is(got, want) {
		s.Errorf("got %v, want %v", got, want)
	}
}

func (s *suite) same(what string, got, want any) {
	s.Helper()
	if got != want {
		s.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// fresh is a handle made now, and its hash.
func (s *suite) fresh() (store.Handle, store.Hash) {
	handle := store.NewHandle(s.now())
	return handle, handle.Hash()
}

// wrong is a handle with the id of another and a secret of its own.
func (s *suite) wrong(handle store.Handle) store.Handle {
	wrong := store.NewHandle(s.now())
	wrong.ID = handle.ID
	return wrong
}

func (s *suite) grant() store.Grant {
	return store.Grant{
		Workspace: workspace, ID: store.NewID(s.now()), ClientID: client, Subject: subject,
		SID: "sid-1", Scopes: oauth.Scopes{"openid", "notes.read"}, Resources: []string{"https://api.example/"},
		Claims: `{"id_token":{}}`, AuthTime: s.now().Add(-time.Minute), ACR: "1", AMR: []string{"pwd", "otp"},
		Confirmation: `{"jkt":"thumbprint"}`, Created: s.now(), Expires: s.now().Add(24 * time.Hour),
	}
}

// startGrant keeps a grant.
func (s *suite) startGrant() store.Grant {
	s.Helper()
	grant := s.grant()
	s.must(s.StartGrant(s.ctx(), grant, store.Issued{}))
	return grant
}

// issueCode keeps a code that lives a minute, and its grant.
func (s *suite) issueCode() (store.Handle, store.Code, store.Grant) {
	s.Helper()
	handle, hash := s.fresh()
	grant := s.grant()
	code := store.Code{
		Workspace: workspace, ID: handle.ID, SecretHash: hash, GrantID: grant.ID, ClientID: client,
		RedirectURI: "https://app.example/cb", RedirectGiven: true, CodeChallenge: "challenge", Nonce: "nonce",
		DPoPJKT: "thumbprint", Expires: s.now().Add(time.Minute),
	}
	s.must(s.IssueCode(s.ctx(), code, grant))
	return handle, code, grant
}

// refreshToken is a token of the grant that idles for an hour.
func (s *suite) refreshToken(grant store.Grant) (store.Handle, store.RefreshToken) {
	handle, hash := s.fresh()
	return handle, store.RefreshToken{
		Workspace: grant.Workspace, ID: handle.ID, SecretHash: hash, GrantID: grant.ID,
		Confirmation: `{"jkt":"x"}`, Created: s.now(), Expires: s.now().Add(time.Hour),
	}
}

// issueRefreshToken keeps a refresh token of the grant.
func (s *suite) issueRefreshToken(grant store.Grant) (store.Handle, store.RefreshToken) {
	s.Helper()
	handle, token := s.refreshToken(grant)
	s.must(s.IssueRefreshToken(s.ctx(), token))
	return handle, token
}

// issueAccessToken keeps an access token of the grant.
func (s *suite) issueAccessToken(grant store.Grant) store.AccessToken {
	s.Helper()
	token := s.accessToken(grant)
	s.must(s.IssueAccessToken(s.ctx(), token))
	return token
}

// accessToken is an opaque access token of the grant that lives five minutes.
func (s *suite) accessToken(grant store.Grant) store.AccessToken {
	handle, hash := s.fresh()
	return store.AccessToken{
		Workspace: grant.Workspace, ID: handle.ID, SecretHash: hash, GrantID: grant.ID, Scopes: oauth.Scopes{"notes.read"},
		Audience: "https://api.example/", Confirmation: `{"jkt":"y"}`, Created: s.now(), Expires: s.now().Add(5 * time.Minute),
	}
}

// issued is what a redemption may keep for the grant, and the handle of its refresh token.
func (s *suite) issued(grant store.Grant) (store.Handle, store.Issued) {
	handle, token := s.refreshToken(grant)
	return handle, store.Issued{RefreshToken: token, AccessToken: s.accessToken(grant)}
}

// session is a session of the user that idles for an hour and ends in eight.
func (s *suite) session() (store.Handle, store.Session) {
	handle, hash := s.fresh()
	return handle, store.Session{
		Workspace: workspace, ID: handle.ID, SecretHash: hash, Subject: subject, AuthTime: s.now(), ACR: "1",
		AMR: []string{"pwd"}, UserAgent: "Browser/1", Created: s.now(), Seen: s.now(),
		Idle: s.now().Add(time.Hour), Expires: s.now().Add(8 * time.Hour),
	}
}

// startSession keeps a session.
func (s *suite) startSession() (store.Handle, store.Session) {
	s.Helper()
	handle, session := s.session()
	s.must(s.StartSession(s.ctx(), session))
	return handle, session
}

// grantOf keeps a grant that came from a session.
func (s *suite) grantOf(session store.Session, offline bool) store.Grant {
	s.Helper()
	grant := s.grant()
	grant.SessionID, grant.Offline = session.ID, offline
	s.must(s.StartGrant(s.ctx(), grant, store.Issued{}))
	return grant
}

func sameGrant(a, b store.Grant) bool {
	return a.Workspace == b.Workspace && a.ID == b.ID && a.ClientID == b.ClientID && a.Subject == b.Subject &&
		a.SessionID == b.SessionID && a.SID == b.SID && slices.Equal(a.Scopes, b.Scopes) &&
		slices.Equal(a.Resources, b.Resources) && a.Claims == b.Claims && a.AuthTime.Equal(b.AuthTime) && a.ACR == b.ACR &&
		slices.Equal(a.AMR, b.AMR) && a.Confirmation == b.Confirmation && a.Offline == b.Offline &&
		a.Created.Equal(b.Created) && a.Expires.Equal(b.Expires)
}

func sameCode(a, b store.Code) bool {
	equal := a.Expires.Equal(b.Expires)
	a.Expires, b.Expires = time.Time{}, time.Time{}
	return equal && a == b
}
