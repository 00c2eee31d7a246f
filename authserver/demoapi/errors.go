package demoapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// problem is an error that is sent (RFC 9457). Code is stable; Detail is for people.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitzero"`
	Code   string `json:"code"`
}

func (p *problem) Error() string { return p.Code + ": " + p.Detail }

func (p *problem) detail(format string, args ...any) *problem {
	p.Detail = fmt.Sprintf(format, args...)
	return p
}

// problemOf is how an error is told to the client. What is not foreseen is told to the log only.
func problemOf(err error) *problem {
	if known, ok := errors.AsType[*problem](err); ok {
		return known
	}
	switch {
	case errors.Is(err, errNotFound):
		return &problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no such note"}
	case errors.Is(err, errTooManyNotes):
		return (&problem{Status: http.StatusConflict, Code: "too_many_notes"}).detail("a user has %d notes at most; delete one first", maxNotes)
	case errors.Is(err, errNoUser):
		return &problem{Status: http.StatusForbidden, Code: "user_required", Detail: "notes belong to users, and the access token stands for none"}
	default:
		return &problem{Status: http.StatusServiceUnavailable, Code: "store_unavailable", Detail: "the notes cannot be reached at the moment"}
	}
}

// writeError answers with an error. It is the only place that does, but for what package resource refuses.
func (a *API) writeError(w http.ResponseWriter, r *http.Request, err error) {
	told := problemOf(err)
	told.Title = http.StatusText(told.Status)
	if told.Status >= http.StatusInternalServerError {
		a.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	if told.Status == http.StatusServiceUnavailable || told.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(told.Status)
	_ = json.NewEncoder(w).Encode(told) // the client is gone if this fails
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the client is gone if this fails
	return nil
}
