package resource

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cloakroom/authserver/oauth"
)

// retryAfter is the Retry-After of a 503, in seconds.
const retryAfter = 5

// challenge is a refusal that tells the client what would do (RFC 6750 §3, RFC 9470 §3).
type challenge struct {
	scheme      string // Bearer when empty
	code        oauth.Code
	description string
	scopes      oauth.Scopes
	maxAge      time.Duration
	acr         []string
}

func (c *challenge) Error() string { return string(c.code) + ": " + c.description }

// header is the value of WWW-Authenticate. All of it comes from constants and configuration.
func (c *challenge) header() string {
	parameters := []string{`realm="api"`}
	add := func(name, value string) {
		if value != "" {
			parameters = append(parameters, name+`="`+value+`"`)
		}
	}
	add("error", string(c.code))
	add("error_description", c.description)
	add("scope", c.scopes.String())
	add("acr_values", strings.Join(c.acr, " "))
	if c.code == oauth.InsufficientUserAuthentication {
		add("max_age", strconv.Itoa(int(c.maxAge.Seconds())))
	}
	if c.scheme == oauth.TokenTypeDPoP {
		add("algs", proofAlgorithms()) // RFC 9449 §7.1
	}
	return cmp.Or(c.scheme, oauth.TokenTypeBearer) + " " + strings.Join(parameters, ", ")
}

// refuse answers a request that is not let through. It is the only place that does.
func (v *Verifier) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrUnavailable) {
		// Nobody knows whether the token is good, so it is not called bad.
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		writeProblem(w, http.StatusServiceUnavailable, oauth.TemporarilyUnavailable, "the access token cannot be verified at the moment")
		return
	}
	refusal := refusalOf(err)
	v.config.Logger.DebugContext(r.Context(), "request refused", "method", r.Method, "path", r.URL.Path, "error", err)
	w.Header().Set("WWW-Authenticate", refusal.header())
	if refusal.code == "" { // either would do
		w.Header().Add("WWW-Authenticate", (&challenge{scheme: oauth.TokenTypeDPoP}).header())
	}
	writeProblem(w, statusOf(refusal), refusal.code, refusal.description)
}

func refusalOf(err error) *challenge {
	if refusal, ok := errors.AsType[*challenge](err); ok {
		return refusal
	}
	if wrong, ok := errors.AsType[*oauth.Error](err); ok {
		return &challenge{code: wrong.Code, description: wrong.Description}
	}
	if errors.Is(err, errNoToken) {
		return &challenge{} // RFC 6750 §3.1: no error code for a request that does not try
	}
	return &challenge{code: oauth.InvalidToken, description: "the access token is invalid or has expired"}
}

func statusOf(refusal *challenge) int {
	if refusal.code == "" {
		return http.StatusUnauthorized
	}
	// RFC 9449 §7.1 and §9: at a resource these are challenges.
	if refusal.code == oauth.InvalidDPoPProof || refusal.code == oauth.UseDPoPNonce {
		return http.StatusUnauthorized
	}
	return refusal.code.Status()
}

// problem is an error for a fetch (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitzero"`
	Code   string `json:"code"`
}

func writeProblem(w http.ResponseWriter, status int, code oauth.Code, detail string) {
	if code == "" {
		code = "token_missing"
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// The client is gone if this fails.
	_ = json.NewEncoder(w).Encode(problem{Title: http.StatusText(status), Status: status, Detail: detail, Code: string(code)})
}
