package backend

import (
	"context"
	"errors"
	"time"

	"cloakroom/bff/api"
)

// HeldTimeout is the deadline of a call that step mode may hold for a minute.
const HeldTimeout = 90 * time.Second

// CallAPI makes a call for its own sake: to be watched.
func (c *Client) CallAPI(ctx context.Context) error {
	patient := &Client{fetcher: c.fetcher, timeout: HeldTimeout}
	return patient.Call(ctx, "GET", pathNotes, nil, nil)
}

// Step lets what is held go on.
func (c *Client) Step(ctx context.Context) error {
	return c.Call(ctx, "POST", api.PathTraceStep, api.TraceStep{}, nil)
}

// SetStepping switches step mode. Switching it off lets what is held go on.
func (c *Client) SetStepping(ctx context.Context, on bool) error {
	return c.Call(ctx, "POST", api.PathTraceStep, api.TraceStep{Stepping: &on}, nil)
}

// Why a file could not be read.
var (
	ErrNoFile      = errors.New("no file was chosen")
	ErrFileTooBig  = errors.New("the file is too large")
	ErrFileUnknown = errors.New("the file cannot be read")
)
