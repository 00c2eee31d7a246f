package component

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
)

// Copier copies a text; Done is the name of the one that was copied last.
type Copier struct {
	Done string
	Copy func(name, content string) goapp.EventHandler
}

// Code is a block of code with a button to copy it. What does not fit scrolls, by keyboard too.
func Code(name, content string, copier Copier) goapp.UI {
	content = strings.TrimSpace(content)
	label := text.Say.Copy
	if copier.Done == name {
		label = text.Say.Copied
	}
	button := goapp.Button().Class("copy").Type("button").Aria("label", text.Say.CopyOf+name).Text(label)
	if copier.Copy != nil {
		button = button.OnClick(copier.Copy(name, content), goapp.EventScope(name, content))
	}
	return goapp.Div().Class("code").Body(
		goapp.Pre().TabIndex(0).Role("region").Aria("label", name).Body(goapp.Code().Text(content)),
		button,
	)
}
