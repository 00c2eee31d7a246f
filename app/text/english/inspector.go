package english

import "cloakroom/app/text"

var inspector = text.Inspector{
	// The inspector.
	InspectorTitle:   "Inspector",
	NavInspector:     "Inspector",
	InspectorHeading: "The flow, as it really happens",
	InspectorLede:    "Every message of your own sign-in, between all four parties, told by the servers that sent and checked them. What is secret never gets here.",
	InspectorVisitor: "Sign in, and watch it happen step by step. Or open a trace that you saved before: that works without a sign-in.",

	TraceOff:        "The trace is off here",
	TraceOffDetail:  "It exists in the demo only, because a trace is a risk that a real service need not take. Start one with “make run”. A saved trace can be opened below.",
	TraceConnecting: "Connecting to the trace…",
	TraceLive:       "Live: messages appear as they happen",
	TraceLost:       "The connection broke. Trying again…",
	TraceFailed:     "The trace cannot be had at the moment",
	TraceEnded:      "The session is over. Its trace stays until you leave this page.",
	TraceFile:       "From a file: ",
	TraceStopped:    "Not live",
	Reconnect:       "Connect again",

	WatchHeading:  "Make something happen",
	WatchSignIn:   "Sign in again",
	WatchCall:     "Call the API",
	WatchRefresh:  "Renew the token",
	WatchSignOut:  "Sign out",
	PopupBlocked:  "The browser did not open the window. Allow pop-ups for this page, or sign in from the front page.",
	SigningInWith: "A window is open for the sign-in. Messages appear here while you are there.",
	Called:        "The API answered.",
	SignOutThere:  "You are signed out here. The sign-in service still knows you.",
	SignOutThere2: "Sign out there, too",

	StepMode:       "Step mode",
	StepModeOn:     "On",
	StepModeOff:    "Off",
	StepModeDetail: "Holds your own sign-in before the redirect and before the token request, and your calls before they go to the API.",
	StepNext:       "Next",
	StepHeld:       "Held: ",
	StepNothing:    "Nothing is held. Make something happen.",
	StepLeft:       "goes on by itself in ",
	StepReleased:   "It goes on.",

	FlowsHeading: "Flows",
	FlowsEmpty:   "Nothing has happened in the last ten minutes. Make something happen, and watch it here.",
	Messages:     " messages",
	OneMessage:   "1 message",

	StepsHeading: "The ten steps",
	PartsHeading: "What happened",
	StepNotYet:   "not yet",
	AnswerTo:     "Answer: ",
	ReceivedBy:   "Received: ",
	SentBy:       "Sent: ",
	ToldBy:       "Told by ",
	Milliseconds: " ms",
	ChecksPassed: " checks passed",
	CheckPassed:  "1 check passed",
	CheckFailed:  "A check failed",
	Arrow:        " → ",

	DetailWhy:      "Why",
	DetailSpec:     "Specified in",
	DetailHTTP:     "On the wire",
	DetailValues:   "Parameters",
	DetailToken:    "Decoded: ",
	DetailHeader:   "Header",
	DetailClaims:   "Claims",
	DetailNoSig:    "The signature never leaves the servers.",
	DetailChecks:   "Checks made",
	DetailChecked:  "passed",
	DetailRefused:  "failed",
	DetailDropped:  " more that are not shown at all",
	ValueName:      "Name",
	ValueWhere:     "Where",
	ValueSays:      "Value",
	ValueHidden:    "not shown",
	ValueEmpty:     "(empty)",
	Bytes:          " bytes",
	RefLabel:       "Value ",
	DurationUnder1: "under 1 ms",

	Where: map[string]string{"query": "query", "form": "form", "body": "JSON", "header": "header", "cookie": "cookie"},

	WatchFailed: text.Message{
		Title:  "That did not work",
		Detail: "What can be seen of it is in the list. Try again in a moment.",
	},

	// How the user looks at a flow.
	LensHeading:    "Seen from",
	DensityHeading: "Say it",
	Locked:         "Locked",
	Encrypted:      "Encrypted",
	ValueLocked:    "locked: no script can read a cookie",
	NotTold:        "not instrumented",
	NotToldDetail:  "This provider's server does not tell its side: what it sent and got is told by the BFF, and its own checks are not seen.",
	DiagramLabel:   "Sequence diagram of the messages in the list",
	Play:           "Play it",
	Stop:           "Stop",
	PlayingNow:     "Now: ",
	PlayedAll:      "That was all of it.",

	SeatName: map[string]string{
		"": "Everywhere", "script": "Page script", "browser": "Browser", "network": "Network",
		"bff": "BFF", "authorization_server": "Authorization server", "api": "API",
	},

	SeatSays: map[string]string{
		"":                     "All four parties tell what they saw, and what is secret has become a sign.",
		"script":               "What a script in this page could read, yours or an attacker's: its own calls and their answers. No cookie, no code, no token.",
		"browser":              "What the browser and its extensions see: each navigation, the code in it, the cookies. No token: those never come here.",
		"network":              "What somebody on the wire sees where TLS is spoken: who talks to whom, when, and how much. The demo speaks plain HTTP, on this machine only.",
		"bff":                  "What the app's own server sends, gets and checks. It never sees the password.",
		"authorization_server": "What the sign-in service sends, gets and checks. It never sees the app's cookie, or what the API answers.",
		"api":                  "What the API gets: a token that is meant for it. It never sees the cookie, the code or the password.",
	},

	Locks: map[string]string{
		"navigation":   "The browser goes there by itself. No script of the page runs meanwhile.",
		"other_origin": "It happens on another site's page, which no script of this one can look into.",
		"back_channel": "It goes from server to server. No browser is part of it.",
		"inside":       "It happens inside a server.",
		"elsewhere":    "It goes between others.",
		"encrypted":    "TLS hides what is in it.",
	},

	DensityName: map[string]string{"plain": "Plainly", "developer": "For developers", "presenter": "For an audience"},

	// Two runs, side by side.
	CompareHeading: "Compare two runs",
	CompareLede:    "References differ in every run by design; what is marked is what could have been the same.",
	CompareWith:    "Compare with",
	CompareNone:    "nothing",
	CompareOnly:    "There is only one flow so far. Make another, or open a saved trace.",
	CompareFirst:   "This one",
	CompareSecond:  "The other",
	CompareSame:    "= the same",
	CompareDiffers: "≠ differs",
	CompareMissing: "≠ not there",
	CompareCount:   " of ",
	CompareDiffer:  " messages differ",

	// Files.
	ExportHeading: "Keep it",
	ExportLede:    "A file of this trace holds what you see here, and no secret. JSON opens here again, without a server and without a sign-in.",
	ExportJSON:    "JSON, to open again",
	ExportHAR:     "HAR 1.2",
	ExportMermaid: "Mermaid diagram",
	ExportCurl:    "curl commands",
	OpenFile:      "Open a saved trace",
	CloseFile:     "Close the file",
	StatusSaved:   "The file is in your downloads.",
	StatusOpened:  "The trace is open.",
	HARComment:    "From the inspector: what is in braces was not shown, and is named by a reference.",

	// Why a file is not opened.
	FileTooLarge:   text.Message{Title: "The file is too large", Detail: "A saved trace has a few hundred kilobytes. This is something else."},
	FileNotJSON:    text.Message{Title: "The file is not a saved trace", Detail: "It is not JSON, or it was cut short. Choose a file that was saved with “JSON, to open again”."},
	FileNotTrace:   text.Message{Title: "The file is not a saved trace", Detail: "It is JSON, but something in it does not belong into a trace, or is missing. Choose a file that was saved with “JSON, to open again”."},
	FileVersion:    text.Message{Title: "The trace was saved by another version", Detail: "Open it with the version of Cloakroom that saved it."},
	FileEmpty:      text.Message{Title: "The trace is empty", Detail: "Nothing had happened yet when it was saved."},
	FileUnreadable: text.Message{Title: "The file cannot be read", Detail: "It may have been moved or deleted since you chose it."},

	// RefPlaces and TicketStamped stand around a number.
	RefPlaces:     [2]string{", in places: ", ""},
	TicketStamped: [2]string{"A ticket: ", " of 10 steps are stamped"},
}
