package api

import "time"

// The trace shows the messages of the session's own flows to the page, redacted. It exists in the demo configuration only;
// elsewhere both paths answer 404.
const (
	// PathTrace is a stream of server-sent events: [TraceState] under the name [EventTraceState], first and whenever it
	// changes, and each [TraceEvent] under the name [EventTrace], those of the buffer first. The id of an event is its ID, so that
	// Last-Event-ID resumes. It goes on for a second when the session is over, and ends with [EventEnded]. A session has two streams
	// at most.
	PathTrace = "/bff/trace"
	// PathTraceStep takes a [TraceStep] and answers a [TraceState].
	PathTraceStep = "/bff/trace/step"
)

// The events of GET /bff/trace.
const (
	EventTrace      = "trace"
	EventTraceState = "state"
)

// TraceState says what the trace is doing.
type TraceState struct {
	// Stepping is on when the session's flows are held before the redirect, before the token request and before the API call.
	Stepping bool `json:"stepping"`
	// Held is what waits for [TraceStep] now, HeldUntil when it goes on by itself.
	Held      Hold      `json:"held,omitzero"`
	HeldUntil time.Time `json:"held_until,omitzero"`
	// Instrumented names the providers whose server tells its side of a flow. The lane of another is "not instrumented".
	Instrumented []string `json:"instrumented"`
	// Lost counts the events that the buffer dropped because it was full.
	Lost int `json:"lost"`
}

// TraceStep is the body of POST /bff/trace/step. Without Stepping it lets go what has been held the longest; with it, it switches
// step mode, and switching it off lets everything go. What nobody lets go goes on by itself: an API call after 60 seconds, a redirect
// and a token request after 50, within the life of a request_uri and a code. A client that leaves is not held, and nothing is while no
// stream of the session's trace is open. A session that takes another's place in a browser takes over its step mode.
type TraceStep struct {
	Stepping *bool `json:"stepping,omitempty"`
}

// Hold is where step mode holds a flow.
type Hold string

// The places.
const (
	HoldRedirect     Hold = "redirect"      // before the browser is sent to the authorization server
	HoldTokenRequest Hold = "token_request" // before the code is redeemed
	HoldAPICall      Hold = "api_call"      // before the request goes to the API
)

// Party is who sends, receives or tells: a lane of the sequence diagram.
type Party string

// The parties.
const (
	PartyBrowser             Party = "browser"
	PartyBFF                 Party = "bff"
	PartyAuthorizationServer Party = "authorization_server"
	PartyAPI                 Party = "api"
)

// FlowKind is what a flow is about.
type FlowKind string

// The kinds.
const (
	FlowSignIn            FlowKind = "sign_in"
	FlowAPICall           FlowKind = "api_call"
	FlowRefresh           FlowKind = "refresh"
	FlowSignOut           FlowKind = "sign_out"
	FlowBackchannelLogout FlowKind = "backchannel_logout"
)

// TraceEvent is one message between two parties, or what one party checked, as the server that was there tells it. Those of another
// server come when it tells them: At is their order. Of what the BFF sends to one of our servers both tell, with one Exchange.
type TraceEvent struct {
	ID       uint64    `json:"id"`   // rises within the session's buffer; one that two sessions see is the same in both
	Flow     string    `json:"flow"` // names the flow, and nothing else anywhere
	Kind     FlowKind  `json:"kind"`
	Provider string    `json:"provider,omitzero"`
	Step     Step      `json:"step,omitzero"` // of the ten; 0 for what is none of them
	Name     TraceName `json:"name"`          // what the message is, for the page to explain
	Emitter  Party     `json:"emitter"`       // the server that tells
	From     Party     `json:"from"`
	To       Party     `json:"to"` // equal to From when the event is no message: something was checked or decided
	At       time.Time `json:"at"`
	// Exchange is the same for a request and its response, and names nothing else.
	Exchange string `json:"exchange,omitzero"`
	// DurationUS is how long the response took, in microseconds.
	DurationUS int64         `json:"duration_us,omitzero"`
	Message    *TraceMessage `json:"message,omitempty"`
	Checks     []TraceCheck  `json:"checks,omitempty"`
}

