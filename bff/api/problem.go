package api

// ProblemType is the media type of every error that the BFF writes to a fetch (RFC 9457).
const ProblemType = "application/problem+json"

// Problem is an error of the BFF (RFC 9457 §3). Code is stable; Title and Detail are for people.
type Problem struct {
	Type      string `json:"type,omitzero"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitzero"`
	Code      Code   `json:"code"`
	RequestID string `json:"request_id"`
	// LoginURL is the path that mends a step_up_required.
	LoginURL string `json:"login_url,omitzero"`
}

// Code says what went wrong. 401 codes mean that there is no usable session; 403 codes that the request was refused
// although the session may be fine; 503 codes that the BFF cannot know.
type Code string

// The codes, by the status that they are sent with.
const (
	InvalidRequest   Code = "invalid_request"    // 400
	InvalidReturnURL Code = "invalid_return_url" // 400
	UnknownProvider  Code = "unknown_provider"   // 400
	InvalidPath      Code = "invalid_path"       // 400
	DuplicateCookie  Code = "duplicate_cookie"   // 400

	SessionMissing Code = "session_missing"  // 401
	SessionExpired Code = "session_expired"  // 401
	SessionRevoked Code = "session_revoked"  // 401
	StepUpRequired Code = "step_up_required" // 401

	CSRFRejected       Code = "csrf_rejected"       // 403
	NavigationRequired Code = "navigation_required" // 403

	NotFound         Code = "not_found"          // 404
	MethodNotAllowed Code = "method_not_allowed" // 405
	BodyTooSlow      Code = "body_too_slow"      // 408
	BodyTooLarge     Code = "body_too_large"     // 413
	WrongHost        Code = "wrong_host"         // 421
	LoginLoop        Code = "login_loop"         // 429
	TooManyStreams   Code = "too_many_streams"   // 429
	Internal         Code = "internal_error"     // 500
	// UpstreamInvalid: the API answered what must not reach the page; UpstreamUnavailable: it did not answer.
	UpstreamInvalid     Code = "upstream_invalid"     // 502
	UpstreamUnavailable Code = "upstream_unavailable" // 502
	StoreUnavailable    Code = "store_unavailable"    // 503
	IDPUnavailable      Code = "idp_unavailable"      // 503
	UpstreamTimeout     Code = "upstream_timeout"     // 504

	// What a failed sign-in carries to the page in [ErrorParameter].
	AccessDenied        Code = "access_denied"
	LoginRequired       Code = "login_required"
	TransactionExpired  Code = "transaction_expired"
	StateMismatch       Code = "state_mismatch"
	IssuerMismatch      Code = "issuer_mismatch"
	IDTokenInvalid      Code = "id_token_invalid"
	StepUpUnmet         Code = "step_up_unmet" // the user cannot authenticate as strongly as was asked
	TokenExchangeFailed Code = "token_exchange_failed"
)
