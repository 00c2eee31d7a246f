package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"cloakroom/bff/api"
)

var (
	// ErrUnreachable means that no answer came: the network failed, or the deadline passed.
	ErrUnreachable = errors.New("no answer from the server")
	// ErrAnswer means that an answer came which is not what the contract says.
	ErrAnswer = errors.New("the answer is not understood")

	errPath = errors.New("the path does not start with a single slash")
)

// Error is a refusal. Problem is empty, but for its status, when the answer carried none (RFC 9457 §3).
type Error struct {
	Problem api.Problem
}

// Error names the status and the code. It is for developers: people read app/text.
func (e *Error) Error() string {
	return fmt.Sprintf("status %d, code %q, request %q", e.Problem.Status, e.Problem.Code, e.Problem.RequestID)
}

// SignedOut reports whether err says that there is no usable session. Only the BFF's own codes say so: a 401 of the API
// behind it, or an outage, does not mean that the user is signed out.
func SignedOut(err error) bool {
	refused, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch refused.Problem.Code {
	case api.SessionMissing, api.SessionExpired, api.SessionRevoked:
		return true
	default:
		return false
	}
}

// Unreachable reports whether err leaves open what the server would have said: no answer, or one that admits that
// something behind it is down.
func Unreachable(err error) bool {
	if errors.Is(err, ErrUnreachable) {
		return true
	}
	refused, ok := errors.AsType[*Error](err)
	return ok && refused.Problem.Status >= 500
}

// Unanswered reports whether what was asked for may have been done all the same: nobody waited for the answer to its end.
func Unanswered(err error) bool {
	refused, ok := errors.AsType[*Error](err)
	return errors.Is(err, ErrUnreachable) || ok && refused.Problem.Status == 504
}

// refusal reads a problem document. The status line outranks the status member (RFC 9457 §3.1.2: the member is advisory).
func refusal(response Response) *Error {
	refused := &Error{}
	mediaType, _, _ := strings.Cut(response.ContentType, ";")
	if strings.EqualFold(strings.TrimSpace(mediaType), api.ProblemType) {
		if json.Unmarshal(response.Body, &refused.Problem) != nil {
			refused.Problem = api.Problem{}
		}
	}
	refused.Problem.Status = response.Status
	return refused
}
