package text

// Build is the screen for developers.
type Build struct {
	// The build screen.
	BuildTitle   string
	BuildHeading string
	BuildLede    string

	CodeHeading  string
	GoCodeTitle  string
	JSCodeTitle  string
	GoCodeDetail string
	JSCodeDetail string

	StatusHeading string
	Status401     string
	Status403     string
	Status503     string

	SizeHeading string
	SizeLede    string
	SizeFile    string
	SizeRaw     string
	SizeGzip    string
	SizeBrotli  string
	SizeSum     string
	SizeUnit    string
	SizeUnknown string
	SizeSame    string

	ConfigHeading string
	ConfigLede    string
	ConfigCheck   string

	// What the snippets are called.
	SnippetSecureAuth string
	SnippetKeycloak   string
	SnippetAuth0      string
	SnippetEntra      string
}
