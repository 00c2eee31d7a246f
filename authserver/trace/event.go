package trace

import "time"

// Event is one message, or what was checked, as this server tells it: what the contract calls a trace event, with digests in the
// place of references, and with what the reader finds its flow by. It has nothing that may not be shown: see [Exchange.End].
type Event struct {
	Step       int       `json:"step,omitzero"` // of the ten; 0 for what is none of them
	Name       Name      `json:"name"`
	Emitter    Party     `json:"emitter"`
	From       Party     `json:"from"`
	To         Party     `json:"to"`
	At         time.Time `json:"at"`
	Exchange   string    `json:"exchange,omitzero"` // the same for a request and its response
	DurationUS int64     `json:"duration_us,omitzero"`
	Message    *Message  `json:"message,omitempty"`
	Checks     []Check   `json:"checks,omitempty"`
	// TraceID is the trace-id of the request's traceparent (W3C Trace Context §3.2.2.3), if it came from a client on the back channel.
	TraceID string `json:"trace_id,omitzero"`
	// Correlations are digests of what both sides of a flow know: its state, its request_uri, the sid towards the client.
	Correlations []string `json:"correlations,omitempty"`
}

// Party is who sends, receives or tells.
type Party string

// The parties.
const (
	Browser             Party = "browser"
	BFF                 Party = "bff" // and any other client
	AuthorizationServer Party = "authorization_server"
	API                 Party = "api"
)

// Name says what a message is.
type Name string

// The names of what our servers tell.
const (
	Authorize         Name = "authorize"
	PAR               Name = "par"
	SignInForm        Name = "sign_in_form"
	SecondFactorForm  Name = "second_factor_form"
	ConsentForm       Name = "consent_form"
	AuthorizeResponse Name = "authorize_response"
	TokenEndpoint     Name = "token"
	JWKS              Name = "jwks"
	Userinfo          Name = "userinfo"
	Call              Name = "api_call"
	AccessToken       Name = "access_token"
	Revocation        Name = "revocation"
	EndSession        Name = "end_session"
	BackchannelLogout Name = "backchannel_logout"
	Introspection     Name = "introspection"
	Discovery         Name = "discovery"
)

// The steps that our servers do; the comments "Step N" beside the code say what each is.
const (
	StepAuthorize      = 2
	StepRedirect       = 3
	StepAuthenticate   = 4
	StepCode           = 5
	StepValidate       = 7
	StepTokenResponse  = 8
	StepResourceAnswer = 10
)

// Message is a request, which has a method, or a response, which has a status.
type Message struct {
	Method  string  `json:"method,omitzero"`
	Origin  string  `json:"origin,omitzero"` // of the addressee
	Route   string  `json:"route,omitzero"`
	Status  int     `json:"status,omitzero"`
	Size    int64   `json:"size,omitzero"` // of the body, in bytes
	Values  []Value `json:"values,omitempty"`
	Dropped int     `json:"dropped,omitzero"` // names that are not shown at all
}

// Where in a message a value stands.
const (
	inQuery  = "query"
	inForm   = "form"
	inBody   = "body"
	inHeader = "header"
	inCookie = "cookie"
)

// Value is one parameter, header or member: with its value if that is public, with its digest if it may only be compared, and with its
// length too if it is secret.
type Value struct {
	In     string `json:"in"`
	Name   string `json:"name"`
	Value  string `json:"value,omitzero"`
	Digest string `json:"digest,omitzero"`
	Length int    `json:"length,omitzero"`
	Token  *Token `json:"token,omitempty"`
}

// Token is what a JWT says, as far as that may be shown, and without its signature. Claims that may only be compared stand there as
// "digest:" and their digest.
type Token struct {
	Header  map[string]any `json:"header"`
	Claims  map[string]any `json:"claims"`
	Dropped int            `json:"dropped,omitzero"`
}

// Check is a check that was made.
type Check struct {
	Name string `json:"name"`
	Spec string `json:"spec"`
	OK   bool   `json:"ok"`
}
