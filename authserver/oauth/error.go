package oauth

import (
	"errors"
	"fmt"
	"net/http"
)

// Code is an OAuth error code. A code is itself an error, and makes errors: InvalidGrant.Errorf("…").Because(cause).
type Code string

// The codes of RFC 6749 §4.1.2.1 and §5.2, in the RFC's order, then those of the extensions.
const (
	InvalidRequest          Code = "invalid_request"
	InvalidClient           Code = "invalid_client"
	InvalidGrant            Code = "invalid_grant"
	UnauthorizedClient      Code = "unauthorized_client"
	UnsupportedGrantType    Code = "unsupported_grant_type"
	InvalidScope            Code = "invalid_scope"
	AccessDenied            Code = "access_denied"
	UnsupportedResponseType Code = "unsupported_response_type"
	ServerError             Code = "server_error"
	TemporarilyUnavailable  Code = "temporarily_unavailable"

	InvalidToken      Code = "invalid_token"      // RFC 6750 §3.1
	InsufficientScope Code = "insufficient_scope" // RFC 6750 §3.1

	UnsupportedTokenType Code = "unsupported_token_type" // RFC 7009 §2.2.1
	InvalidTarget        Code = "invalid_target"         // RFC 8707 §2
	InvalidDPoPProof     Code = "invalid_dpop_proof"     // RFC 9449 §5
	UseDPoPNonce         Code = "use_dpop_nonce"         // RFC 9449 §8

	InvalidRedirectURI       Code = "invalid_redirect_uri"       // RFC 7591 §3.2.2
	InvalidClientMetadata    Code = "invalid_client_metadata"    // RFC 7591 §3.2.2
	InvalidSoftwareStatement Code = "invalid_software_statement" // RFC 7591 §3.2.2

	InteractionRequired      Code = "interaction_required"       // OpenID Connect Core §3.1.2.6
	LoginRequired            Code = "login_required"             // OpenID Connect Core §3.1.2.6
	AccountSelectionRequired Code = "account_selection_required" // OpenID Connect Core §3.1.2.6
	ConsentRequired          Code = "consent_required"           // OpenID Connect Core §3.1.2.6
	InvalidRequestURI        Code = "invalid_request_uri"        // OpenID Connect Core §3.1.2.6
	InvalidRequestObject     Code = "invalid_request_object"     // OpenID Connect Core §3.1.2.6
	RequestNotSupported      Code = "request_not_supported"      // OpenID Connect Core §3.1.2.6
	RequestURINotSupported   Code = "request_uri_not_supported"  // OpenID Connect Core §3.1.2.6

	UnmetAuthenticationRequirements Code = "unmet_authentication_requirements" // OpenID Connect Core Error Code unmet_authentication_requirements

	InsufficientUserAuthentication Code = "insufficient_user_authentication" // RFC 9470 §3
)

// Status is the HTTP status with which the code is sent when it is the body of an answer, and not a redirect.
func (c Code) Status() int {
	switch c {
	case InvalidClient, InvalidToken, InsufficientUserAuthentication:
		return http.StatusUnauthorized
	case InsufficientScope:
		return http.StatusForbidden
	case ServerError:
		return http.StatusInternalServerError
	case TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

func (c Code) Error() string { return string(c) }

// Errorf makes an error with a description for the client's developer. It is sent: lower case, ASCII, no secret.
func (c Code) Errorf(format string, args ...any) *Error {
	return &Error{Code: c, Description: fmt.Sprintf(format, args...)}
}

// Because makes an error without a description; cause is logged and never sent.
func (c Code) Because(cause error) *Error { return &Error{Code: c, cause: cause} }

// Error is an OAuth error: a code, a description that is sent, and a cause that is only logged.
type Error struct {
	Code        Code
	Description string
	cause       error
}

// Because sets the cause, which is logged and never sent.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

func (e *Error) Error() string {
	text := string(e.Code)
	if e.Description != "" {
		text += ": " + e.Description
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Is reports whether target is the error's code, so that errors.Is(err, oauth.InvalidGrant) works.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

func (e *Error) Unwrap() error { return e.cause }

// AsError returns err as an *Error; anything that is neither an *Error nor a Code becomes server_error because of it.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if code, ok := errors.AsType[Code](err); ok {
		return code.Because(err)
	}
	return ServerError.Because(err)
}
