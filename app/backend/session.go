package backend

import (
	"context"
	"errors"
	"net/url"

	"cloakroom/bff/api"
)

// What the stream of session events says about itself, besides the events of the contract.
const (
	EventLost   = "lost"   // the connection broke; the browser makes a new one
	EventClosed = "closed" // there is no stream, and there will be none
)

// Event is one event of the session's stream.
type Event struct {
	Name string
	Data string
}

// Extend is the user's wish to stay: the session's idle end moves.
func (c *Client) Extend(ctx context.Context) (api.Session, error) {
	var session api.Session
	err := c.Call(ctx, "POST", api.PathSessionExtend, nil, &session)
	return session, err
}

// Refresh has the BFF renew the access token now.
func (c *Client) Refresh(ctx context.Context) (api.Session, error) {
	var session api.Session
	err := c.Call(ctx, "POST", api.PathSessionRefresh, nil, &session)
	return session, err
}

// Expire has the BFF take the session's access tokens for expired, where that is demonstrated: the next call renews them.
func (c *Client) Expire(ctx context.Context) (api.Session, error) {
	var session api.Session
	err := c.Call(ctx, "POST", api.PathSessionExpire, nil, &session)
	return session, err
}

// Sessions lists the user's sessions, this one among them.
func (c *Client) Sessions(ctx context.Context) ([]api.SessionInfo, error) {
	var sessions []api.SessionInfo
	err := c.Call(ctx, "GET", api.PathSessions, nil, &sessions)
	return sessions, err
}

// EndSession ends one of the user's sessions.
func (c *Client) EndSession(ctx context.Context, handle string) error {
	return c.Call(ctx, "DELETE", api.PathSessions+"/"+url.PathEscape(handle), nil, nil)
}

// EndOtherSessions ends all of the user's sessions but this one.
func (c *Client) EndOtherSessions(ctx context.Context) error {
	return c.Call(ctx, "DELETE", api.PathSessions+"?scope=others", nil, nil)
}

// StepUp returns the path of the sign-in that an API asks for before it does what it was asked (RFC 9470), and whether
// err says so.
func StepUp(err error) (path string, ok bool) {
	refused, ok := errors.AsType[*Error](err)
	if !ok || refused.Problem.Code != api.StepUpRequired {
		return "", false
	}
	return refused.Problem.LoginURL, true
}

// NotFound reports whether err says that there is nothing of that name.
func NotFound(err error) bool {
	refused, ok := errors.AsType[*Error](err)
	return ok && refused.Problem.Status == 404
}
