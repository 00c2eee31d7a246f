package adminapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"cloakroom/authserver/document"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
)

// problem is an answer that refuses (RFC 9457): a stable type, and words for who reads it.
type problem struct {
	Type   string             `json:"type"`
	Title  string             `json:"title"`
	Status int                `json:"status"`
	Detail string             `json:"detail,omitempty"`
	Errors []document.Problem `json:"errors,omitempty"` // by place in the body

	allow string
	cause error
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

func (p *problem) Unwrap() error { return p.cause }

const problemTypes = "urn:cloakroom:problem:"

func newProblem(status int, name, title, detail string) *problem {
	return &problem{Type: problemTypes + name, Title: title, Status: status, Detail: detail}
}

var (
	errOff            = newProblem(http.StatusNotFound, "off", "The admin API is off", "no credential is configured for it: see admin in the configuration file")
	errNoResource     = newProblem(http.StatusNotFound, "not-found", "There is no such resource", "")
	errNoCredential   = newProblem(http.StatusUnauthorized, "unauthorized", "A credential is needed", "send a configured token as Authorization: Bearer, or show a client certificate")
	errCredential     = newProblem(http.StatusUnauthorized, "unauthorized", "The credential is not one of this server", "")
	errNoPrecondition = newProblem(http.StatusPreconditionRequired, "precondition-required", "If-Match is needed", "send the ETag of what you have read, so that nobody else's change is undone; or * for whichever there is")
	errStale          = newProblem(http.StatusPreconditionFailed, "changed-meanwhile", "It was changed meanwhile", "read it again, and look at what you want to change")
	errManaged        = newProblem(http.StatusConflict, "managed", "The configuration file manages it", "it is read-only here: change the file, and start the server with it")
	errExists         = newProblem(http.StatusConflict, "exists", "The name is taken", "")
	errInUse          = newProblem(http.StatusConflict, "in-use", "Something hangs on it", "a workspace has to be disabled and without clients before it is deleted, and a tenant without workspaces")
	errFull           = newProblem(http.StatusConflict, "full", "There is no room for another", "")
	errNotServed      = newProblem(http.StatusConflict, "not-served", "The workspace is not served", "enable it first: the keys of one that is disabled are not open")
	errUnavailable    = newProblem(http.StatusServiceUnavailable, "unavailable", "Not possible just now", "the store does not answer; whether the change was kept, a look at it tells")
)

func badRequest(detail string) error {
	return newProblem(http.StatusBadRequest, "bad-request", "The request cannot be read", detail)
}

func invalid(problems []document.Problem) error {
	p := newProblem(http.StatusUnprocessableEntity, "invalid", "The document has problems", "errors says where")
	p.Errors = problems
	return p
}

func mediaTypeProblem(types []string) error {
	return newProblem(http.StatusUnsupportedMediaType, "media-type", "The body has another type", "send "+strings.Join(types, " or "))
}

func tooLargeProblem(limit int64) error {
	return newProblem(http.StatusRequestEntityTooLarge, "too-large", "The body is too large", fmt.Sprintf("the limit is %d bytes", limit))
}

func methodProblem(methods []string) error {
	p := newProblem(http.StatusMethodNotAllowed, "method", "The resource is not for this method", "")
	p.allow = strings.Join(methods, ", ")
	return p
}

// asProblem is what an error means to the caller. What nobody foresaw is an outage, whose cause is in the log only.
func asProblem(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if wrong, ok := errors.AsType[*registry.Invalid](err); ok {
		return invalid(wrong.Problems).(*problem) //nolint:errorlint,forcetypeassert // it is what invalid makes
	}
	for _, known := range []struct {
		is   error
		says *problem
	}{
		{registry.ErrNotFound, errNoResource},
		{store.ErrNotFound, errNoResource},
		{registry.ErrExists, errExists},
		{registry.ErrManaged, errManaged},
		{registry.ErrStale, errStale},
		{store.ErrConflict, errStale},
		{registry.ErrInUse, errInUse},
		{registry.ErrFull, errFull},
	} {
		if errors.Is(err, known.is) {
			return known.says
		}
	}
	p := *errUnavailable
	p.cause = err
	return &p
}

// writeProblem is the one place that writes an error.
func (a *API) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	if p.Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		a.Log.ErrorContext(r.Context(), "admin request failed", "method", r.Method, "error", err)
	}
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="admin"`)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", p.allow)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, "application/problem+json", p.Status, p)
}
