package text

// Inspector is the screen about the flow.
type Inspector struct {
	// The inspector.
	InspectorTitle   string
	NavInspector     string
	InspectorHeading string
	InspectorLede    string
	InspectorVisitor string

	TraceOff        string
	TraceOffDetail  string
	TraceConnecting string
	TraceLive       string
	TraceLost       string
	TraceFailed     string
	TraceEnded      string
	TraceFile       string // + its name
	TraceStopped    string
	Reconnect       string

	WatchHeading  string
	WatchSignIn   string
	WatchCall     string
	WatchRefresh  string
	WatchSignOut  string
	PopupBlocked  string
	SigningInWith string
	Called        string
	SignOutThere  string
	SignOutThere2 string

	StepMode       string
	StepModeOn     string
	StepModeOff    string
	StepModeDetail string
	StepNext       string
	StepHeld       string
	StepNothing    string
	StepLeft       string // + the time
	StepReleased   string

	FlowsHeading string
	FlowsEmpty   string
	Messages     string // after a number
	OneMessage   string

	StepsHeading string
	PartsHeading string
	StepNotYet   string
	AnswerTo     string
	ReceivedBy   string
	SentBy       string
	ToldBy       string // + a party
	Milliseconds string
	ChecksPassed string
	CheckPassed  string
	CheckFailed  string
	Arrow        string

	DetailWhy      string
	DetailSpec     string
	DetailHTTP     string
	DetailValues   string
	DetailToken    string // + the parameter's name
	DetailHeader   string
	DetailClaims   string
	DetailNoSig    string
	DetailChecks   string
	DetailChecked  string
	DetailRefused  string
	DetailDropped  string // after a number
	ValueName      string
	ValueWhere     string
	ValueSays      string
	ValueHidden    string
	ValueEmpty     string
	Bytes          string
	RefLabel       string // + its reference
	DurationUnder1 string

	// Where says in which part of a message a value stands.
	Where map[string]string

	// Alerts of the inspector.
	WatchFailed Message

	// How the user looks at a flow.
	LensHeading    string
	DensityHeading string
	Locked         string
	Encrypted      string
	ValueLocked    string
	NotTold        string
	NotToldDetail  string
	DiagramLabel   string
	Play           string
	Stop           string
	PlayingNow     string // + a message
	PlayedAll      string

	// SeatName is what a seat is called, SeatSays what can be seen from it.
	SeatName map[string]string

	// SeatSays is what can be seen from a seat.
	SeatSays map[string]string

	// Locks say why a seat does not see something.
	Locks map[string]string

	// DensityName is what the presets are called.
	DensityName map[string]string

	// Two runs, side by side.
	CompareHeading string
	CompareLede    string
	CompareWith    string
	CompareNone    string
	CompareOnly    string
	CompareFirst   string
	CompareSecond  string
	CompareSame    string
	CompareDiffers string
	CompareMissing string
	CompareCount   string // between the number of messages that differ and of all
	CompareDiffer  string

	// Files.
	ExportHeading string
	ExportLede    string
	ExportJSON    string
	ExportHAR     string
	ExportMermaid string
	ExportCurl    string
	OpenFile      string
	CloseFile     string
	StatusSaved   string
	StatusOpened  string
	StatusClosed  string
	HARComment    string

	// Why a file is not opened.
	FileTooLarge   Message
	FileNotJSON    Message
	FileNotTrace   Message
	FileVersion    Message
	FileEmpty      Message
	FileUnreadable Message

	// RefPlaces and TicketStamped stand around a number.
	RefPlaces     [2]string
	TicketStamped [2]string
}
