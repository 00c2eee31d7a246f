package authserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/store"
	"cloakroom/authserver/token"
	"cloakroom/authserver/trace"
)

// notice is one client that is told that one of its sessions has ended.
type notice struct {
	iss      *issuer
	clientID string
	uri      string
	subject  string
	sid      string
}

// Limits of the deliveries.
const (
	// maxNotices is how many deliveries may be under way or waiting to be tried again.
	maxNotices = 1000
	// maxPosts is how many are being made.
	maxPosts = 16
	// logoutLifetime is how long a logout token is good (OpenID Connect Back-Channel Logout 1.0 §4: at most two minutes).
	logoutLifetime = 2 * time.Minute
	// farewell is how long deliveries may go on when the server stops.
	farewell = 3 * time.Second
	// maxLogoutAnswer is as much as is read of an answer.
	maxLogoutAnswer = 4 << 10
)

// backchannel tells clients on the back channel that a session has ended (OpenID Connect Back-Channel Logout 1.0). What it has not
// delivered is lost when the process ends: the client then learns it at its next refresh, whose grant is revoked (L08).
type backchannel struct {
	client  *http.Client
	audit   *audit.Log
	log     *slog.Logger
	trace   *trace.Feed // nil: off
	now     func() time.Time
	count   func(outcome string)
	pauses  []time.Duration // before each attempt
	waiting chan struct{}   // a slot for each notice
	posting chan struct{}   // a slot for each post
	closing chan struct{}
	once    sync.Once
	running sync.WaitGroup
}

func newBackchannel(client *http.Client, log *slog.Logger, events *audit.Log, now func() time.Time, count func(outcome string)) *backchannel {
	return &backchannel{
		client: client, audit: events, log: log, now: now, count: count,
		pauses:  []time.Duration{0, time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute},
		waiting: make(chan struct{}, maxNotices),
		posting: make(chan struct{}, maxPosts),
		closing: make(chan struct{}),
	}
}

// endSSOSession ends a session and all that hangs on it, offline access excepted, and tells every client that had a part in it: the
// one way by which a user's session ends here. ErrNotFound when it has ended before.
func (s *Server) endSSOSession(ctx context.Context, iss *issuer, sessionID string) error {
	_, grants, err := s.store.EndSession(ctx, iss.Key(), sessionID)
	if err != nil {
		return err
	}
	s.tellClients(ctx, iss, grants)
	return nil
}

// tellClients tells every client with one of the grants that its user's session has ended.
func (s *Server) tellClients(ctx context.Context, iss *issuer, grants []store.Grant) {
	told := map[string]bool{}
	for _, grant := range grants {
		registered := iss.Find(grant.ClientID)
		if registered == nil || registered.BackchannelLogoutURI == "" || told[grant.SID] {
			continue
		}
		told[grant.SID] = true // a sid is one client's; a client that asked for a fresh sign-in knows the session by two
		s.backchannel.tell(ctx, notice{
			iss: iss, clientID: grant.ClientID, uri: registered.BackchannelLogoutURI, subject: grant.Subject, sid: grant.SID,
		})
	}
}

// tell delivers a notice in the background. When too many wait, it is dropped: an outage of clients does not become one of ours.
func (b *backchannel) tell(ctx context.Context, n notice) {
	select {
	case b.waiting <- struct{}{}:
	default:
		b.ended(ctx, n, "dropped", errors.New("too many deliveries are waiting"))
		return
	}
	ctx = context.WithoutCancel(ctx) // the answer to the user does not wait for it
	b.running.Go(func() {
		defer func() { <-b.waiting }()
		b.deliver(ctx, n)
	})
}

// deliver tries until the client has understood or refused, or the attempts are used up.
func (b *backchannel) deliver(ctx context.Context, n notice) {
	var err error
	for attempt, pause := range b.pauses {
		if !b.sleep(pause) {
			b.ended(ctx, n, "abandoned", errors.Join(errors.New("the server stops"), err))
			return
		}
		var final bool
		if final, err = b.attempt(ctx, n); err == nil {
			b.ended(ctx, n, "delivered", nil)
			return
		}
		if final {
			break
		}
		b.log.InfoContext(ctx, "back-channel logout is tried again", "workspace", n.iss.Key(), "client_id", n.clientID, "attempt", attempt+1, "error", err)
	}
	b.ended(ctx, n, "failed", err)
}

func (b *backchannel) ended(ctx context.Context, n notice, outcome string, err error) {
	b.count(outcome)
	if err == nil {
		b.audit.Record(ctx, audit.LogoutDelivered, n.iss.Key(), "client_id", n.clientID, "subject", n.subject)
		return
	}
	b.audit.Record(ctx, audit.LogoutNotDelivered, n.iss.Key(), "client_id", n.clientID, "subject", n.subject, "outcome", outcome)
	b.log.WarnContext(ctx, "back-channel logout was not delivered", "workspace", n.iss.Key(), "client_id", n.clientID, "outcome", outcome, "error", err)
}

// sleep reports false when the server stops meanwhile. A first attempt is made even then.
func (b *backchannel) sleep(pause time.Duration) bool {
	if pause == 0 {
		return true
	}
	select {
	case <-time.After(pause):
		return true
	case <-b.closing:
		return false
	}
}

// attempt makes one request, with a token of its own: an earlier one may have arrived, and its jti with it. Final says that trying
// again would change nothing.
func (b *backchannel) attempt(ctx context.Context, n notice) (final bool, err error) {
	b.posting <- struct{}{}
	defer func() { <-b.posting }()
	now := b.now()
	text, err := n.iss.tokens.SignLogout(token.Logout{
		ID: store.NewID(now), Subject: n.subject, ClientID: n.clientID, SID: n.sid, Issued: now, Expires: now.Add(logoutLifetime),
	})
	if err != nil {
		return false, err
	}
	form := url.Values{"logout_token": {text}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.uri, strings.NewReader(form))
	if err != nil {
		return true, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	told := b.trace.Send(trace.BackchannelLogout, request, form, func(id string) bool { return id == n.clientID }, n.sid)
	response, err := b.client.Do(request)
	if err != nil {
		return errors.Is(err, ErrOutbound), err
	}
	told.Answered(response.StatusCode)
	_, _ = io.CopyN(io.Discard, response.Body, maxLogoutAnswer) // so that the connection can be used again
	_ = response.Body.Close()
	// §2.8: 200, or 204, means that the client is logged out; 400 that it refuses the token. What comes between is for another try.
	switch code := response.StatusCode; {
	case code == http.StatusOK || code == http.StatusNoContent:
		return true, nil
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= http.StatusInternalServerError:
		return false, fmt.Errorf("the client answered %d", code)
	default:
		return true, fmt.Errorf("the client answered %d", code)
	}
}

// close gives what is under way a moment.
func (b *backchannel) close() {
	b.once.Do(func() { close(b.closing) })
	done := make(chan struct{})
	go func() {
		b.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(farewell):
	}
}
