package backend

import (
	"context"
	"net/url"
	"time"

	"cloakroom/bff/api"
)

const pathNotes = api.PathAPI + "notes"

// Note is one of the user's notes in the demo API.
type Note struct {
	ID        string    `json:"id"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
}

// ListNotes returns the user's notes, in the API's order.
func (c *Client) ListNotes(ctx context.Context) ([]Note, error) {
	var list struct {
		Notes []Note `json:"notes"`
	}
	err := c.Call(ctx, "GET", pathNotes, nil, &list)
	return list.Notes, err
}

// AddNote stores a note and returns it as the API keeps it.
func (c *Client) AddNote(ctx context.Context, text string) (Note, error) {
	var note Note
	err := c.Call(ctx, "POST", pathNotes, struct {
		Text string `json:"text"`
	}{text}, &note)
	return note, err
}

// DeleteNote deletes the note with the given id.
func (c *Client) DeleteNote(ctx context.Context, id string) error {
	return c.Call(ctx, "DELETE", pathNotes+"/"+url.PathEscape(id), nil, nil)
}

// DeleteAllNotes deletes the user's notes. The API may ask for a fresh sign-in first: see [StepUp].
func (c *Client) DeleteAllNotes(ctx context.Context) error {
	return c.Call(ctx, "DELETE", pathNotes, nil, nil)
}
