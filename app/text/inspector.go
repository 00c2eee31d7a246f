package text

// The inspector.
const (
	InspectorTitle   = "Inspector"
	NavInspector     = "Inspector"
	InspectorHeading = "The flow, as it really happens"
	InspectorLede    = "Every message of your own sign-in, between all four parties, told by the servers that sent and checked them. What is secret never gets here."
	InspectorVisitor = "Sign in, and watch it happen step by step. Or open a trace that you saved before: that works without a sign-in."

	TraceOff        = "The trace is off here"
	TraceOffDetail  = "It exists in the demo only, because a trace is a risk that a real service need not take. Start one with “make run”. A saved trace can be opened below."
	TraceConnecting = "Connecting to the trace…"
	TraceLive       = "Live: messages appear as they happen"
	TraceLost       = "The connection broke. Trying again…"
	TraceFailed     = "The trace cannot be had at the moment"
	TraceEnded      = "The session is over. Its trace stays until you leave this page."
	TraceFile       = "From a file: " // + its name
	TraceStopped    = "Not live"
	Reconnect       = "Connect again"

	WatchHeading  = "Make something happen"
	WatchSignIn   = "Sign in again"
	WatchCall     = "Call the API"
	WatchRefresh  = "Renew the token"
	WatchSignOut  = "Sign out"
	PopupBlocked  = "The browser did not open the window. Allow pop-ups for this page, or sign in from the front page."
	SigningInWith = "A window is open for the sign-in. Messages appear here while you are there."
	Called        = "The API answered."
	SignOutThere  = "You are signed out here. The sign-in service still knows you."
	SignOutThere2 = "Sign out there, too"

	StepMode       = "Step mode"
	StepModeOn     = "On"
	StepModeOff    = "Off"
	StepModeDetail = "Holds your own sign-in before the redirect and before the token request, and your calls before they go to the API."
	StepNext       = "Next"
	StepHeld       = "Held: "
	StepNothing    = "Nothing is held. Make something happen."
	StepLeft       = "goes on by itself in " // + the time
	StepReleased   = "It goes on."

	FlowsHeading = "Flows"
	FlowsEmpty   = "Nothing has happened yet."
	Messages     = " messages" // after a number
	OneMessage   = "1 message"
	FlowWith     = " with " // + the provider

	StepsHeading  = "The ten steps"
	PartsHeading  = "What happened"
	StepNotYet    = "not yet"
	StepLabel     = "Step " // + the number
	AnswerTo      = "Answer: "
	Decided       = "inside "
	ToldBy        = "Told by " // + a party
	Took          = "took "
	Milliseconds  = " ms"
	ChecksPassed  = " checks passed"
	CheckPassed   = "1 check passed"
	CheckFailed   = "A check failed"
	Arrow         = " → "
	NothingWanted = "Nothing to show in this preset."

	DetailWhy      = "Why"
	DetailSpec     = "Specified in"
	DetailHTTP     = "On the wire"
	DetailValues   = "Parameters"
	DetailToken    = "Decoded: " // + the parameter's name
	DetailHeader   = "Header"
	DetailClaims   = "Claims"
	DetailNoSig    = "The signature never leaves the servers."
	DetailChecks   = "Checks made"
	DetailChecked  = "passed"
	DetailRefused  = "failed"
	DetailDropped  = " more that are not shown at all" // after a number
	ValueName      = "Name"
	ValueWhere     = "Where"
	ValueSays      = "Value"
	ValueHidden    = "not shown"
	ValueEmpty     = "(empty)"
	Bytes          = " bytes"
	RefLabel       = "Value " // + its reference
	RefPlaces      = ", in %d places"
	RefHelp        = "The same sign means the same value. Point at one to see all of them."
	DurationUnder1 = "under 1 ms"
)

// Where says in which part of a message a value stands.
var Where = map[string]string{"query": "query", "form": "form", "body": "JSON", "header": "header", "cookie": "cookie"}

// Alerts of the inspector.
var (
	WatchFailed = Message{
		"That did not work",
		"What can be seen of it is in the list. Try again in a moment.",
	}
)
