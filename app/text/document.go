package text

// Document is the frame around every screen.
type Document struct {
	// The document.
	Lang        string
	Product     string
	Motto       string
	Title       string
	TitleEnd    string // after the name of a screen
	Description string
	SkipLink    string
	NavLabel    string
	NavHome     string
	NavSession  string
	NavBuild    string
	Footer      string

	// Before, and without, the WebAssembly bundle.
	LoadingBundle string
	NoScript      string
	NoWASM        string
	LoadFailed    string
	Reload        string
}
