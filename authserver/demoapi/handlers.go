package demoapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Note is a note of a user.
type Note struct {
	ID        string    `json:"id"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
}

const (
	// maxText is the longest text, in characters.
	maxText = 1000
	// maxBody is the largest body, in bytes: maxText characters, each escaped, and some room.
	maxBody = 16 << 10
)

// list answers with the user's notes, newest first.
func (a *API) list(w http.ResponseWriter, r *http.Request, owner user) error {
	found, err := a.notes.list(r.Context(), owner)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Notes []Note `json:"notes"`
	}{found})
}

// add keeps a note and answers with it.
func (a *API) add(w http.ResponseWriter, r *http.Request, owner user) error {
	text, err := readText(w, r)
	if err != nil {
		return err
	}
	note, err := a.notes.add(r.Context(), owner, text, a.now())
	if err != nil {
		return err
	}
	a.events.publish(owner, change{Change: "added", Note: &note})
	return writeJSON(w, http.StatusCreated, note)
}

// remove deletes one of the user's own notes. Another user's is not there.
func (a *API) remove(w http.ResponseWriter, r *http.Request, owner user) error {
	id := r.PathValue("id")
	if err := a.notes.remove(r.Context(), owner, id); err != nil {
		return err
	}
	a.events.publish(owner, change{Change: "deleted", ID: id})
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// clear deletes all of the user's notes. Its route asks for a recent authentication, and for a stronger one if so configured (RFC 9470).
func (a *API) clear(w http.ResponseWriter, r *http.Request, owner user) error {
	if err := a.notes.clear(r.Context(), owner); err != nil {
		return err
	}
	a.events.publish(owner, change{Change: "cleared"})
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readText reads the text of a new note.
func readText(w http.ResponseWriter, r *http.Request) (string, error) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return "", &problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Detail: "send application/json"}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return "", (&problem{Status: http.StatusRequestEntityTooLarge, Code: "body_too_large"}).detail("the body has more than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return "", &problem{Status: http.StatusBadRequest, Code: "invalid_request", Detail: "the body could not be read"}
	}
	var note struct {
		Text *string `json:"text"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&note)
	_, rest := decoder.Token()
	if err != nil || !errors.Is(rest, io.EOF) || note.Text == nil || !utf8.Valid(data) {
		return "", &problem{Status: http.StatusBadRequest, Code: "invalid_request", Detail: `the body is not a JSON object with the one member "text"`}
	}
	return checkText(*note.Text)
}

func checkText(text string) (string, error) {
	text = strings.TrimSpace(text)
	if length := utf8.RuneCountInString(text); length == 0 || length > maxText {
		return "", (&problem{Status: http.StatusUnprocessableEntity, Code: "invalid_text"}).detail("a note has 1 to %d characters, and this one has %d", maxText, length)
	}
	return text, nil
}
