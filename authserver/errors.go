package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cloakroom/authserver/dpop"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// retryAfter is how many seconds a client is asked to wait while the store is down.
const retryAfter = 5

// pageError is an error that a person reads: what happened, and what to do. It never names what the attacker of a person
// could use.
type pageError struct {
	status int
	title  text.Message
	text   text.Message
	// next leads on: the application's home page. Empty for none.
	next     string
	nextName text.Message
	wait     int // Retry-After in seconds
	cause    error
}

func (e *pageError) Error() string {
	if e.cause == nil {
		return e.title.String()
	}
	return e.title.String() + ": " + e.cause.Error()
}

func (e *pageError) Unwrap() error { return e.cause }

// storeFailed turns what a verb of the store cannot mean into an outage: 503, never a wrong answer. What it can mean, its caller
// has looked at before.
func storeFailed(operation string, err error) error {
	return oauth.TemporarilyUnavailable.Errorf("try again later").Because(fmt.Errorf("%s: %w", operation, err))
}

// expected reports whether a verb answered, if only that there is no such thing.
func expected(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConsumed) || errors.Is(err, store.ErrRevoked) || errors.Is(err, store.ErrConflict)
}

// asOAuth finds the OAuth error for a client; what was meant for a person is a mistake of the client's.
func asOAuth(err error) *oauth.Error {
	if page, ok := errors.AsType[*pageError](err); ok {
		return oauth.InvalidRequest.Errorf("%s", strings.ToLower(page.title.String())).Because(page.cause)
	}
	return oauth.AsError(err)
}

// status is the HTTP status of an error that is not a redirect.
func status(err error) int {
	if page, ok := errors.AsType[*pageError](err); ok {
		return page.status
	}
	if errors.Is(err, errTooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return oauth.AsError(err).Code.Status()
}

// logError writes the one error line of a request. A client's mistake is no error of ours.
func (s *Server) logError(ctx context.Context, err error, code int) {
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		s.log.DebugContext(ctx, "request abandoned", "request_id", requestID(ctx), "error", err)
	case code >= http.StatusInternalServerError:
		s.log.ErrorContext(ctx, "request failed", "request_id", requestID(ctx), "status", code, "error", err)
	default:
		s.log.InfoContext(ctx, "request refused", "request_id", requestID(ctx), "status", code, "error", err)
	}
}

// writeAPIError answers a client on the back channel: JSON (RFC 6749 §5.2).
func (s *Server) writeAPIError(w http.ResponseWriter, r *http.Request, err error) {
	e, code := asOAuth(err), status(err)
	s.logError(r.Context(), err, code)
	setRetryAfter(w, code, retryAfter)
	// RFC 6749 §5.2: a client that authenticated by the Authorization header gets its scheme back with the 401. HTTP wants the
	// header with every 401 (RFC 9110 §15.5.2).
	if e.Code == oauth.InvalidClient {
		w.Header().Set("WWW-Authenticate", `Basic realm="authorization server", charset="UTF-8"`)
	}
	if e.Code == oauth.InvalidToken { // RFC 7591 §3, RFC 7592 §2: initial and registration access tokens are bearer tokens
		w.Header().Set("WWW-Authenticate", challengeOf(oauth.TokenTypeBearer, e))
	}
	body := map[string]string{"error": string(e.Code)}
	if e.Description != "" {
		body["error_description"] = e.Description
	}
	writeJSON(w, code, body)
}

// writeBearerError answers a request that came with an access token (RFC 6750 §3).
func (s *Server) writeBearerError(w http.ResponseWriter, r *http.Request, err error) {
	e, code := asOAuth(err), status(err)
	if e.Code == oauth.InvalidDPoPProof || e.Code == oauth.UseDPoPNonce {
		code = http.StatusUnauthorized // RFC 9449 §7.1 and §9: at a resource it is a challenge
	}
	s.logError(r.Context(), err, code)
	setRetryAfter(w, code, retryAfter)
	if code < http.StatusInternalServerError {
		for _, scheme := range schemesFor(r, e) {
			w.Header().Add("WWW-Authenticate", challengeOf(scheme, e))
		}
	}
	writeJSON(w, code, map[string]string{"error": string(e.Code), "error_description": e.Description})
}

