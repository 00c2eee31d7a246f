package bff

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"cloakroom/bff/api"
)

// refusal is an error with an answer: the code and the detail are sent, the cause is logged.
type refusal struct {
	code     api.Code
	detail   string
	cause    error
	loginURL string
	// allow is the Allow header of a 405.
	allow []string
	// clear names cookies to delete along with the answer.
	clear []string
	// oauthError is for answers whose form a specification prescribes: {"error": …} (RFC 6749 §5.2).
	oauthError string
}

// refuse makes an error that is answered with code. The detail is for people: it names no secret and no internal host.
func refuse(code api.Code, detail string) *refusal { return &refusal{code: code, detail: detail} }

func (e *refusal) because(cause error) *refusal {
	e.cause = cause
	return e
}

func (e *refusal) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("%s: %s", e.code, e.detail)
	}
	return fmt.Sprintf("%s: %s: %v", e.code, e.detail, e.cause)
}

func (e *refusal) Unwrap() error { return e.cause }

// statuses is the only place where a code gets its status. 401: no usable session. 403: refused although the session
// may be fine. 503: we cannot know.
var statuses = map[api.Code]int{
	api.InvalidRequest:      http.StatusBadRequest,
	api.InvalidReturnURL:    http.StatusBadRequest,
	api.UnknownProvider:     http.StatusBadRequest,
	api.InvalidPath:         http.StatusBadRequest,
	api.DuplicateCookie:     http.StatusBadRequest,
	api.SessionMissing:      http.StatusUnauthorized,
	api.SessionExpired:      http.StatusUnauthorized,
	api.SessionRevoked:      http.StatusUnauthorized,
	api.StepUpRequired:      http.StatusUnauthorized,
	api.CSRFRejected:        http.StatusForbidden,
	api.NavigationRequired:  http.StatusForbidden,
	api.NotFound:            http.StatusNotFound,
	api.MethodNotAllowed:    http.StatusMethodNotAllowed,
	api.BodyTooSlow:         http.StatusRequestTimeout,
	api.BodyTooLarge:        http.StatusRequestEntityTooLarge,
	api.WrongHost:           http.StatusMisdirectedRequest,
	api.LoginLoop:           http.StatusTooManyRequests,
	api.TooManyStreams:      http.StatusTooManyRequests,
	api.Internal:            http.StatusInternalServerError,
	api.UpstreamInvalid:     http.StatusBadGateway,
	api.UpstreamUnavailable: http.StatusBadGateway,
	api.StoreUnavailable:    http.StatusServiceUnavailable,
	api.IDPUnavailable:      http.StatusServiceUnavailable,
	api.UpstreamTimeout:     http.StatusGatewayTimeout,
	// A failed sign-in whose transaction is not known has no returnUrl to go to: it ends on a page.
	api.AccessDenied:        http.StatusBadRequest,
	api.LoginRequired:       http.StatusBadRequest,
	api.TransactionExpired:  http.StatusBadRequest,
	api.StateMismatch:       http.StatusBadRequest,
	api.IssuerMismatch:      http.StatusBadRequest,
	api.IDTokenInvalid:      http.StatusBadRequest,
	api.StepUpUnmet:         http.StatusBadRequest,
	api.TokenExchangeFailed: http.StatusBadRequest,
}

// statusClientGone is what logs show for a client that did not wait for its answer.
const statusClientGone = 499

// asRefusal finds the answer to an error; one that nobody foresaw becomes internal_error.
func asRefusal(err error) *refusal {
	if found, ok := errors.AsType[*refusal](err); ok {
		return found
	}
	return refuse(api.Internal, "something went wrong here").because(err)
}

// writeError answers err: a page to a navigation, problem+json to everything else (RFC 9457). It is the only writer of
// errors, and their only logger.
func (b *BFF) writeError(w http.ResponseWriter, r *http.Request, err error) {
	// net/http also says that the browser has left when its body did not come in time.
	if errors.Is(context.Cause(r.Context()), context.Canceled) && !errors.Is(err, errBodySlow) {
		w.WriteHeader(statusClientGone) // for the log: nobody reads it
		return
	}
	refused := asRefusal(err)
	status := statuses[refused.code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	problem := api.Problem{
		Title: http.StatusText(status), Status: status, Detail: refused.detail, Code: refused.code,
		RequestID: rand.Text(), LoginURL: refused.loginURL,
	}
	b.logRefusal(r, refused, problem)
	refusedIn(r.Context(), refused, problem.RequestID)
	b.flow(r.Context()).Refused(string(refused.code))
	b.secure(w.Header())
	if refused.allow != nil {
		w.Header().Set("Allow", strings.Join(refused.allow, ", "))
	}
	for _, name := range refused.clear {
		http.SetCookie(w, deletedCookie(name))
	}
	if refused.oauthError != "" {
		writeJSON(w, "application/json", status, map[string]string{"error": refused.oauthError, "error_description": refused.detail})
		return
	}
	if isNavigation(r) {
		b.writePage(w, problem)
		return
	}
	writeJSON(w, api.ProblemType, status, problem)
}

func (b *BFF) logRefusal(r *http.Request, refused *refusal, problem api.Problem) {
	level := slog.LevelWarn
	if problem.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attributes := []slog.Attr{
		slog.String("code", string(refused.code)), slog.String("detail", refused.detail),
		slog.String("request_id", problem.RequestID), slog.String("method", r.Method), slog.String("path", r.URL.Path),
	}
	if refused.cause != nil {
		attributes = append(attributes, slog.String("cause", refused.cause.Error()))
	}
	b.log.LogAttrs(r.Context(), level, "refused", attributes...)
	if guardCodes[refused.code] {
		b.audit(r.Context(), auditRefused, string(refused.code), slog.String("request_id", problem.RequestID))
	}
	if strings.HasPrefix(r.URL.Path, api.PathCallback) {
		b.audit(r.Context(), auditSignIn, string(refused.code), slog.String("request_id", problem.RequestID))
	}
}

// isNavigation reports whether the answer is shown to a person. A client without Sec-Fetch-Mode says so by asking for
// HTML.
func isNavigation(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"code":"internal_error"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// The page has no script, no link to another place and no style but its own, whose hash is in the policy.
var errorPage = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>` + errorStyle + `</style></head><body><main>
<h1>This did not work</h1><p id="error_detail">{{.Detail}}</p><p><a id="continue" href="/">Continue to the app</a></p>
<p><small>{{.Code}} · {{.RequestID}}</small></p></main></body></html>
`))

const errorStyle = `body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}`

func (b *BFF) writePage(w http.ResponseWriter, problem api.Problem) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", b.pagePolicy)
	w.WriteHeader(problem.Status)
	if err := errorPage.Execute(w, problem); err != nil {
		b.log.Error("write error page", "error", err)
	}
}
