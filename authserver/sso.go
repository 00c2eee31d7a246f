package authserver

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"cloakroom/authserver/store"
)

// signedIn is the user that the browser's SSO session says: a live session of an account that is not disabled.
type signedIn struct {
	session store.Session
	account store.Account
	handle  store.Handle
}

// touchEvery is how often the idle end moves: a write a minute, not one a page.
const touchEvery = time.Minute

// currentUser returns who is signed in at this browser, nil for nobody.
func (s *Server) currentUser(r *http.Request, iss *issuer) (*signedIn, error) {
	handle, ok := cookieHandle(r, sessionCookie(iss))
	if !ok {
		return nil, nil //nolint:nilnil // nobody is signed in, and that is no error
	}
	ctx, now := r.Context(), s.now()
	session, err := s.store.Session(ctx, iss.Key(), handle)
	if expected(err) {
		return nil, nil //nolint:nilnil // the session has ended
	}
	if err != nil {
		return nil, storeFailed("load session", err)
	}
	if !session.Idle.After(now) || !session.Expires.After(now) {
		return nil, nil //nolint:nilnil // the session has expired
	}
	account, err := s.store.Account(ctx, iss.Key(), session.Subject)
	if expected(err) || account.Disabled {
		return nil, nil //nolint:nilnil // the account is gone or disabled
	}
	if err != nil {
		return nil, storeFailed("load account", err)
	}
	if now.Sub(session.Seen) >= touchEvery {
		err := s.store.TouchSession(ctx, iss.Key(), session.ID, now, earlier(now.Add(iss.Policy.SessionIdle), session.Expires))
		if err != nil && !expected(err) {
			return nil, storeFailed("touch session", err)
		}
	}
	return &signedIn{session: session, account: account, handle: handle}, nil
}

// authentication is how, and when, a user proved who they are: what ID tokens say of it (OpenID Connect Core §2).
type authentication struct {
	at  time.Time
	acr string
	amr []string
}

// byPassword is an authentication that has just taken place.
func (s *Server) byPassword() authentication {
	return authentication{at: s.now(), acr: acrPassword, amr: []string{amrPassword}}
}

// startSession starts a session for a user who has just authenticated. It has a new id and secret each time, and the session
// that the browser had before ends (ASVS 7.2.4).
func (s *Server) startSession(w http.ResponseWriter, r *http.Request, iss *issuer, account store.Account, how authentication, before *signedIn) (*signedIn, error) {
	now := s.now()
	handle := store.NewHandle(now)
	expires := now.Add(iss.Policy.SessionAbsolute)
	old, err := s.outgoing(r.Context(), iss, account, before)
	if err != nil {
		return nil, err
	}
	session := store.Session{
		Workspace:  iss.Key(),
		ID:         handle.ID,
		SecretHash: handle.Hash(),
		Subject:    account.Subject,
		AuthTime:   how.at,
		ACR:        how.acr,
		AMR:        how.amr,
		UserAgent:  strings.ToValidUTF8(truncate(r.UserAgent(), maxUserAgent), ""),
		Created:    now,
		Seen:       now,
		Idle:       earlier(now.Add(iss.Policy.SessionIdle), expires),
		Expires:    expires,
	}
	if err := s.store.ReplaceSession(r.Context(), old, session); err != nil {
		return nil, storeFailed("start session", err)
	}
	setCookie(w, sessionCookie(iss), handle, 0)
	return &signedIn{session: session, account: account, handle: handle}, nil
}

// outgoing is the session that the new one goes on from: the one of the same user. Another user's ends here, and its clients are
// told (OpenID Connect Back-Channel Logout 1.0 §2).
func (s *Server) outgoing(ctx context.Context, iss *issuer, account store.Account, before *signedIn) (string, error) {
	switch {
	case before == nil:
		return "", nil
	case before.account.Subject == account.Subject:
		return before.session.ID, nil
	}
	if err := s.endSSOSession(ctx, iss, before.session.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", storeFailed("end session", err)
	}
	return "", nil
}

const maxUserAgent = 256

func truncate(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return text[:length]
}

// sid names the session towards one client, so that two clients cannot tell that they have the same session (OpenID Connect
// Back-Channel Logout §2.1).
func sid(sessionID, clientID string) string {
	sum := sha256.Sum256([]byte(sessionID + "\x00" + clientID))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// endSession ends the user's session and all that hangs on it, offline access excepted.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn) error {
	err := s.endSSOSession(r.Context(), iss, user.session.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return storeFailed("end session", err)
	}
	deleteCookie(w, sessionCookie(iss))
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
