package component

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
)

// The forms in which a trace can be kept.
const (
	FormJSON    = "json"
	FormHAR     = "har"
	FormMermaid = "mermaid"
	FormCurl    = "curl"
)

// Files keeps what is shown, and opens what was kept.
func Files(view Inspection) goapp.UI {
	return goapp.Section().ID(IDFiles).Class("card").Aria("labelledby", "files-heading").Body(
		goapp.H2().ID("files-heading").Text(text.Say.ExportHeading),
		goapp.P().Class("quiet").Text(text.Say.ExportLede),
		when(len(view.Flows) > 0, func() goapp.UI {
			return goapp.Div().Class("choices").Body(
				export(view, FormJSON, text.Say.ExportJSON),
				export(view, FormHAR, text.Say.ExportHAR),
				export(view, FormMermaid, text.Say.ExportMermaid),
				export(view, FormCurl, text.Say.ExportCurl),
			)
		}),
		goapp.Div().Class("open-file").Body(
			goapp.Label().For(IDOpenFile).Text(text.Say.OpenFile),
			goapp.Input().ID(IDOpenFile).Type("file").Accept(".json,application/json").OnChange(view.Do.Open),
			when(view.Opened != nil, func() goapp.UI {
				return goapp.Button().ID(IDCloseFile).Class("link-button").Type("button").OnClick(view.Do.Close).Text(text.Say.CloseFile)
			}),
		),
	)
}

func export(view Inspection, form, label string) goapp.UI {
	return goapp.Button().ID("export-"+form).Class("button", "button-quiet", "button-small").Type("button").
		OnClick(view.Do.Export(form), goapp.EventScope(form)).Text(label)
}
