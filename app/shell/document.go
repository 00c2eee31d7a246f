//go:build !js

package shell

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// The colours of the browser's own surfaces, the same as --paper in web/app.css.
const (
	paperLight = "#f6f0e4"
	paperDark  = "#12151d"
)

//go:embed document.html
var documentSource string

// view is what the document's template needs.
type view struct {
	Lang, Title, Description                    string
	PaperLight, PaperDark                       string
	Style, Icon, TouchIcon, WASM, Exec, Loader  string
	WASMSize                                    int
	LoadingBundle, NoScript, NoWASM, LoadFailed string
	Reload                                      string
	Screen                                      template.HTML
	App                                         bool   // load the bundle
	Facts                                       string // for the app, as JSON
	Session, CSRF                               string // where the loader asks who is signed in, and the header that it does so with
}

// document renders a screen into a whole page. Without facts for the app it is a page of its own that loads no script.
func document(manifest Manifest, screen Screen, facts *backend.Facts) ([]byte, error) {
	parsed, err := template.New("document").Parse(documentSource)
	if err != nil {
		return nil, fmt.Errorf("parse the document: %w", err)
	}
	body, err := tidy(goapp.HTMLString(screen.UI))
	if err != nil {
		return nil, err
	}
	told, err := json.Marshal(facts)
	if err != nil {
		return nil, fmt.Errorf("encode the facts: %w", err)
	}
	var page bytes.Buffer
	err = parsed.Execute(&page, view{
		Lang: text.Say.Lang, Title: screen.Title, Description: text.Say.Description,
		PaperLight: paperLight, PaperDark: paperDark,
		Style: manifest.url(FileStyle), Icon: manifest.url(FileIcon), TouchIcon: manifest.url(FileIconSmall),
		WASM: manifest.url(FileWASM), Exec: manifest.url(FileWASMExec), Loader: manifest.url(FileLoader),
		WASMSize:      manifest.Files[FileWASM].Size,
		LoadingBundle: text.Say.LoadingBundle, NoScript: text.Say.NoScript, NoWASM: text.Say.NoWASM, LoadFailed: text.Say.LoadFailed,
		Reload: text.Say.Reload,
		Screen: template.HTML(body), //nolint:gosec // our own screens without any request's data, checked by tidy
		App:    facts != nil,
		Facts:  string(told), Session: api.PathSession, CSRF: api.CSRFHeader,
	})
	return page.Bytes(), err
}