// schemesFor are the schemes that a challenge names: both where either would do, and only DPoP where a bearer token would not.
func schemesFor(r *http.Request, e *oauth.Error) []string {
	usedDPoP := strings.HasPrefix(strings.ToLower(r.Header.Get("Authorization")), "dpop ")
	aboutDPoP := e.Code == oauth.InvalidDPoPProof || e.Code == oauth.UseDPoPNonce
	switch {
	case errors.Is(e, errNoToken):
		return []string{oauth.TokenTypeBearer, oauth.TokenTypeDPoP}
	case aboutDPoP, errors.Is(e, errScheme) != usedDPoP:
		return []string{oauth.TokenTypeDPoP}
	default:
		return []string{oauth.TokenTypeBearer}
	}
}

// challengeOf has no error code for a request that had no token at all (RFC 6750 §3.1). With DPoP it says which algorithms a proof
// may be signed with (RFC 9449 §7.1).
func challengeOf(scheme string, e *oauth.Error) string {
	var parameters []string
	if scheme == oauth.TokenTypeDPoP {
		parameters = append(parameters, fmt.Sprintf("algs=%q", strings.Join(algorithmNames(dpop.Algorithms()), " ")))
	}
	if !errors.Is(e, errNoToken) {
		parameters = append(parameters, fmt.Sprintf("error=%q", string(e.Code)), fmt.Sprintf("error_description=%q", e.Description))
	}
	return strings.TrimSuffix(scheme+" "+strings.Join(parameters, ", "), " ")
}

// writePageError answers a person's browser: by redirect if the error holds a verified redirect, else with a page
// (RFC 6749 §4.1.2.1). An outage is always a page: a client that gets it by redirect would only come back at once.
func (s *Server) writePageError(w http.ResponseWriter, r *http.Request, iss *issuer, err error) {
	e := oauth.AsError(err)
	redirected, ok := errors.AsType[*redirectedError](err)
	if ok && iss != nil && e.Code != oauth.TemporarilyUnavailable {
		s.logError(r.Context(), err, http.StatusSeeOther)
		s.answerClient(w, r, iss, redirected.redirect, errorParameters(iss.Issuer(), redirected.state, e))
		return
	}
	code := status(err)
	s.logError(r.Context(), err, code)
	page := errorPage(err, code)
	setRetryAfter(w, code, max(page.wait, retryAfter))
	data := ui.Error{Title: page.title, Text: page.text, Next: page.next, NextName: page.nextName, RequestID: requestID(r.Context())}
	s.render(w, r, iss, code, pageOptions{}, data)
}

func errorParameters(issuer, state string, e *oauth.Error) url.Values {
	parameters := url.Values{"error": {string(e.Code)}, "iss": {issuer}} // RFC 9207 §2: iss in error responses too
	if e.Description != "" {
		parameters.Set("error_description", e.Description)
	}
	if state != "" {
		parameters.Set("state", state)
	}
	return parameters
}

// errorPage finds the words for an error that has none for people.
func errorPage(err error, code int) *pageError {
	if page, ok := errors.AsType[*pageError](err); ok {
		return page
	}
	e := oauth.AsError(err)
	switch {
	case code == http.StatusServiceUnavailable:
		return &pageError{title: text.Of("error.outage.title"), text: text.Of("error.outage.text")}
	case code >= http.StatusInternalServerError:
		return &pageError{title: text.Of("error.fault.title"), text: text.Of("error.fault.text")}
	default:
		return &pageError{
			title: text.Of("error.request_invalid.title"),
			text:  text.Of("error.request_invalid.text", "why", e.Description),
		}
	}
}

func setRetryAfter(w http.ResponseWriter, code, seconds int) {
	if code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
}

// writeJSON answers with JSON that nobody keeps (RFC 6749 §5.1).
func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the status is out: a failure can only be that the client went away
}

// redirectTo uses 303, which turns every method into GET, so that a browser never sends a form, with a password in it, on to
// the client (RFC 9700 §4.12).
func redirectTo(w http.ResponseWriter, location string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}