// TraceName says what an event is. Requests and responses of one exchange have the same name, but for the answer to the callback
// that starts a session.
type TraceName string

// The names.
const (
	TraceLogin             TraceName = "login"              // browser → BFF: GET /bff/login
	TraceAuthorize         TraceName = "authorize"          // the authorization request, through the browser
	TracePAR               TraceName = "par"                // BFF → authorization server
	TraceSignInForm        TraceName = "sign_in_form"       // the forms at the authorization server
	TraceConsentForm       TraceName = "consent_form"       //
	TraceAuthorizeResponse TraceName = "authorize_response" // the redirect with the code, or the error
	TraceCallback          TraceName = "callback"           // browser → BFF
	TraceTokenEndpoint     TraceName = "token"              // any grant
	TraceJWKS              TraceName = "jwks"               //
	TraceUserinfo          TraceName = "userinfo"           //
	TraceIDToken           TraceName = "id_token"           // the BFF's checks of it
	TraceSessionStarted    TraceName = "session_started"    // the cookie, and where the browser goes
	TraceCall              TraceName = "api_call"           // browser → BFF, and BFF → API with the swap
	TraceAccessToken       TraceName = "access_token"       // the API's checks of it
	TraceRefresh           TraceName = "refresh"            // the page asked for it
	TraceRevocation        TraceName = "revocation"         //
	TraceLogout            TraceName = "logout"             // browser → BFF
	TraceEndSession        TraceName = "end_session"        // browser → authorization server
	TraceBackchannelLogout TraceName = "backchannel_logout" // authorization server → BFF
	TraceIntrospection     TraceName = "introspection"      //
	TraceDiscovery         TraceName = "discovery"          //
	TraceSecondFactorForm  TraceName = "second_factor_form" //
)

// TraceMessage is a request or a response, redacted. A request has a Method, a response a Status.
type TraceMessage struct {
	Method string `json:"method,omitzero"`
	Origin string `json:"origin,omitzero"` // of the addressee: scheme, host and port
	Route  string `json:"route,omitzero"`  // the path, or the pattern that it matches where it names something
	Status int    `json:"status,omitzero"`
	Size   int64  `json:"size,omitzero"` // of the body, in bytes, where it is known
	// Values are the parameters, headers and members that may be shown, in the order of the message.
	Values []TraceValue `json:"values,omitempty"`
	// Dropped counts the names that are not shown at all.
	Dropped int `json:"dropped,omitzero"`
}

// Where in a message a value stands.
const (
	InQuery  = "query"
	InForm   = "form"
	InBody   = "body" // a member of a JSON object
	InHeader = "header"
	InCookie = "cookie"
)

// TraceValue is one parameter, header or member. What may be public has a Value. What may only be compared has a Ref; what is
// secret has a Ref and a Length.
type TraceValue struct {
	In    string `json:"in"`
	Name  string `json:"name"`
	Value string `json:"value,omitzero"`
	// Ref is six characters that are the same for the same value within one flow, whoever tells it.
	Ref    string      `json:"ref,omitzero"`
	Length int         `json:"length,omitzero"` // of the value, in bytes
	Token  *TraceToken `json:"token,omitempty"` // what a JWT says, as far as it may be shown
}

// TraceToken is a JWT without its signature: the header and the allow-listed claims. Claims that may only be compared stand
// there as "ref:" and their reference.
type TraceToken struct {
	Header  map[string]any `json:"header"`
	Claims  map[string]any `json:"claims"`
	Dropped int            `json:"dropped,omitzero"`
}

// TraceCheck is a check that was made, told by the code that made it.
type TraceCheck struct {
	Name string `json:"name"` // stable, such as "pkce" or "issuer"
	Spec string `json:"spec"` // the requirement's place, such as "RFC 7636 §4.6"
	OK   bool   `json:"ok"`
}
